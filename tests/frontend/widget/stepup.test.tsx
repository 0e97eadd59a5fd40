// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { launcherWords } from "../../../static/src/widget/launcher.ts";
import type { VerificationView } from "../../../static/src/shared/protocol.ts";
import { isOn, ring, turn } from "../../../static/src/widget/panel/views/attention.tsx";
import { askedOf, verificationOf, whyWords } from "../../../static/src/widget/verification.ts";
import { amira, entry, event, handoff, maya, stranger } from "./cast.ts";
import { at, NOW, Stage } from "./stage.tsx";

const stage = new Stage();
const { text, press, button, posted, settled } = stage;

const signedIn = { ...maya, assurance: { acr: "urn:bank:2", amr: ["pwd", "otp"], auth_time: NOW / 1000 - 540 } };
const request = (more: Partial<VerificationView> = {}): VerificationView => ({
  acr_values: [], max_age: 300, action: { key: "refund", label: "Refund a charge" }, at: at(0), by: { name: "Amira" }, expires_at: at(10),
  status: "asked", lacks: null, answered_at: null, ...more,
});
const talk = (verification: VerificationView | null, customer = signedIn) =>
  stage.on({ state: "connected", agent: amira, position: null, estimate: null, verification }, { customer });
const card = () => stage.root.querySelector(".ask--inline");
const happens = (seq: number, type: string, data: VerificationView) => stage.store.dispatch(event(entry(seq, type, data)));
const told = () => stage.root.querySelector(".ask__told")?.textContent;

describe("the agent asks for a confirmation", () => {
  it("says who asks, for what, what is needed, what there is, and that a no is fine", () => {
    talk(request());
    expect(card()?.querySelector("h2")?.textContent).toBe("Amira asks you to confirm it’s you");
    expect(card()?.querySelector("#ask-why")?.textContent).toBe(
      "It is for: Refund a charge. Harbour Bank needs a sign-in from the last 5 minutes. Yours is 9 minutes old." +
        " This opens Harbour Bank’s own page; nobody here sees your password. You can say no and go on.",
    );
    expect([card()?.getAttribute("role"), card()?.getAttribute("aria-labelledby")]).toEqual(["group", "ask-title"]);
  });

  it.each([
    ["a level", request({ acr_values: ["urn:bank:3"], max_age: null, action: null }), signedIn, "Harbour Bank needs a stronger proof than your sign-in."],
    ["a minute", request({ max_age: 60, action: null }), signedIn, "Harbour Bank needs a sign-in from the last minute. Yours is 9 minutes old."],
    ["a level that is met", request({ acr_values: ["urn:bank:2"], max_age: null, action: null }), signedIn, ""],
    ["somebody unknown", request({ action: null }), stranger, "With your sign-in at Harbour Bank, Amira knows who you are."],
  ])("asks for %s", (_, asked, customer, words) => {
    expect(whyWords(asked, { customer, site: { key: "harbour", name: "Harbour Bank" } }, NOW)).toBe(words);
  });

  it("asks the page's provider for what is needed, and nothing else", async () => {
    talk(request({ acr_values: ["urn:bank:3"] }));
    press("Confirm with Harbour Bank");
    expect(stage.stepUp).toHaveBeenCalledWith({ acr_values: ["urn:bank:3"], max_age: 300 }, true);
    await vi.waitFor(() => expect([told(), button("Confirm with")?.getAttribute("aria-disabled")]).toEqual(["", "false"]));
  });

  it("asks for any sign-in of somebody unknown", () => {
    talk(request({ max_age: null, action: null }), stranger as never);
    expect(card()?.querySelector("h2")?.textContent).toBe("Amira asks you to sign in");
    press("Sign in at Harbour Bank");
    expect(stage.stepUp).toHaveBeenCalledWith({ acr_values: [], max_age: 365 * 86_400 }, true);
  });

  it("asks once while the page is at it, and says when it gave nothing", async () => {
    let give!: (given: boolean) => void;
    stage.stepUp.mockReturnValue(new Promise((resolve) => (give = resolve)));
    talk(request());
    press("Confirm with");
    await vi.waitFor(() => expect(told()).toBe("Asking Harbour Bank. Your place here is kept."));
    press("Confirm with");
    expect(stage.stepUp).toHaveBeenCalledTimes(1);
    give(false);
    await vi.waitFor(() => expect(told()).toContain("Harbour Bank gave no new sign-in. Nothing is lost"));
  });

  it("says what a sign-in lacked, and stays", () => {
    talk(request());
    happens(5, "verification.answered", request({ lacks: "too_old" }));
    expect([told(), !!button("Confirm with")]).toEqual(["That sign-in was too long ago. Nothing is lost; you can try again.", true]);
  });

  it("is done with a line that says what the agent can see", () => {
    talk(request());
    happens(5, "verification.answered", request({ status: "satisfied", answered_at: at(1) }));
    expect(card()).toBeNull();
    expect(text()).toMatch(/You confirmed it’s you at \d.*Amira can see that, nothing else\./);
  });

  it("takes a no for an answer, and gives the keyboard back to the conversation", async () => {
    talk(request());
    press("Not now");
    await settled();
    expect(posted()?.path).toBe("handoffs/ho_1/verification/decline");
    await vi.waitFor(() => expect(document.activeElement?.id).toBe("pen"));
    happens(5, "verification.answered", request({ status: "declined", answered_at: at(1) }));
    expect([card(), text().includes("You said: not now. You can go on without it")]).toEqual([null, true]);
  });

  it("is gone when its time is over, also on a device whose clock is wrong by a day", () => {
    talk(request({ expires_at: at(-1) }));
    expect(card()).toBeNull();
    const state = { handoff: handoff({ state: "connected", verification: request() }), timeline: [] };
    expect([askedOf(state, NOW + 599_000) !== null, askedOf(state, NOW + 600_000)]).toEqual([true, null]);
  });

  it("is asked only while somebody is there to ask", () => {
    const state = { handoff: handoff({ state: "queued", verification: request() }), timeline: [] };
    expect(askedOf(state, NOW)).toBeNull();
  });

  it("is the newest one that counts, whether it came with the handoff or in an event; an emptied one tells nothing", () => {
    const again = request({ at: at(2), max_age: 60 });
    const one = handoff({ state: "connected", verification: request() });
    expect(verificationOf({ handoff: one, timeline: [] })).toEqual(request());
    expect(verificationOf({ handoff: one, timeline: [entry(3, "verification.requested", again)] })).toEqual(again);
    expect(verificationOf({ handoff: one, timeline: [entry(3, "verification.requested", {})] })).toEqual(request());
    expect(verificationOf({ handoff: null, timeline: [] })).toBeNull();
  });

  it("is told by the button on the page", () => {
    talk(request());
    expect(launcherWords(stage.store.get(), 3)).toEqual({ title: "Amira asks you to confirm it’s you", detail: "" });
  });
});

