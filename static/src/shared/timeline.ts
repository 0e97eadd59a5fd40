/** Several streams read as one story. */
import type { Entry } from "./frames.ts";

function order(a: Entry, b: Entry): number {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  if (a.stream !== b.stream) return a.stream < b.stream ? -1 : 1;
  return a.seq - b.seq;
}

/** Merges by (at, stream, seq); an entry already there wins over its double, and nothing new returns the same array. */
export function merge<E extends Entry>(timeline: readonly E[], more: readonly E[]): readonly E[] {
  const key = ({ stream, seq }: Entry) => `${stream}#${seq}`;
  const seen = new Set(timeline.map(key));
  const fresh = more.filter((entry) => !seen.has(key(entry)) && seen.add(key(entry)));
  return fresh.length === 0 ? timeline : [...timeline, ...fresh].sort(order);
}
