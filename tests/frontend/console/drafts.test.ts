import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Drafts, TEXT_LIMIT } from "../../../static/src/console/drafts.ts";
import type { Keeping, Neighbours } from "../../../static/src/console/drafts.ts";
import { memory } from "../../../static/src/shared/storage.ts";
import type { DraftView } from "../../../static/src/shared/protocol.ts";

const keep = vi.fn<Keeping["keep"]>();
let now = 1_000;
const OPEN = new Set(["ho_1"]);
const view = (reply: string, clock: number, more: Partial<DraftView> = {}): DraftView => ({ handoff: "ho_1", reply, note: "", mode: "reply", clock, ...more });
const open = (storage = memory(), neighbours?: Neighbours) => new Drafts(storage, "drafts", { keep, now: () => now, ...(neighbours && { neighbours }) });
const told = () => keep.mock.calls.map(([draft]) => [draft.reply, draft.clock]);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  now = 1_000;
  keep.mockReset().mockImplementation(async ({ clock }) => ({ kept: true, clock }));
});
afterEach(() => { vi.useRealTimers(); });

describe("the server is told", () => {
  test("after a pause, once, and of the latest words", async () => {
    const drafts = open();
    for (const reply of ["H", "He", "Hello"]) drafts.change("ho_1", { reply });
    await pass(799);
    expect(told()).toEqual([]);
    await pass(1);
    expect(told()).toEqual([["Hello", 1_002]]);
    await pass(10_000);
    expect(keep).toHaveBeenCalledTimes(1);
  });

  test("of what was sent, by an empty draft that is newer", async () => {
    const drafts = open();
    drafts.change("ho_1", { reply: "Hello" });
    drafts.change("ho_1", { reply: "" });
    await pass(800);
    expect(told()).toEqual([["", 1_001]]);
  });

  test("at once when the page is left", () => {
    const drafts = open();
    drafts.change("ho_1", { reply: "Hello" });
    drafts.flush();
    expect(told()).toEqual([["Hello", 1_000]]);
  });

  test("with the next welcome, where the line was down", async () => {
    keep.mockRejectedValueOnce(Object.assign(new Error(), { code: "not_connected" }));
    const drafts = open();
    drafts.change("ho_1", { reply: "Hello" });
    await pass(800);
    drafts.load([], OPEN);
    expect(told()).toEqual([["Hello", 1_000], ["Hello", 1_000]]);
    await pass(0);
    drafts.load([], OPEN);
    expect(keep).toHaveBeenCalledTimes(2);
  });

  test("of nothing that is too long, of no word for a transfer, and of nothing that is not on this desk", async () => {
    const drafts = open();
    drafts.change("ho_1", { reply: "x".repeat(TEXT_LIMIT + 1) });
    drafts.change("ho_2", { transfer: "please" });
    await pass(800);
    drafts.load([], new Set());
    expect(told()).toEqual([]);
  });

  test("no more of a handoff that is not ours any longer", async () => {
    keep.mockRejectedValue(Object.assign(new Error(), { code: "not_found" }));
    const drafts = open();
    drafts.change("ho_1", { reply: "Hello" });
    await pass(800);
    drafts.load([], OPEN);
    expect([keep.mock.calls.length, drafts.of("ho_1").reply]).toEqual([1, "Hello"]);
  });
});

