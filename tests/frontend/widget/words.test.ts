import { describe, expect, it } from "vitest";
import type { Entry, Step } from "../../../static/src/shared/frames.ts";
import type { PageEntry } from "../../../static/src/widget/bridge.ts";
import { context, fits, unrecorded } from "../../../static/src/widget/panel/journey.ts";
import { STEPS, type Joined } from "../../../static/src/widget/state.ts";
import { tell } from "../../../static/src/widget/story.ts";
import { launcherWords } from "../../../static/src/widget/launcher.ts";
import { assuranceWords, needsWords } from "../../../static/src/widget/sign_in.ts";
import { greeting } from "../../../static/src/widget/brand.ts";
import { stepItems, waitWhy } from "../../../static/src/widget/wait.ts";
import { answerWords, channelWords, isLeft, opensWords, reason, waitWords } from "../../../static/src/widget/words.ts";
import { amira, changed, entry, maya, menu, open, play, said, stranger } from "./cast.ts";

const BANK = "Harbour Bank";
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
    const range = (agents: number, high_seconds = 300) => ({ kind: "range" as const, low_seconds: 180, high_seconds, agents });
    expect(waitWhy(range(1, 600), range(2), 2)).toBe("Longer than we said (about 3–5 min): 1 of 2 agents is still here. Your place is unchanged.");
    expect(waitWhy(range(2, 600), range(2), 2)).toBe("Longer than we said (about 3–5 min). Your place is unchanged.");
    expect(waitWhy({ kind: "soon" }, null, 1)).toBe("You’re next.");
    expect(waitWhy({ kind: "unknown" }, null, 4)).toContain("Too few people");
  });

  it("is not known yet where the channel is open", () => expect(channelWords({ channel: "chat", state: "open" })).toBe("wait not known yet"));

  it("says when a closed channel opens", () => {
    const now = Date.parse("2026-01-01T06:00:00");
    expect(channelWords({ channel: "chat", state: "closed", opens_at: new Date(now + 2 * 3_600_000).toISOString() }, now)).toMatch(/^opens 8:00/);
  });
});

describe("the reason the person is here", () => {
  it("is the step that failed last, not its code", () => {
    expect(reason([view, failed, { ...failed, at: "4" }, { ...view, at: "5" }], true, BANK)).toBe("“Upload receipt” did not work: file too large (2 times).");
  });
  it("is gone once the step was done", () => {
    expect(reason([failed, { ...failed, status: "done", at: "4" }], true, BANK)).toBe("From this page");
  });
  it("is not hidden by pages seen since", () => {
    expect(reason([failed, { ...view, at: "4" }], true, BANK)).toContain("did not work");
  });
  it("lists each place once, with how often it failed", () => {
    expect(stepItems([view, view, failed, failed], BANK)).toEqual([{ label: "Accounts", failed: "" }, { label: "Upload receipt", failed: "file too large, twice" }]);
  });
});

it("names a step as the page did, without the site's own name", () => {
  const titled = { ...failed, title: "Upload your receipt" };
  expect(reason([titled], true, BANK)).toBe("“Upload your receipt” did not work: file too large.");
  expect(stepItems([{ ...view, title: "Account overview - Harbour Bank" }, titled, { ...titled, status: "done" }], BANK)).toEqual([
    { label: "Account overview", failed: "" },
    { label: "Upload your receipt", failed: "" },
  ]);
});

describe("out of hours", () => {
  const now = Date.parse("2026-01-01T06:00:00");
  const opens_at = new Date(now + 2 * 3_600_000).toISOString();
  const closed = (option: object) => ({ ...open({}), intents: menu.map((intent) => ({ ...intent, channels: [{ channel: "chat" as const, state: "closed" as const, ...option }] })) });

  it("says when it opens, and makes up no place", () => {
    expect(isLeft(closed({ opens_at }), now)).toEqual({ opens_at });
    expect(opensWords(opens_at, now)).toMatch(/^We open 8:00/);
    expect(opensWords(null)).toBe("We are closed now");
    expect(launcherWords(closed({ opens_at: "2999-01-01T00:00:00Z" }), 0).title).toBe("Message left");
  });

  it("waits like everybody once it is open, or was never closed", () => {
    expect([isLeft(closed({ opens_at }), Date.parse(opens_at)), isLeft(open({}), now), isLeft(open(), now)]).toEqual([null, null, null]);
  });

  it("promises the answer only where it can be shown", () => expect([answerWords(true), answerWords(false)].map((words) => words.includes("keep this tab"))).toEqual([false, true]));
});

