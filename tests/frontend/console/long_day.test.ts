import { describe, expect, test } from "vitest";
import { Drafts } from "../../../static/src/console/drafts.ts";
import { LIMIT, PAGE, spanOf, unseenCount } from "../../../static/src/console/flow.ts";
import { tooLong } from "../../../static/src/console/length.tsx";
import { remembered } from "../../../static/src/console/memo.ts";
import { customerName, nameWords, shortName } from "../../../static/src/console/people.ts";
import { serverNow } from "../../../static/src/console/board.ts";
import { START, reduceDesk } from "../../../static/src/console/desk_state.ts";
import { reduce } from "../../../static/src/console/reducer.ts";
import { momentThere, zoneOf } from "../../../static/src/console/zones.ts";
import { Cursors } from "../../../static/src/shared/cursors.ts";
import { memory } from "../../../static/src/shared/storage.ts";
import { DESK, MINE, NOW, STREAM, at, callback, entry, event, fact, handoff, loaded, said } from "./cast.ts";

const talk = (length: number) => Array.from({ length }, (_, n) => entry(STREAM, n + 1, "message.posted", said("customer", `${n}`), n));

describe("a talk of ten thousand messages", () => {
  const timeline = talk(10_000);

  test("shows its end, and a part of one size wherever the reader is", () => {
    expect(spanOf(timeline, null)).toEqual({ from: 10_000 - PAGE, to: 10_000 });
    expect(spanOf(timeline, { top: `${STREAM}#1`, last: `${STREAM}#10000` })).toEqual({ from: 0, to: LIMIT });
    expect(spanOf(timeline, { top: `${STREAM}#9901`, last: `${STREAM}#10000` })).toEqual({ from: 9_900, to: 10_000 });
    expect(spanOf(talk(3), null)).toEqual({ from: 0, to: 3 });
  });

  test("counts what came since the reader left the end", () => {
    expect([unseenCount(timeline, null), unseenCount(timeline, { top: `${STREAM}#1`, last: `${STREAM}#9997` })]).toEqual([0, 3]);
  });

  test("takes one more at its end without comparing it with all others, and never twice", () => {
    const board = reduce(null, loaded({ handoffs: [handoff({ timeline })] }, { [STREAM]: 10_000 }), NOW);
    const more = event(STREAM, 10_001, "message.posted", said("customer", "more"), 10_001);
    const once = reduce(board, more, NOW);
    expect(once?.handoffs[0]?.timeline.length).toBe(10_001);
    expect(reduce(once, more, NOW)?.handoffs[0]?.timeline.length).toBe(10_001);
    const late = event(STREAM, 10_002, "message.posted", said("customer", "late"), 5.5);
    expect(reduce(once, late, NOW)?.handoffs[0]?.timeline[6]?.seq).toBe(10_002);
  });
});

describe("of a handoff that is over", () => {
  test("no half sentence stays; of one that was taken away it does", () => {
    const storage = memory();
    const drafts = new Drafts(storage, "k");
    drafts.change("ho_1", { reply: "half a sen" });
    drafts.change("ho_2", { reply: "half a sen" });
    drafts.close("ho_1", true);
    drafts.close("ho_2", false);
    expect([drafts.of("ho_1").reply, drafts.of("ho_2").reply]).toEqual(["", "half a sen"]);
    drafts.close("ho_2", true);
    expect(storage.get("k")).toBeNull();
  });

  test("no cursor is asked for again", () => {
    const cursors = new Cursors();
    cursors.welcome("e", { [MINE]: 0, [STREAM]: 3, [DESK]: 1 });
    cursors.close([STREAM, DESK]);
    expect(cursors.resume()).toEqual({ epoch: "e", cursors: { [MINE]: 0 } });
    expect(cursors.judge({ stream: STREAM, seq: 4 })).toBe("drop");
  });

  test("where it was passed to is forgotten with its strip, and no more than five strips wait", () => {
    const many = Array.from({ length: 7 }, (_, n) => handoff({ id: `ho_${n}` }));
    let state = reduceDesk(START, { type: "received", input: loaded({ handoffs: many }), now: NOW });
    many.forEach(({ id }, n) => {
      state = reduceDesk(state, { type: "passed", handoff: id, passed: { to: "Loans", asked: false } });
      state = reduceDesk(state, { type: "received", input: event(MINE, n + 1, "handoff.unassigned", { id, reason: "transfer" }), now: NOW });
    });
    expect(state.board?.lost.map((one) => one.handoff.id)).toEqual(["ho_2", "ho_3", "ho_4", "ho_5", "ho_6"]);
    expect(Object.keys(state.passed).length).toBe(5);
    state = reduceDesk(state, { type: "received", input: { ev: "dismissed", handoff: "ho_6" }, now: NOW });
    expect(Object.keys(state.passed)).not.toContain("ho_6");
  });
});

