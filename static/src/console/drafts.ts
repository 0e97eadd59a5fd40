/** What is written and not sent, for each handoff a reply, a note, a word for the next agent, a fact and what came of it: kept over a reload, and reply and note with the server for the agent's other browsers. */
import type { DraftView } from "../shared/protocol.ts";
import { readJson } from "../shared/storage.ts";
import type { KeyValue } from "../shared/storage.ts";

export type Mode = "reply" | "note";
export interface Draft { mode: Mode; reply: string; note: string; transfer: string; fact_label: string; fact_value: string; outcome: string }

/** `clock` grows with every change on any page: the greater one holds the newer words. `owed`: the server does not have them yet. */
interface Kept extends Draft { clock: number; owed: boolean }

/** Told to the agent's other tabs of this browser. */
export interface Neighbours { tell(draft: DraftView): void; hear(listener: (draft: DraftView) => void): void }

export interface Keeping {
  /** Rejects where the line is down; the words are then told with the next welcome. */
  keep(draft: DraftView): Promise<{ kept?: unknown; clock?: unknown }>;
  neighbours?: Neighbours;
  now?: () => number;
}

const EMPTY: Draft = { mode: "reply", reply: "", note: "", transfer: "", fact_label: "", fact_value: "", outcome: "" };
export const TEXT_LIMIT = 4_000;
const TELL_MS = 800;
/** More than this is not written to the browser's store at every key. */
const HEAVY = 20_000;
const STORE_MS = 500;

export class Drafts {
  private drafts: Record<string, Kept>;
  private readonly watchers = new Set<(handoff: string) => void>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private storing: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly storage: KeyValue, private readonly key: string, private readonly keeping: Keeping | null = null) {
    this.drafts = readJson<Record<string, Kept>>(storage, key) ?? {};
    keeping?.neighbours?.hear((draft) => this.take(draft));
  }

  of(handoff: string): Draft {
    const { clock: _clock, owed: _owed, ...draft } = { ...EMPTY, ...this.drafts[handoff] } as Kept;
    return draft;
  }

  change(handoff: string, change: Partial<Draft>): Draft {
    const before = this.of(handoff);
    const draft = { ...before, ...change };
    const clock = this.drafts[handoff]?.clock ?? 0;
    const told = draft.mode !== before.mode || draft.reply !== before.reply || draft.note !== before.note;
    const now = this.keeping?.now?.() ?? Date.now();
    this.set(handoff, { ...draft, clock: told ? Math.max(now, clock + 1) : clock, owed: told || (this.drafts[handoff]?.owed ?? false) });
    if (told) this.tellSoon(handoff);
    return draft;
  }

  /** Puts words in from elsewhere on this page; the box that shows them is told. */
  putBack(handoff: string, change: Partial<Draft>): void {
    this.change(handoff, change);
    this.watchers.forEach((watcher) => watcher(handoff));
  }

  /** Says when words came from another page, or were put back. */
  watch(watcher: (handoff: string) => void): () => void {
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  }

  /** What the server has. Newer words are taken where nothing of one's own waits; where something does, it stays and wins with the next key. */
  load(views: readonly DraftView[], open: ReadonlySet<string>): void {
    views.forEach((view) => this.take(view));
    for (const [handoff, { owed, ...draft }] of Object.entries(this.drafts)) {
      if (!open.has(handoff) && isEmpty(draft)) this.forget(handoff);
      else if (owed && open.has(handoff)) this.tell(handoff);
    }
  }

  /** Its handoff left this desk: finished, nobody comes back to what was not sent. */
  close(handoff: string, finished: boolean): void {
    if (!this.drafts[handoff] || !(finished || isEmpty(this.of(handoff)))) return;
    clearTimeout(this.timers.get(handoff));
    this.timers.delete(handoff);
    this.forget(handoff);
  }

  /** Now, without waiting for a pause: the page is left. */
  flush(): void {
    for (const handoff of [...this.timers.keys()]) this.tell(handoff);
    if (this.storing !== undefined) this.store();
  }

  clear(): void {
    this.timers.forEach((timer) => clearTimeout(timer));
    this.timers.clear();
    clearTimeout(this.storing);
    this.storing = undefined;
    this.drafts = {};
    this.storage.remove(this.key);
  }

  private take(view: DraftView): void {
    const own = this.drafts[view.handoff];
    if (own && view.clock <= own.clock) return;
    if (own?.owed && !isSame(own, view)) {
      // Both were written: neither page undoes the other behind its writer's back.
      this.set(view.handoff, { ...own, clock: view.clock, owed: false });
      return;
    }
    const { mode, reply, note, clock } = view;
    this.set(view.handoff, { ...this.of(view.handoff), mode, reply, note, clock, owed: false });
    this.watchers.forEach((watcher) => watcher(view.handoff));
  }

  private tellSoon(handoff: string): void {
    clearTimeout(this.timers.get(handoff));
    if (this.keeping) this.timers.set(handoff, setTimeout(() => this.tell(handoff), TELL_MS));
  }

  private tell(handoff: string): void {
    clearTimeout(this.timers.get(handoff));
    this.timers.delete(handoff);
    const own = this.drafts[handoff];
    if (!this.keeping || !own?.owed || own.reply.length > TEXT_LIMIT || own.note.length > TEXT_LIMIT) return;
    const { mode, reply, note, clock } = own;
    const draft: DraftView = { handoff, reply, note, mode, clock };
    this.keeping.neighbours?.tell(draft);
    this.keeping.keep(draft).then(
      (answer) => this.told(handoff, clock, typeof answer.clock === "number" ? answer.clock : clock),
      (error: { code?: string }) => { if (error.code === "not_found") this.told(handoff, clock, clock); },
    );
  }

  private told(handoff: string, clock: number, newest: number): void {
    const own = this.drafts[handoff];
    if (!own || own.clock !== clock) return;
    this.set(handoff, { ...own, clock: Math.max(clock, newest), owed: false });
  }

  private set(handoff: string, draft: Kept): void {
    this.drafts = { ...this.drafts, [handoff]: draft };
    if (isEmpty(draft) && draft.clock === 0) this.forget(handoff);
    else this.storeSoon(draft);
  }

  private forget(handoff: string): void {
    const { [handoff]: _gone, ...others } = this.drafts;
    this.drafts = others;
    this.store();
  }

  private storeSoon({ reply, note }: Draft): void {
    if (reply.length + note.length < HEAVY) this.store();
    else this.storing ??= setTimeout(() => this.store(), STORE_MS);
  }

  private store(): void {
    clearTimeout(this.storing);
    this.storing = undefined;
    if (Object.keys(this.drafts).length > 0) this.storage.set(this.key, JSON.stringify(this.drafts));
    else this.storage.remove(this.key);
  }
}

const isEmpty = (draft: Draft): boolean => (Object.keys(EMPTY) as (keyof Draft)[]).every((part) => (draft[part] ?? EMPTY[part]) === EMPTY[part]);
const isSame = (one: Pick<Draft, Mode>, other: Pick<Draft, Mode>): boolean => one.reply === other.reply && one.note === other.note;

/** The other tabs, where the browser lets them speak with each other. */
export function neighboursOn(name: string): Neighbours | undefined {
  if (typeof BroadcastChannel === "undefined") return undefined;
  const channel = new BroadcastChannel(name);
  return {
    tell: (draft) => channel.postMessage(draft),
    hear: (listener) => channel.addEventListener("message", ({ data }: MessageEvent<DraftView>) => listener(data)),
  };
}
