/** How far each stream has been read, and what to do with the next event. */
import type { Entry, Heads } from "./frames.ts";

export type Verdict = "apply" | "drop" | "gap";

export class Cursors {
  #at = new Map<string, number>();
  #epoch: string | null = null;

  resume(): { epoch: string; cursors: Heads } | null {
    return this.#epoch === null ? null : { epoch: this.#epoch, cursors: Object.fromEntries(this.#at) };
  }

  /** A stream we had a cursor for goes on from it (its replay follows); the others start after their head. */
  welcome(epoch: string, heads: Heads): void {
    const known = this.#epoch === epoch ? this.#at : new Map<string, number>();
    this.#at = new Map(Object.entries(heads).map(([stream, head]) => [stream, known.get(stream) ?? head]));
    this.#epoch = epoch;
  }

  /** After a resync the old positions mean nothing. */
  reset(): void {
    this.#at = new Map();
    this.#epoch = null;
  }

  /** An opening event may be replayed after a newer welcome, so a cursor never goes back. */
  open(heads: Heads): void {
    for (const [stream, head] of Object.entries(heads)) this.#at.set(stream, Math.max(head, this.#at.get(stream) ?? 0));
  }

  /** What left the reader is not asked for again, and a day of such streams would outgrow the hello. */
  close(streams: readonly string[]): void {
    for (const stream of streams) this.#at.delete(stream);
  }

  /** Events of a stream that nothing opened are dropped: whatever opens it brings its state and its head. */
  judge(event: Pick<Entry, "stream" | "seq">): Verdict {
    const cursor = this.#at.get(event.stream);
    if (cursor === undefined || event.seq <= cursor) return "drop";
    if (event.seq > cursor + 1) return "gap";
    this.#at.set(event.stream, event.seq);
    return "apply";
  }
}
