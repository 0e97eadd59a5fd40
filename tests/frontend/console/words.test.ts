import { describe, expect, test } from "vitest";
import { toggled } from "../../../static/src/console/availability_box.tsx";
import { factKey, groupFacts, valueWords } from "../../../static/src/console/facts.ts";
import { withStatement } from "../../../static/src/console/facts_section.tsx";
import { quotes } from "../../../static/src/console/offer_card.tsx";
import { cookieValue } from "../../../static/src/console/page.ts";
import { waitingWords } from "../../../static/src/console/rest.tsx";
import { shortcutOf } from "../../../static/src/console/shortcuts.ts";
import { shortName, shortWithin } from "../../../static/src/console/people.ts";
import { endWords } from "../../../static/src/console/strips.tsx";
import { dispositionCode, dispositionWords } from "../../../static/src/console/words.ts";
import { lineWords } from "../../../static/src/console/top_bar.tsx";
import { NOW, at, fact, handoff, offer } from "./cast.ts";

describe("facts", () => {
  test("stand under four headings in one order, each with its newest time", () => {
    const groups = groupFacts([fact("d", "desk"), { ...fact("o", "observed"), at: at(5) }, fact("v", "verified"), fact("s", "stated"), fact("o2", "observed")]);
    expect(groups.map(({ source, facts, at: time }) => [source, facts.length, time])).toEqual([["verified", 1, at(0)], ["observed", 2, at(5)], ["stated", 1, at(0)], ["desk", 1, at(0)]]);
  });

  test("the statement is the first thing that was stated", () => {
    expect(withStatement(handoff({ statement: "never bought it", facts: [fact("a", "stated")] })).map(({ value }) => value)).toEqual(["never bought it", "x"]);
    expect(withStatement(handoff())).toEqual([]);
  });

  test("values and keys", () => {
    expect([null, true, false, 0, "x"].map(valueWords)).toEqual(["none", "yes", "no", "0", "x"]);
    expect(factKey("Karte – läuft ab!")).toBe("karte-la-uft-ab");
    expect(factKey("卡")).toBe("note");
  });
});

test("a brief that quotes the statement is not followed by it, a shortened one is", () => {
  expect(quotes('Maya wants help. Writes: "never bought it".', "never bought it")).toBe(true);
  expect(quotes('Maya wants help. Writes: "never…".', "never bought it, and more than fits")).toBe(false);
  expect(quotes("Maya wants help.", "never")).toBe(false);
});

test("every end of an offer is said in words", () => {
  const titles = (["accepted", "declined", "timed_out", "withdrawn", "agent_lost", "unknown"] as const).map((status) => endWords({ offer: offer(), status }).title);
  expect(titles).toEqual(["Maya Chen is yours", "You declined Maya Chen", "You missed Maya Chen", "The offer of Maya Chen was withdrawn", "The offer of Maya Chen ended", "The offer of Maya Chen is over"]);
});

test("nobody's name is a capital inside a sentence", () => {
  const unnamed = offer();
  const end = (status: "timed_out" | "accepted") => endWords({ offer: { ...unnamed, handoff: { ...unnamed.handoff, customer: { ...unnamed.handoff.customer, name: null } } }, status });
  expect([end("timed_out").title, end("timed_out").text, end("accepted").title]).toEqual(["You missed the customer", "The customer goes to the next agent, at the same place.", "Unnamed customer is yours"]);
  expect([shortWithin({ name: null }), shortWithin({ name: "Maya Chen" }), shortName({ name: null })]).toEqual(["the customer", "Maya", "The customer"]);
});

test("the switch goes away at once, back from away, and back out of finishing", () => {
  expect(toggled({ available: true, reason: null, after_current: false }).available).toBe(false);
  expect(toggled({ available: false, reason: "meal", after_current: false })).toEqual({ available: true, reason: null, after_current: false });
  expect(toggled({ available: false, reason: null, after_current: true }).available).toBe(true);
});

test("the empty desk tells of the fullest queue", () => {
  const queue = (waiting: number) => ({ key: "c", name: "Cards", waiting, oldest_enqueued_at: waiting ? at(-112) : null, agents_available: 1 });
  expect(waitingWords([queue(0)], NOW)).toBe("Nobody is waiting.");
  expect(waitingWords([queue(1)], NOW)).toBe("1 waits in Cards, the oldest 1:52.");
  expect(waitingWords([queue(1), { ...queue(3), name: "Fraud" }], NOW)).toBe("3 wait in Fraud, the oldest 1:52.");
});

test("the line is named, not only coloured", () => {
  const line = { detail: null, since: 0, back_at: null };
  expect((["live", "connecting", "reconnecting", "stopped"] as const).map((status) => lineWords({ ...line, status }).text)).toEqual(["Live", "Connecting", "Reconnecting", "Not connected"]);
});

test("the cross-site token is read from the cookie of exactly that name", () => {
  expect(cookieValue("a=1; x_handoff_csrftoken=no; handoff_csrftoken=a%3Db", "handoff_csrftoken")).toBe("a=b");
  expect(cookieValue("", "handoff_csrftoken")).toBe("");
});

describe("shortcuts", () => {
  const key = (code: string, more: object = {}) => ({ code, key: "x", altKey: true, ctrlKey: false, metaKey: false, shiftKey: false, repeat: false, ...more });

  test("go by the place of the key, whatever it prints", () => {
    expect(shortcutOf(key("Enter"), true)).toEqual({ do: "accept" });
    expect(shortcutOf(key("Backspace"), true)).toEqual({ do: "decline" });
    expect(shortcutOf(key("KeyN", { key: "Dead" }), true)).toEqual({ do: "note" });
    expect(shortcutOf(key("Digit2", { key: "™" }), true)).toEqual({ do: "open", place: 1 });
    expect(shortcutOf(key("F6", { altKey: false, shiftKey: true }), true)).toEqual({ do: "region", back: true });
  });

  test("plain Enter never accepts, AltGr and a held key do nothing, and ? is a letter in a text", () => {
    expect(shortcutOf(key("Enter", { altKey: false }), false)).toBeNull();
    expect(shortcutOf(key("KeyE", { ctrlKey: true }), false)).toBeNull();
    expect(shortcutOf(key("Enter", { repeat: true }), false)).toBeNull();
    expect(shortcutOf(key("Slash", { altKey: false, key: "?" }), true)).toBeNull();
    expect(shortcutOf(key("Slash", { altKey: false, key: "?" }), false)).toEqual({ do: "help" });
  });
});

test("an outcome is found by the words that the desk shows for it", () => {
  for (const code of ["resolved", "follow_up", "no_answer", "own_outcome"]) expect(dispositionCode(` ${dispositionWords(code)} `)).toBe(code);
});
