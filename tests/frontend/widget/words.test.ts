import { describe, expect, it } from "vitest";
import type { Step } from "../../../static/src/shared/frames.ts";
import { context, fits, unrecorded } from "../../../static/src/widget/panel/journey.ts";
import { STEPS } from "../../../static/src/widget/state.ts";
import { tell } from "../../../static/src/widget/story.ts";
import { assuranceWords, channelWords, greeting, launcherWords, reason, stepItems, waitWhy, waitWords } from "../../../static/src/widget/words.ts";
import { amira, changed, entry, open, play, said } from "./cast.ts";

const failed: Step = { name: "upload-receipt", path: "/d", status: "failed", error: "FILE_TOO_LARGE", at: "3" };
const view: Step = { path: "/", title: "Accounts", status: "done", at: "1" };

describe("a wait", () => {
  it.each([
    [{ kind: "soon" } as const, "less than a minute"],
    [{ kind: "range", low_seconds: 180, high_seconds: 290 } as const, "about 3–5 min"],
    [{ kind: "range", low_seconds: 10, high_seconds: 50 } as const, "about 1 min"],
    [{ kind: "range" } as const, "we can’t say yet"],
    [{ kind: "unknown" } as const, "we can’t say yet"],
    [null, "we can’t say yet"],
  ])("%j is %s", (estimate, words) => expect(waitWords(estimate)).toBe(words));

  it("gives the reason with the number", () => {
    expect(waitWhy({ kind: "range", low_seconds: 1, high_seconds: 600 }, { kind: "range", low_seconds: 180, high_seconds: 300 }, 1)).toContain("Longer than we said (about 3–5 min)");
    expect(waitWhy({ kind: "soon" }, null, 1)).toBe("You’re next.");
    expect(waitWhy({ kind: "unknown" }, null, 4)).toContain("Too few people");
  });

  it("says when a closed channel opens", () => {
    const now = Date.parse("2026-01-01T06:00:00");
    expect(channelWords({ channel: "chat", state: "closed", opens_at: new Date(now + 2 * 3_600_000).toISOString() }, now)).toMatch(/^opens 8:00/);
  });
});

describe("the reason the person is here", () => {
  it("is the step that failed last, not its code", () => {
    expect(reason([view, failed, { ...failed, at: "4" }, { ...view, at: "5" }], true)).toBe("“Upload receipt” did not work: file too large (2 times).");
  });
  it("is gone once the step was done", () => {
    expect(reason([failed, { ...failed, status: "done", at: "4" }], true)).toBe("From this page");
  });
  it("is not hidden by pages seen since", () => {
    expect(reason([failed, { ...view, at: "4" }], true)).toContain("did not work");
  });
  it("lists each place once, with how often it failed", () => {
    expect(stepItems([view, view, failed, failed])).toEqual([{ label: "Accounts", failed: "" }, { label: "Upload receipt", failed: "file too large, twice" }]);
  });
});

it("greets by the name that was signed, or not at all", () => {
  expect([greeting("Maya Chen"), greeting(null)]).toEqual(["Hello Maya, what can we help with?", "Hello, what can we help with?"]);
});

it("says how and when somebody signed in", () => {
  expect(assuranceWords({ acr: null, amr: ["pwd", "otp", "mfa"], auth_time: 1000 }, 1_180_000)).toBe("password + code, 3 min ago");
});

it("tells the button what is going on", () => {
  expect([open(), open({}), open({ state: "connected", agent: amira })].map((state) => launcherWords(state, 0).title)).toEqual(["Get help", "2nd in line", "Amira is here"]);
  expect(launcherWords(open({ state: "connected", agent: amira }), 2)).toEqual({ title: "Amira wrote", detail: "2 new messages" });
});

describe("the story", () => {
  const lines = (...entries: Parameters<typeof tell>[0]) => tell(entries).map((line) => (line.kind === "system" ? `${line.glyph}: ${line.text}` : line.message.text));
  const tomas = { name: "Tomas" };

  it("tells joins, passes, losses and the end between the messages", () => {
    const told = lines(
      changed(1, 1, { state: "queued" }),
      entry(2, "journey.recorded", { steps: [view] }),
      changed(3, 2, { state: "connected", agent: amira }),
      said(4, "agent", "Hello"),
      entry(5, "journey.recorded", { steps: [view] }),
      changed(6, 3, { state: "connected", agent: tomas }),
      changed(7, 4, { state: "queued" }),
      changed(8, 5, { state: "connected", agent: amira }),
      changed(9, 6, { state: "wrap_up" }),
    );
    expect(told.map((text) => text.replace(/ at [\d:]+\s?[AP]?M?\./, "."))).toEqual([
      "user: Amira joined. Your details and steps are on screen.",
      "Hello",
      "route: Added for Amira: you reached “Accounts”.",
      "transfer: Amira passed you to Tomas, with your details and this conversation.",
      "refresh: Tomas had to go. The next free agent gets this with everything in it; you keep your place.",
      "user: Amira joined. Your details and steps are on screen.",
      "check: The conversation ended.",
    ]);
  });

  it("shows nothing of an erased message", () => expect(lines(entry(1, "message.posted", {}))).toEqual([]));
});

describe("what goes along", () => {
  const fact = { key: "charge", label: "Charge", value: "1", at: "2" };

  it("leaves out what was taken back", () => {
    expect(context([view, fact, failed], ["charge"])).toEqual({ steps: [view, failed], facts: [] });
    expect(context([view, fact], [STEPS])).toEqual({ steps: [], facts: [{ key: "charge", label: "Charge", value: "1" }] });
  });

  it("leaves a fact behind that the API would refuse, not the person", () => {
    const values = [1, true, null, "x", NaN, 2 ** 60, { a: 1 }, undefined];
    expect(values.map((value) => fits({ ...fact, value: value as null }))).toEqual([true, true, true, true, false, false, false, false]);
    expect(["a-b_c.1", "", "a b", "x".repeat(65)].map((key) => fits({ ...fact, key }))).toEqual([true, false, false, false]);
    expect([fits(view), fits({ value: 1, at: "1" } as unknown as Step)]).toEqual([true, false]);
  });

  const state = play(open({}), { type: "entries", entries: [view, fact, failed] });

  it("adds to an open handoff only what is newer than the mark", () => {
    expect(unrecorded(state, { recorded: { handoff: "ho_1", until: "2" } })).toEqual({ recorded: { handoff: "ho_1", until: "3" }, context: { steps: [failed], facts: [] } });
    expect(unrecorded(state, { recorded: { handoff: "ho_1", until: "3" } })).toBeNull();
  });

  it("brings this tab's journey to a handoff of another one, without what it already holds", () => {
    const held = play(state, { type: "receipt", receipt: { facts: [], steps: [view], statement: null, assurance: null, name: null } });
    expect(unrecorded(held, {})?.context.steps).toEqual([failed]);
  });

  it("does not bring back a fact that was taken back", () => {
    expect(unrecorded(state, { recorded: { handoff: "ho_1", until: "1" }, struck: ["charge", STEPS] })).toBeNull();
  });
});