describe("the sound", () => {
  const tones = vi.fn();
  const hide = (hidden: boolean) => Object.defineProperty(document, "visibilityState", { value: hidden ? "hidden" : "visible", configurable: true });

  beforeEach(() => {
    tones.mockReset();
    const part = () => ({ connect: (next: unknown) => next, gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, frequency: { value: 0 }, start: tones, stop() {} });
    vi.stubGlobal("AudioContext", class { currentTime = 0; destination = {}; resume = () => Promise.resolve(); createOscillator = part; createGain = part; });
    turn(false);
    hide(true);
  });

  it("is off until somebody turns it on, and is heard then", () => {
    expect(isOn()).toBe(false);
    ring(NOW);
    expect(tones).not.toHaveBeenCalled();
    turn(true);
    expect([isOn(), tones.mock.calls.length]).toEqual([true, 1]);
  });

  it("is never heard by somebody who looks, nor twice in five seconds", () => {
    turn(true);
    tones.mockReset();
    hide(false);
    ring(NOW + 10_000);
    hide(true);
    ring(NOW + 20_000);
    ring(NOW + 24_999);
    expect(tones).toHaveBeenCalledTimes(1);
    ring(NOW + 25_000);
    expect(tones).toHaveBeenCalledTimes(2);
    hide(false);
  });

  it("has a switch in the line and in the talk", () => {
    stage.on({});
    const control = () => stage.root.querySelector<HTMLButtonElement>("[role=switch]");
    expect([control()?.textContent, control()?.getAttribute("aria-checked")]).toEqual(["Play a sound when something comes", "false"]);
    control()?.click();
    expect(isOn()).toBe(true);
    talk(null);
    expect([control()?.textContent, control()?.getAttribute("aria-checked")]).toEqual(["Sound is on", "true"]);
  });
});

describe("somebody who is not signed in", () => {
  const first = () => button("Sign in first");

  it("may sign in before the click, where the page can be asked", async () => {
    stage.identified = true;
    stage.start({}, { customer: stranger });
    expect(first()?.textContent).toContain("Then nobody asks. We come back to here.");
    stage.stepUp.mockResolvedValue(false);
    press("Sign in first");
    expect(stage.stepUp).toHaveBeenCalledWith({ acr_values: [], max_age: 365 * 86_400 }, true);
    await vi.waitFor(() => expect(text()).toContain("Harbour Bank gave no new sign-in."));
    expect(button("Start chat")?.getAttribute("aria-disabled")).toBe("false");
  });

  it("is not led anywhere by a page that has no way to sign in, nor asked again once signed in", () => {
    stage.identified = false;
    stage.start({}, { customer: stranger });
    expect(first()).toBeUndefined();
    stage.identified = true;
    stage.start();
    expect(first()).toBeUndefined();
  });
});

describe("the line that is back", () => {
  const line = (status: "live" | "reconnecting") => stage.store.dispatch({ type: "line", line: status, line_detail: null });

  it("is told for three seconds", async () => {
    vi.useRealTimers();
    vi.useFakeTimers({ now: NOW });
    talk(null);
    line("live");
    expect(stage.root.querySelector(".strip--ok")).toBeNull();
    line("reconnecting");
    line("live");
    await vi.advanceTimersByTimeAsync(10);
    expect(stage.root.querySelector(".strip--ok")?.textContent).toBe("Connected again. Nothing was lost.");
    await vi.advanceTimersByTimeAsync(3_000);
    expect(stage.root.querySelector(".strip--ok")).toBeNull();
  });
});
