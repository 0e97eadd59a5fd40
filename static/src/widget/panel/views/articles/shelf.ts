/** What was offered, opened and read, and what the server is told of it. Nothing here holds up the start of a talk. */
import { texts } from "@texts/articles";
import type { ArticleHit, ArticleHits, ArticlePage } from "../../../../shared/protocol.ts";
import type { Store } from "../../../../shared/store.ts";
import type { PageFact } from "../../../bridge.ts";
import type { Action, PanelState } from "../../../state.ts";
import type { Memory } from "../../memory.ts";
import type { Session } from "../../session.ts";
import { locale } from "../exports.ts";

export interface Parts { session: Pick<Session, "call">; store: Store<PanelState, Action>; memory: Pick<Memory, "get" | "set">; draw(): void }

/** Words are looked for once the person has stopped typing. */
export const PAUSE_MS = 700;
/** The desk knows what was read by this name. */
const READ = "article.";
const WORDS = 12;

type Reading = { id: string; page: ArticlePage | null; failed: boolean; solved: boolean };

let parts: Parts | null = null;
const found = new Map<string, readonly ArticleHit[]>();
const asking = new Set<string>();
let reading: Reading | null = null;
/** What had the focus before an article was opened. */
let opener: string | null = null;
/** Read and not said to have solved it. */
const unsolved = new Set<string>();

/** Called whenever the panel is drawn: once for what was read on the page before, then for what became of it. */
export function start(given: Parts): void {
  const isFirst = parts === null;
  parts = given;
  const { store, memory } = given;
  if (isFirst) {
    const kept = memory.get().articles ?? [];
    if (kept.length > 0 && !store.get().handoff) store.dispatch({ type: "entries", entries: kept });
    for (const { key } of kept) unsolved.add(key.slice(READ.length));
    store.watch((_, { type }) => { if (type === "wiped") putAway(memory); });
  }
  if (store.get().handoff) goOn(given);
}

/** The handoff carries what was read; from here on the article has not helped. */
function goOn({ memory, store }: Parts): void {
  reading = null;
  if (memory.get().articles) memory.set({ articles: undefined });
  const intent = store.get().handoff?.intent.key ?? "";
  for (const article of unsolved) tell("articles/went-on", { article, intent });
  unsolved.clear();
}

/** What one person read is nothing of the next. */
function putAway(memory: Parts["memory"]): void {
  reading = opener = null;
  unsolved.clear();
  if (memory.get().articles) memory.set({ articles: undefined });
  parts?.draw();
}

/** Nobody waits for a count, and one that is lost is lost. */
function tell(path: string, body: object): void {
  parts?.session.call(path, { method: "POST", body }).catch(() => undefined);
}

/** Plain words alone: a number, an address or a name of an account stays in this page until the person sends it. */
export function searchWords(statement: string): string {
  const words = statement.split(/\s+/).map((word) => word.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, "")).filter((word) => /^[\p{L}\p{M}’'-]{3,30}$/u.test(word));
  return [...new Set(words)].slice(0, WORDS).join(" ").slice(0, 200);
}

export const keyOf = ({ draft }: PanelState): string => new URLSearchParams({ intent: draft.intent ?? "", q: searchWords(draft.statement) }).toString();

/** What fits, once it is known; before that what fitted last, so that nothing jumps. */
export const offered = (key: string): readonly ArticleHit[] | null => found.get(key) ?? null;

export function look(key: string): void {
  if (!parts || found.has(key) || asking.has(key) || key === "intent=&q=") return;
  asking.add(key);
  const { session, draw } = parts;
  session.call<ArticleHits>(`articles?${key}&language=${encodeURIComponent(locale() ?? "")}`).then(
    ({ articles }) => { found.set(key, articles); draw(); },
    // Without articles the way to an agent is as short as ever.
    () => undefined,
  ).finally(() => asking.delete(key));
}

export const current = (): Reading | null => reading;
export const openerId = (): string | null => opener;

export function open({ id }: Pick<ArticleHit, "id">, state: PanelState): void {
  reading = { id, page: null, failed: false, solved: false };
  opener = id;
  if (!parts) return;
  const { session, draw, memory, store } = parts;
  const settle = (change: Partial<Reading>): void => {
    if (reading?.id === id) reading = { ...reading, ...change };
    draw();
  };
  draw();
  session.call<ArticlePage>(`articles/${id}?intent=${encodeURIComponent(state.draft.intent ?? "")}`).then(
    (page) => {
      // Left before it was there: it was not read, or its reader is gone.
      if (reading?.id !== id) return;
      const fact: PageFact = { key: READ + id, label: texts.read, value: page.title, at: new Date().toISOString() };
      memory.set({ articles: [...(memory.get().articles ?? []).filter(({ key }) => key !== fact.key), fact] });
      store.dispatch({ type: "entries", entries: [fact] });
      unsolved.add(id);
      settle({ page });
    },
    () => settle({ failed: true }),
  );
}

export function close(): void {
  reading = null;
  parts?.draw();
}

export function solved(intent: string | null): void {
  if (!reading) return;
  unsolved.delete(reading.id);
  tell("articles/solved", { article: reading.id, intent: intent ?? "" });
  reading = { ...reading, solved: true };
  parts?.draw();
}

/** For tests, in which one file is many pages. */
export function forget(): void {
  parts = reading = opener = null;
  for (const one of [found, asking, unsolved]) one.clear();
}
