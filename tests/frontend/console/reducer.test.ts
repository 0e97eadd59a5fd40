import { describe, expect, test } from "vitest";
import type { Board, SnapshotLoaded } from "../../../static/src/console/board.ts";
import { serverNow } from "../../../static/src/console/board.ts";
import { reduce } from "../../../static/src/console/reducer.ts";
import type { Input } from "../../../static/src/console/reducer.ts";
import type { AgentSnapshot, DeskHandoff, EventFrame, Presence } from "../../../static/src/console/wire.ts";
import { AMIRA, DESK, MAYA, MINE, NOW, STREAM, at, call, callback, changed, entry, event, fact, handoff, loaded, offer, said, talking } from "./cast.ts";

function play(start: SnapshotLoaded, inputs: readonly Input[]): Board {
  const board = inputs.reduce<Board | null>((now, input) => reduce(now, input, NOW), reduce(null, start, NOW));
  if (!board) throw new Error("no board");
  return board;
}

/** What a fresh snapshot can know: not strips, marks or clocks. */
function lasting({ agent, offers, handoffs, queues, heads }: Board) {
  return { agent, offers, handoffs, queues, heads };
}

const open = (more: Partial<DeskHandoff> = {}, heads = { [STREAM]: 0, [DESK]: 0 }) => loaded({ handoffs: [handoff(more)] }, heads);

