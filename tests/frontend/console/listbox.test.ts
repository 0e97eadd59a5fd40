import { describe, expect, test } from "vitest";
import { folded, matching, movedBy } from "../../../static/src/console/listbox.ts";

describe("the keys of a list", () => {
  test("go round, jump and stop at the ends of a page", () => {
    expect(movedBy("ArrowDown", 0, 3)).toBe(1);
    expect(movedBy("ArrowDown", 2, 3)).toBe(0);
    expect(movedBy("ArrowUp", 0, 3)).toBe(2);
    expect(movedBy("PageDown", 1, 30)).toBe(9);
    expect(movedBy("PageDown", 28, 30)).toBe(29);
    expect(movedBy("PageUp", 3, 30)).toBe(0);
  });

  test("others are not the list's, and an empty list has none", () => {
    for (const key of ["Home", "End", "a", "Enter", "Escape"]) expect(movedBy(key, 0, 3)).toBe(null);
    expect(movedBy("ArrowDown", 0, 0)).toBe(null);
  });
});

const reply = (shortcut: string, text: string, more = {}) => ({ shortcut, text, title: "", language: "en", mine: false, uses: 0, ...more });

describe("what fits the typed words", () => {
  const all = [reply("hold-check", "Give me a minute for the refund."), reply("refund-days", "In 2-3 days."), reply("receipt-here", "Send it here.", { title: "Refund receipt" }), reply("gruss", "Schöne Grüße")];
  const names = (typed: string) => matching(all, typed).map(({ shortcut }) => shortcut);

  test("begins with them, then holds them in name, title, text", () => {
    expect(names("refund")).toEqual(["refund-days", "receipt-here", "hold-check"]);
    expect(names("")).toEqual(["hold-check", "refund-days", "receipt-here", "gruss"]);
  });

  test("has every word, whatever its case and marks", () => {
    expect(names("refund MINUTE")).toEqual(["hold-check"]);
    expect(names("grusse")).toEqual(["gruss"]);
    expect(names("grüße")).toEqual(["gruss"]);
    expect(names("schone")).toEqual(["gruss"]);
    expect(names("((((")).toEqual([]);
    expect(folded("ÉTÉ")).toBe("ete");
  });

  test("one's own stands before the team's of the same name", () => {
    expect(matching([reply("a", "team"), reply("a", "own", { mine: true })], "a").map(({ text }) => text)).toEqual(["own", "team"]);
  });
});
