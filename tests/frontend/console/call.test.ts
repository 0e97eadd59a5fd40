import { describe, expect, test } from "vitest";
import {
  actionOf, attemptWords, isLive, isSure, likelyDisposition, maskedNumber, standingOf, standingWords, statusWords, talkSeconds, waitsForRecord, whyNoDial,
} from "../../../static/src/console/call.ts";
import { byDue, dueWords } from "../../../static/src/console/callbacks_view.tsx";
import { conversationLines } from "../../../static/src/console/lines.ts";
import { shortcutOf } from "../../../static/src/console/shortcuts.ts";
import { goneWords } from "../../../static/src/console/strips.tsx";
import type { CallView, CallbackView, DueCallback, Entry, Evidence } from "../../../static/src/console/wire.ts";
import { phoneRefusalWords } from "../../../static/src/console/words.ts";
import { clock } from "../../../static/src/shared/time.ts";
import { AMIRA, INTENT, MAYA, NOW, STREAM, at, call, callback, changed, dialled, entry, handoff, talking } from "./cast.ts";

describe("what speaks for the person on the line", () => {
  const words = (evidence: Evidence | null, customer = MAYA) => { const found = standingOf(evidence, customer, NOW); return found && standingWords(found); };

  test("is said in words, and carries the sign-in over only where it does", () => {
    expect(words("tap")).toBe("Code and tap in the page; signed in 3 min ago with password + code.");
    expect(words("code")).toBe("Code and the confirmed number. Nobody tapped in the page, so the sign-in there does not count.");
    expect(words("code_only")).toBe("Code only: nobody tapped in the page. Ask to confirm before changes.");
    expect(words("none")).toBe("No code: unverified caller. Ask before you tell anything private.");
    expect(words("denied")).toBe("Denied: the page says this call is not theirs. Tell nothing of the account.");
    expect(words("profile_number")).toBe("We call the number of the signed profile; signed in 3 min ago with password + code.");
    expect(words("other_number")).toBe("Another number than the profile’s. Ask to confirm before changes.");
    expect(words(null)).toBeNull();
  });

  test("says nothing of a sign-in that was not", () => {
    expect(words("tap", { ...MAYA, verified: false, assurance: null })).toBe("Code and tap in the page.");
    expect(words("tap", { ...MAYA, assurance: null })).toBe("Code and tap in the page; signed in.");
  });

  test("has a mark of trust only when it proves them; what only a newer server knows proves nothing", () => {
    const every: Evidence[] = ["tap", "code", "profile_number", "code_only", "none", "denied", "other_number"];
    expect(every.map(isSure)).toEqual([true, true, true, false, false, false, false]);
    expect([isSure(null), isSure("retina" as Evidence), words("retina" as Evidence)]).toEqual([true, false, words("none")]);
  });
});

describe("how a call stands", () => {
  const words = (one: CallView) => statusWords(one, "Maya");

  test("from the first ring to the end", () => {
    expect([call(), call({ is_rendered: true }), call({ status: "agent_ringing" }), talking(), talking({ is_muted: true }), talking({ is_held: true }), talking({ is_held: true, is_muted: true })].map(words)).toEqual(
      ["Maya waits for you", "Opening the line", "Opening the line", "On the line", "On the line, you are muted", "On hold", "On hold, you are muted"]);
    expect([call({ is_rendered: true, trouble: "agent_line" }), call({ is_rendered: true, trouble: "provider" })].map(words)).toEqual(["Your own line did not answer. Maya still waits", "The phone provider did not open the line. Maya still waits"]);
    expect([talking({ status: "ended" }), call({ status: "ended" })].map(words)).toEqual(["The call has ended", "The call ended before you were on the line"]);
  });

  test("of a dial, and of one that nobody knows about yet", () => {
    expect((["dialing", "agent_ringing", "ringing", "answered", "busy", "no_answer", "failed", "canceled", "unknown"] as const).map((status) => words(dialled({ status })))).toEqual([
      "Dialling", "Your own line rings first", "It rings at Maya’s", "Maya answered, opening the line", "Busy", "Not answered", "The call did not go through", "The call was taken back",
      "How the call went is being looked up"]);
  });

  test("a dial that nobody knows about is not over", () => {
    expect([isLive(dialled({ status: "unknown" })), isLive(dialled({ status: "busy" })), isLive(null)]).toEqual([true, false, false]);
  });

  test("counts from the first word to the last", () => {
    expect([talkSeconds(call(), NOW), talkSeconds(talking(), NOW), talkSeconds(talking({ status: "ended", ended_at: at(-6) }), NOW)]).toEqual([null, 66, 60]);
  });

  test("only a caller whose record was not told waits for it", () => {
    expect([call(), call({ is_rendered: true }), call({ status: "ended" }), dialled(), null].map(waitsForRecord)).toEqual([true, false, false, false, false]);
  });
});