/** The promise of the page: a snapshot and what came after it is what a fresh snapshot says. */
const CASES: readonly { name: string; events: readonly EventFrame[]; before?: Partial<DeskHandoff>; after: Partial<DeskHandoff> }[] = [
  {
    name: "handoff.changed",
    events: [event(STREAM, 1, "handoff.changed", changed("wrap_up", { version: 3, close_reason: "resolved" }))],
    after: { state: "wrap_up", version: 3, close_reason: "resolved", timeline: [entry(STREAM, 1, "handoff.changed", changed("wrap_up", { version: 3, close_reason: "resolved" }))] },
  },
  {
    name: "handoff.changed to another intent and channel",
    events: [event(STREAM, 1, "handoff.changed", changed("connected", { channel: "voice", intent: { key: "lost", label: "Lost card" } }))],
    after: {
      channel: "voice", intent: { key: "lost", label: "Lost card" },
      timeline: [entry(STREAM, 1, "handoff.changed", changed("connected", { channel: "voice", intent: { key: "lost", label: "Lost card" } }))],
    },
  },
  {
    name: "message.posted",
    events: [event(STREAM, 1, "message.posted", said("customer", "hello"))],
    after: { timeline: [entry(STREAM, 1, "message.posted", said("customer", "hello"))] },
  },
  {
    name: "journey.recorded, a late report in its place",
    before: { journey: { steps: [{ path: "/b", status: "started", at: at(2) }] } },
    events: [event(STREAM, 1, "journey.recorded", { steps: [{ path: "/a", status: "done", at: at(1) }, { path: "/c", status: "started", at: at(3) }] })],
    after: {
      journey: { steps: [{ path: "/a", status: "done", at: at(1) }, { path: "/b", status: "started", at: at(2) }, { path: "/c", status: "started", at: at(3) }] },
      timeline: [entry(STREAM, 1, "journey.recorded", { steps: [{ path: "/a", status: "done", at: at(1) }, { path: "/c", status: "started", at: at(3) }] })],
    },
  },
  {
    name: "facts.changed: added at the end, corrected in place, struck from the lines too",
    before: { facts: [fact("charge", "observed", "1"), fact("phone", "stated", "2")] },
    events: [
      event(STREAM, 1, "facts.changed", { added: [fact("charge", "observed", "9"), fact("card", "desk", "3")], struck: [] }),
      event(STREAM, 2, "facts.changed", { added: [], struck: [{ key: "phone", source: "stated" }, { key: "charge", source: "observed" }] }),
    ],
    after: {
      facts: [fact("card", "desk", "3")],
      timeline: [
        entry(STREAM, 1, "facts.changed", { added: [fact("card", "desk", "3")], struck: [] }),
        entry(STREAM, 2, "facts.changed", { added: [], struck: [{ key: "phone", source: "stated" }, { key: "charge", source: "observed" }] }),
      ],
    },
  },
  {
    name: "identity.changed",
    before: { customer: { ...MAYA, verified: false, assurance: null } },
    events: [event(STREAM, 1, "identity.changed", { verified: true, assurance: MAYA.assurance, name: "Maya Chen" })],
    after: { customer: MAYA, timeline: [entry(STREAM, 1, "identity.changed", { verified: true, assurance: MAYA.assurance, name: "Maya Chen" })] },
  },
  {
    name: "survey.answered",
    events: [event(STREAM, 1, "survey.answered", { effort: 6, comment: null })],
    after: { survey: { effort: 6, comment: null }, timeline: [entry(STREAM, 1, "survey.answered", { effort: 6, comment: null })] },
  },
  {
    name: "note.added",
    events: [event(DESK, 1, "note.added", { id: "me_n", author: AMIRA, text: "mind", client_id: null })],
    after: { timeline: [entry(DESK, 1, "note.added", { id: "me_n", author: AMIRA, text: "mind", client_id: null })] },
  },
  {
    name: "offer.recorded",
    events: [event(DESK, 1, "offer.recorded", { agent: AMIRA, status: "declined" })],
    after: { timeline: [entry(DESK, 1, "offer.recorded", { agent: AMIRA, status: "declined" })] },
  },
  {
    name: "wrap_up.recorded",
    events: [event(DESK, 1, "wrap_up.recorded", { agent: AMIRA, disposition: "resolved", note: "done" })],
    after: { wrap_up: { disposition: "resolved", note: "done" }, timeline: [entry(DESK, 1, "wrap_up.recorded", { agent: AMIRA, disposition: "resolved", note: "done" })] },
  },
  {
    name: "briefing.changed",
    events: [event(DESK, 1, "briefing.changed", { brief: "new", verdicts: [{ key: "a", label: "A", verdict: "enough", lacks: null, acr_values: [], max_age: null }], customer: { ...MAYA, id: "cu_9" }, evidence: "code_only" })],
    after: {
      brief: "new", verdicts: [{ key: "a", label: "A", verdict: "enough", lacks: null, acr_values: [], max_age: null }], customer: { ...MAYA, id: "cu_9" }, evidence: "code_only",
      timeline: [entry(DESK, 1, "briefing.changed", { brief: "new", verdicts: [{ key: "a", label: "A", verdict: "enough", lacks: null, acr_values: [], max_age: null }], customer: { ...MAYA, id: "cu_9" }, evidence: "code_only" })],
    },
  },
  {
    name: "callback.changed",
    events: [event(STREAM, 1, "callback.changed", { callback: callback({ attempts: 1, last_outcome: "busy", next_at: at(120) }) })],
    after: {
      callback: callback({ attempts: 1, last_outcome: "busy", next_at: at(120) }),
      timeline: [entry(STREAM, 1, "callback.changed", { callback: callback({ attempts: 1, last_outcome: "busy", next_at: at(120) }) })],
    },
  },
  {
    name: "call.changed, whose number stays whole and whose evidence moves on with it",
    before: { evidence: "code_only", call: call({ evidence: "code_only", claim: "asked" }), caller_number: "+447700900001" },
    events: [event(STREAM, 1, "call.changed", { call: call({ evidence: "denied", claim: "not_mine" }) })],
    after: {
      evidence: "denied", call: call({ evidence: "denied", claim: "not_mine" }), caller_number: "+447700900001",
      timeline: [entry(STREAM, 1, "call.changed", { call: call({ evidence: "denied", claim: "not_mine" }) })],
    },
  },
  {
    name: "call.changed to a call from another number",
    before: { evidence: "tap", call: talking({ status: "ended", ended_at: at(0) }), caller_number: "+447700900001" },
    events: [event(STREAM, 1, "call.changed", { call: call({ id: "ca_2", caller: "..0777" }) })],
    after: { evidence: "tap", call: call({ id: "ca_2", caller: "..0777" }), caller_number: null, timeline: [entry(STREAM, 1, "call.changed", { call: call({ id: "ca_2", caller: "..0777" }) })] },
  },
  {
    name: "call.changed to no call",
    before: { call: talking(), caller_number: "+447700900001" },
    events: [event(STREAM, 1, "call.changed", { call: null })],
    after: { call: null, caller_number: null, timeline: [entry(STREAM, 1, "call.changed", { call: null })] },
  },
];

