// @vitest-environment happy-dom
import { render } from "preact";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { ChannelOption, Fact } from "../../../static/src/shared/frames.ts";
import type { Actions } from "../../../static/src/widget/panel/actions.ts";
import { App } from "../../../static/src/widget/panel/views/app.tsx";
import { loadLater } from "../../../static/src/widget/panel/views/lazy.ts";
import type { PanelState } from "../../../static/src/widget/state.ts";
import { amira, changed, event, handoff, maya, menu, open, play, said, stranger } from "./cast.ts";

let root: HTMLElement;
let pressed: string[];
const actions = new Proxy({}, { get: (_, name) => () => void pressed.push(String(name)) }) as Actions;
const show = (state: PanelState) => render(<App state={state} actions={actions} onRetry={() => undefined} />, root);
const text = () => root.textContent?.replace(/\s+/g, " ") ?? "";
const button = () => root.querySelector<HTMLButtonElement>(".foot button")!;

const offered = (option: Partial<ChannelOption>) => menu.map((intent) => ({ ...intent, channels: [{ channel: "chat" as const, state: "open" as const, ...option }] }));
const choosing = (option: Partial<ChannelOption>, customer = maya) =>
  play({ ...open(), customer }, { type: "menu", intents: offered(option) }, { type: "draft", change: { intent: "dispute-charge" } });
const recent = { id: "ho_0", state: "closed", intent: { key: "a", label: "A" }, channel: "chat", at: new Date().toISOString(), close_reason: "resolved", survey_due: true } as const;
const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();

const ended = () => open(handoff({ state: "closed", close_reason: "resolved" }));
let before: string;

beforeAll(async () => {
  root = document.createElement("div");
  show(ended());
  before = text();
  await new Promise<void>(loadLater);
});

beforeEach(() => {
  pressed = [];
  root = document.body.appendChild(document.createElement("div"));
});
afterEach(() => root.remove());

describe("before the click", () => {
  it("offers to leave a message while it is closed, and says when it opens and where the answer will be", () => {
    show(choosing({ state: "closed", opens_at: TOMORROW }));
    expect(text()).toMatch(/Closed until .*opens .*An agent answers here when we open\. You can close this page/);
    expect(root.querySelector("textarea")?.placeholder).toBe("Your message");
    expect([button().textContent, (button().click(), pressed)]).toEqual(["Leave a message", ["start"]]);
  });

  it("does not promise a stranger an answer in another place", () => {
    show(choosing({ state: "closed" }, stranger));
    expect(text()).toContain("keep this tab");
  });

  it("looks again while the line is full, instead of asking for what is refused", () => {
    show(choosing({ state: "full" }));
    expect(text()).toContain("The line is full right now. Your words are kept.");
    expect([button().textContent, (button().click(), pressed)]).toEqual(["Look again", ["look"]]);
  });

  it("starts a chat while it is open", () => {
    show(choosing({}));
    expect([button().textContent, (button().click(), pressed)]).toEqual(["Start chat", ["start"]]);
  });

  it("says what the sign-in lacks", () => {
    show(play(choosing({}), { type: "trouble", code: "insufficient_user_authentication", needs: { acr_values: ["urn:bank:3"], max_age: null } }));
    expect(root.querySelector("[role=alert]")?.textContent).toContain("Harbour Bank asks for a stronger sign-in for this.");
  });

  it("does not call an unknown wait bad news", () => {
    show(choosing({ estimate: { kind: "unknown" } }));
    expect([text().includes("wait not known yet"), text().includes("can’t say")]).toEqual([true, false]);
  });

  it("keeps the question about the last talk to one line, and comes first", () => {
    show({ ...choosing({}), recent });
    expect(button().textContent).toBe("Start chat");
    const line = [...root.querySelectorAll("button")].find((one) => one.textContent === "How was your last talk?");
    expect((line?.click(), pressed)).toEqual(["survey"]);
    show({ ...choosing({}), recent, surveying: true });
    expect(text()).toContain("How easy was it to get this done?");
  });

  it("shows what the site signed", () => {
    const signed: Fact[] = [{ key: "account", label: "Account", value: "..4821", source: "verified", at: "" }];
    show({ ...choosing({}), signed });
    expect(root.querySelector(".receipt")?.textContent).toMatch(/Signed by Harbour Bank.*Account.*\.\.4821/);
  });
});

