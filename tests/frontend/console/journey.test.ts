import { describe, expect, test } from "vitest";
import { journeyRows, stepTitle, timesWords } from "../../../static/src/shared/journey.ts";
import { listWords } from "../../../static/src/console/journey_section.tsx";
import type { Step } from "../../../static/src/console/wire.ts";
import { at } from "./cast.ts";

const failed = (name: string, second: number, error = "FILE_TOO_LARGE"): Step => ({ name, path: "/dispute", status: "failed", error, at: at(second) });
const page = (path: string, second: number): Step => ({ path, status: "started", at: at(second) });
const short = (steps: readonly Step[], present = true) => journeyRows(steps, present, "Harbour Bank").map(({ title, status, failures }) => `${title} ${status} ${failures.length}`);

describe("rows of a journey", () => {
  test("a step that fails again and again is one row with its failures", () => {
    const rows = journeyRows([failed("upload-receipt", 1), failed("upload-receipt", 60, "NETWORK")], true, "Harbour Bank");
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ title: "Upload receipt", status: "failed", at: at(1), failures: [{ error: "FILE_TOO_LARGE", at: at(1) }, { error: "NETWORK", at: at(60) }] });
  });

  test("other pages between two failures do not hide that it failed twice", () => {
    expect(short([failed("upload-receipt", 1), page("/help", 2), failed("upload-receipt", 3)])).toEqual(["/help done 0", "Upload receipt failed 2"]);
  });

  test("a step that worked after failing says so and keeps the count", () => {
    expect(short([failed("upload-receipt", 1), { name: "upload-receipt", path: "/dispute", status: "done", at: at(2) }, page("/next", 3)])).toEqual(["Upload receipt done 1", "/next now 0"]);
  });

  test("pages left behind are done, the last one is now, and nowhere is now once the customer is gone", () => {
    expect(short([page("/a", 1), page("/b", 2)])).toEqual(["/a done 0", "/b now 0"]);
    expect(short([page("/a", 1), page("/b", 2)], false)).toEqual(["/a done 0", "/b started 0"]);
  });

  test("a failure at the end stays a failure, and is where the customer stands as long as they are there", () => {
    expect(short([page("/a", 1), failed("pay", 2)])).toEqual(["/a done 0", "Pay failed 1"]);
    const here = (steps: readonly Step[], present: boolean) => journeyRows(steps, present, "Harbour Bank").map((row) => row.here);
    expect([here([page("/a", 1), failed("pay", 2)], true), here([failed("pay", 2)], false), here([failed("pay", 2), page("/b", 3)], true)]).toEqual([[false, true], [false], [false, true]]);
  });

  test("a page's bare view gives way to the named step on it, and showing the form again is no new row", () => {
    const begun: Step = { name: "upload-receipt", path: "/dispute", status: "started", at: at(2) };
    expect(short([page("/dispute", 1), begun, page("/dispute", 3), failed("upload-receipt", 4), page("/dispute", 5)])).toEqual(["Upload receipt failed 1"]);
  });

  test("a step that is done is done where it stands, also when the next page says so", () => {
    const begun: Step = { name: "choose", path: "/1", title: "Choose", status: "started", at: at(1) };
    expect(short([begun, page("/2", 2), { ...begun, path: "/2", title: "Reason", status: "done", at: at(3) }])).toEqual(["Choose done 0", "/2 now 0"]);
  });

  test("a step begun anew after others is a second visit", () => {
    const begun: Step = { name: "choose", path: "/1", status: "started", at: at(1) };
    expect(short([begun, page("/2", 2), { ...begun, at: at(3) }])).toEqual(["Choose done 0", "/2 done 0", "Choose now 0"]);
  });

  test("two visits of one page with another between stay two rows", () => {
    expect(short([page("/a", 1), page("/b", 2), page("/a", 3)])).toEqual(["/a done 0", "/b done 0", "/a now 0"]);
  });
});

test("a title is the page's own, else the name in words, else the path", () => {
  expect(stepTitle({ name: "x", title: "Account overview", path: "/a" }, "Harbour Bank")).toBe("Account overview");
  expect(stepTitle({ name: "upload_receipt-2", path: "/a" }, "Harbour Bank")).toBe("Upload receipt 2");
  expect(stepTitle({ path: "/a" }, "Harbour Bank")).toBe("/a");
});

test.each([
  ["Account overview - Harbour Bank", "Account overview"],
  ["Account overview | Harbour Bank", "Account overview"],
  ["Harbour Bank", "Harbour Bank"],
  ["New Harbour Bank", "New Harbour Bank"],
  ["Harbour Bank - Account overview", "Harbour Bank - Account overview"],
])("a title without the site's name at its end: %s", (title, words) => {
  expect(stepTitle({ title, path: "/a" }, "Harbour Bank")).toBe(words);
});

test("counts and lists read as one says them", () => {
  expect([1, 2, 3].map(timesWords)).toEqual(["", "twice", "3 times"]);
  expect(listWords(["14:01", "14:02", "14:02"])).toBe("14:01 and 14:02");
  expect(listWords(["14:01"])).toBe("14:01");
});
