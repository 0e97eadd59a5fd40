// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import type { Handoff } from "../../../static/src/shared/frames.ts";
import { launcherWords } from "../../../static/src/widget/launcher.ts";
import { spoken } from "../../../static/src/widget/spoken.ts";
import { amira, call, callback, entry, event, handoff, stranger } from "./cast.ts";
import { at, code, Stage } from "./stage.tsx";

const stage = new Stage();
const { text, heading, button, press, posted, settled } = stage;

describe("the customer calls", () => {
  const waiting = (change: Partial<Handoff> = {}, more: object = {}) => stage.on({ channel: "phone", state: "awaiting_call", phone: code, position: null, ...change }, more);
  const clock = () => stage.root.querySelector(".num")?.textContent;

  it("is shown number and code, the code read digit by digit, and the time left as number and bar", async () => {
    waiting();
    expect(text()).toMatch(/Call Harbour Bank ?\+44 20 7946 0000 ?and when asked, key in ?Code 4 8 2 1, 7 0 3 6/);
    expect([stage.root.querySelector(".code-big")?.getAttribute("aria-hidden"), stage.root.querySelector(".code-big")?.textContent]).toEqual(["true", "4821 7036"]);
    expect([clock(), stage.root.querySelector(".ttl")?.getAttribute("aria-label"), stage.root.querySelectorAll(".ttl rect")[1]?.getAttribute("width"), stage.root.querySelector("[style]")]).toEqual(["7:48 left, works once", "7 min 48 s left", "78", null]);
    await vi.advanceTimersByTimeAsync(108_000);
    expect([clock(), stage.root.querySelectorAll(".ttl rect")[1]?.getAttribute("width")]).toEqual(["6:00 left, works once", "60"]);
  });

  it("says what the code does, and no more than that to a stranger", () => {
    waiting({ position: 2 });
    expect(text()).toContain("With the code, the agent sees who you are and what you did here before saying hello. You are 2nd, and your place counts");
    waiting({}, { customer: stranger });
    expect(text()).toContain("the agent sees what you did here before saying hello. Your place counts");
  });

  it("gets a new code by one press, and when the old one ran out", async () => {
    waiting();
    await vi.advanceTimersByTimeAsync(468_000);
    expect([heading(), text().includes("4821")]).toEqual(["This code ran out", false]);
    stage.reply("handoffs/ho_1/code", handoff({ channel: "phone", state: "awaiting_call", phone: { ...code, code: "11112222", expires_at: new Date(Date.now() + 600_000).toISOString() } }));
    press("New code");
    await settled();
    expect([posted()?.path, heading(), text().includes("1111 2222"), clock()]).toEqual(["handoffs/ho_1/code", "Call Harbour Bank", true, "10:00 left, works once"]);
  });

  it("is told while the code is on its way", () => {
    waiting({ phone: null });
    expect([heading(), stage.root.querySelector("[role=status]")?.textContent, !!button("New code")]).toEqual(["Call Harbour Bank", "Getting your code", true]);
  });

  it("dials number and code with one tap on a telephone, where the code stays in sight", () => {
    vi.spyOn(globalThis, "matchMedia").mockImplementation((query) => ({ matches: query === "(pointer: coarse)" }) as MediaQueryList);
    waiting();
    expect([button("Call now")?.getAttribute("href"), text().includes("Code 4821 7036, 7:48 left")]).toEqual([code.tel, true]);
  });

  it("may take another way, or none", async () => {
    waiting();
    press("Use another way");
    expect([button("Use another way")?.getAttribute("aria-expanded"), !!button("Write instead"), !!button("Have us call you instead"), button("Call us instead")]).toEqual(["true", true, true, undefined]);
    press("I don’t need it any more");
    press("Give it up");
    await settled();
    expect(posted()?.path).toBe("handoffs/ho_1/cancel");
  });
});

describe("a call arrived", () => {
  const arrived = (change: Parameters<typeof call>[0] = {}) => stage.on({ channel: "phone", call: call({ claim: "asked", at: at(-0.1), ...change }) });
  const card = () => stage.root.querySelector<HTMLElement>("[role=alertdialog]")!;

  it("asks whose it is, with its words where a screen reader looks for them", () => {
    arrived();
    const words = (name: string) => stage.root.querySelector(`#${card().getAttribute(name)}`)?.textContent?.replace(/\s+/g, " ");
    expect([words("aria-labelledby"), words("aria-describedby")]).toEqual([
      "A call from ..0001 just arrived. Is it you?", "It used your code 6 seconds ago. Your answer tells the agent how sure to be.",
    ]);
    expect(stage.root.querySelector("[data-focus]")?.closest("[role=alertdialog]")).toBe(card());
    expect(launcherWords(stage.store.get(), 2)).toEqual({ title: "Is this call yours?", detail: "..0001" });
    expect(spoken(stage.store.get())).toEqual({ text: "A call from ..0001 just arrived. Is it you?", urgent: true });
  });

  it("that hides its number is asked about too", () => {
    arrived({ caller: null });
    expect(heading()).toBe("A call that hides its number just arrived. Is it you?");
  });

  it.each([["It’s me", true], ["Not me", false]])("%s", async (name, mine) => {
    arrived();
    press(name);
    await settled();
    expect(posted()).toEqual({ path: "handoffs/ho_1/claim", body: { call: "ca_1", mine } });
  });

  it("goes once it is answered, and the place in the line is told", () => {
    arrived();
    stage.store.dispatch(event(entry(3, "call.changed", { call: call({ claim: "mine" }) })));
    expect([stage.root.querySelector("[role=alertdialog]"), text()]).toEqual([null, expect.stringMatching(/Your call is in line2about 3–5 min.*Stay on the phone/)]);
  });

  it("stays, with the reason, when the answer did not get through", async () => {
    stage.refuse("handoffs/ho_1/claim", "unreachable");
    arrived();
    press("It’s me");
    await settled();
    expect([!!card(), stage.root.querySelector("[role=alert]")?.textContent?.includes("can’t reach")]).toEqual([true, true]);
  });
});

describe("the end of a call", () => {
  it("is asked about as a chat's is, and one that was cancelled is not", () => {
    stage.on({ channel: "phone", state: "wrap_up", close_reason: "resolved", call: call({ status: "ended", bridged_at: at(0), ended_at: at(5) }) });
    expect(text()).toContain("How easy was it to get this done?");
    stage.on({ channel: "callback", state: "closed", close_reason: "unreachable", callback: callback() });
    expect([heading(), text().includes("How easy")]).toEqual(["We could not reach you", false]);
    stage.on({ channel: "callback", state: "closed", close_reason: "cancelled", callback: callback() });
    expect(text()).not.toContain("How easy");
  });
});

it("the button on the page tells what a call is about to be", () => {
  const said_ = (change: Partial<Handoff>) => (stage.on(change), launcherWords(stage.store.get(), 0));
  const ours = { channel: "callback", callback: callback() } as const;
  expect([
    said_({ ...ours }),
    said_({ ...ours, state: "connected", agent: amira }),
    said_({ ...ours, state: "connected", agent: amira, call: call({ direction: "outbound", status: "bridged", bridged_at: at(0) }) }),
    said_({ channel: "phone", state: "awaiting_call", phone: code }),
    said_({ channel: "chat", state: "connected", agent: amira }),
  ]).toEqual([
    { title: "We call you", detail: "about 3–5 min" },
    { title: "Amira calls you now", detail: "..0001" },
    { title: "On the phone with Amira", detail: "" },
    { title: "Call Harbour Bank", detail: "your code is here" },
    { title: "Amira is here", detail: "" },
  ]);
});
