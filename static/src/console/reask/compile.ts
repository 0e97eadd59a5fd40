/** A table and a record made ready to read with. */
import type { KnownThings } from "./known.ts";
import type { Concept, Table } from "./table.ts";
import { isNear } from "./text.ts";

export interface CompiledRule { readonly id: string; readonly before: RegExp; readonly after: RegExp; readonly told: boolean }
export interface CompiledIdiom { readonly id: string; readonly concept: Concept; readonly says: RegExp }
export interface Compiled {
  readonly language: string;
  /** Each thing's words are a group of its own. */
  readonly nouns: RegExp;
  readonly things: Readonly<Record<string, string>>;
  readonly between: RegExp;
  readonly told: RegExp;
  readonly tail: RegExp;
  readonly rules: readonly CompiledRule[];
  readonly idioms: readonly CompiledIdiom[];
  readonly vetoes: RegExp;
  readonly vetoesAround: RegExp | null;
  readonly alone: RegExp;
  readonly please: RegExp;
  readonly repair: (word: string) => string;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const MARK = "\\s*(?:$|[,;:)…?!-]|\\.(?: |$))";

export function compile(table: Table, known: KnownThings): Compiled {
  const { slot, tail, greeting, please } = table;
  const after = `^(?:${MARK}| (?:${tail})(?![\\p{L}]))`;
  const { source, things } = nounsOf(table, known);
  return {
    language: table.language,
    nouns: new RegExp(source, "gu"),
    things,
    between: new RegExp(`^${table.join}${slot}$`, "u"),
    told: new RegExp(table.told, "u"),
    tail: new RegExp(after, "u"),
    rules: table.rules.map((rule) => ({
      id: rule.id, before: new RegExp(`${rule.before}${rule.close ? "" : slot}$`, "u"), told: rule.told ?? false,
      after: new RegExp(rule.after ? `^(?:\\s*[,]?\\s*$|${rule.after}${rule.close ? "" : `|${MARK}`})` : after, "u"),
    })),
    idioms: table.idioms.map(({ id, concept, says }) => ({ id, concept, says: new RegExp(says, "u") })),
    vetoes: new RegExp(table.vetoes, "u"),
    vetoesAround: table.vetoesAround ? new RegExp(table.vetoesAround, "u") : null,
    alone: new RegExp(`^(?:${greeting}(?:[ ,.!:]+|$))*${slot}$`, "u"),
    please: new RegExp(`(?:^|[ ,])${please}(?![\\p{L}])`, "u"),
    repair: repairer(table, known),
  };
}

/** The site's own labels come first: they are the nearest to what is on screen. */
function nounsOf({ nouns }: Table, { labels, things: all }: KnownThings): { source: string; things: Record<string, string> } {
  const things: Record<string, string> = {};
  const words = new Map<string, string[]>();
  for (const [concept, patterns] of Object.entries(nouns)) words.set(concept, [...patterns]);
  for (const { noun, thing } of labels) if (all.has(thing)) words.set(thing, [...(words.get(thing) ?? []), escaped(noun)]);
  const flat = [...words].flatMap(([thing, patterns]) => patterns.map((pattern) => ({ thing, pattern })));
  // The longest first, so that an e-mail address is no address.
  flat.sort((a, b) => longest(b.pattern) - longest(a.pattern));
  const groups = flat.map(({ thing, pattern }, index) => { things[`n${index}`] = thing; return `(?<n${index}>${pattern})`; });
  return { source: `(?<![\\p{L}\\p{N}])(?:${groups.join("|")})(?![\\p{L}\\p{N}])`, things };
}

/** About how many letters a pattern can cover. */
const longest = (pattern: string): number => pattern.replace(/\(\?[:=!<]+|[()?\\[\]{}|]/g, "").length;

/** Words of our own tables, five letters or more, that a finger may miss by one. */
function repairer({ nouns, alike, typed, ...patterns }: Table, { labels }: KnownThings): (word: string) => string {
  const own = [...Object.values(nouns).flat(), ...labels.map(({ noun }) => noun), ...typed];
  const vocabulary = new Set(own.flatMap((pattern) => pattern.replace(/\\[bdwpsL]|\{[^}]*\}|\[[^\]]*\]/g, " ").match(/\p{L}{5,}/gu) ?? []));
  const byFirst = new Map<string, string[]>();
  for (const word of vocabulary) byFirst.set(word.charAt(0), [...(byFirst.get(word.charAt(0)) ?? []), word]);
  // What the rules themselves read is no slip of a thing's name.
  const read = JSON.stringify(patterns).replace(/\\+[bdwpsL]/g, " ").match(/\p{L}{5,}/gu) ?? [];
  const right = new Set([...vocabulary, ...alike, ...read]);
  const known = new Map<string, string>();
  return (word) => {
    if (right.has(word)) return word;
    const before = known.get(word);
    if (before !== undefined) return before;
    const meant = (byFirst.get(word.charAt(0)) ?? []).find((own) => isNear(word, own)) ?? word;
    if (known.size < 2_000) known.set(word, meant);
    return meant;
  };
}
