/** What is said of the state to somebody who listens. */
import { texts } from "@texts/later";
import { isLeft, phone, viewOf } from "./panel/views/exports.ts";
import type { PanelState } from "./state.ts";
import { waitOf } from "./wait.ts";

/** What a screen reader should hear of the state, and whether it may wait. */
export function spoken(state: PanelState): { text: string; urgent: boolean } {
  const { handoff } = state;
  const view = viewOf(state);
  const called = phone()?.heardWords(state);
  if (called) return { text: called, urgent: true };
  if (view === "talking" && handoff?.agent) return { text: texts.isHere(handoff.agent.name), urgent: true };
  if (view !== "waiting" || !handoff) return { text: "", urgent: false };
  const { label, place, words, why } = waitOf(state);
  if (handoff.state === "offered") return { text: `${words}.`, urgent: true };
  if (isLeft(state)) return { text: `${label}. ${words}.`, urgent: false };
  return { text: `${place === null ? texts.sayInLine : texts.sayPlace(place)}. ${words}. ${why}`, urgent: place === 1 };
}
