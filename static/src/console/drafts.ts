/** What is written and not sent, for each handoff a reply, a note and a word for the next agent, kept over a reload of the page. */
import { readJson } from "../shared/storage.ts";
import type { KeyValue } from "../shared/storage.ts";

export type Mode = "reply" | "note";
export interface Draft { mode: Mode; reply: string; note: string; transfer: string }

const EMPTY: Draft = { mode: "reply", reply: "", note: "", transfer: "" };

export class Drafts {
  private drafts: Record<string, Draft>;

  constructor(private readonly storage: KeyValue, private readonly key: string) {
    this.drafts = readJson<Record<string, Draft>>(storage, key) ?? {};
  }

  of(handoff: string): Draft {
    return { ...EMPTY, ...this.drafts[handoff] };
  }

  change(handoff: string, change: Partial<Draft>): Draft {
    const draft = { ...this.of(handoff), ...change };
    this.drafts = { ...this.drafts, [handoff]: draft };
    if (!draft.reply && !draft.note && !draft.transfer && draft.mode === "reply") delete this.drafts[handoff];
    this.storage.set(this.key, JSON.stringify(this.drafts));
    return draft;
  }

  clear(): void {
    this.drafts = {};
    this.storage.remove(this.key);
  }
}
