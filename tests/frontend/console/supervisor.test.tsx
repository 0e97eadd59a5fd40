// @vitest-environment happy-dom
/** What supervisors see, and what reading along does to the board. */
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { loadSnapshot } from "../../../static/src/console/board.ts";
import { conversationLines } from "../../../static/src/console/lines.ts";
import { reduce } from "../../../static/src/console/reducer.ts";
import { conditionWords, share, span, whyRisen } from "../../../static/src/console/supervisor/figures.ts";
import { linesOf, scaleOf } from "../../../static/src/console/supervisor/half_hours.tsx";
import { narrowed, sinceOf, sorted } from "../../../static/src/console/supervisor/live_rows.ts";
import { sliceOf } from "../../../static/src/console/supervisor/windowed.ts";
import type { DeskHandoff, EventFrame } from "../../../static/src/console/wire.ts";
import type { FloorAgent, HalfHour, LiveHandoff } from "../../../static/src/shared/protocol.ts";
import { DESK, INTENT, MAYA, MINE, SITE, STREAM, at, handoff, loaded, snapshot } from "./cast.ts";
import { button, command, find, pass, press, root, sent, settle, useStage, welcome, wire } from "./stage.tsx";

const SOFIA = { id: "ag_sofia", name: "Sofia" };
const NOW = Date.parse(at(0));
const event = (stream: string, seq: number, type: string, data: unknown): EventFrame => ({ ev: "event", stream, seq, at: at(seq), type, data }) as EventFrame;
const leader = { ...snapshot().agent, role: "supervisor" };

describe("the board of somebody who reads along", () => {
  const start = () => loadSnapshot(null, loaded({ agent: leader }));
  const opened = () => reduce(start(), event(MINE, 1, "handoff.watched", { handoff: handoff({ agent: SOFIA }), joined: false, heads: { [STREAM]: 3, [DESK]: 1 } }), NOW)!;

  test("opens beside the own handoffs, and takes every event once", () => {
    let board = opened();
    expect([board.watched.map(({ id }) => id), board.handoffs]).toEqual([["ho_1"], []]);
    board = reduce(board, event(STREAM, 4, "message.posted", { id: "me_1", author: { kind: "customer", name: "Maya" }, text: "hello", client_id: "c1" }), NOW)!;
    const before = board.watched[0]?.timeline.length;
    board = reduce(board, event(STREAM, 4, "message.posted", { id: "me_1", author: { kind: "customer", name: "Maya" }, text: "hello", client_id: "c1" }), NOW)!;
    expect(board.watched[0]?.timeline.length).toBe(before);
    expect(board.heads[STREAM]).toBe(4);
  });

  test("knows in which of them this supervisor writes, and nobody else's joining counts", () => {
    let board = reduce(opened(), event(DESK, 2, "supervision.recorded", { agent: { id: "ag_other", name: "Ines" }, act: "joined" }), NOW)!;
    expect(board.joined).toEqual([]);
    board = reduce(board, event(DESK, 3, "supervision.recorded", { agent: { id: leader.id, name: leader.name }, act: "joined" }), NOW)!;
    expect(board.joined).toEqual(["ho_1"]);
    board = reduce(board, event(DESK, 4, "supervision.recorded", { agent: { id: leader.id, name: leader.name }, act: "left" }), NOW)!;
    expect(board.joined).toEqual([]);
  });

  test("shuts, and forgets where it read", () => {
    const board = reduce(opened(), event(MINE, 2, "handoff.unwatched", { id: "ho_1", reason: "closed" }), NOW)!;
    expect([board.watched, board.heads[STREAM], board.heads[DESK]]).toEqual([[], undefined, undefined]);
  });

  test("a snapshot brings back what was read before the line broke", () => {
    const board = loadSnapshot(null, loaded({ agent: leader, watching: [handoff()], joined: ["ho_1"] }));
    expect([board.watched.length, board.joined]).toEqual([1, ["ho_1"]]);
  });
});

