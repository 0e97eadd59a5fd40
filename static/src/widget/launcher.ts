/** What the button on the page becomes while one browses on. */
import { callWords, inOrder, isReady, masked, numberOf, whenWords } from "./calls.ts";
import { isLeft, opensWords, serverNow, viewOf, waitWords } from "./panel/views/exports.ts";
import type { PanelState } from "./state.ts";

interface Label {
  title: string;
  detail: string;
}

export function launcherWords(state: PanelState, unread: number): Label {
  const { handoff, scheduled } = state;
  if (viewOf(state) === "arrived") return { title: "Is this call yours?", detail: masked(handoff?.call?.caller) };
  if (unread > 0) return { title: `${handoff?.agent?.name ?? "An agent"} wrote`, detail: unread === 1 ? "1 new message" : `${unread} new messages` };
  const [next] = inOrder(scheduled);
  if (!handoff && next) return { title: "We call you", detail: whenWords(next, serverNow()) };
  if (handoff?.state === "connected") return { title: connectedWords(handoff), detail: isReady(handoff) ? numberOf(handoff) : "" };
  return waitingLabel(state);
}

function connectedWords(handoff: NonNullable<PanelState["handoff"]>): string {
  const name = handoff.agent?.name ?? "An agent";
  if (isReady(handoff)) return `${name} calls you now`;
  return callWords(handoff) && handoff.call?.status === "bridged" ? `On the phone with ${name}` : `${name} is here`;
}

function waitingLabel(state: PanelState): Label {
  const { handoff, site } = state;
  if (handoff?.state === "awaiting_call") return { title: `Call ${site.name}`, detail: "your code is here" };
  if (handoff?.state !== "queued" && handoff?.state !== "offered") return { title: "Get help", detail: "" };
  const left = isLeft(state);
  if (left) return { title: "Message left", detail: opensWords(left.opens_at) };
  const place = handoff.position === null ? "In line" : `In line, place ${handoff.position}`;
  return { title: handoff.channel === "callback" ? "We call you" : place, detail: waitWords(handoff.estimate) };
}
