import { describe, expect, it } from "vitest";
import type { Slot } from "../../../static/src/shared/frames.ts";
import { aboutWords, byDay, dayIn, dayWords, spanWords, timeIn, windowWords, zoneWords } from "../../../static/src/widget/when.ts";

const LONDON = "Europe/London";
const at = (time: string) => Date.parse(time);
/** Whatever the locale of the machine: hours of 24 or of 12. */
const clock = (words: string) => words.replace(/\s?([AP])M/g, " $1M").replace(/\u202f/g, " ");
const time = (one: string, zone: string) => clock(timeIn(one, zone));

describe("the day in a place", () => {
  it("is not the day elsewhere", () => {
    const late = "2026-11-27T23:30:00Z";
    expect([LONDON, "Pacific/Auckland", "America/Los_Angeles"].map((zone) => dayIn(late, zone))).toEqual(["2026-11-27", "2026-11-28", "2026-11-27"]);
  });

  it("is told from today and tomorrow there, not here", () => {
    const now = at("2026-11-27T23:30:00Z");
    expect(["2026-11-27", "2026-11-28"].map((day) => dayWords(day, LONDON, now))).toEqual(["today", "tomorrow"]);
    expect(["2026-11-28", "2026-11-29"].map((day) => dayWords(day, "Pacific/Auckland", now))).toEqual(["today", "tomorrow"]);
    expect(dayWords("2026-12-02", LONDON, now)).toMatch(/Wed.*2|2.*Dec/);
  });

  it.each([
    ["of 23 hours", "2026-03-29", "2026-03-28T22:00:00Z", "2026-03-29T22:30:00Z"],
    ["of 25 hours", "2026-10-25", "2026-10-24T22:30:00Z", "2026-10-25T23:30:00Z"],
  ])("is tomorrow until midnight, also a day %s", (_, day, evening, same) => {
    expect(dayWords(day, LONDON, at(evening))).toBe("tomorrow");
    expect(dayWords(day, LONDON, at(same))).toBe("today");
  });
});

describe("a window", () => {
  const window = { starts_at: "2026-11-27T15:00:00Z", ends_at: "2026-11-27T15:20:00Z" };

  it("is told on the clock of its own place", () => {
    expect(clock(windowWords(window, LONDON, at("2026-11-27T09:00:00Z")))).toMatch(/^today, (3:00 PM–3:20 PM|15:00–15:20)$/);
    expect(clock(windowWords(window, "Pacific/Auckland", at("2026-11-27T09:00:00Z")))).toMatch(/^tomorrow, (4:00 AM–4:20 AM|0?4:00–0?4:20)$/);
  });

  it("keeps its hour when clocks go back in between", () => {
    const winter = { starts_at: "2026-10-26T15:00:00Z", ends_at: "2026-10-26T15:20:00Z" };
    const summer = { starts_at: "2026-10-24T14:00:00Z", ends_at: "2026-10-24T14:20:00Z" };
    expect(spanWords(winter, LONDON)).toBe(spanWords(summer, LONDON));
  });

  it("of no more than a moment is about then", () => {
    expect(clock(aboutWords("2026-11-27T15:32:00Z", LONDON, at("2026-11-27T15:00:00Z")))).toMatch(/^today at about (3:32 PM|15:32)$/);
  });
});

describe("a zone", () => {
  it("is named by its place", () => {
    expect(["Europe/London", "America/New_York", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+5"].map(zoneWords)).toEqual([
      "London time", "New York time", "Buenos Aires time", "UTC", "UTC",
    ]);
  });

  it("that this browser does not know breaks nothing", () => {
    expect([zoneWords("Moon/Tranquility"), dayIn("2026-11-27T23:30:00Z", "Moon/Tranquility")]).toEqual(["UTC", "2026-11-27"]);
    expect(time("2026-11-27T15:00:00Z", "Moon/Tranquility")).toMatch(/3:00 PM|15:00/);
  });
});

describe("free times", () => {
  const slot = (date: string, from: string, starts_at: string): Slot => ({ date, from, to: "", starts_at, ends_at: starts_at });

  it("belong to the customer's day, though UTC is on the next one", () => {
    const evening = slot("2026-07-01", "23:40", "2026-07-02T03:40:00Z");
    const morning = slot("2026-07-02", "00:00", "2026-07-02T04:00:00Z");
    expect(byDay([morning, evening]).map(({ date, slots }) => [date, slots.map(({ from }) => from)])).toEqual([["2026-07-01", ["23:40"]], ["2026-07-02", ["00:00"]]]);
  });

  it("come in the order in which they happen, also where the clock shows an hour again", () => {
    const night = [slot("2026-10-25", "02:00", "2026-10-25T02:00:00Z"), slot("2026-10-25", "01:40", "2026-10-25T00:40:00Z"), slot("2026-10-25", "00:40", "2026-10-24T23:40:00Z")];
    expect(byDay(night)[0]?.slots.map(({ from }) => from)).toEqual(["00:40", "01:40", "02:00"]);
  });

  it("may be none", () => {
    expect(byDay([])).toEqual([]);
  });
});
