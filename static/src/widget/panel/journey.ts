/** Which of the page's entries go into a handoff, in the shape the API takes. */
import type { Step } from "../../shared/frames.ts";
import type { PageEntry, PageFact, Recorded } from "../bridge.ts";
import { isFact, STEPS, stepsOf, type PanelState } from "../state.ts";

export interface Context {
  steps: Step[];
  facts: { key: string; label: string; value: PageFact["value"] }[];
}

export function context(entries: readonly PageEntry[], struck: readonly string[]): Context {
  const kept = entries.filter((entry) => !struck.includes(isFact(entry) ? entry.key : STEPS));
  return {
    steps: stepsOf(kept),
    facts: kept.filter(isFact).map(({ key, label, value }) => ({ key, label: label.slice(0, 100), value })),
  };
}

const KEY = /^[\w.-]{1,64}$/;

/** What the API would refuse must not cost the person the click, so it stays behind. */
export function fits(entry: PageEntry): boolean {
  if (!isFact(entry)) return typeof entry.path === "string";
  const { key, value } = entry;
  const scalar = value === null || typeof value === "boolean" || typeof value === "string" || Number.isFinite(value);
  return KEY.test(key) && scalar && (typeof value !== "number" || Math.abs(value) <= Number.MAX_SAFE_INTEGER);
}

/** What the open handoff does not hold yet, or null. */
export function unrecorded(
  { handoff, page, receipt }: PanelState,
  { recorded, struck = [] }: { recorded?: Recorded | undefined; struck?: readonly string[] | undefined },
): { recorded: Recorded; context: Context } | null {
  if (!handoff || handoff.state === "closed" || handoff.state === "wrap_up") return null;
  const until = recorded?.handoff === handoff.id ? recorded.until : "";
  const held = new Set(receipt?.steps.map(({ at }) => at));
  const fresh = page.entries.filter((entry) => entry.at > until && (isFact(entry) || !held.has(entry.at)));
  const last = fresh.at(-1);
  if (!last) return null;
  const added = context(fresh, struck);
  if (added.steps.length + added.facts.length === 0) return null;
  return { recorded: { handoff: handoff.id, until: last.at }, context: added };
}