describe("snapshot and events are what a fresh snapshot says", () => {
  test.each(CASES)("$name", ({ events, before = {}, after }) => {
    const played = play(open(before), events);
    const heads = Object.fromEntries(events.map(({ stream, seq }) => [stream, seq]));
    const fresh = play(open({ ...before, ...after }, { [STREAM]: 0, [DESK]: 0, ...heads }), []);
    expect(lasting(played)).toEqual(lasting(fresh));
    expect(lasting(played)).not.toEqual(lasting(play(open(before), [])));
  });

  test("an offer made, accepted, and the handoff that comes of it", () => {
    const mine = handoff({ id: "ho_2", timeline: [entry("handoff/ho_2", 1, "handoff.changed", changed("connected"))] });
    const heads = { "handoff/ho_2": 1, "handoff/ho_2/desk": 2 };
    const events = [
      event(MINE, 1, "offer.made", offer()),
      event(MINE, 2, "offer.ended", { id: "of_1", status: "accepted" }),
      event(MINE, 3, "handoff.assigned", { ...mine, heads }),
      event("handoff/ho_2", 2, "message.posted", said("customer", "hi")),
    ];
    const fresh: Partial<AgentSnapshot> = {
      handoffs: [{ ...mine, timeline: [...mine.timeline, entry("handoff/ho_2", 2, "message.posted", said("customer", "hi"))] }],
    };
    expect(lasting(play(loaded(), events))).toEqual(lasting(play(loaded(fresh, { [MINE]: 3, "handoff/ho_2": 2, "handoff/ho_2/desk": 2 }), [])));
  });

  test("availability and a handoff that leaves", () => {
    const away = { available: false, reason: "meal", after_current: false };
    const events = [event(MINE, 1, "availability.changed", away), event(MINE, 2, "handoff.unassigned", { id: "ho_1", reason: "resolved" })];
    const fresh = loaded({ agent: { ...loaded().snapshot.agent, availability: away } }, { [MINE]: 2 });
    expect(lasting(play(open(), events))).toEqual(lasting(play(fresh, [])));
  });
});