describe("a sign-in that is not enough", () => {
  const now = 1_767_225_000_000 + 7_200_000;
  const words = (acr_values: string[], max_age: number | null, customer: typeof maya | typeof stranger = maya) => needsWords({ acr_values, max_age }, customer, BANK, now);

  it("is named by what is missing: strength, freshness, or any at all", () => {
    expect(words(["urn:bank:3"], 300)).toContain("Harbour Bank asks for a stronger sign-in for this. Yours: password + code, 2 hours ago.");
    expect(words([], 300)).toContain("asks for a sign-in of the last 5 min for this. Yours: password + code, 2 hours ago.");
    expect(words(["urn:bank:2"], 300, { ...maya, assurance: { acr: "urn:bank:2", amr: ["pwd"], auth_time: 1_767_225_000 } })).toContain("of the last 5 min");
    expect(words(["urn:bank:3"], null, stranger)).toContain("people who are signed in");
  });
});

it("greets by the name that was signed, or not at all", () => {
  expect([greeting("Maya Chen"), greeting(null)]).toEqual(["Hello Maya, what can we help with?", "Hello, what can we help with?"]);
});

it("says how and when somebody signed in", () => {
  expect(assuranceWords({ acr: null, amr: ["pwd", "otp", "mfa"], auth_time: 1000 }, 1_180_000)).toBe("password + code, 3 minutes ago");
});

it("tells the button what is going on", () => {
  expect([open(), open({}), open({ state: "connected", agent: amira })].map((state) => launcherWords(state, 0).title)).toEqual(["Get help", "In line, place 2", "Amira is here"]);
  expect(launcherWords(open({ state: "connected", agent: amira }), 2)).toEqual({ title: "Amira wrote", detail: "2 new messages" });
});

describe("the story", () => {
  const here: PageEntry[] = ["1", "A", "B", "C", "D"].map((at) => ({ path: "/", status: "started", at }));
  const device = { site: { key: "harbour", name: BANK }, page: { intent: null, entries: [...here, { key: "charge", label: "Charge", value: "1", at: "5" }] } };
  const toldTo = (joined: Joined | null, timeline: Entry[], page = device.page) =>
    tell({ ...device, page, joined, timeline }).map((line) => (line.kind === "system" ? `${line.glyph}: ${line.text}` : line.message.text));
  const since = (until: string, verified = true): Joined => ({ handoff: "ho_1", until, verified });
  const lines = (...timeline: Entry[]) => toldTo(since(""), timeline);
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

  it("tells why an agent went: a lost line, or a colleague who goes on", () => {
    const gone = (reason: string) => {
      const left = changed(2, 2, { state: "queued" });
      return lines(changed(1, 1, { state: "connected", agent: amira }), { ...left, data: { ...(left.data as object), reason } })[1];
    };
    expect([gone("lose_agent"), gone("transfer")]).toEqual([
      "refresh: Amira lost the connection. The next free agent gets this with everything in it; you keep your place.",
      "transfer: Amira is passing you on. The next agent gets all of this; nothing needs repeating.",
    ]);
  });

  it("does not let steps bury the talk: one line between two messages, the newest and how many more", () => {
    const on = (seq: number, ...steps: Step[]) => entry(seq, "journey.recorded", { steps });
    const fact = entry(5, "facts.changed", { added: [{ key: "charge", label: "Charge", value: "1", source: "observed", at: "" }], struck: [] });
    const page = (title: string): Step => ({ path: `/${title}`, title, status: "started", at: title });
    const told = lines(changed(1, 2, { state: "connected", agent: amira }), said(2, "agent", "Hello"), on(3, page("A")), on(4, page("B")), fact, on(6, page("C")), said(7, "customer", "Hi"), on(8, page("D")));
    expect(told.slice(1)).toEqual(["Hello", "route: Added for Amira: Charge.", "route: Added for Amira: you reached “C”, and 2 more steps.", "Hi", "route: Added for Amira: you reached “D”."]);
  });

  const joins = changed(1, 2, { state: "connected", agent: amira });
  const step = entry(2, "journey.recorded", { steps: [view] });
  const facts = (source: string) => entry(3, "facts.changed", { added: [{ key: "charge", label: "Charge", value: "1", source, at: "" }], struck: [] });

  it("tells a step or a fact where it happens, not on another device nor on the one that brings its earlier ones", () => {
    expect(toldTo(since(""), [joins, step, facts("observed")]).length).toBe(3);
    expect(toldTo(since("5"), [joins, step, facts("observed")]).length).toBe(1);
    expect(toldTo(since(""), [joins, step, facts("observed")], { intent: null, entries: [] }).length).toBe(1);
  });

  it("tells a sign-in once, in one line, and nothing of what the site signed", () => {
    const signed = (seq: number, verified = true) => entry(seq, "identity.changed", { verified, assurance: null, name: "Maya Chen" });
    const story = [joins, signed(4), facts("verified"), signed(5)];
    expect(toldTo(since("", false), story).slice(1)).toEqual(["lock: You signed in. Amira can see who you are."]);
    expect(toldTo(since(""), story).slice(1)).toEqual([]);
    const around = [joins, step, signed(4), { ...step, seq: 6 }];
    expect(toldTo(since("", false), around).slice(1)).toEqual(["lock: You signed in. Amira can see who you are.", "route: Added for Amira: you reached “Accounts”."]);
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
