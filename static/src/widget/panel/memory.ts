/** What the panel keeps on this device between pages, besides the session: drafts, read marks, what was taken back. */
import { readJson, type KeyValue } from "../../shared/storage.ts";
import type { PageFact, Recorded } from "../bridge.ts";
import type { Draft, Joined } from "../state.ts";

interface Kept {
  text?: string;
  statement?: string;
  comment?: string;
  /** The talk it is about. */
  about?: string | undefined;
  /** The number to call, as far as it is written. */
  phone?: string | undefined;
  struck?: readonly string[];
  read?: { handoff: string; seq: number } | undefined;
  recorded?: Recorded | undefined;
  dismissed?: string | null;
  joined?: Joined;
  /** Until then, by this device's clock, the page may have led somewhere to sign in, and the panel is awaited back. */
  back?: number;
  /** What was read before asking, until a handoff has it. */
  articles?: readonly PageFact[] | undefined;
}

const KEY = "handoff.kept";

export class Memory {
  #kept: Kept;

  readonly #storage: KeyValue;

  constructor(storage: KeyValue) {
    this.#storage = storage;
    this.#kept = readJson<Kept>(storage, KEY) ?? {};
  }

  get(): Readonly<Kept> {
    return this.#kept;
  }

  set(change: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...change };
    this.#storage.set(KEY, JSON.stringify(this.#kept));
  }

  draft(): Partial<Draft> {
    return { statement: this.#kept.statement ?? "", struck: this.#kept.struck ?? [] };
  }

  clear(): void {
    this.#kept = {};
    this.#storage.remove(KEY);
  }
}