test("a whisper has a mark of its own, and a note of the same agent does not run on under it", () => {
  const note = (seq: number, text: string, whisper: boolean) => ({ stream: DESK, seq, at: at(seq), type: "note.added", data: { id: `me_${seq}`, author: SOFIA, text, client_id: null, ...(whisper && { whisper }) } });
  const lines = conversationLines(handoff({ timeline: [note(1, "offer it", true), note(2, "the card is blocked", false)] } as Partial<DeskHandoff>), "Amira", []);
  expect(lines.map((line) => line.kind === "note" && [line.whisper ?? false, line.head])).toEqual([[true, true], [false, true]]);
});

test.each([
  ["watching", "Sofia is reading along"], ["joined", "Sofia joined, and can write to the customer"], ["took_over", "Sofia took over"], ["left", "Sofia left the talk"], ["stopped", "Sofia stopped reading along"],
])("%s is told on the desk", (act_, words) => {
  const entry = { stream: DESK, seq: 1, at: at(1), type: "supervision.recorded", data: { agent: SOFIA, act: act_, to: null } };
  expect(conversationLines(handoff({ timeline: [entry] } as Partial<DeskHandoff>), "Amira", [])).toMatchObject([{ kind: "system", text: words }]);
});

describe("why the wait rose", () => {
  const half = (more: Partial<HalfHour>): HalfHour => ({ at: at(0), arrivals: 10, answered: 10, left: 0, wait_seconds: 30, promised_seconds: null, aht_seconds: 300, agents: 4, away: 0, ...more });
  const usual = [half({}), half({}), half({})];

  test.each([
    [{ wait_seconds: 120, agents: 2 }, ["2.0 fewer agents available"]],
    [{ wait_seconds: 120, arrivals: 18 }, ["80 % more came"]],
    [{ wait_seconds: 120, arrivals: 114 }, ["11 times as many came"]],
    [{ wait_seconds: 120, aht_seconds: 480 }, ["each took 3:00 longer"]],
    [{ wait_seconds: 120, agents: 2, arrivals: 18 }, ["2.0 fewer agents available", "80 % more came"]],
    [{ wait_seconds: 120 }, ["nothing in these figures"]],
    [{ wait_seconds: 40, agents: 2 }, []],
    [{ wait_seconds: null, agents: 0 }, []],
  ])("%o", (more, reasons) => {
    expect(whyRisen([...usual, half(more)], 3)).toEqual(reasons);
  });

  test("the first of a day has nothing to be held against", () => {
    expect(whyRisen([half({ wait_seconds: 900 })], 0)).toEqual([]);
    expect(whyRisen([...usual, half({ wait_seconds: null, agents: 0 })], 3, 300)).toEqual([expect.stringContaining("fewer agents available")]);
    expect(whyRisen([...usual, half({ wait_seconds: null, agents: 0 })], 3, 5)).toEqual([]);
  });

  test("no line is drawn across half hours without an answer", () => {
    const scale = scaleOf(usual);
    expect(linesOf([10, null, 20], scale)).toHaveLength(2);
    expect(linesOf([null, null], scale)).toEqual([]);
  });
});

describe("figures", () => {
  test("what is not known is a dash", () => {
    expect([share(null), span(null), share(0), span(0)]).toEqual(["–", "–", "0 %", "0:00"]);
  });

  test.each<[Partial<FloorAgent>, string]>([
    [{ condition: "talking", load: 2 }, "Talking 2 of 3"],
    [{ condition: "talking", load: 2, wrap_ups: 1 }, "Talking 2 of 3, 1 in wrap-up"],
    [{ condition: "away", reason: "break" }, "Away: break"],
    [{ condition: "away", reason: "missed two offers", by_system: true }, "Away: missed two offers (set by the system)"],
    [{ condition: "disconnected", load: 1 }, "Disconnected 1 of 3"],
    [{ condition: "available" }, "Available"],
  ])("%o", (more, words) => {
    const agent: FloorAgent = { id: "a", name: "A", condition: "available", reason: null, by_system: false, since: null, load: 0, capacity: 3, wrap_ups: 0, trainee: false, queues: [], ...more };
    expect(conditionWords(agent)).toBe(words);
  });
});

