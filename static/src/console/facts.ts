/** Facts under the four headings of where they come from. */
import type { Fact, Scalar, Source } from "./wire.ts";

export interface FactGroup { source: Source; facts: Fact[]; at: string }

/** From what is signed to what is said; the order never changes. */
const ORDER: readonly Source[] = ["verified", "observed", "stated", "desk"];

export function groupFacts(facts: readonly Fact[]): FactGroup[] {
  return ORDER.map((source) => facts.filter((fact) => fact.source === source)).flatMap((group) => {
    const first = group[0];
    if (!first) return [];
    return [{ source: first.source, facts: group, at: group.reduce((latest, fact) => (fact.at > latest ? fact.at : latest), first.at) }];
  });
}

export function valueWords(value: Scalar): string {
  if (value === null) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}

/** A key for what an agent called the fact, so that the same label corrects the same fact. */
export function factKey(label: string): string {
  const key = label.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 64);
  return key || "note";
}
