/** Talks that are about to be ended: for a few seconds nothing was told to anybody, so that it can be undone. */
export const UNDO_MS = 5_000;

interface Timer { at: number; stop: ReturnType<typeof setTimeout> }

export class Endings {
  private readonly timers = new Map<string, Timer>();
  private readonly watchers = new Set<() => void>();

  constructor(private readonly end: (handoff: string) => void, private readonly now: () => number = () => Date.now()) {}

  /** A second asking does not wait. */
  ask(handoff: string): void {
    if (this.timers.has(handoff)) return this.endNow(handoff);
    this.timers.set(handoff, { at: this.now() + UNDO_MS, stop: setTimeout(() => this.endNow(handoff), UNDO_MS) });
    this.changed();
  }

  endNow(handoff: string): void {
    if (this.undo(handoff)) this.end(handoff);
  }

  /** Whether there was anything to undo. */
  undo(handoff: string): boolean {
    const timer = this.timers.get(handoff);
    if (!timer) return false;
    clearTimeout(timer.stop);
    this.timers.delete(handoff);
    this.changed();
    return true;
  }

  /** Until when it can be undone, by this reader's clock; null while nobody ends it. */
  until(handoff: string): number | null {
    return this.timers.get(handoff)?.at ?? null;
  }

  clear(): void {
    for (const handoff of [...this.timers.keys()]) this.undo(handoff);
  }

  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  }

  private changed(): void { this.watchers.forEach((watcher) => watcher()); }
}