function live(number: number, more: Partial<LiveHandoff> = {}): LiveHandoff {
  return {
    id: `ho_${String(number).padStart(3, "0")}`, state: "queued", version: 1, channel: "chat", intent: INTENT, queue: { key: "cards", name: "Cards" }, site: SITE,
    customer: { ...MAYA, id: `cu_${number}`, name: `Customer ${number}` }, agent: null, enqueued_at: at(-number), connected_at: null, ended_at: null, simulated: false, ...more,
  };
}

describe("the live list", () => {
  const some = [live(1), live(2, { state: "connected", agent: SOFIA, connected_at: at(-500) }), live(3)];
  const ids = (handoffs: readonly LiveHandoff[]) => handoffs.map(({ id }) => id);

  test("who has waited longest comes first, and equal ones keep their order", () => {
    expect(ids(sorted(some, { by: "time", down: false }))).toEqual(["ho_002", "ho_003", "ho_001"]);
    expect(ids(sorted(some, { by: "intent", down: false }))).toEqual(["ho_001", "ho_002", "ho_003"]);
    expect(ids(sorted(some, { by: "customer", down: true }))).toEqual(["ho_003", "ho_002", "ho_001"]);
    expect(sinceOf(live(1, { state: "wrap_up", ended_at: at(-9) }))).toBe(at(-9));
  });

  test("it narrows by name, agent, state and queue", () => {
    const none = { text: "", state: "", queue: "" };
    expect(ids(narrowed(some, { ...none, text: "SOFIA" }))).toEqual(["ho_002"]);
    expect(ids(narrowed(some, { ...none, state: "queued", text: "customer 3" }))).toEqual(["ho_003"]);
    expect(narrowed(some, { ...none, queue: "loans" })).toEqual([]);
  });

  test("of a thousand rows a screenful is drawn, and the rest keeps its height", () => {
    for (const top of [0, 500, 17_000, 35_000]) {
      const { from, to, above, below } = sliceOf(1_000, { top, height: 720, row: 36, spare: 8 });
      expect(to - from).toBeLessThanOrEqual(20 + 2 * 8 + 2);
      expect(above + (to - from) * 36 + below).toBe(36_000);
      expect(above).toBeLessThanOrEqual(top);
    }
    expect(sliceOf(0, { top: 0, height: 720, row: 36, spare: 8 })).toEqual({ from: 0, to: 0, above: 0, below: 0 });
    expect(sliceOf(3, { top: 999, height: 720, row: 36, spare: 8 })).toMatchObject({ from: 2, to: 3 });
  });
});