describe("words from elsewhere", () => {
  test("come with the desk into a browser that has none", () => {
    const drafts = open();
    const seen: string[] = [];
    drafts.watch((handoff) => seen.push(handoff));
    drafts.load([view("From the office", 50, { note: "calm", mode: "note" })], OPEN);
    expect([drafts.of("ho_1"), seen]).toMatchObject([{ reply: "From the office", note: "calm", mode: "note", transfer: "" }, ["ho_1"]]);
  });

  test("take the place of what was told and not changed since", async () => {
    const drafts = open();
    drafts.change("ho_1", { reply: "Hello", transfer: "mind" });
    await pass(800);
    drafts.load([view("Hello Maya", 2_000)], OPEN);
    expect(drafts.of("ho_1")).toMatchObject({ reply: "Hello Maya", transfer: "mind" });
  });

  test("never take the place of newer ones", async () => {
    const drafts = open();
    drafts.change("ho_1", { reply: "newer" });
    await pass(800);
    drafts.load([view("older", 999)], OPEN);
    expect(drafts.of("ho_1").reply).toBe("newer");
  });

  test("leave alone what waits here, which undoes them only with its writer's next key", async () => {
    keep.mockRejectedValueOnce(Object.assign(new Error(), { code: "not_connected" }));
    const drafts = open();
    drafts.change("ho_1", { reply: "written offline" });
    await pass(800);
    drafts.load([view("written elsewhere", 5_000)], OPEN);
    await pass(5_000);
    expect([drafts.of("ho_1").reply, keep.mock.calls.length]).toEqual(["written offline", 1]);
    drafts.change("ho_1", { reply: "written offline!" });
    await pass(800);
    expect(told()[1]).toEqual(["written offline!", 5_001]);
  });

  test("that the server preferred raise the clock and keep the words", async () => {
    keep.mockResolvedValueOnce({ kept: false, clock: 9_000 });
    const drafts = open();
    drafts.change("ho_1", { reply: "mine" });
    await pass(800);
    expect(drafts.of("ho_1").reply).toBe("mine");
    drafts.change("ho_1", { reply: "mine, still" });
    await pass(800);
    expect(told()[1]).toEqual(["mine, still", 9_001]);
  });

  test("of a browser whose clock is a day ahead do not win for a day", async () => {
    const drafts = open();
    drafts.load([view("tomorrow", 1_000 + 86_400_000)], OPEN);
    drafts.change("ho_1", { reply: "today" });
    await pass(800);
    expect(told()).toEqual([["today", 1_001 + 86_400_000]]);
  });
});

describe("two tabs of one agent", () => {
  function tabs(): [Drafts, Drafts] {
    const ears: ((draft: DraftView) => void)[] = [];
    const join = (): Neighbours => {
      const own: { ear: ((draft: DraftView) => void) | null } = { ear: null };
      return { tell: (draft) => ears.filter((ear) => ear !== own.ear).forEach((ear) => ear(draft)), hear: (ear) => { own.ear = ear; ears.push(ear); } };
    };
    return [open(memory(), join()), open(memory(), join())];
  }

  test("the other follows", async () => {
    const [one, other] = tabs();
    one.change("ho_1", { reply: "Hello" });
    await pass(800);
    expect(other.of("ho_1").reply).toBe("Hello");
    now += 1;
    other.change("ho_1", { reply: "Hello Maya" });
    await pass(800);
    expect(one.of("ho_1").reply).toBe("Hello Maya");
  });

  test("but not over its own words", async () => {
    const [one, other] = tabs();
    one.change("ho_1", { reply: "one" });
    await pass(400);
    now += 400;
    other.change("ho_1", { reply: "other" });
    await pass(400);
    expect([one.of("ho_1").reply, other.of("ho_1").reply]).toEqual(["one", "other"]);
  });
});

describe("in the browser", () => {
  test("they outlive a reload, and what is owed is still owed", async () => {
    const storage = memory();
    open(storage).change("ho_1", { reply: "half a" });
    const again = open(storage);
    expect(again.of("ho_1").reply).toBe("half a");
    again.load([], OPEN);
    expect(told()).toEqual([["half a", 1_000]]);
  });

  test("those of a former version are read", () => {
    const storage = memory();
    storage.set("drafts", JSON.stringify({ ho_1: { mode: "note", reply: "", note: "mind", transfer: "" } }));
    const drafts = open(storage);
    expect(drafts.of("ho_1").note).toBe("mind");
    expect(drafts.change("ho_1", { note: "mind the gap" }).note).toBe("mind the gap");
  });

  test("a very long one is not written out at every key, and not lost when the page is left", async () => {
    const storage = memory();
    const set = vi.spyOn(storage, "set");
    const drafts = open(storage);
    for (let key = 0; key < 50; key += 1) drafts.change("ho_1", { reply: "x".repeat(90_000 + key) });
    expect(set).not.toHaveBeenCalled();
    drafts.flush();
    expect(open(storage).of("ho_1").reply).toHaveLength(90_049);
  });

  test("empty ones of handoffs that are gone leave nothing behind", async () => {
    const storage = memory();
    const drafts = open(storage);
    drafts.change("ho_1", { reply: "Hello" });
    drafts.change("ho_1", { reply: "" });
    await pass(800);
    drafts.load([], new Set());
    expect(storage.get("drafts")).toBeNull();
  });
});
