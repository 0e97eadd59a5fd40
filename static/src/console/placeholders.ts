/** What a canned reply leaves open, filled from what is known: `{customer.first_name}`, `{customer.name}`, `{agent.name}`, `{intent}`, `{site}`, `{fact:account}`. */
import { stripInvisible } from "../shared/safe_url.ts";
import { valueWords } from "./facts.ts";
import { nameWords } from "./people.ts";
import type { DeskHandoff, Fact, Source } from "./wire.ts";

export interface Known {
  customer: Pick<DeskHandoff["customer"], "name">;
  agent: string;
  intent: string;
  site: string;
  facts: readonly Pick<Fact, "key" | "value" | "source">[];
}

/** Most are a word; what is longer is a document and not for the middle of a sentence. */
const VALUE_LIMIT = 200;
const PLACE = /\{(customer\.first_name|customer\.name|agent\.name|intent|site|fact:[A-Za-z0-9_.-]{1,64})\}/g;
/** What stands where a value is missing, until somebody fills it in. */
const GAP = /\[[A-Za-z0-9_. -]{1,64}\?\]/g;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
/** Whom to believe first. */
const TRUST: readonly Source[] = ["verified", "desk", "observed", "stated"];

const GAP_NAMES: Readonly<Record<string, string>> = { "customer.first_name": "first name", "customer.name": "name", "agent.name": "agent", intent: "intent", site: "site" };

/** Values are not looked at again: what a customer is called is never a placeholder. */
export function fill(text: string, known: Known): string {
  return text.replace(PLACE, (_, name: string) => {
    const value = plain(valueOf(name, known));
    return value === "" ? `[${GAP_NAMES[name] ?? name.slice("fact:".length)}?]` : apart(value);
  });
}

/** What is left to be filled in, each once; empty: it may be sent. */
export const gapsIn = (text: string): string[] => [...new Set(text.match(GAP) ?? [])];

export function knownOf(handoff: DeskHandoff, agent: string): Known {
  const { customer, intent, site, facts } = handoff;
  return { customer, agent, intent: intent.label, site: site.name, facts };
}

function valueOf(name: string, { customer, agent, intent, site, facts }: Known): string {
  const whole = nameWords(customer.name ?? "");
  switch (name) {
    case "customer.first_name": return whole.split(" ")[0] ?? "";
    case "customer.name": return whole;
    case "agent.name": return agent;
    case "intent": return intent;
    case "site": return site;
    default: return factValue(name.slice("fact:".length), facts);
  }
}

function factValue(key: string, facts: Known["facts"]): string {
  for (const source of TRUST) {
    const fact = facts.find((one) => one.key === key && one.source === source);
    if (fact && fact.value !== null) return valueWords(fact.value);
  }
  return "";
}

/** One line, nothing unseen, and nothing that looks like a gap of ours. */
function plain(value: string): string {
  const line = stripInvisible(value).replace(/\s+/g, " ").trim().replace(GAP, (gap) => `(${gap.slice(1, -1)})`);
  return line.length > VALUE_LIMIT ? `${line.slice(0, VALUE_LIMIT).trimEnd()}…` : line;
}

/** A value that runs the other way must not turn the sentence around it. */
const apart = (value: string): string => (RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : value);
