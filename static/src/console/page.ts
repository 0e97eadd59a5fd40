/** What the server wrote into the page: who signed in, and where the cross-site token lies. */
import { request } from "../shared/api.ts";
import type { Entry } from "../shared/frames.ts";
import type { Destinations, DueCallbacks } from "./wire.ts";

export interface Page {
  agentId: string;
  agentName: string;
  csrfCookie: string;
  /** Where administration is, for those who may go there. */
  admin: string | null;
}

export function readPage(root: HTMLElement): Page {
  const { agentId = "", agentName = "", csrfCookie = "handoff_csrftoken", admin = null } = root.dataset;
  return { agentId, agentName, csrfCookie, admin };
}

export function cookieValue(cookies: string, name: string): string {
  const found = cookies.split("; ").find((cookie) => cookie.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

export const SIGN_IN = "/accounts/login/?next=/console/";
export const SIGN_OUT = "/accounts/logout/";
export const SECOND_FACTOR = "/accounts/2fa/";

export function deskTicket(page: Page): Promise<{ ticket: string; url: string }> {
  return request("/api/v1/desk/ticket", { method: "POST", headers: { "X-CSRFToken": cookieValue(document.cookie, page.csrfCookie) } });
}

/** Queues and people a handoff can be passed to. */
export const destinations = (): Promise<Destinations> => request("/api/v1/desk/destinations");

/** Calls that are owed: by this agent, and by the queues this agent serves. */
export const dueCallbacks = (): Promise<DueCallbacks> => request("/api/v1/desk/callbacks");

/** Entries of one stream that are older than those the desk began with. */
export async function olderEntries(handoff: string, stream: string, before: number): Promise<Entry[]> {
  const query = new URLSearchParams({ stream, before: String(before) });
  const { events } = await request<{ events: Entry[] }>(`/api/v1/desk/handoffs/${encodeURIComponent(handoff)}/events?${query}`);
  return events;
}
