/** Whether a text asks for what is on record, and why that is thought. Rules from the tables alone: no model, no network. */
import type { Source } from "../wire.ts";
import { thingsOf } from "./known.ts";
import type { Known, KnownThings, OnRecord } from "./known.ts";
import { compile } from "./compile.ts";
import type { Compiled, CompiledIdiom, CompiledRule } from "./compile.ts";
import type { Concept, Table } from "./table.ts";
import { corrected, fold, sentencesOf, withoutQuotes } from "./text.ts";
import type { Folded } from "./text.ts";

export interface Why { readonly language: string; readonly rule: string; readonly words: string }
export interface Reask {
  readonly key: string;
  readonly source: Source;
  readonly label: string;
  readonly value: string;
  readonly at: string;
  readonly why: Why;
  /** The words that ask, up to the end of their sentence: what "Use it" puts the answer in place of. */
  readonly from: number;
  readonly to: number;
}

type Finder = (text: string) => Reask[];

/** For one record; what was read of a sentence is kept, so that a key costs one sentence. */
export function readFor(record: OnRecord, tables: readonly Table[]): Finder {
  const known = thingsOf(record, tables);
  const languages = tables.map((table) => compile(table, known));
  const called = calledOf(record.customer.name);
  let before = new Map<string, Reask[]>();
  return (text) => {
    const now = new Map<string, Reask[]>();
    const plain = withoutQuotes(text);
    const found = sentencesOf(plain).flatMap((sentence) => {
      const words = plain.slice(sentence.from, sentence.to);
      const kept = before.get(words) ?? readSentence(words, sentence.asks, { known, languages, called });
      now.set(words, kept);
      return kept.map((reask) => ({ ...reask, from: reask.from + sentence.from, to: reask.to + sentence.from }));
    });
    before = now;
    return found.filter((reask, index) => found.findIndex((other) => other.key === reask.key && other.source === reask.source) === index);
  };
}

export function findReasks(text: string, record: OnRecord, tables: readonly Table[]): Reask[] {
  return readFor(record, tables)(text);
}

interface Reading { known: KnownThings; languages: readonly Compiled[]; called: RegExp | null }

/** "Maya," and ", Maya?" address her and are no part of what is said. */
function calledOf(name: string | null): RegExp | null {
  const words = name ? fold(name).text.trim() : "";
  if (!words) return null;
  const names = [words, words.split(" ")[0] ?? words].map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`(?:^|(?<=[,!.:] ?)|(?<=\\b(?:hi|hello|hey|hallo|hola|dear|thanks) ))(?:${names.join("|")})(?=[ ,!.?]|$)`, "gu");
}

function readSentence(words: string, asks: boolean, { known, languages, called }: Reading): Reask[] {
  const read = blanked(fold(words), called);
  for (const language of languages) {
    const found = readIn(language, corrected(read, language.repair), { words, asks, known });
    if (found.length > 0) return found;
  }
  return [];
}

function blanked(read: Folded, called: RegExp | null): Folded {
  if (!called) return read;
  const text = read.text.replace(called, (name) => "\u0000".repeat(name.length));
  const kept = [...text].flatMap((sign, index) => (sign === "\u0000" ? [] : [{ sign, at: read.at[index] ?? 0 }]));
  const single = kept.filter(({ sign }, index) => !(sign === " " && (index === 0 || kept[index - 1]?.sign === " ")));
  return { text: single.map(({ sign }) => sign).join(""), at: single.map(({ at }) => at) };
}

interface Asked { words: string; asks: boolean; known: KnownThings }
interface Hit { things: readonly string[]; rule: string; start: number; end: number }

function readIn(language: Compiled, { text, at }: Folded, { words, asks, known }: Asked): Reask[] {
  // What ends a sentence is no part of it.
  const bare = text.replace(/[\s?!.…]+$/u, "");
  const hits = [...chainHits(language, bare, asks), ...idiomHits(language, bare)];
  return hits.flatMap((hit) => {
    const begin = at[clauseStart(bare, hit.start)] ?? 0;
    // Spanish opens a question with a mark of its own.
    const from = /[¿¡]/.test(words.charAt(begin - 1)) ? begin - 1 : begin;
    return hit.things.flatMap((thing) => {
      const found = known.things.get(thing);
      if (!found || isQuoted(found, bare)) return [];
      const why: Why = { language: language.language, rule: hit.rule, words: bare.slice(hit.start, hit.end).trim() };
      return [{ ...found, why, from, to: words.trimEnd().length } satisfies Reask];
    });
  });
}

