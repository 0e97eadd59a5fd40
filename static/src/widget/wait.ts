/** What there is to say while one waits, and the steps that came along. */
import { texts } from "@texts/later";
import type { Estimate, Handoff, Step } from "../shared/frames.ts";
import { stepTitle } from "../shared/journey.ts";
import { errorWords, isLeft, opensWords, answerWords, waitWords } from "./panel/views/exports.ts";
import type { PanelState } from "./state.ts";

export function waitWhy(estimate: Estimate | null, promised: Estimate | null, position: number | string | null): string {
  if (promised) return texts.longer(waitWords(promised), fewerAgents(estimate, promised));
  if (position === 1) return texts.next;
  return estimate && estimate.kind !== "unknown" ? texts.howKnown : texts.whyUnknown;
}

/** The reason that the record gives, where it gives one. */
function fewerAgents(estimate: Estimate | null, { agents: before }: Estimate): string {
  const now = estimate?.agents;
  return now !== undefined && before !== undefined && now < before ? texts.fewerAgents(now, before) : "";
}

interface Wait {
  label: string;
  place: Handoff["position"];
  words: string;
  why: string;
}

function labelOf(handoff: Handoff | null): string {
  if (handoff?.channel === "callback") return texts.callOnTurn;
  if (handoff?.channel === "phone") return texts.callInLine;
  return handoff?.position == null ? texts.inLine : texts.yourPlace(handoff.intent.label);
}

export function waitOf(state: PanelState): Wait {
  const { handoff, promised, customer } = state;
  const left = isLeft(state);
  // Out of hours nobody waits: a place and a wait would be made up.
  if (left) return { label: texts.messageWithUs, place: null, words: opensWords(left.opens_at), why: answerWords(customer?.verified) };
  const { position: place, estimate } = handoff ?? { position: null, estimate: null };
  const label = labelOf(handoff);
  if (handoff?.state === "offered") return { label, place, words: texts.looking, why: "" };
  return { label, place, words: waitWords(estimate), why: waitWhy(estimate, promised, place) };
}

/** What was done in one place in a row is one item; a failure says how often. */
export function stepItems(steps: readonly Step[], site: string): { label: string; failed: string }[] {
  const items: { label: string; why: string; times: number }[] = [];
  for (const step of steps) {
    const label = stepTitle(step, site);
    const why = step.status === "failed" ? (step.error ? errorWords(step.error) : texts.didNotWork) : "";
    const last = items.at(-1);
    if (last?.label !== label) items.push({ label, why, times: why ? 1 : 0 });
    else if (why) Object.assign(last, { why, times: last.times + 1 });
    else if (step.status === "done") last.why = "";
  }
  return items.map(({ label, why, times }) => ({ label, failed: [why, why && times > 1 && texts.times(times)].filter(Boolean).join(texts.comma) }));
}