describe("streams open and shut", () => {
  test("events of a handoff that left change nothing", () => {
    const board = play(open(), [event(MINE, 1, "handoff.unassigned", { id: "ho_1", reason: "lose_agent" }), event(STREAM, 5, "message.posted", said("customer", "late"))]);
    expect(board.handoffs).toEqual([]);
  });

  test("why it left is told, unless its agent finished it", () => {
    const lost = play(open(), [event(STREAM, 1, "handoff.changed", changed("queued", { agent: null })), event(MINE, 1, "handoff.unassigned", { id: "ho_1", reason: "lose_agent" })]);
    expect(lost.lost.map(({ reason }) => reason)).toEqual(["lose_agent"]);
    const wrapped = { disposition: "resolved", note: null };
    expect(play(open({ wrap_up: wrapped }), [event(MINE, 1, "handoff.unassigned", { id: "ho_1", reason: "customer_left" })]).lost).toEqual([]);
    const over = play(open(), [event(MINE, 1, "handoff.unassigned", { id: "ho_1", reason: "resolved" })]);
    expect(over.lost.map(({ reason }) => reason)).toEqual(["wrap_up_over"]);
  });

  test("a handoff that comes back has no strip about having left", () => {
    const board = play(open(), [event(MINE, 1, "handoff.unassigned", { id: "ho_1", reason: "lose_agent" }), event(MINE, 2, "handoff.assigned", { ...handoff(), heads: { [STREAM]: 4 } })]);
    expect(board.lost).toEqual([]);
    expect(board.heads[STREAM]).toBe(4);
  });

  test("an erased handoff keeps its bones and nothing else", () => {
    const phone = { evidence: "tap" as const, callback: callback(), call: talking(), caller_number: "+447700900001" };
    const before = { ...phone, statement: "mine", facts: [fact("a", "stated")], timeline: [entry(STREAM, 1, "message.posted", said("customer", "secret"))] };
    const board = play(open(before, { [STREAM]: 1, [DESK]: 0 }), [event(STREAM, 2, "erased", {})]);
    expect(JSON.stringify(board.handoffs)).not.toMatch(/secret|mine"|Maya|0001/);
    expect(board.handoffs[0]?.timeline.map(({ type }) => type)).toEqual(["erased"]);
  });
});

describe("offers end", () => {
  test.each(["declined", "timed_out", "withdrawn", "agent_lost"] as const)("%s is said and can be put away", (status) => {
    const board = play(loaded({ offers: [offer()] }), [event(MINE, 1, "offer.ended", { id: "of_1", status })]);
    expect(board.offers).toEqual([]);
    expect(board.ended).toEqual([{ offer: offer(), status }]);
    expect(reduce(board, { ev: "dismissed", offer: "of_1" }, NOW)?.ended).toEqual([]);
  });

  test("the next offer takes the strip's place", () => {
    const board = play(loaded({ offers: [offer()] }), [event(MINE, 1, "offer.ended", { id: "of_1", status: "timed_out" }), event(MINE, 2, "offer.made", offer({ id: "of_2" }))]);
    expect(board.ended).toEqual([]);
  });

  test("one that vanished while the line was away is told, and named when the replay comes", () => {
    const board = play(loaded({ offers: [offer()] }), [{ ...loaded({}, { [MINE]: 1 }) }]);
    expect(board.ended[0]?.status).toBe("unknown");
    expect(reduce(board, event(MINE, 1, "offer.ended", { id: "of_1", status: "withdrawn" }), NOW)?.ended[0]?.status).toBe("withdrawn");
  });
});

describe("replay after a newer snapshot", () => {
  const old = entry(STREAM, 1, "message.posted", said("customer", "old"));

  test("an event under the head adds its line once and changes nothing else", () => {
    const start = open({ journey: { steps: [{ path: "/a", status: "done", at: at(1) }] } }, { [STREAM]: 3, [DESK]: 0 });
    const replay = event(STREAM, 2, "journey.recorded", { steps: [{ path: "/a", status: "done", at: at(1) }] });
    const board = play(start, [replay, replay, { ...replay, seq: 3 }]);
    expect(board.handoffs[0]?.journey.steps).toHaveLength(1);
    expect(board.handoffs[0]?.timeline).toHaveLength(2);
    expect(board.heads[STREAM]).toBe(3);
  });

  test("older lines stay over a reconnect, and go when the history was lost", () => {
    const again = { ...open({ timeline: [entry(STREAM, 60, "message.posted", said("customer", "new"))] }, { [STREAM]: 60, [DESK]: 0 }) };
    expect(play(open({ timeline: [old] }), [again]).handoffs[0]?.timeline).toHaveLength(2);
    expect(play(open({ timeline: [old] }), [{ ...again, history_lost: true }]).handoffs[0]?.timeline).toHaveLength(1);
  });

  test("a fact struck while the line was away leaves the old lines too", () => {
    const told = entry(STREAM, 1, "facts.changed", { added: [fact("phone", "stated", "0700")], struck: [] });
    const strike = event(STREAM, 2, "facts.changed", { added: [], struck: [{ key: "phone", source: "stated" }] });
    const board = play(open({ timeline: [told] }, { [STREAM]: 1, [DESK]: 0 }), [open({}, { [STREAM]: 2, [DESK]: 0 }), strike]);
    expect(JSON.stringify(board.handoffs)).not.toContain("0700");
  });
});

describe("frames outside the log", () => {
  test("typing is timed here and ends with the message", () => {
    const typing = play(open(), [{ ev: "typing", handoff: "ho_1", who: "customer" }]);
    expect(typing.typing).toEqual({ ho_1: NOW });
    expect(reduce(typing, event(STREAM, 1, "message.posted", said("customer", "x")), NOW)?.typing).toEqual({});
  });

  test("presence, read marks that only go forward, boards, and places that are not ours", () => {
    const queues = [{ key: "cards", name: "Cards", waiting: 3, oldest_enqueued_at: at(-100), agents_available: 1 }];
    const board = play(open({ read: { customer: 4, agent: 0 } }), [
      { ev: "presence", handoff: "ho_1", who: "customer", status: "reconnecting" }, { ev: "presence", handoff: "ho_1", who: "agent", status: "away" },
      { ev: "read", handoff: "ho_1", who: "customer", seq: 2 }, { ev: "read", handoff: "ho_1", who: "agent", seq: 3 },
      { ev: "board", queues }, { ev: "queue", handoff: "ho_1", position: 2, estimate: null },
    ]);
    expect(board.presence).toEqual({ ho_1: { status: "reconnecting", since: NOW } });
    expect(board.handoffs[0]?.read).toEqual({ customer: 4, agent: 3 });
    expect(board.queues).toEqual(queues);
  });
});

describe("where a customer is", () => {
  const frame = (status: Presence) => ({ ev: "presence" as const, handoff: "ho_1", who: "customer" as const, status });
  const later = NOW + 30_000;

  test("an absence is timed from the moment the line broke, and over a reconnect of the desk", () => {
    const gone = reduce(play(open(), [frame("reconnecting")]), frame("away"), later);
    expect(gone?.presence).toEqual({ ho_1: { status: "away", since: NOW } });
    expect(reduce(gone, open({ presence: "away" }), later)?.presence).toEqual({ ho_1: { status: "away", since: NOW } });
    expect(reduce(gone, frame("signed_out"), later)?.presence).toEqual({ ho_1: { status: "signed_out", since: later } });
    expect(reduce(gone, frame("here"), later)?.presence["ho_1"]?.status).toBe("here");
  });

  test("who is gone is not writing", () => {
    expect(play(open(), [{ ev: "typing", handoff: "ho_1", who: "customer" }, frame("reconnecting")]).typing).toEqual({});
    expect(play(open(), [{ ev: "typing", handoff: "ho_1", who: "customer" }, frame("here")]).typing).toEqual({ ho_1: NOW });
  });

  test("what was so before this page looked has no time", () => {
    expect(play(open({ presence: "away" }), []).presence).toEqual({ ho_1: { status: "away", since: null } });
    const assigned = event(MINE, 1, "handoff.assigned", { ...handoff({ id: "ho_2", presence: "reconnecting" }), heads: {} });
    expect(play(open(), [assigned]).presence["ho_2"]).toEqual({ status: "reconnecting", since: null });
  });
});

describe("the clock", () => {
  test("a reader's clock that is a minute ahead is set right by live events", () => {
    const ahead = 60_000;
    const board = [event(STREAM, 1, "message.posted", said("customer", "a"), 0), event(STREAM, 2, "message.posted", said("customer", "b"), 2)].reduce<Board | null>(
      (now, input, index) => reduce(now, input, NOW + ahead + index * 2_000 + (index === 0 ? 30 : 900)), reduce(null, open(), NOW));
    expect(serverNow(board, NOW + ahead)).toBe(NOW - 30);
  });

  test("without any live event the reader's clock is trusted", () => {
    expect(serverNow(play(open(), []), NOW)).toBe(NOW);
  });
});

test("before the welcome nothing is known", () => {
  expect(reduce(null, event(MINE, 1, "offer.made", offer()), NOW)).toBeNull();
});
