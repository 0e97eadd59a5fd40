/** What is on record about a handoff, under the names one asks for it by. */
import { valueWords } from "../facts.ts";
import type { DeskHandoff, Fact, Source } from "../wire.ts";
import type { Concept, Table } from "./table.ts";
import { fold } from "./text.ts";

export type OnRecord = Pick<DeskHandoff, "facts" | "statement" | "intent" | "opened_at"> & {
  readonly customer: Pick<DeskHandoff["customer"], "name" | "verified">;
  readonly journey: { readonly steps: readonly Pick<DeskHandoff["journey"]["steps"][number], "path" | "title" | "name" | "status" | "error" | "at">[] };
};

/** One thing on record. `key` and `source` name the fact at the right; what is no fact of the site has a word of ours. */
export interface Known { readonly key: string; readonly source: Source; readonly label: string; readonly value: string; readonly at: string }

/** By concept where it has one, by `fact:<key>` where only its site knows what it is. */
export interface KnownThings { readonly things: ReadonlyMap<string, Known>; readonly labels: readonly { readonly noun: string; readonly thing: string }[] }

/** From what is signed to what is said, as in the pane: the surest is offered. */
const ORDER: readonly Source[] = ["verified", "observed", "stated", "desk"];
/** What is asked for as a part of another thing. */
const WITHIN: Readonly<Partial<Record<Concept, Concept>>> = { amount: "charge" };
/** An intent that says nothing leaves the question open. */
const OPEN_INTENT = /^(?:other|general|something|else|misc|contact|help|question|anything|sonst|allgemein|otro|otra)/;

const spaced = (key: string): string => fold(key.replace(/([a-z])([A-Z])/g, "$1 $2").replace(/[-_./:]+/g, " ")).text.trim();

export function thingsOf(record: OnRecord, tables: readonly Table[]): KnownThings {
  const things = new Map<string, Known>();
  const labels: { noun: string; thing: string }[] = [];
  const concepts = conceptReader(tables);
  const facts = [...record.facts].sort((a, b) => ORDER.indexOf(a.source) - ORDER.indexOf(b.source));
  for (const fact of facts) {
    const value = fact.value === null ? "" : valueWords(fact.value).trim();
    if (!value) continue;
    const thing = concepts(spaced(fact.key)) ?? concepts(spaced(fact.label)) ?? `fact:${fact.key}`;
    if (!things.has(thing)) things.set(thing, known(fact, value));
    for (const noun of new Set([spaced(fact.label), spaced(fact.key)])) if (noun.length > 2) labels.push({ noun, thing });
  }
  for (const [concept, thing] of ownThings(record)) if (!things.has(concept) || concept === "name") things.set(concept, thing);
  for (const [part, whole] of Object.entries(WITHIN)) {
    const found = things.get(whole);
    if (found && !things.has(part) && /\d/.test(found.value)) things.set(part, found);
  }
  return { things, labels };
}

const known = ({ key, source, label, at }: Fact, value: string): Known => ({ key, source, label, value, at });

/** A key or a label that is a table's word for a concept is that concept. */
function conceptReader(tables: readonly Table[]): (words: string) => Concept | null {
  const readers = tables.flatMap(({ nouns }) => Object.entries(nouns).map(([concept, words]) => ({ concept: concept as Concept, is: new RegExp(`^(?:${words.join("|")})$`, "u") })));
  return (words) => readers.find(({ is }) => is.test(words))?.concept ?? null;
}

/** What the record holds beside facts: who, what for, where, and what failed. */
function ownThings({ customer, statement, intent, journey: { steps }, opened_at }: OnRecord): [Concept, Known][] {
  const found: [Concept, Known][] = [];
  if (customer.name) found.push(["name", { key: "name", source: customer.verified ? "verified" : "stated", label: "Name", value: customer.name, at: opened_at }]);
  if (statement?.trim()) found.push(["statement", { key: "statement", source: "stated", label: "In own words", value: `“${statement.trim()}”`, at: opened_at }]);
  else if (!OPEN_INTENT.test(spaced(intent.key))) found.push(["statement", { key: "intent", source: "stated", label: "Chosen", value: intent.label, at: opened_at }]);
  const last = steps[steps.length - 1];
  if (last) found.push(["journey", { key: "journey", source: "observed", label: "Last step", value: `${titleOf(last)}${last.status === "failed" ? ", failed" : ""}`, at: last.at }]);
  const failed = steps.findLast((step) => step.status === "failed" && step.error);
  if (failed) found.push(["error", { key: "error", source: "observed", label: "Error", value: `${failed.error} at ${titleOf(failed)}`, at: failed.at }]);
  return found;
}

const titleOf = ({ title, name, path }: OnRecord["journey"]["steps"][number]): string => title || name || path;