describe("what may be done to it", () => {
  test("as the provider and the moment allow", () => {
    expect([actionOf(talking(), "hold"), actionOf(talking({ is_held: true }), "hold"), actionOf(talking(), "mute"), actionOf(talking({ is_muted: true }), "mute")]).toEqual(["hold", "resume", "mute", "unmute"]);
    expect([actionOf(talking({ controls: ["mute"] }), "hold"), actionOf(talking({ controls: ["mute"], is_muted: true }), "mute"), actionOf(call(), "hold")]).toEqual([null, null, null]);
    expect([actionOf(call(), "hang_up"), actionOf(dialled(), "hang_up"), actionOf(talking({ status: "ended" }), "hang_up"), actionOf(null, "hang_up")]).toEqual(["hang_up", "hang_up", null, null]);
  });

  test("voicemail is for those whom we called and who answered", () => {
    const answered = [dialled({ status: "answered" }), dialled({ status: "bridged", bridged_at: at(-1) }), dialled({ status: "ringing" }), talking()];
    expect(answered.map((one) => actionOf(one, "voicemail"))).toEqual(["voicemail", "voicemail", null, null]);
  });

  test("nobody is rung while somebody is on a line, or without a connection", () => {
    const mine = handoff({ channel: "callback", callback: callback() });
    const jonas = handoff({ id: "ho_9", call: talking(), customer: { ...MAYA, name: "Jonas Weber" } });
    expect(whyNoDial(mine, [mine], true)).toBeNull();
    expect(whyNoDial(mine, [mine, jonas], true)).toBe("You are on a call with Jonas Weber.");
    expect(whyNoDial(mine, [mine], false)).toBe("There is no connection right now.");
    expect(whyNoDial({ ...mine, call: dialled() }, [mine], true)).toBe("The call is on.");
    expect(whyNoDial({ ...mine, call: dialled({ status: "unknown" }) }, [mine], true)).toBe("The last call is being looked up; nobody is called twice.");
    expect(whyNoDial({ ...mine, call: dialled({ status: "busy" }) }, [mine], true)).toBeNull();
  });

  test("keys: with Alt from anywhere, C alone only outside text", () => {
    const key = (code: string, more: Partial<KeyboardEvent> = {}) => ({ code, key: code.slice(3).toLowerCase(), altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, repeat: false, ...more });
    expect(shortcutOf(key("KeyC"), false)).toEqual({ do: "dial" });
    expect([shortcutOf(key("KeyC"), true), shortcutOf(key("KeyC", { shiftKey: true }), false), shortcutOf(key("KeyC", { ctrlKey: true }), false)]).toEqual([null, null, null]);
    expect(["KeyC", "KeyH", "KeyM", "KeyX", "KeyG", "KeyR", "KeyB", "KeyS"].map((code) => shortcutOf(key(code, { altKey: true }), true))).toEqual([
      { do: "dial" }, { do: "press", key: "hold" }, { do: "press", key: "mute" }, { do: "press", key: "hang_up" }, { do: "press", key: "voicemail" }, { do: "later" }, { do: "callbacks" }, { do: "channel" }]);
  });
});