describe("after the click", () => {
  const left = (state: PanelState = open({})) => play(state, { type: "menu", intents: offered({ state: "closed", opens_at: TOMORROW }) });

  it("makes up no place and no wait out of hours", () => {
    show(left());
    expect(text()).toContain("Your message is with us");
    expect(text()).toMatch(/We open /);
    expect(root.querySelector(".wait__place")).toBeNull();
    expect(text()).not.toContain("about 3–5 min");
  });

  it("goes on as usual once an agent looks at it", () => {
    show(play(left(), event(changed(1, 2, { state: "offered" }))));
    expect(text()).toContain("An agent is looking at it now");
  });

  it("tells the place while it is open", () => {
    show(open({}));
    expect([root.querySelector(".wait__place")?.textContent, root.querySelector(".wait__est")?.textContent]).toEqual(["2", "about 3–5 min"]);
  });

  it("does not say who is here while nobody can know", () => {
    const talking = { ...open({ state: "connected", agent: amira }), agent_line: "here" as const };
    const sub = (line: PanelState["line"], online = true) => (show({ ...talking, line, online }), root.querySelector(".head__sub")?.textContent);
    expect([sub("live"), sub("reconnecting"), sub("connecting"), sub("stopped"), sub("live", false)]).toEqual(["Here now", "Reconnecting", "Reconnecting", undefined, undefined]);
  });

  it.each([["waiting", open({})], ["talking", open({ state: "connected", agent: amira })]])("says what cannot outlive the page, only then: %s", (_, state) => {
    const stay = (change: Partial<PanelState>) => (show({ ...state, ...change }), text().includes("Stay on this page: this browser keeps nothing between pages."));
    expect([stay({ fleeting: true, customer: stranger }), stay({ fleeting: true }), stay({ customer: stranger })]).toEqual([true, false, false]);
    show({ ...state, fleeting: true, customer: stranger });
    expect(text()).not.toContain("Keep browsing");
  });

  it("asks for patience, with the way out in sight, while the file with the view is on its way", () => {
    expect(before).toBe("Harbour Bank helpOne moment");
    show(ended());
    expect(text()).toContain("How easy was it to get this done?");
  });

  it("says who is next between two agents: whoever is free, or one who looks at it now", () => {
    const talked = play(open({ state: "connected", agent: amira, position: null, estimate: null }), event(said(1, "agent", "Hello")));
    const between = (state: "queued" | "offered") => (show(play(talked, event(changed(2, 2, { state })))), root.querySelector(".strip")?.textContent);
    expect([between("queued"), between("offered")]).toEqual(["The next free agent gets this with everything in it. Your place is kept.", "An agent is looking at it now. Your place is kept."]);
  });

  it("takes along what never reached anybody", () => {
    const unsent = { client_id: "c1", handoff: "ho_1", text: "first", at: "", kind: "message", status: "failed" } as const;
    show(play(open(handoff({ state: "closed", close_reason: "resolved" })), { type: "outbox", outbox: [unsent] }, { type: "text", text: "second" }));
    expect(text()).toContain("What you had written is kept.");
  });
});

describe("a site's own looks", () => {
  afterEach(() => document.documentElement.removeAttribute("data-texts"));

  it("shows its logo, named, and the name in words where the image does not come", () => {
    const site = { ...open().site, logo: "/widget/logo/harbour.svg" };
    show({ ...open({}), site });
    const logo = root.querySelector<HTMLImageElement>(".head__logo");
    expect([logo?.getAttribute("src"), logo?.alt, root.querySelector(".head__name")?.textContent]).toEqual(["/widget/logo/harbour.svg", "Harbour Bank help", ""]);
    logo?.dispatchEvent(new Event("error"));
    return vi.waitFor(() => {
      expect([root.querySelector(".head__logo"), root.querySelector(".head__name")?.textContent]).toEqual([null, "Harbour Bank help"]);
    });
  });

  it("greets in its words, with the first name where it asks for one, and as text whatever they are", () => {
    const say = (greeting: string, customer: PanelState["customer"]) => {
      document.documentElement.dataset.texts = JSON.stringify({ greeting });
      show({ ...play({ ...open(), handoff: null }), customer });
      return [root.querySelector("h1")?.textContent, root.querySelector("h1 b")];
    };
    expect(say("Ahoy {name}!", maya)).toEqual(["Ahoy Maya!", null]);
    expect(say("Ahoy {name}!", stranger)).toEqual(["Hello, what can we help with?", null]);
    expect(say("<b>$& {{7}}</b>", stranger)).toEqual(["<b>$& {{7}}</b>", null]);
  });
});
