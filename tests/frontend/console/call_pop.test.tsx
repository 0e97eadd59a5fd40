// @vitest-environment happy-dom
import { act } from "preact/test-utils";
import { describe, expect, test, vi } from "vitest";
import type { Evidence, OfferedHandoff } from "../../../static/src/console/wire.ts";
import { CommandError } from "../../../static/src/shared/connection.ts";
import { DESK, MAYA, MINE, STREAM, at, call, callback, dialled, event, handoff, offer, talking } from "./cast.ts";
import { button, buttons, byPhone, command, desk, find, happens, jonas, owed, pass, press, rendered, root, sent, settle, useStage, welcome, wire } from "./stage.tsx";

useStage();

function hide(): void {
  Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
  vi.stubGlobal("requestAnimationFrame", () => 0);
}

describe("the record of a caller", () => {
  /** What stood in the document when the server was told. */
  function watch(): string[] {
    const seen: string[] = [];
    command.mockImplementation((cmd, fields) => {
      if (cmd === "call.control" && fields?.["action"] === "rendered") seen.push(root.textContent ?? "");
      return Promise.resolve(cmd === "offer.accept" ? { handoff: "ho_1" } : {});
    });
    return seen;
  }
  const assigned = event(MINE, 1, "handoff.assigned", { ...byPhone(call()), heads: {} });

  test("is told once, after it was drawn, and not before", async () => {
    const seen = watch();
    welcome({ offers: [offer()], handoffs: [jonas()] });
    act(() => void desk.accept(offer()));
    await settle();
    happens(assigned);
    expect(find(".mid").textContent).toContain("Maya waits for you");
    expect(seen).toEqual([]);
    await pass(20);
    expect(seen).toHaveLength(1);
    for (const part of ["Maya Chen", "Maya waits for you", "Code and tap in the page", "Maya Chen wants to dispute a charge.", "..4821"]) expect(seen[0]).toContain(part);
    happens(event(STREAM, 1, "call.changed", { call: call({ status: "agent_ringing" }) }));
    await pass(3_000);
    expect(rendered()).toEqual([{ handoff: "ho_1", action: "rendered" }]);
  });

  test("is told from a hidden page as well, where nothing is ever painted", async () => {
    hide();
    const seen = watch();
    welcome({ offers: [offer()] });
    act(() => void desk.accept(offer()));
    await settle();
    happens(assigned);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toContain("..4821");
    await pass(3_000);
    expect(rendered()).toHaveLength(1);
  });

  test("is told from a page that counts as visible and is not painted", async () => {
    vi.stubGlobal("requestAnimationFrame", () => 0);
    welcome({ handoffs: [byPhone(call())] });
    await pass(200);
    expect(rendered()).toEqual([]);
    await pass(60);
    expect(rendered()).toHaveLength(1);
  });

  test("is told again after a reconnect that finds it untold, and not when it was", async () => {
    welcome({ handoffs: [byPhone(call())] });
    await pass(20);
    expect(rendered()).toHaveLength(1);
    act(() => wire.onStatus?.("reconnecting"));
    await pass(1_000);
    expect(rendered()).toHaveLength(1);
    welcome({ handoffs: [byPhone(call())] });
    await pass(20);
    expect(rendered()).toHaveLength(2);
    act(() => wire.onStatus?.("reconnecting"));
    welcome({ handoffs: [byPhone(call({ is_rendered: true }))] });
    await pass(500);
    expect(rendered()).toHaveLength(2);
  });

  test("that was lost on its way goes out with the next connection", async () => {
    command.mockRejectedValueOnce(new CommandError("connection_lost"));
    welcome({ handoffs: [byPhone(call())] });
    await pass(20);
    act(() => wire.onStatus?.("reconnecting"));
    act(() => wire.onStatus?.("live"));
    await pass(20);
    expect(rendered()).toHaveLength(2);
  });

  test("is not told while another talk or the callbacks are on screen, but as soon as it is opened", async () => {
    welcome({ handoffs: [jonas()] });
    happens(assigned);
    await pass(500);
    expect(find(".mid__who").textContent).toContain("Jonas");
    expect(rendered()).toEqual([]);
    press("KeyB", { altKey: true });
    await pass(500);
    expect(rendered()).toEqual([]);
    act(() => desk.open("ho_1"));
    await pass(20);
    expect(rendered()).toHaveLength(1);
  });

  test("is told once however often one comes back to it", async () => {
    welcome({ handoffs: [byPhone(call()), jonas()] });
    await pass(20);
    for (const id of ["ho_9", "ho_1", "ho_9", "ho_1"]) {
      act(() => desk.open(id));
      await pass(300);
    }
    expect(find(".mid__who").textContent).toContain("Maya");
    expect(rendered()).toHaveLength(1);
  });

  test("of a call that comes back to this desk is told again, with the same connection", async () => {
    welcome({ handoffs: [byPhone(call())] });
    await pass(20);
    happens(event(STREAM, 1, "call.changed", { call: call({ is_rendered: true }) }));
    happens(event(MINE, 1, "handoff.unassigned", { id: "ho_1", reason: "transfer" }));
    happens(event(MINE, 2, "handoff.assigned", { ...byPhone(call()), heads: {} }));
    await pass(20);
    expect(rendered()).toHaveLength(2);
  });

  test("opens first when the page is loaded into a call", async () => {
    welcome({ handoffs: [jonas(), byPhone(call())] });
    await pass(20);
    expect(find(".mid__who").textContent).toContain("Maya");
    expect(rendered()).toHaveLength(1);
  });

  test("of a dial, of a call that is over and of one already told is nothing to tell", async () => {
    welcome({ handoffs: [owed({ call: dialled() })] });
    await pass(300);
    welcome({ handoffs: [byPhone(call({ status: "ended" }))] });
    await pass(300);
    welcome({ handoffs: [byPhone(talking())] });
    await pass(300);
    expect(rendered()).toEqual([]);
  });
});