describe("what came of it", () => {
  const dispositions = ["resolved", "no_answer"];
  const likely = (one: CallView | null, more: object = {}) => likelyDisposition(handoff({ call: one, dispositions, ...more }));
  test("is no answer where nobody was reached, and else the agent's to say", () => {
    expect((["no_answer", "busy", "voicemail", "failed"] as const).map((outcome) => likely(dialled({ status: "ended", outcome })))).toEqual(["no_answer", "no_answer", "no_answer", "no_answer"]);
    expect([likely(talking({ status: "ended", outcome: "answered" })), likely(dialled({ status: "ended", bridged_at: at(-5), outcome: "failed" })), likely(null)]).toEqual([null, null, null]);
    expect(likely(dialled({ status: "ended", bridged_at: at(-5), outcome: "voicemail" }))).toBe("no_answer");
    expect(likely(dialled({ outcome: "no_answer" }), { dispositions: ["resolved"] })).toBeNull();
    expect(likely(null, { callback: callback({ last_outcome: "busy" }) })).toBe("no_answer");
  });

  test("attempts and numbers", () => {
    expect([attemptWords(callback()), attemptWords(callback({ attempts: 2, last_outcome: "no_answer" }))]).toEqual(["No attempt yet", "2 of 3 attempts, last: not answered"]);
    expect([maskedNumber("+44 7700 900001"), maskedNumber("..0001"), maskedNumber("")]).toEqual(["..0001", "..0001", "a withheld number"]);
  });

  test("why nobody was rung, in the words of the desk or the server's own", () => {
    const number = (phone?: string) => phoneRefusalWords("number_not_allowed", "The server says why.", phone === undefined ? {} : { phone });
    expect(["suppressed", "quiet_hours", "too_early", "window_over", "country", "premium", "invalid"].map(number)).toEqual([
      "This number is on the list of those that are never called.", "It is too early or too late there to be called.", "The promised time has not come yet. Choose another time, or wait.",
      "The promised time is over. Agree on another one.", "Numbers of this country are not called.", "Premium-rate and personal numbers are not called.", "This is not a number that can be called."]);
    expect([number(), number("of a new kind")]).toEqual(["The server says why.", "The server says why."]);
    expect(phoneRefusalWords("rate_limited", "", {})).toContain("The limit of calls is reached");
    expect(phoneRefusalWords("provider_failed", "", {})).toContain("The phone provider did not take it");
    expect(phoneRefusalWords("connection_lost", "", {})).toContain("Nobody is called twice");
    expect(phoneRefusalWords("illegal_transition", "You have no phone line here.", {})).toBe("You have no phone line here.");
    expect(phoneRefusalWords("illegal_transition", "A handoff that is closed cannot offer.", {})).toBe("The handoff has moved on meanwhile.");
    expect(phoneRefusalWords("channel_closed", "No callback is offered at that time.", { window: "not_offered" })).toBe("No callback is offered at that time.");
    expect(phoneRefusalWords("channel_closed", "x", {})).toBe("This channel is closed just now.");
  });

  test("a callback that leaves the desk says when it is called again", () => {
    const lost = { handoff: handoff({ callback: callback({ next_at: "2030-05-09T14:13:00.000Z", last_outcome: "no_answer" }) }), reason: "retry_later" };
    expect(goneWords(lost, undefined, NOW)).toMatchObject({ title: "Maya Chen is called later (not answered)" });
    expect(goneWords({ ...lost, handoff: handoff() }, undefined, NOW).text).toBe("It is tried again later.");
    // What is known of the next call is older than the call that was just made.
    expect(goneWords({ ...lost, handoff: handoff({ callback: callback({ next_at: at(-60) }) }) }, undefined, NOW).text).toBe("It is tried again later.");
  });
});