interface Chain { things: string[]; start: number; end: number; isTold: boolean }

/** Things named one after the other are asked for together. */
function chainsOf({ nouns, between, told }: Compiled, text: string): Chain[] {
  const chains: Chain[] = [];
  for (const { index, 0: noun, groups = {} } of text.matchAll(nouns)) {
    const thing = Object.entries(groups).find(([, value]) => value !== undefined)?.[0] ?? "";
    const last = chains[chains.length - 1];
    const end = index + noun.length;
    if (last && between.test(text.slice(last.end, index))) {
      last.things.push(thing);
      last.end = end;
      last.isTold &&= told.test(noun);
    } else chains.push({ things: [thing], start: index, end, isTold: told.test(noun) });
  }
  return chains;
}

function chainHits(language: Compiled, text: string, asks: boolean): Hit[] {
  return chainsOf(language, text).flatMap((chain) => {
    const [head, rest] = [text.slice(0, chain.start), text.slice(chain.end)];
    const things = chain.things.map((name) => language.things[name] ?? name);
    const rule = language.rules.find((one) => applies(one, chain, head, rest));
    const start = rule ? (rule.before.exec(head)?.index ?? 0) : isBare(language, head, rest, asks) ? 0 : null;
    if (start === null || isVetoed(language, text, start, chain.start, chain.end)) return [];
    return [{ things, rule: rule?.id ?? "bare", start, end: chain.end }];
  });
}

const applies = (rule: CompiledRule, { isTold }: Chain, head: string, rest: string): boolean => (!rule.told || isTold) && rule.after.test(rest) && rule.before.test(head);

/** "Account number?", "And your date of birth, please". */
const isBare = ({ alone, please, tail }: Compiled, head: string, rest: string, asks: boolean): boolean =>
  (asks || please.test(rest)) && alone.test(head) && tail.test(rest);

function idiomHits(language: Compiled, text: string): Hit[] {
  return language.idioms.flatMap((idiom: CompiledIdiom) => {
    const found = idiom.says.exec(text);
    if (!found || isVetoed(language, text, found.index, found.index, found.index + found[0].length)) return [];
    return [{ things: [idiom.concept satisfies Concept], rule: idiom.id, start: found.index, end: found.index + found[0].length }];
  });
}

/** The part of a sentence between commas is what a "not" reaches. */
const clauseStart = (text: string, place: number): number => {
  const start = Math.max(...[",", ":", ";", "—"].map((mark) => text.lastIndexOf(mark, place - 1))) + 1;
  return start + (/^\s*/.exec(text.slice(start))?.[0].length ?? 0);
};

function isVetoed({ vetoes, vetoesAround }: Compiled, text: string, start: number, noun: number, end: number): boolean {
  const begin = clauseStart(text, start);
  if (vetoes.test(text.slice(begin, noun))) return true;
  if (!vetoesAround) return false;
  const comma = text.indexOf(",", end);
  return vetoesAround.test(text.slice(begin, comma < 0 ? text.length : comma));
}

/** "Is ..4821 still right?" holds the value already: it confirms and does not ask. */
function isQuoted({ value }: Known, text: string): boolean {
  const folded = fold(value).text;
  const numbers = folded.match(/\d[\d.,:-]*\d/g) ?? [];
  const digits = folded.replace(/\D/g, "");
  if (numbers.some((number) => number.length > 2 && text.includes(number))) return true;
  if (digits.length > 3 && text.replace(/\D/g, " ").split(" ").some((run) => run.length > 3 && digits.endsWith(run))) return true;
  const name = folded.replace(/[“”]/g, "").trim();
  return numbers.length === 0 && name.length > 2 && text.includes(name);
}