test("an answer is worked out once for each object", () => {
  let worked = 0;
  const ask = remembered((of: object) => { worked++; return Object.keys(of).length; });
  const one = { a: 1 };
  expect([ask(one), ask(one), ask({}), worked]).toEqual([1, 1, 0, 2]);
});

describe("a name that others chose", () => {
  test.each([
    ["System: Amira joined", "The customer"], ["Amira\u2800joined", "Amira"], ["You", "The customer"], ["\u202eMaya Chen", "Maya"], ["\u2714\ufe0f", "The customer"],
    ["Mar\u00eda Jos\u00e9", "Mar\u00eda"], ["O\u2019Brien", "O\u2019Brien"], ["Jean-Luc P.", "Jean-Luc"], ["\u0645\u0631\u06cc\u0645\u200c\u0633\u0627\u062f\u0627\u062a", "\u0645\u0631\u06cc\u0645\u200c\u0633\u0627\u062f\u0627\u062a"],
  ])("%j begins our sentences as %j", (name, short) => expect(shortName({ name })).toBe(short));

  test("holds no mark of ours, no tower and no blank letters, and no more than fits", () => {
    expect(nameWords("Maya Chen \u2714\ufe0f \u2705 \u{1f6e1}")).toBe("Maya Chen");
    expect(nameWords(`Z${"\u0301".repeat(50)}oe`)).toBe(`Z${"\u0301".repeat(4)}oe`);
    expect(nameWords("Maya\u3164\u3164Chen")).toBe("Maya Chen");
    expect(nameWords("W".repeat(4_000)).length).toBe(81);
    expect(customerName({ name: "\u200b\u2800" })).toBe("Unnamed customer");
  });
});

describe("a clock that is a day off", () => {
  const DAY = 86_400_000;
  test("is known before the first event, and told apart from one that was set right", () => {
    const early = reduce(null, { ...loaded(), lead: DAY }, NOW);
    expect(serverNow(early, NOW + DAY)).toBe(NOW);
    const live = reduce(early, event(MINE, 1, "availability.changed", { available: true, reason: null, after_current: false }, 0), NOW + DAY + 40);
    expect(live?.ahead).toEqual([DAY, DAY + 40]);
    expect(reduce(live, { ...loaded(), lead: DAY + 900 }, NOW)?.ahead).toEqual([DAY, DAY + 40]);
    expect(reduce(live, { ...loaded(), lead: 0 }, NOW)?.ahead).toEqual([0]);
  });
});

test("what is too long is told by how much", () => {
  expect([tooLong("a".repeat(4_000), 4_000), tooLong("a".repeat(4_001), 4_000), tooLong("a".repeat(1_000_000), 4_000)]).toEqual([null, "1 character too long", "996,000 characters too long"]);
});

test("the customer's clock is named where it differs", () => {
  const reader = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zone = (value: string) => zoneOf(handoff({ facts: [{ ...fact("zoneinfo", "verified"), value }] }));
  expect([zone("Asia/Kathmandu"), zone("Nowhere/Land"), zoneOf(handoff())]).toEqual(["Asia/Kathmandu", null, null]);
  expect(zoneOf(handoff({ callback: callback() }))).toBe("Europe/London");
  expect(momentThere(at(0), "Asia/Kathmandu", "Maya")).toMatch(/^, 0?7:47\s?(PM)? for Maya$|^, 19:47 for Maya$/);
  expect(momentThere(at(0), reader, "Maya")).toBe("");
});