describe("lines of a call", () => {
  const calls = (...views: (CallView | null)[]): Entry[] => views.map((one, index) => entry(STREAM, index + 1, "call.changed", { call: one }));
  const told = (timeline: Entry[]) => conversationLines(handoff({ timeline }), "Amira", []).flatMap((line) => (line.kind === "system" ? [line.text] : []));

  test("each turn once: arrived, tapped, on the line, over", () => {
    const over = talking({ status: "ended", bridged_at: at(0), ended_at: at(270) });
    const story = calls(call({ evidence: "code_only", claim: "asked" }), call(), call({ is_rendered: true }), talking({ bridged_at: at(0) }), talking({ bridged_at: at(0), is_held: true }), over, over, null);
    expect(told(story)).toEqual(["Maya’s call arrived (..0001), code entered", "Maya tapped in the page: it’s me", "On the line", "Call ended after 4 min"]);
  });

  test("without a code, denied, withheld, and gone before the line was open", () => {
    expect(told(calls(call({ evidence: "none", caller: null }), call({ evidence: "denied", caller: null }), call({ evidence: "denied", status: "ended" })))).toEqual([
      "Maya’s call arrived (number withheld), without a code", "The page says that this call is not Maya’s", "Maya hung up before the line was open"]);
  });

  const owed = (seq: number, more: Partial<CallbackView>) => entry(STREAM, seq, "callback.changed", { callback: callback(more) });

  test("a dial that nobody answered is one line with the next time, and the callback adds none", () => {
    const again = { attempts: 1, last_outcome: "no_answer", next_at: at(660) };
    const story = [owed(1, {}), ...calls(dialled(), dialled({ status: "ringing" }), dialled({ status: "no_answer", outcome: "no_answer" })).map((one) => ({ ...one, seq: one.seq + 1 })), owed(5, again)];
    expect(told(story)).toEqual([`Callback promised for ${clock(at(240))}–${clock(at(1440))}`, "Calling Maya", `Not answered, again at ${clock(at(660))}`]);
  });

  test("voicemail is told when it is heard, also after the call was over", () => {
    const heard = dialled({ status: "ended", bridged_at: at(0), ended_at: at(9), outcome: "voicemail" });
    expect(told(calls(dialled(), dialled({ status: "bridged", bridged_at: at(0) }), heard)).at(-1)).toBe("Voicemail");
    expect(told(calls(dialled(), { ...heard, outcome: "answered" }, heard)).slice(1)).toEqual(["Call ended after 9 s", "It was voicemail"]);
  });

  test("a second call to the same person is a story of its own", () => {
    expect(told(calls(dialled(), dialled({ status: "busy" }), dialled({ id: "ca_2" }), dialled({ id: "ca_2", status: "bridged", bridged_at: at(5) })))).toEqual(["Calling Maya", "Busy", "Calling Maya", "On the line"]);
  });

  test("put off, moved, and an attempt whose call is not at hand", () => {
    expect(told([owed(1, { window: null }), owed(2, { window: null, next_at: at(900) }), owed(3, { next_at: at(900) })])).toEqual([
      "Callback asked for", `Callback put off to ${clock(at(900))}`, `Callback moved to ${clock(at(240))}–${clock(at(1440))}`]);
    expect(told([owed(1, {}), owed(2, { attempts: 1, last_outcome: "busy", next_at: at(120) })]).at(-1)).toBe(`Called: busy, again at ${clock(at(120))}`);
  });

  test("the channel's own turns are said around them", () => {
    const turns = [changed("connected"), changed("awaiting_call", { channel: "phone", agent: null, reason: "switch" }), changed("queued", { channel: "phone", agent: null }), changed("connected", { channel: "phone" })];
    expect(told(turns.map((data, index) => entry(STREAM, index + 1, "handoff.changed", data)))).toEqual(["You joined", "Switched from chat to phone, the place is kept", "You joined"]);
    const later = [changed("scheduled", { channel: "callback" }), changed("queued", { channel: "callback" })];
    expect(told(later.map((data, index) => entry(STREAM, index + 1, "handoff.changed", data)))).toEqual(["Maya asked for help: Dispute a charge", "The callback came due"]);
  });
});

describe("a callback on the list", () => {
  const due = (more: Partial<DueCallback> = {}): DueCallback => ({ id: "ho_1", state: "scheduled", customer: MAYA, intent: INTENT, queue: { key: "cards", name: "Cards" }, due_at: at(720), callback: callback(), agent: null, ...more });

  test("says when it is due or what is being done about it", () => {
    const words = [due(), due({ due_at: at(-1) }), due({ due_at: null }), due({ state: "queued" }), due({ state: "offered" }), due({ state: "connected", agent: AMIRA }), due({ state: "connected" }), due({ state: "wrap_up" })];
    expect(words.map((one) => dueWords(one, NOW).text)).toEqual(["due in 12 min", "due now", "scheduled", "in line", "being offered", "with Amira", "being called", "wrap-up"]);
    expect(words.map((one) => dueWords(one, NOW).late)).toEqual([false, true, false, false, false, false, false, false]);
  });

  test("stands before those that are due later", () => {
    expect(byDue([due({ id: "b", due_at: at(9) }), due({ id: "a", due_at: at(90) }), due({ id: "c", due_at: null })]).map(({ id }) => id)).toEqual(["c", "b", "a"]);
  });
});
