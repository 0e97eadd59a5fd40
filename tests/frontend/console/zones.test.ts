import { describe, expect, test } from "vitest";
import { laterOf, tomorrow, windowFrom } from "../../../static/src/console/later.tsx";
import { cityOf, clockIn, instantIn, isElsewhere, laterDay, promiseWords, quietWords, spanWords, wallIn, windowThere } from "../../../static/src/console/zones.ts";
import { NOW, at, callback } from "./cast.ts";

const utc = (text: string): number => Date.parse(`${text}:00.000Z`);
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString().slice(0, 16));

describe("a time where the customer is", () => {
  test("is the moment it means, on both sides of a change of the clocks", () => {
    expect(iso(instantIn({ date: "2030-07-01", time: "15:00" }, "Europe/Paris"))).toBe("2030-07-01T13:00");
    expect(iso(instantIn({ date: "2030-01-01", time: "15:00" }, "Europe/Paris"))).toBe("2030-01-01T14:00");
    expect(iso(instantIn({ date: "2030-03-31", time: "03:00" }, "Europe/Paris"))).toBe("2030-03-31T01:00");
    expect(iso(instantIn({ date: "2030-05-06", time: "00:30" }, "Pacific/Auckland"))).toBe("2030-05-05T12:30");
    expect(iso(instantIn({ date: "2030-05-06", time: "23:59" }, "Pacific/Kiritimati"))).toBe("2030-05-06T09:59");
  });

  test("that the clocks skip is none, and of one that comes twice it is the first", () => {
    expect(instantIn({ date: "2030-03-31", time: "02:30" }, "Europe/Paris")).toBeNull();
    expect(iso(instantIn({ date: "2030-10-27", time: "02:30" }, "Europe/Paris"))).toBe("2030-10-27T00:30");
    expect(instantIn({ date: "", time: "02:30" }, "Europe/Paris")).toBeNull();
  });

  test("reads back as it was written, in every zone at every hour", () => {
    for (const zone of ["Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
      for (let hour = 0; hour < 24; hour++) {
        const moment = utc("2030-05-06T00:00") + hour * 3_600_000;
        expect(instantIn(wallIn(moment, zone), zone)).toBe(moment);
      }
    }
  });

  test("of an unknown zone is the reader's own, and stands nowhere else", () => {
    expect(isElsewhere(NOW, "Mars/Olympus")).toBe(false);
    expect(clockIn(NOW, "Mars/Olympus")).toBe(new Date(NOW).toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit" }));
  });

  test("is quiet before eight and from nine in the evening on", () => {
    const quiet = (time: string) => quietWords(utc(`2030-01-07T${time}`), "Europe/London");
    expect(["07:59", "08:00", "20:59", "21:00"].map(quiet)).toEqual(["early", null, null, "late"]);
    expect(quietWords(utc("2030-01-07T07:30"), "Europe/Paris")).toBeNull();
  });

  test("is named by its city", () => {
    expect(["Europe/Paris", "America/Argentina/Buenos_Aires", "UTC"].map(cityOf)).toEqual(["Paris", "Buenos Aires", "UTC"]);
    expect(windowThere({ starts_at: "2030-01-07T14:00:00.000Z", ends_at: "2030-01-07T14:20:00.000Z" }, "Asia/Tokyo")).toMatch(/^11:00.*–11:20.* Tokyo$/);
  });
});

describe("a promise", () => {
  const window = { starts_at: at(240), ends_at: at(1440) };
  test("is ahead, open, or over", () => {
    expect([0, 239, 240, 1440, 1620].map((seconds) => promiseWords(window, NOW + seconds * 1000))).toEqual(["in 4 min", "in less than a minute", "now", "now", "over by 3 min"]);
  });
  test("far ahead counts hours, then days", () => {
    expect([59, 60, 47 * 60, 72 * 60].map((minutes) => spanWords(minutes * 60_000))).toEqual(["59 min", "1 h", "47 h", "3 days"]);
  });
});

describe("another time", () => {
  const paris = callback({ time_zone: "Europe/Paris", window: { starts_at: "2030-05-06T13:00:00.000Z", ends_at: "2030-05-06T13:20:00.000Z" } });
  const none = { date: "", time: "" };

  test("in a while is a number of minutes", () => {
    expect([laterOf("quarter", none, paris, NOW), laterOf("hour", none, paris, NOW)]).toEqual([{ minutes: 15 }, { minutes: 60 }]);
  });

  test("tomorrow is the promised time on the customer's clock, or from the next full window on", () => {
    expect(laterOf("tomorrow", none, paris, NOW)).toEqual({ window: { date: "2030-05-07", from: "15:00", to: "15:20" }, time_zone: "Europe/Paris" });
    expect(tomorrow(callback({ window: null, time_zone: "Europe/Paris" }), NOW)).toEqual({ date: "2030-05-07", time: "16:20" });
    expect(laterDay("2030-12-31", 1)).toBe("2031-01-01");
  });

  test("tomorrow is the customer's tomorrow, not the reader's", () => {
    expect(tomorrow(callback({ window: null, time_zone: "Pacific/Auckland" }), utc("2030-05-06T14:00"))).toEqual({ date: "2030-05-08", time: "02:00" });
  });

  test("that is over, skipped, too near to midnight or not chosen is told at once", () => {
    const pick = (date: string, time: string) => laterOf("pick", { date, time }, paris, NOW);
    expect(pick("2030-05-06", "16:00")).toBe("This time is over. Choose a later one.");
    expect(pick("2031-03-30", "02:30")).toBe("The clocks in Paris skip this time. Choose another.");
    expect(pick("2030-05-07", "23:45")).toBe("This is too close to midnight. Choose an earlier time.");
    expect(pick("", "15:00")).toBe("Choose a day and a time first.");
    expect(pick("2030-05-07", "15:05")).toEqual({ window: { date: "2030-05-07", from: "15:05", to: "15:25" }, time_zone: "Europe/Paris" });
    expect(windowFrom({ date: "2030-05-07", time: "23:39" })?.to).toBe("23:59");
  });
});
