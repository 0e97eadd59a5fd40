// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { titleOf } from "../../../static/src/console/title.ts";
import { askedState, lackWords, lineToAsk, requestFor, requestLine, verdictNow } from "../../../static/src/console/verification.ts";
import type { Verdict, Verification } from "../../../static/src/console/wire.ts";
import { isSounding, setSounding } from "../../../static/src/console/sound.ts";
import { loadSnapshot } from "../../../static/src/console/board.ts";
import { DESK, MAYA, NOW, STREAM, at, event, handoff, loaded, offer, said, entry } from "./cast.ts";
import { button, command, find, happens, pass, press, root, sent, settle, useStage, welcome } from "./stage.tsx";

const ADDRESS: Verdict = { key: "change-address", label: "Change address", verdict: "ask_again", lacks: "too_weak", acr_values: ["urn:bank:3"], max_age: null };
const REFUND: Verdict = { key: "refund", label: "Refund", verdict: "enough", lacks: null, acr_values: ["urn:bank:2"], max_age: 300 };
const LIMIT: Verdict = { key: "limit", label: "Raise limit", verdict: "not_here", lacks: null, acr_values: [], max_age: null };
const HOURS_AGO = { ...MAYA, assurance: { acr: "urn:bank:2", amr: ["pwd", "otp"], auth_time: NOW / 1000 - 7_200 } };
const request = (more: Partial<Verification> = {}): Verification => ({
  acr_values: ["urn:bank:3"], max_age: null, action: { key: "change-address", label: "Change address" }, at: at(0), by: { name: "Amira" }, expires_at: at(600),
  status: "asked", lacks: null, answered_at: null, ...more,
});

test("a verdict grows old while one talks", () => {
  expect(verdictNow(REFUND, MAYA, NOW)).toBe(REFUND);
  expect(verdictNow(REFUND, MAYA, NOW + 101_000)).toMatchObject({ verdict: "ask_again", lacks: "too_old" });
  expect(verdictNow({ ...REFUND, max_age: null }, MAYA, NOW + 9e9).verdict).toBe("enough");
  expect(verdictNow(LIMIT, MAYA, NOW + 9e9)).toBe(LIMIT);
});

test("the line says what there is, so that one sees what is missing", () => {
  expect(lackWords("too_old", handoff({ customer: HOURS_AGO }), NOW)).toBe("signed in 2 h ago");
  expect(lackWords("too_weak", handoff(), NOW)).toBe("signed in by password + code only");
  expect(lackWords("not_signed_in", handoff({ customer: { ...MAYA, verified: false, assurance: null } }), NOW)).toBe("not signed in");
  expect(lackWords("not_signed_in", handoff({ evidence: "code_only" }), NOW)).toBe("not confirmed on the line");
});

test("an open request is over when its time is", () => {
  expect(askedState(null, NOW)).toBe("never");
  expect(askedState(request(), NOW + 599_000)).toBe("asked");
  expect(askedState(request(), NOW + 600_000)).toBe("expired");
  expect(askedState(request({ status: "declined" }), NOW + 900_000)).toBe("declined");
});

test("a request belongs to the line it names, or to the one that needs the same", () => {
  expect(requestFor(ADDRESS, request())).not.toBeNull();
  expect(requestFor(REFUND, request())).toBeNull();
  expect(requestFor(ADDRESS, request({ action: null }))).not.toBeNull();
  expect(requestFor(ADDRESS, request({ action: null, max_age: 60 }))).toBeNull();
});

test("Alt+V goes to the first line that a confirmation helps and that nobody is asked for", () => {
  const lines = [LIMIT, REFUND, ADDRESS];
  expect(lineToAsk(handoff({ verdicts: lines }), NOW)?.key).toBe("change-address");
  expect(lineToAsk(handoff({ verdicts: lines, customer: HOURS_AGO }), NOW)?.key).toBe("refund");
  expect(lineToAsk(handoff({ verdicts: [ADDRESS], verification: request() }), NOW)).toBeNull();
  expect(lineToAsk(handoff({ verdicts: [ADDRESS], verification: request({ status: "declined" }) }), NOW)?.key).toBe("change-address");
  expect(lineToAsk(handoff({ verdicts: [ADDRESS], state: "wrap_up" }), NOW)).toBeNull();
});

