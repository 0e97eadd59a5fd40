/** What the server wrote into the page: who signed in, and where the cross-site token lies. */
import { request } from "../shared/api.ts";
import type { Entry } from "../shared/frames.ts";
import type { Floor, Found, Live, Wallboard } from "../shared/protocol.ts";
import type { Destinations, DueCallbacks, SentHandoff } from "./wire.ts";

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

const query = (asked: Readonly<Record<string, string>>): string => {
  const given = Object.entries(asked).filter(([, value]) => value.trim() !== "");
  return given.length > 0 ? `?${new URLSearchParams(given)}` : "";
};

/** What supervisors see: how it goes, who is there, and what is open. */
export const wallboard = (queue: string): Promise<Wallboard> => request(`/api/v1/desk/wallboard${query({ queue })}`);
export const floorAgents = (): Promise<Floor> => request("/api/v1/desk/agents");
export const liveHandoffs = (): Promise<Live> => request("/api/v1/desk/live");

/** What is over, and one of it to read. */
export const findHandoffs = (asked: Readonly<Record<string, string>>): Promise<Found> => request(`/api/v1/desk/handoffs${query(asked)}`);
export const readHandoff = (handoff: string): Promise<SentHandoff> => request(`/api/v1/desk/handoffs/${encodeURIComponent(handoff)}`);