describe("a call at the head of its talk", () => {
  const stand = () => find(".standing").textContent;

  test("says how it stands, from which number, and how sure one can be", () => {
    welcome({ handoffs: [byPhone(talking())] });
    expect(find(".callbar__now").textContent).toBe("On the line for 1:06 from +447700900001");
    expect(find(".callbar__now [role=status]").textContent).toBe("On the line");
    expect(stand()).toBe("Code and tap in the page; signed in 3 min ago with password + code");
    expect(find(".pane .who").textContent).toContain("Code and tap in the page; signed in 3 min ago with password + code.");
    act(() => { vi.advanceTimersByTime(67_000); });
    expect(find(".callbar__now").textContent).toContain("2:13");
    expect(find(".mine__row").textContent).toContain("On the line");
  });

  test.each<[Evidence, string, string]>([
    ["code_only", "warn", "Code only: nobody tapped in the page. Ask to confirm before changes."],
    ["none", "warn", "No code: unverified caller. Ask before you tell anything private."],
    ["denied", "bad", "Denied: the page says this call is not theirs. Tell nothing of the account."],
  ])("of which %s is known carries no mark of trust", (evidence, tone, words) => {
    welcome({ handoffs: [byPhone(talking({ evidence }))] });
    expect(find(`.standing--${tone}`).textContent).toBe(words);
    for (const place of [".mid__who", ".mine__row", ".pane .who"]) expect(find(`${place} .seal`).getAttribute("class")).toBe("seal seal--none");
    expect(find(".mid__who .vh").textContent).toBe("caller not confirmed");
    expect(find(".pane .badge").textContent).toBe(evidence === "denied" ? "Not the caller" : "Not confirmed");
  });

  test("a tap that comes while the caller waits is seen at once, and so is a denial", () => {
    welcome({ handoffs: [byPhone(call({ evidence: "code_only", claim: "asked" }))] });
    expect(stand()).toContain("The page is asked whether this call is Maya’s.");
    happens(event(STREAM, 1, "call.changed", { call: call() }));
    expect(stand()).toContain("Code and tap in the page");
    expect(stand()).not.toContain("is asked");
    happens(event(STREAM, 2, "call.changed", { call: call({ evidence: "denied", claim: "not_mine" }) }));
    happens(event(DESK, 1, "briefing.changed", { brief: "x", verdicts: [], customer: MAYA, evidence: "denied" }));
    expect(find(".standing--bad [role=status]").textContent).toBe("Denied: the page says this call is not theirs");
    expect([...root.querySelectorAll(".sysline")].map((one) => one.textContent)).toEqual([expect.stringContaining("Maya’s call arrived (..0001), code entered and tapped"), expect.stringContaining("not Maya’s")]);
  });

  test("can be held, muted and hung up by hand and by key", async () => {
    welcome({ handoffs: [byPhone(talking())] });
    expect(buttons()).toEqual(["Mute", "Hold", "Hang up"]);
    act(() => button("Mute").click());
    press("KeyH", { altKey: true });
    press("KeyX", { altKey: true });
    press("KeyG", { altKey: true });
    await settle();
    expect(sent("call.control").map((fields) => fields?.["action"])).toEqual(["mute", "hold", "hang_up"]);
    happens(event(STREAM, 1, "call.changed", { call: talking({ is_muted: true, is_held: true }) }));
    expect([button("Mute"), button("Hold")].map((one) => one.getAttribute("aria-pressed"))).toEqual(["true", "true"]);
    expect(find(".callbar__now [role=status]").textContent).toBe("On hold, you are muted");
    press("KeyH", { altKey: true });
    press("KeyM", { altKey: true });
    await settle();
    expect(sent("call.control").slice(3).map((fields) => fields?.["action"])).toEqual(["resume", "unmute"]);
  });

  test("whose line did not open says so, and can be asked for again", async () => {
    welcome({ handoffs: [byPhone(call({ is_rendered: true, trouble: "agent_line" }))] });
    await pass(300);
    expect([find(".callbar__now [role=status]").textContent, rendered()]).toEqual(["Your own line did not answer. Maya still waits", []]);
    act(() => button("Open the line again").click());
    await settle();
    expect(rendered()).toEqual([{ handoff: "ho_1", action: "rendered" }]);
    happens(event(STREAM, 1, "call.changed", { call: call({ is_rendered: true, status: "agent_ringing" }) }));
    expect(buttons()).toEqual(["Hang up"]);
  });

  test("shows no key that the provider does not know, and mutes from another talk", async () => {
    welcome({ handoffs: [byPhone(talking({ controls: ["mute", "unmute"] })), jonas()] });
    expect(buttons()).toEqual(["Mute", "Hang up"]);
    act(() => desk.open("ho_9"));
    press("KeyM", { altKey: true });
    press("KeyH", { altKey: true });
    await settle();
    expect(sent("call.control")).toEqual([{ handoff: "ho_1", action: "mute" }]);
  });

  test("a key that is refused says why", async () => {
    welcome({ handoffs: [byPhone(talking())] });
    command.mockRejectedValue(new CommandError("provider_failed", "x"));
    act(() => button("Hold").click());
    await settle();
    expect(find(".offer--dock[role=status]").textContent).toContain("The phone provider did not take it.");
  });

  test("ending the talk asks back while somebody is on the line", async () => {
    welcome({ handoffs: [byPhone(talking())] });
    press("KeyE", { altKey: true });
    expect(find(".strip[role=alert]").textContent).toContain("Maya is still on the line. Ending hangs up.");
    expect(sent("handoff.end")).toEqual([]);
    act(() => button("End anyway").click());
    await settle();
    expect(sent("handoff.end")).toEqual([{ handoff: "ho_1" }]);
  });

  test("the question goes when the caller has hung up: it would ask about something else", () => {
    welcome({ handoffs: [byPhone(talking())] });
    press("KeyE", { altKey: true });
    expect(find(".strip[role=alert]").textContent).toContain("still on the line");
    happens(event(STREAM, 1, "call.changed", { call: talking({ status: "ended", ended_at: at(0) }) }));
    expect(document.querySelector(".strip[role=alert]")).toBeNull();
  });

  test("that is over says so and leads to the wrap-up", async () => {
    welcome({ handoffs: [byPhone(talking({ status: "ended", ended_at: at(0) }))] });
    expect(find(".callbar__now").textContent).toContain("The call has ended after 1:06");
    expect(buttons()).toEqual(["Wrap up"]);
    act(() => button("Wrap up").click());
    await settle();
    expect(sent("handoff.end")).toEqual([{ handoff: "ho_1" }]);
  });

  test("is not there in a chat, not even after a call that is over", () => {
    welcome({ handoffs: [handoff({ call: talking({ status: "ended" }) })] });
    expect(root.querySelector(".call")).toBeNull();
    expect(find(".pane .who").textContent).toContain("Signed by Harbour Bank");
  });

  test("who calls need not be at the page", () => {
    welcome({ handoffs: [byPhone(talking(), { presence: "away" })] });
    expect(find(".whereabouts").textContent).toBe("Maya is not at the page. What you write is kept and shown there.");
  });
});

