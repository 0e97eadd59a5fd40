/** What the panel keeps on this device between pages, besides the session: drafts, read marks, what was taken back. */
import { readJson, type KeyValue } from "../../shared/storage.ts";
import type { Recorded } from "../bridge.ts";
import type { Draft } from "../state.ts";

interface Kept {
  text?: string;
  statement?: string;
  struck?: readonly string[];
  read?: { handoff: string; seq: number } | undefined;
  recorded?: Recorded | undefined;
  dismissed?: string | null;
}

const KEY = "handoff.kept";

export class Memory {
  #kept: Kept;

  constructor(private readonly storage: KeyValue) {
    this.#kept = readJson<Kept>(storage, KEY) ?? {};
  }

  get(): Readonly<Kept> {
    return this.#kept;
  }

  set(change: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...change };
    this.storage.set(KEY, JSON.stringify(this.#kept));
  }

  draft(): Partial<Draft> {
    return { statement: this.#kept.statement ?? "", struck: this.#kept.struck ?? [] };
  }

  clear(): void {
    this.#kept = {};
    this.storage.remove(KEY);
  }
}