test("the talk tells what was asked and what came of it", () => {
  const line = (type: "verification.requested" | "verification.answered", more: Partial<Verification> = {}) => requestLine(type, request(more), "Maya", "Amira");
  expect(line("verification.requested")).toBe("You asked Maya to confirm who it is: Change address");
  expect(line("verification.requested", { by: { name: "Tomas" }, action: null })).toBe("Tomas asked Maya to confirm who it is");
  expect(line("verification.answered", { status: "satisfied" })).toBe("Maya confirmed who it is: Change address");
  expect(line("verification.answered", { status: "declined" })).toBe("Maya said: not now");
  expect(line("verification.answered", { lacks: "too_old" })).toBe("Maya tried to confirm, but the sign-in is too old");
});

test("the window's title tells who waits, or who wrote", () => {
  const board = (more: Parameters<typeof loaded>[0]) => titleOf(loadSnapshot(null, loaded(more)));
  expect(titleOf(null)).toBe("Handoff desk");
  expect(board({ offers: [offer()] })).toBe("(1) Maya Chen waits – Handoff");
  const wrote = handoff({ timeline: [entry(STREAM, 1, "message.posted", said("customer", "one")), entry(STREAM, 2, "message.posted", said("customer", "two"))] });
  expect(board({ handoffs: [wrote] })).toBe("(2) Maya Chen wrote – Handoff");
  expect(board({ handoffs: [wrote, { ...wrote, id: "ho_2" }] })).toBe("(4) 2 customers wrote – Handoff");
});

test("the sound can be turned off, and stays off", () => {
  expect(isSounding()).toBe(true);
  setSounding(false);
  expect(isSounding()).toBe(false);
  setSounding(true);
  expect(isSounding()).toBe(true);
});

useStage();

const pane = (): string => find(".verdicts").textContent ?? "";

test("one presses Alt+V, sees that it is asked, and the answer on the line", async () => {
  welcome({ handoffs: [handoff({ verdicts: [REFUND, ADDRESS, LIMIT] })] });
  expect(pane()).toContain("signed in by password + code only");
  press("KeyV", { altKey: true });
  await settle();
  expect(sent("verification.request")).toEqual([{ handoff: "ho_1", action: "change-address", version: 2, acr_values: ["urn:bank:3"] }]);
  happens(event(STREAM, 1, "verification.requested", request()));
  await pass(12_000);
  expect(pane()).toContain("asked 0:1");
  expect(root.querySelectorAll(".verdicts button")).toHaveLength(0);
  happens(event(STREAM, 2, "verification.answered", request({ lacks: "too_weak" })));
  expect(pane()).toContain("Maya tried: signed in by password + code only");
  happens(event(STREAM, 3, "verification.answered", request({ status: "declined", answered_at: at(20) })));
  expect(pane()).toContain("Maya said not now");
  expect(button("Ask again")).toBeTruthy();
});

test("a confirmation makes the verdict enough, at once and in words", async () => {
  welcome({ handoffs: [handoff({ verdicts: [ADDRESS], verification: request() })] });
  happens(event(DESK, 1, "briefing.changed", { brief: "x", verdicts: [{ ...ADDRESS, verdict: "enough", lacks: null }], customer: MAYA, evidence: null }));
  happens(event(STREAM, 1, "verification.answered", request({ status: "satisfied", answered_at: at(20) })));
  expect(pane()).toBe("Change addressenough");
  expect(find(".verdicts + [role=status]").textContent).toBe("Change address: confirmed");
});

test("nobody answered in ten minutes: it can be asked again", async () => {
  welcome({ handoffs: [handoff({ verdicts: [ADDRESS], verification: request({ at: at(-601), expires_at: at(-1) }) })] });
  expect(pane()).toContain("no answer");
  button("Ask again").click();
  await settle();
  expect(command).toHaveBeenCalledWith("verification.request", expect.objectContaining({ action: "change-address" }));
});

test("the switch in the bar turns the sound off", async () => {
  welcome({});
  find("[aria-label='Turn the sound of offers off']").click();
  await settle();
  expect(find("[aria-label='Turn the sound of offers on']")).toBeTruthy();
  expect(isSounding()).toBe(false);
  setSounding(true);
});
