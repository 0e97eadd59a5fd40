import { expect, it } from "vitest";
import { retryDelay } from "../../../static/src/shared/backoff.ts";
import type { Entry } from "../../../static/src/shared/frames.ts";
import { ago, elapsed } from "../../../static/src/shared/time.ts";
import { merge } from "../../../static/src/shared/timeline.ts";
import { uuid7 } from "../../../static/src/shared/uuid7.ts";

const entry = (stream: string, seq: number, at: string): Entry => ({ stream, seq, at, type: "x", data: {} });

it("merges streams by time, stream and seq, each entry once", () => {
  const known = [entry("a", 1, "10"), entry("a", 2, "20")];
  const merged = merge(known, [entry("b", 1, "15"), entry("a", 2, "20"), entry("b", 2, "20"), entry("b", 2, "20"), entry("a", 3, "20")]);
  expect(merged.map(({ stream, seq }) => stream + seq)).toEqual(["a1", "b1", "a2", "a3", "b2"]);
  expect(merge(merged, known)).toBe(merged);
});

it("spreads returns from zero to the cap", () => {
  expect([0, 1, 2, 3, 9].map((n) => retryDelay(n, () => 1))).toEqual([4000, 8000, 16000, 30000, 30000]);
  expect(retryDelay(5, () => 0)).toBe(0);
});

it("makes ids of version 7 that sort by their moment", () => {
  const ids = [1, 2 ** 40, 2 ** 47].map((now) => uuid7(now));
  expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(true);
  expect([...ids].sort()).toEqual(ids);
  expect(parseInt(uuid7(1_700_000_000_123).replace(/-/g, "").slice(0, 12), 16)).toBe(1_700_000_000_123);
});

it("says how long ago and how long", () => {
  const now = 10 * 86_400_000;
  expect([30e3, 180e3, 7.2e6, 90e6, 3e8].map((ms) => ago(now - ms, now))).toEqual(["just now", "3 min ago", "2 h ago", "yesterday", "3 days ago"]);
  expect([32, 134, 3729].map(elapsed)).toEqual(["0:32", "2:14", "1:02:09"]);
});
