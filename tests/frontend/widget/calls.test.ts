import { texts } from "@texts/phone";
import { describe, expect, it } from "vitest";
import { callWords, inOrder, isReady, masked, missedWords, refusedWords, whenWords } from "../../../static/src/widget/calls.ts";
import { groups, leftWords, secondsLeft, share, spelled } from "../../../static/src/widget/code.ts";
import { amira, call, callback, handoff } from "./cast.ts";

describe("the code", () => {
  it("is read in two groups, digit by digit", () => {
    expect([groups("48217036"), spelled("48217036")]).toEqual([["4821", "7036"], "4 8 2 1, 7 0 3 6"]);
    expect(groups("00040007")).toEqual(["0004", "0007"]);
  });

  it("counts down to nothing and not below", () => {
    const now = Date.parse("2026-01-01T14:00:00Z");
    expect(["2026-01-01T14:07:48Z", "2026-01-01T14:00:00.001Z", "2026-01-01T14:00:00Z", "2026-01-01T13:00:00Z"].map((at) => secondsLeft(at, now))).toEqual([468, 1, 0, 0]);
    expect([leftWords(468), leftWords(5), share(468), share(600), share(9_000), share(0)]).toEqual(["7 min 48 s left", "0 min 5 s left", 78, 100, 100, 0]);
  });
});

describe("a number", () => {
  it("is told by its end", () => {
    expect(["+447700900001", "..0001", "+44 7700 900 001", null].map(masked)).toEqual(["..0001", "..0001", "..0001", ""]);
  });

  it("that is refused is told why, also for a reason that is new", () => {
    for (const problem of ["invalid", "premium", "emergency", "country", "suppressed", "moon"]) expect(refusedWords(problem)).toMatch(/number/);
    expect(new Set(["invalid", "premium", "emergency", "country", "suppressed"].map(refusedWords)).size).toBe(5);
  });
});

it("a place is said as one says it", () => {
  const said = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 112].map((place) => /You are (\S+),/.exec(texts.placeCounts(place))?.[1]);
  expect(said).toEqual(["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "112th"]);
});

describe("when it comes", () => {
  const now = Date.parse("2026-11-27T09:00:00Z");
  const window = { starts_at: "2026-11-28T15:00:00Z", ends_at: "2026-11-28T15:20:00Z" };

  it("is the window that was booked", () => {
    expect(whenWords({ callback: callback({ window }), due_at: window.starts_at }, now)).toMatch(/^tomorrow, .*–/);
  });

  it("after a miss is when we try again, though a window was booked", () => {
    const missed = callback({ window, next_at: "2026-11-27T09:10:00Z", last_outcome: "no_answer" });
    expect([whenWords({ callback: missed, due_at: null }, now), missedWords(missed)]).toEqual([expect.stringMatching(/^today at about .*9:10/), "We called ..0001 and nobody answered."]);
  });

  it("is not made up", () => {
    expect([whenWords({ callback: null, due_at: null }, now), whenWords({ callback: callback(), due_at: null }, now), missedWords(callback({ last_outcome: "answered" }))]).toEqual(["", "", ""]);
  });

  it("puts what is due first first", () => {
    expect(inOrder([handoff({ id: "ho_b", due_at: "2026-11-29" }), handoff({ id: "ho_a", due_at: "2026-11-28" })]).map(({ id }) => id)).toEqual(["ho_a", "ho_b"]);
  });
});

describe("what happens on the telephone", () => {
  const called = (change: Parameters<typeof call>[0] | null) => handoff({ state: "connected", agent: amira, channel: "callback", callback: callback(), call: change && call({ direction: "outbound", ...change }) });
  const calls = (change: Parameters<typeof call>[0]) => handoff({ state: "connected", agent: amira, channel: "phone", call: call(change) });
  const over = { ended_at: "2026-01-01T14:20:00.000Z" };

  it.each([
    ["before the dial", called(null), "Amira is ready and calls you now at ..0001.", true],
    ["while it is dialled", called({ status: "dialing" }), "Amira is ready and calls you now at ..0001.", true],
    ["while the agent's own line rings", called({ status: "agent_ringing" }), "Amira is ready and calls you now at ..0001.", true],
    ["after an attempt that failed", called({ status: "no_answer", ...over }), "Amira is ready and calls you now at ..0001.", true],
    ["once it rings", called({ status: "ringing" }), "Your phone rings now: it is Amira.", false],
    ["once it is picked up", called({ status: "answered" }), "One moment: you and Amira are being connected.", false],
    ["on the line", called({ status: "bridged", bridged_at: over.ended_at }), "You are talking with Amira on the phone.", false],
    ["on hold", called({ status: "bridged", bridged_at: over.ended_at, is_held: true }), "Amira has put the call on hold.", false],
    ["after the talk", called({ status: "ended", bridged_at: over.ended_at, ...over }), "The call has ended. You can go on writing here.", false],
    ["the customer's own call", calls({ status: "agent_ringing" }), "Amira has your details on screen and takes your call now.", false],
    ["the agent's line did not open", calls({ status: "queued", trouble: "agent_line" }), "The line did not open. Amira tries again; you can write here.", false],
    ["a dial that the provider refused", called({ status: "queued", trouble: "provider" }), "The line did not open. Amira tries again; you can write here.", true],
    ["the customer hung up first", calls({ status: "ended", ...over }), "The call ended before Amira could take it. You can go on writing here.", false],
    ["a chat that was a call once", handoff({ state: "connected", agent: amira, channel: "chat", call: call({ status: "ended" }) }), "", false],
    ["in the line", handoff({ channel: "callback", callback: callback() }), "", false],
  ])("%s", (_, one, words, ready) => {
    expect([callWords(one), isReady(one)]).toEqual([words, ready]);
  });
});
