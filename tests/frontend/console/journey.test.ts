import { describe, expect, test } from "vitest";
import { journeyRows, stepTitle, timesWords } from "../../../static/src/console/journey.ts";
import { listWords } from "../../../static/src/console/journey_section.tsx";
import type { Step } from "../../../static/src/console/wire.ts";
import { at } from "./cast.ts";

const failed = (name: string, second: number, error = "FILE_TOO_LARGE"): Step => ({ name, path: "/dispute", status: "failed", error, at: at(second) });
const page = (path: string, second: number): Step => ({ path, status: "started", at: at(second) });
const short = (steps: readonly Step[], present = true) => journeyRows(steps, present).map(({ title, status, failures }) => `${title} ${status} ${failures.length}`);

describe("rows of a journey", () => {
  test("a step that fails again and again is one row with its failures", () => {
    const rows = journeyRows([failed("upload-receipt", 1), failed("upload-receipt", 60, "NETWORK")], true);
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

  test("a failure at the end is a failure, not a place", () => {
    expect(short([page("/a", 1), failed("pay", 2)])).toEqual(["/a done 0", "Pay failed 1"]);
  });

  test("two visits of one page with another between stay two rows", () => {
    expect(short([page("/a", 1), page("/b", 2), page("/a", 3)])).toEqual(["/a done 0", "/b done 0", "/a now 0"]);
  });
});

test("a title is the page's own, else the name in words, else the path", () => {
  expect(stepTitle({ name: "x", title: "Account overview", path: "/a" })).toBe("Account overview");
  expect(stepTitle({ name: "upload_receipt-2", path: "/a" })).toBe("Upload receipt 2");
  expect(stepTitle({ path: "/a" })).toBe("/a");
});

test("counts and lists read as one says them", () => {
  expect([1, 2, 3].map(timesWords)).toEqual(["", "twice", "3 times"]);
  expect(listWords(["14:01", "14:02", "14:02"])).toBe("14:01 and 14:02");
  expect(listWords(["14:01"])).toBe("14:01");
});