describe("the page", () => {
  useStage();
  const answers: Record<string, unknown> = {};
  beforeEach(() => {
    answers["/api/v1/desk/live"] = { at: at(0), handoffs: Array.from({ length: 240 }, (_, index) => live(index + 1)) };
    answers["/api/v1/desk/handoffs"] = { handoffs: [], next: null };
    vi.stubGlobal("fetch", vi.fn((path: string) => Promise.resolve(new Response(JSON.stringify(answers[path.split("?")[0] ?? ""] ?? {}), { status: answers[path.split("?")[0] ?? ""] ? 200 : 404 }))));
    Reflect.defineProperty(document, "visibilityState", { value: "visible", configurable: true });
  });
  afterEach(() => vi.unstubAllGlobals());
  const until = async (selector: string) => {
    await vi.dynamicImportSettled();
    for (let turn = 0; turn < 50 && !root.querySelector(selector); turn++) await settle();
    return find(selector);
  };

  test("an agent is offered no wallboard, and its key does nothing", async () => {
    welcome({});
    press("KeyW", { altKey: true });
    await settle();
    expect([...root.querySelectorAll(".tabs button")].map((one) => one.textContent?.trim().replace(/Alt.*/, "").trim())).toEqual(["Desk", "Callbacks"]);
    expect(root.querySelector("#pad-title")).toBeNull();
  });

  test("the agents are read again as soon as a line has moved, and no more often than every two seconds", async () => {
    welcome({ agent: leader });
    press("KeyW", { altKey: true });
    await until(".pad__pick");
    await settle();
    const reads = () => vi.mocked(fetch).mock.calls.filter(([path]) => path === "/api/v1/desk/agents").length;
    for (let turn = 0; turn < 50 && reads() === 0; turn++) await settle();
    const before = reads();
    const move = (waiting: number) => act(() => wire.onEphemeral?.({ ev: "board", queues: [{ key: "cards", name: "Cards", waiting, oldest_enqueued_at: null, agents_available: 1 }] } as never));
    await pass(2_000);
    expect(reads()).toBe(before);
    // Everybody who looks has heard it in this moment: each comes at one of their own within the next second.
    const chance = vi.spyOn(Math, "random").mockReturnValue(0.5);
    move(7);
    await pass(499);
    expect(reads()).toBe(before);
    await pass(1);
    expect(reads()).toBe(before + 1);
    move(8);
    move(9);
    await pass(1_900);
    expect(reads()).toBe(before + 1);
    await pass(200);
    expect(reads()).toBe(before + 2);
    chance.mockRestore();
  });

  test("two hundred and forty handoffs are listed with few rows, and reading along is one command", async () => {
    welcome({ agent: leader });
    press("KeyL", { altKey: true });
    await until(".spare");
    expect(find("#pad-title").textContent).toBe("Live list");
    const rows = root.querySelectorAll("tbody tr:not(.spare)");
    expect(rows.length).toBeLessThan(60);
    expect(root.querySelector(".spare svg")?.getAttribute("height")).toBe(String((240 - rows.length) * 36));
    act(() => void find("main").dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true, cancelable: true })));
    expect(document.activeElement).toBe(rows[0]);
    await act(async () => button("Read along").click());
    expect(sent("handoff.watch")).toEqual([{ handoff: "ho_240" }]);
  });

  test("what is read along can be whispered into, joined, and left", async () => {
    welcome({ agent: leader, watching: [handoff({ agent: SOFIA })] });
    press("KeyL", { altKey: true });
    const box = await until("textarea") as HTMLTextAreaElement;
    expect(box.getAttribute("aria-label")).toBe("Whisper to Sofia");
    act(() => { box.value = "offer it"; box.dispatchEvent(new Event("input", { bubbles: true })); });
    await act(async () => void box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true })));
    await settle();
    expect(sent("handoff.whisper")).toEqual([{ handoff: "ho_1", text: "offer it", client_id: expect.any(String) as string }]);
    expect(box.value).toBe("");
    command.mockRejectedValueOnce(new Error("gone"));
    act(() => { box.value = "again"; box.dispatchEvent(new Event("input", { bubbles: true })); });
    await act(async () => void box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true })));
    await settle();
    expect(box.value, "nothing typed is lost").toBe("again");
    await act(async () => button("Join").click());
    expect(sent("handoff.join")).toEqual([{ handoff: "ho_1" }]);
    await act(async () => button("Take over").click());
    expect(sent("handoff.take_over")).toEqual([{ handoff: "ho_1", version: handoff().version }]);
  });

  test("a slash looks for what is over", async () => {
    welcome({});
    press("/", { key: "/", code: "Slash" });
    await until(".find-form");
    expect(find("#pad-title").textContent).toBe("Find a handoff");
    await settle();
    expect(root.textContent).toContain("Nothing was found.");
  });
});
