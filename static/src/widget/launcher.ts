/** What the button on the page becomes while one browses on. */
import { texts as core } from "@texts/core";
import { texts } from "@texts/phone";
import { callWords, inOrder, isReady, masked, numberOf, whenWords } from "./calls.ts";
import { getHelp, isLeft, opensWords, serverNow, stepup, viewOf, waitWords } from "./panel/views/exports.ts";
import type { PanelState } from "./state.ts";

interface Label {
  title: string;
  detail: string;
}

export function launcherWords(state: PanelState, unread: number): Label {
  const { handoff, scheduled } = state;
  if (viewOf(state) === "arrived") return { title: texts.yoursQuestion, detail: masked(handoff?.call?.caller) };
  const asked = stepup()?.askedWords(state);
  if (asked) return { title: asked, detail: "" };
  if (unread > 0) return { title: texts.wrote(handoff?.agent?.name ?? core.agent), detail: texts.newMessages(unread) };
  const [next] = inOrder(scheduled);
  if (!handoff && next) return { title: texts.weCall, detail: whenWords(next, serverNow()) };
  if (handoff?.state === "connected") return { title: connectedWords(handoff), detail: isReady(handoff) ? numberOf(handoff) : "" };
  return waitingLabel(state);
}

function connectedWords(handoff: NonNullable<PanelState["handoff"]>): string {
  const name = handoff.agent?.name ?? core.agent;
  if (isReady(handoff)) return texts.callsNow(name);
  return callWords(handoff) && handoff.call?.status === "bridged" ? texts.onThePhone(name) : texts.isHere(name);
}

function waitingLabel(state: PanelState): Label {
  const { handoff, site } = state;
  if (handoff?.state === "awaiting_call") return { title: texts.call(site.name), detail: texts.codeHere };
  if (handoff?.state !== "queued" && handoff?.state !== "offered") return { title: getHelp(), detail: "" };
  const left = isLeft(state);
  if (left) return { title: texts.messageLeft, detail: opensWords(left.opens_at) };
  const place = handoff.position === null ? texts.inLine : texts.inLinePlace(handoff.position);
  return { title: handoff.channel === "callback" ? texts.weCall : place, detail: waitWords(handoff.estimate) };
}
