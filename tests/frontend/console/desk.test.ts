import { beforeEach, describe, expect, test, vi } from "vitest";
import { Desk } from "../../../static/src/console/desk.ts";
import type { DeskOptions } from "../../../static/src/console/desk.ts";
import { selectedHandoff } from "../../../static/src/console/desk_state.ts";
import type { AgentSnapshot } from "../../../static/src/console/wire.ts";
import { CommandError } from "../../../static/src/shared/connection.ts";
import type { ConnectionOptions } from "../../../static/src/shared/connection.ts";
import { memory } from "../../../static/src/shared/storage.ts";
import { DESK, MINE, NOW, STREAM, entry, event, handoff, offer, said, snapshot } from "./cast.ts";

const HEADS = { [MINE]: 0, [STREAM]: 0, [DESK]: 0 };
let wire: ConnectionOptions<AgentSnapshot>;
let now = NOW;
const older = vi.fn<DeskOptions["older"]>();
const command = vi.fn<(cmd: string, fields?: Record<string, unknown>) => Promise<Record<string, unknown>>>();

function open(storage = memory()): Desk {
  const desk = new Desk({
    getTicket: () => Promise.reject(new Error("unused")), older, destinations: () => Promise.resolve({ queues: [], agents: [] }), callbacks: () => Promise.resolve({ mine: [], team: [] }), storage, agentId: "ag_amira", now: () => now,
    connect: (options) => { wire = options; return { start() {}, stop() {}, retryNow() {}, command }; },
  });
  return desk;
}
function welcome(more: Partial<AgentSnapshot>, heads: Record<string, number> = HEADS): void {
  wire.onWelcome({ ev: "welcome", epoch: "e", heartbeat_seconds: 20, snapshot: snapshot(more), heads });
  wire.onStatus?.("live");
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

beforeEach(() => {
  now = NOW;
  command.mockReset().mockResolvedValue({});
});

describe("offers", () => {
  test("accepting opens the handoff when it comes, once, and its composer takes the focus once", async () => {
    const desk = open();
    welcome({ offers: [offer()], handoffs: [handoff()] });
    command.mockResolvedValue({ handoff: "ho_2" });
    await Promise.all([desk.accept(offer()), desk.accept(offer())]);
    expect(command.mock.calls).toEqual([["offer.accept", { offer: "of_1", token: "secret" }]]);
    expect(desk.store.get().selected).toBe("ho_1");
    const { ev: _ev, ...assigned } = event(MINE, 1, "handoff.assigned", { ...handoff({ id: "ho_2" }), heads: {} });
    wire.onEvent(assigned, false);
    expect(desk.store.get()).toMatchObject({ selected: "ho_2", answering: null });
    expect([desk.takesFocus("ho_1"), desk.takesFocus("ho_2"), desk.takesFocus("ho_2")]).toEqual([false, true, false]);
  });

  test("one that is gone says so and can be answered no more than once", async () => {
    const desk = open();
    welcome({ offers: [offer()] });
    command.mockRejectedValue(new CommandError("offer_gone", "gone"));
    await desk.accept(offer());
    expect(desk.store.get()).toMatchObject({ answering: null, refusal: "This offer is no longer open." });
  });

  test("declining carries the token", async () => {
    await open().decline(offer());
    expect(command).toHaveBeenCalledWith("offer.decline", { offer: "of_1", token: "secret" });
  });
});

describe("what is open", () => {
  test("the first handoff opens with the page, without taking the focus", () => {
    const desk = open();
    welcome({ handoffs: [handoff(), handoff({ id: "ho_2" })] });
    expect(selectedHandoff(desk.store.get())?.id).toBe("ho_1");
    expect(desk.takesFocus("ho_1")).toBe(false);
  });

  test("no other talk slips under the hands when the open one leaves, not even over a reconnect", () => {
    const desk = open();
    welcome({ handoffs: [handoff(), handoff({ id: "ho_2" })] });
    const { ev: _ev, ...gone } = event(MINE, 1, "handoff.unassigned", { id: "ho_1", reason: "lose_agent" });
    wire.onEvent(gone, false);
    expect(desk.store.get().selected).toBeNull();
    welcome({ handoffs: [handoff({ id: "ho_2" })] });
    expect(desk.store.get().selected).toBeNull();
  });

  test("what comes to an empty desk opens", () => {
    const desk = open();
    welcome({});
    const { ev: _ev, ...assigned } = event(MINE, 1, "handoff.assigned", { ...handoff(), heads: HEADS });
    wire.onEvent(assigned, false);
    expect(desk.store.get().selected).toBe("ho_1");
  });
});

describe("what is written", () => {
  test("a message is kept until it comes back in the log, across a lost line", async () => {
    const storage = memory();
    const desk = open(storage);
    welcome({ handoffs: [handoff()] });
    command.mockRejectedValue(new CommandError("not_connected", "no"));
    desk.say("ho_1", "hello");
    await settled();
    expect(desk.store.get().outbox).toMatchObject([{ text: "hello", status: "sending" }]);

    const later = open(storage);
    command.mockReset().mockResolvedValue({ id: "me_1", seq: 1, at: "" });
    welcome({ handoffs: [handoff()] });
    await settled();
    const [, fields] = command.mock.calls[0] ?? [];
    expect(command.mock.calls[0]?.[0]).toBe("message.send");
    expect(later.store.get().outbox).toMatchObject([{ status: "sent" }]);
    wire.onEvent(entry(STREAM, 1, "message.posted", said("agent", "hello", String(fields?.client_id))), false);
    expect(later.store.get().outbox).toEqual([]);
  });

  test("one that the server had already is settled by the snapshot", async () => {
    const desk = open();
    welcome({ handoffs: [handoff()] });
    command.mockRejectedValue(new CommandError("not_connected", "no"));
    desk.note("ho_1", "mind");
    await settled();
    const id = desk.store.get().outbox[0]?.client_id ?? "";
    welcome({ handoffs: [handoff({ timeline: [entry(DESK, 1, "note.added", { id: "me_n", author: { id: "ag_amira", name: "Amira" }, text: "mind", client_id: id })] })] }, { ...HEADS, [DESK]: 1 });
    expect(desk.store.get().outbox).toEqual([]);
  });

  test("a refused one stays, can be sent again with the same id, or taken back before what is written", async () => {
    const desk = open();
    welcome({ handoffs: [handoff()] });
    command.mockRejectedValue(new CommandError("handoff_closed", "closed"));
    desk.say("ho_1", "hello");
    await settled();
    expect(desk.store.get().outbox).toMatchObject([{ status: "failed", code: "handoff_closed" }]);
    const item = desk.store.get().outbox[0];
    if (!item) throw new Error("nothing was kept");
    desk.sayAgain(item.client_id);
    await settled();
    expect(command.mock.calls.map(([, fields]) => fields?.client_id)).toEqual([item.client_id, item.client_id]);
    desk.drafts.change("ho_1", { reply: "and more" });
    desk.takeBack(item);
    expect(desk.drafts.of("ho_1")).toMatchObject({ mode: "reply", reply: "hello\nand more", note: "", transfer: "" });
    expect(desk.store.get().outbox).toEqual([]);
  });

  test("drafts live with their handoff and over a reload, and leave with the agent", () => {
    const storage = memory();
    const desk = open(storage);
    desk.drafts.change("ho_1", { reply: "half a" });
    desk.drafts.change("ho_2", { mode: "note", note: "mind" });
    expect(open(storage).drafts.of("ho_1").reply).toBe("half a");
    expect(open(storage).drafts.of("ho_2")).toMatchObject({ mode: "note", reply: "", note: "mind", transfer: "" });
    desk.leave();
    expect(open(storage).drafts.of("ho_1").reply).toBe("");
  });
});

describe("signals", () => {
  test("typing is told at most once in 5 s a handoff, and its loss is nobody's trouble", async () => {
    const desk = open();
    command.mockRejectedValue(new CommandError("not_connected", "no"));
    for (const moment of [0, 1_000, 4_999, 5_000, 9_999]) { now = NOW + moment; desk.typing("ho_1"); }
    desk.typing("ho_2");
    await settled();
    expect(command.mock.calls.map(([, fields]) => fields?.handoff)).toEqual(["ho_1", "ho_1", "ho_2"]);
    now = NOW + 10_000;
    desk.typing("ho_1");
    expect(command).toHaveBeenCalledTimes(4);
  });

  test("reading is told once, moves the mark, and is told again after a failure", async () => {
    const desk = open();
    const talk = handoff({ timeline: [entry(STREAM, 3, "message.posted", said("customer", "a"))] });
    welcome({ handoffs: [talk] });
    command.mockRejectedValueOnce(new CommandError("connection_lost", "no"));
    desk.read(talk);
    await settled();
    desk.read(talk);
    desk.read(talk);
    await settled();
    expect(command.mock.calls).toEqual([["message.read", { handoff: "ho_1", seq: 3 }], ["message.read", { handoff: "ho_1", seq: 3 }]]);
    expect(selectedHandoff(desk.store.get())?.read.agent).toBe(3);
  });
});

test("who signs out is offered nothing more; who was away stays so for the reason given", () => {
  open().leave();
  expect(command).not.toHaveBeenCalled();
  const desk = open();
  welcome({});
  desk.leave();
  expect(command).toHaveBeenCalledWith("availability.set", { available: false, after_current: false, reason: "signed out" });
});

test("an event this page does not know changes nothing", () => {
  const desk = open();
  welcome({ handoffs: [handoff()] });
  const before = desk.store.get();
  wire.onEvent({ stream: STREAM, seq: 1, at: "", type: "toString", data: {} }, false);
  expect(desk.store.get()).toBe(before);
});

test("a refusal is said in words and goes with the next success", async () => {
  const desk = open();
  command.mockRejectedValueOnce(new CommandError("strange", "The server says why."));
  expect(await desk.end("ho_1")).toBe(false);
  expect(desk.store.get().refusal).toBe("The server says why.");
  expect(await desk.wrapUp("ho_1", "resolved", "  ")).toBe(true);
  expect(command).toHaveBeenLastCalledWith("handoff.wrap_up", { handoff: "ho_1", disposition: "resolved" });
  expect(desk.store.get().refusal).toBeNull();
});

test("the line remembers since when it is away, and that it came back", () => {
  const desk = open();
  welcome({});
  now = NOW + 10_000;
  wire.onStatus?.("reconnecting");
  now = NOW + 15_000;
  wire.onStatus?.("reconnecting");
  expect(desk.store.get().line).toMatchObject({ status: "reconnecting", since: NOW + 10_000 });
  wire.onStatus?.("live");
  expect(desk.store.get().line).toMatchObject({ status: "live", back_at: NOW + 15_000 });
});

describe("what was said before", () => {
  const last = entry(STREAM, 51, "message.posted", said("customer", "new"));

  test("is read for each stream that began earlier, and put in its place", async () => {
    const desk = open();
    welcome({ handoffs: [handoff({ timeline: [last, entry(DESK, 1, "offer.recorded", { agent: { id: "ag_amira", name: "Amira" }, status: "accepted" })] })] });
    older.mockResolvedValue([entry(STREAM, 50, "message.posted", said("customer", "old")), { stream: STREAM, seq: 49, at: "", type: "of.tomorrow", data: {} }]);
    const talk = selectedHandoff(desk.store.get());
    if (!talk) throw new Error("nothing is open");
    await desk.readOlder(talk);
    expect(older.mock.calls).toEqual([["ho_1", STREAM, 51]]);
    expect(selectedHandoff(desk.store.get())?.timeline.map(({ seq }) => seq)).toEqual([1, 50, 51]);
  });

  test("a failure is said", async () => {
    const desk = open();
    older.mockRejectedValue(new Error("503"));
    await desk.readOlder(handoff({ timeline: [last] }));
    expect(desk.store.get().refusal).toBe("Earlier lines could not be read just now.");
  });
});

describe("a log that was restored from a backup", () => {
  const lines = (desk: Desk) => desk.store.get().board?.handoffs[0]?.timeline.map(({ seq }) => seq);
  const talk = (...seqs: number[]) => handoff({ timeline: seqs.map((seq) => entry(STREAM, seq, "message.posted", said("customer", String(seq)))) });

  test.each(["epoch_changed", "ahead"] as const)("is shown as it is after %s, and takes neither drafts nor what is unsent", async (reason) => {
    const desk = open();
    welcome({ handoffs: [talk(1, 2, 3)] }, { ...HEADS, [STREAM]: 3 });
    desk.drafts.change("ho_1", { reply: "a draft" });
    desk.say("ho_1", "acknowledged");
    await settled();
    expect(desk.store.get().outbox).toMatchObject([{ text: "acknowledged", status: "sent" }]);
    wire.onResync?.(reason);
    welcome({ handoffs: [talk(1)] }, { ...HEADS, [STREAM]: 1 });
    await settled();
    expect([lines(desk), desk.drafts.of("ho_1").reply]).toEqual([[1], "a draft"]);
    const sent = command.mock.calls.filter(([cmd]) => cmd === "message.send");
    expect([sent.length, sent[0]?.[1]]).toEqual([2, sent[1]?.[1]]);
  });

  test("is not what happened when the page was only away for long", () => {
    const desk = open();
    welcome({ handoffs: [talk(1, 2)] }, { ...HEADS, [STREAM]: 2 });
    wire.onResync?.("too_old");
    welcome({ handoffs: [talk(2, 3)] }, { ...HEADS, [STREAM]: 3 });
    expect(lines(desk)).toEqual([1, 2, 3]);
  });
});

describe("a transfer", () => {
  const loans = { kind: "queue", key: "loans", name: "Loans" } as const;
  const tomas = { kind: "agent", id: "ag_tomas", name: "Tomas" } as const;

  test("goes to a queue or a person with a note and the version that was seen", async () => {
    const desk = open();
    welcome({ handoffs: [handoff()] });
    command.mockResolvedValueOnce({ state: "queued" }).mockResolvedValueOnce({ state: "offered" });
    expect(await desk.transfer(handoff(), loans, "mind")).toBeNull();
    expect(command).toHaveBeenCalledWith("handoff.transfer", { handoff: "ho_1", queue: "loans", note: "mind", version: 2 });
    expect(desk.store.get().passed["ho_1"]).toEqual({ to: "Loans", asked: false });
    await desk.transfer(handoff(), tomas, "mind");
    expect(command).toHaveBeenLastCalledWith("handoff.transfer", { handoff: "ho_1", agent: "ag_tomas", note: "mind", version: 2 });
    expect(desk.store.get().passed["ho_1"]).toEqual({ to: "Tomas", asked: true });
  });

  test("that is refused keeps the note and says why; one that worked forgets it", async () => {
    const desk = open();
    desk.drafts.change("ho_1", { transfer: "mind" });
    command.mockRejectedValueOnce(new CommandError("stale_version"));
    expect(await desk.transfer(handoff(), loans, "mind")).toBe("The handoff changed meanwhile.");
    expect([desk.drafts.of("ho_1").transfer, desk.store.get().passed]).toEqual(["mind", {}]);
    await desk.transfer(handoff(), loans, "mind");
    expect(desk.drafts.of("ho_1").transfer).toBe("");
  });
});

test("what was emptied by an erasure is read as erased, wherever it comes from", async () => {
  const desk = open();
  welcome({ handoffs: [{ ...handoff(), timeline: [{ ...entry(STREAM, 1, "message.posted", said("customer", "x")), data: {} }] }] });
  wire.onEvent({ ...entry(STREAM, 1, "message.posted", said("customer", "x")), seq: 2, data: {} }, false);
  older.mockResolvedValueOnce([{ ...entry(DESK, 1, "erased", {}), type: "note.added" }]);
  await desk.readOlder(desk.store.get().board!.handoffs[0]!);
  wire.onEvent({ ...entry(MINE, 1, "erased", {}), type: "offer.made" }, false);
  const board = desk.store.get().board!;
  expect(new Set(board.handoffs[0]?.timeline.map(({ type }) => type))).toEqual(new Set(["erased"]));
  expect(board.offers).toEqual([]);
});

test("a page of an agent who left at another tab shows nothing to the next, and sends nothing in their name", async () => {
  const [storage, onOther, stop] = [memory(), vi.fn(), vi.fn()];
  const desk = new Desk({
    getTicket: () => Promise.reject(new Error("unused")), older, destinations: () => Promise.resolve({ queues: [], agents: [] }), callbacks: () => Promise.resolve({ mine: [], team: [] }), storage, agentId: "ag_amira", onOther,
    connect: (options) => { wire = options; return { start() {}, stop, retryNow() {}, command }; },
  });
  welcome({ handoffs: [handoff()] });
  expect([desk.store.get().board?.agent.id, onOther.mock.calls.length]).toEqual(["ag_amira", 0]);
  command.mockRejectedValue(new CommandError("not_connected"));
  desk.say("ho_1", "for Maya alone");
  desk.drafts.change("ho_1", { reply: "and this" });
  await settled();
  command.mockClear();
  wire.onWelcome({ ev: "welcome", epoch: "e", heartbeat_seconds: 20, snapshot: snapshot({ agent: { ...snapshot().agent, id: "ag_tom" }, handoffs: [handoff()] }), heads: HEADS });
  wire.onStatus?.("live");
  await settled();
  expect([onOther.mock.calls.length, stop.mock.calls.length, command.mock.calls, desk.drafts.of("ho_1").reply, desk.store.get().outbox, desk.store.get().board?.agent.id]).toEqual([1, 1, [], "", [], "ag_amira"]);
});
