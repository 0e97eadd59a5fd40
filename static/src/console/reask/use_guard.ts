/** Looks at what is written while it is written: shows what is known, holds the first sending of a question for it, and has every one counted. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { partMissed } from "../chunk.ts";
import { useBoard } from "../context.tsx";
import { TEXT_LIMIT } from "../drafts.ts";
import type { DeskHandoff } from "../wire.ts";
import type { Reask } from "./find_reasks.ts";

type Rules = typeof import("./rules.ts");

/** Long enough not to judge half a word, short enough to be there before Enter. */
const PAUSE_MS = 250;

let loading: Promise<Rules> | null = null;
/** A load that failed is tried again with the next word; until then nothing is held. */
const loadRules = (): Promise<Rules> => (loading ??= import("./rules.ts").catch((error: unknown) => { loading = null; partMissed(); throw error; }));

export interface Guard {
  hits: readonly Reask[];
  /** The first Enter has been held: the next one asks anyway. */
  isHeld: boolean;
  /** Whether this text may go now; a question for what is known goes with the second asking. */
  lets(text: string): boolean;
  /** Marks what is shown as asked on purpose. */
  insist(): void;
  use(put: (words: string, from: number, to: number) => void, text: string): void;
}

export function useGuard(handoff: DeskHandoff, text: string): Guard {
  const { desk } = useBoard();
  const rules = useRules(text);
  const { facts, statement, journey, customer, intent } = handoff;
  const find = useMemo(() => rules?.readFor(handoff, rules.TABLES) ?? null, [rules, facts, statement, journey, customer.name, customer.verified, intent.key]);
  const read = (words: string): Reask[] => (find && words.length <= TEXT_LIMIT ? find(words) : []);
  const [hits, setHits] = useState<readonly Reask[]>([]);
  const [isHeld, setHeld] = useState(false);
  const held = useRef(new Map<string, Reask>());
  const show = (next: readonly Reask[]) => {
    for (const [name, hit] of held.current) if (!next.some((one) => nameOf(one) === name)) { held.current.delete(name); desk.reasks.record(handoff.id, hit, false); }
    setHits((before) => (isSame(before, next) ? before : next));
    setHeld(next.some((one) => held.current.has(nameOf(one))));
  };
  const latest = useRef(show);
  latest.current = show;
  useEffect(() => {
    if (!text.trim()) { latest.current([]); return undefined; }
    const timer = setTimeout(() => latest.current(read(text)), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [find, text]);
  useEffect(() => {
    desk.light(handoff.id, hits.map(({ key, source }) => ({ key, source })));
    return () => desk.light(handoff.id, []);
  }, [handoff.id, hits]);
  const lets = (words: string): boolean => {
    const found = read(words);
    if (found.every((hit) => held.current.has(nameOf(hit)))) {
      held.current.clear();
      for (const hit of found) desk.reasks.record(handoff.id, hit, true);
      return true;
    }
    for (const hit of found) held.current.set(nameOf(hit), hit);
    show(found);
    return false;
  };
  return {
    hits, isHeld, lets,
    insist: () => { for (const hit of hits) held.current.set(nameOf(hit), hit); },
    use: (put, words) => {
      if (!rules) return;
      for (const hit of hits) held.current.set(nameOf(hit), hit);
      // From the end, so that the places before stay right.
      for (const group of groupsOf(read(words)).reverse()) put(rules.answerWords(group.hits, /,\s*$/.test(words.slice(0, group.from))), group.from, group.to);
    },
  };
}

/** Asked for with the talk and not with its first word: what is pasted and sent at once is looked at too. After a failure, with the next word. */
function useRules(text: string): Rules | null {
  const [rules, setRules] = useState<Rules | null>(null);
  useEffect(() => {
    if (rules) return undefined;
    let gone = false;
    loadRules().then((loaded) => { if (!gone) setRules(loaded); }, () => undefined);
    return () => { gone = true; };
  }, [text === "", rules]);
  return rules;
}

const nameOf = ({ key, source }: Reask): string => `${source} ${key}`;
const isSame = (a: readonly Reask[], b: readonly Reask[]): boolean => a.length === b.length && a.every((hit, index) => { const other = b[index]; return other !== undefined && nameOf(hit) === nameOf(other) && hit.value === other.value; });

interface Group { from: number; to: number; hits: Reask[] }

/** Everything that one question asks for is answered in one sentence. */
export function groupsOf(hits: readonly Reask[]): Group[] {
  const groups: Group[] = [];
  for (const hit of [...hits].sort((a, b) => a.from - b.from)) {
    const last = groups[groups.length - 1];
    if (last && hit.from < last.to) { last.hits.push(hit); last.to = Math.max(last.to, hit.to); }
    else groups.push({ from: hit.from, to: hit.to, hits: [hit] });
  }
  return groups;
}