describe("an offer by phone", () => {
  const offered = (more: Partial<OfferedHandoff>) => offer({ handoff: { ...offer().handoff, ...more } });

  test("says who calls from where, what speaks for them and what it is worth, before the first word", () => {
    welcome({ offers: [offered({ channel: "phone", evidence: "tap", call: call() })] });
    const words = find(".offer").textContent;
    for (const part of ["Call to you, Cards, Harbour Bank, from ..0001", "How sure this caller is Maya", "Code and tap in the page", "So it carries over", "password + code, 3 min ago", "Answer"]) expect(words).toContain(part);
    expect(document.title).toBe("(1) Maya Chen calls – Handoff");
    expect([...root.querySelectorAll(".desk > [role=status]")].map((one) => one.textContent)).toEqual(["Call: Maya Chen wants to dispute a charge. Code and tap in the page. Alt Enter answers."]);
  });

  test("whose code came from the confirmed number is the customer’s, without the sign-in", () => {
    welcome({ offers: [offered({ channel: "phone", evidence: "code", call: call({ evidence: "code" }) })] });
    expect(find(".offer__sure").textContent).toContain("What to mindNobody tapped in the page, so the sign-in there does not count.");
    expect(find(".offer__sure").textContent).not.toContain("password");
    expect(root.querySelector(".offer .seal--none")).toBeNull();
  });

  test("that was denied is red in words, without a mark of trust", () => {
    welcome({ offers: [offered({ channel: "phone", evidence: "denied", call: call({ evidence: "denied" }) })] });
    expect(find(".offer__sure").textContent).toContain("Denied: the page says this call is not theirs");
    expect(find(".offer__sure").textContent).toContain("Tell nothing of the account.");
    expect(root.querySelector(".offer__sure .ic.bad")).not.toBeNull();
    expect(root.querySelector(".offer .seal--none")).not.toBeNull();
  });

  test("of a callback masks the number and tells the promise; accepting it rings nobody", async () => {
    const promised = offered({ channel: "callback", evidence: "profile_number", callback: callback() });
    welcome({ offers: [promised] });
    const words = find(".offer").textContent;
    for (const part of ["Callback offered to you", "You call ..0001", "Promised ", "in 4 min", "Nobody is rung until you press Call.", "Accept"]) expect(words).toContain(part);
    expect(words).not.toContain("900001");
    press("Enter", { key: "Enter", altKey: true });
    await settle();
    expect(command.mock.calls.map(([cmd]) => cmd)).toEqual(["offer.accept"]);
  });

  test("docked beside a talk says the same in a line", () => {
    welcome({ handoffs: [handoff()], offers: [offered({ channel: "callback", evidence: "other_number", callback: callback() })] });
    expect(find(".offer--dock").textContent).toMatch(/Another number, promised .*, in 4 min, Dispute a charge, waited/);
  });
});

test("nothing by phone carries an inline style", () => {
  welcome({ handoffs: [owed({ call: dialled() })], offers: [offer({ handoff: { ...offer().handoff, channel: "phone", evidence: "code", call: call() } })] });
  expect(root.querySelectorAll("[style]")).toHaveLength(0);
});

test("every key of the phone stands in the list of keys", () => {
  welcome({});
  press("?", { key: "?" });
  const words = find("dialog").textContent ?? "";
  for (const part of ["C", "call back, outside text", "Alt H", "Alt M", "Alt G", "that is voicemail", "Alt X", "hang up", "Alt R", "Alt B", "Alt S"]) expect(words).toContain(part);
});
