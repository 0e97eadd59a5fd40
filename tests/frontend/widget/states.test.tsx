// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import type { Handoff, Recent } from "../../../static/src/shared/frames.ts";
import { excess, LIMIT, overflows } from "../../../static/src/widget/length.ts";
import { amira, call, callback, changed, event, handoff, said, session, stranger } from "./cast.ts";
import { at, calling, NOW, offer, Stage } from "./stage.tsx";

const stage = new Stage();
const talking = (change: Partial<Handoff> = {}): Partial<Handoff> => ({ state: "connected", agent: amira, agent_presence: "here", position: null, estimate: null, ...change });
const strip = () => stage.root.querySelector(".strip");

describe("an agent who is gone", () => {
  const until = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();
  const gone = (change: Partial<Handoff>) => stage.on(talking({ agent_presence: "reconnecting", ...change }));
  const seen = () => strip()?.querySelector("[aria-hidden=true]:not(svg)")?.textContent;
  const heard = () => strip()?.querySelector("[role=status]")?.textContent;
  const words = (within: string) => `Amira’s connection dropped. If it is not back ${within}, the next free agent gets this with everything in it. You’re first.`;

  it("is awaited as long as the server says: who looks sees the time run, who listens hears it once", async () => {
    gone({ agent_until: until(45) });
    expect([seen(), heard()]).toEqual([words("in 45 seconds"), words("in 45 seconds")]);
    vi.advanceTimersByTime(30_000);
    await vi.waitFor(() => expect([seen(), heard()]).toEqual([words("in 15 seconds"), words("in 45 seconds")]));
    vi.advanceTimersByTime(15_000);
    await vi.waitFor(() => expect(seen()).toBe(words("in a moment")));
  });

  it.each([
    [until(300), "in 5 minutes"],
    [null, "in a moment"],
  ])("is awaited until %s: %s", (agent_until, within) => {
    gone({ agent_until });
    expect(seen()).toBe(words(within));
  });

  it("comes with the frame as with the snapshot, and is over when they are back", () => {
    stage.on(talking());
    const presence = (status: "here" | "reconnecting", more: object = {}) => stage.store.dispatch({ type: "ephemeral", frame: { ev: "presence", handoff: "ho_1", who: "agent", status, ...more } });
    presence("reconnecting", { until: until(20) });
    expect(seen()).toBe(words("in 20 seconds"));
    presence("here");
    expect([strip(), stage.store.get().agent_until]).toEqual([null, null]);
  });

  it("is not gone for whoever talks with them on the phone", () => {
    gone({ channel: "phone", call: call({ status: "bridged" }) });
    expect(stage.text()).not.toContain("connection dropped");
  });
});

describe("while nobody answers", () => {
  it.each([
    [{ chat: "closed", callback: "closed", phone: "closed" }, /^Hello Maya\. We open .+\.$/],
    [{ chat: "unstaffed", callback: "unstaffed", phone: "unstaffed" }, /^Hello Maya\. No agent is in right now\.$/],
    [{ chat: "full", callback: "full", phone: "full" }, /^Hello Maya\. The line is full right now\.$/],
  ] as const)("the greeting says so, and what can be done now: %o", (states, words) => {
    stage.start(states);
    expect([stage.heading(), stage.text().includes("What you can do now"), stage.text().includes("How shall we talk?")]).toEqual([expect.stringMatching(words), true, false]);
  });

  it("one way that is open is help enough, and nobody is greeted by a name that is not known", () => {
    stage.start({ chat: "closed", callback: "closed" });
    expect([stage.heading(), stage.text().includes("How shall we talk?")]).toEqual(["Hello Maya, what can we help with?", true]);
    stage.start({ chat: "closed", callback: "closed", phone: "closed" }, { customer: stranger });
    expect(stage.heading()).toMatch(/^We open .+\.$/);
  });
});

describe("what is safe without a line", () => {
  const offline = () => (stage.store.dispatch({ type: "online", online: false }), stage.store.dispatch({ type: "line", line: "reconnecting", line_detail: null }), strip()?.textContent);

  it("before the click there are words and no place", () => {
    stage.start();
    expect(offline()).toContain("You’re offline. Your words are kept.");
    stage.on({});
    expect(offline()).toContain("You’re offline. Your place is kept.");
  });

  it("a draft is kept on the device only where the device keeps anything", () => {
    stage.on(talking());
    stage.store.dispatch({ type: "text", text: "Also, the shop" });
    offline();
    expect(stage.text()).toContain("Draft kept on this device");
    stage.fleeting = true;
    stage.on(talking());
    stage.fleeting = false;
    stage.store.dispatch({ type: "text", text: "Also, the shop" });
    offline();
    expect(stage.text()).not.toContain("Draft kept on this device");
  });
});

describe("how it ended is said of what it was", () => {
  it.each([
    [{ channel: "chat" }, "cancelled", "You left the line"],
    [{ channel: "callback", callback: callback() }, "cancelled", "Your call is cancelled"],
    [{ channel: "phone", call: call() }, "abandoned", "The call ended before an agent could take it"],
    [{ channel: "chat" }, "abandoned", "You were away, so you left the line"],
  ] as const)("%o, %s", (change, close_reason, words) => {
    stage.on(change as Partial<Handoff>);
    stage.store.dispatch(event(changed(2, 2, { ...(change as Partial<Handoff>), state: "closed", close_reason })));
    expect([stage.heading(), stage.text().includes("You can ask again at any time.")]).toEqual([words, true]);
  });

  it("a message left for the opening is taken back", () => {
    stage.show(session({ intents: offer({ chat: "closed" }), calling, handoff: handoff() }));
    stage.store.dispatch(event(changed(2, 2, { state: "closed", close_reason: "cancelled" })));
    expect(stage.heading()).toBe("Your message is taken back");
  });
});

describe("after a talk", () => {
  const recent: Recent = { id: "ho_1", state: "closed", intent: { key: "dispute-charge", label: "Dispute a charge" }, channel: "chat", at: at(-5), close_reason: "resolved", survey_due: true };
  const told = [
    { ...changed(1, 1, { state: "connected", agent: amira }) },
    { ...said(2, "agent", "GBP 42.10 comes back within 3 working days.") },
    { ...said(3, "customer", "Thank you!") },
    { ...changed(4, 2, { state: "wrap_up", agent: amira, close_reason: "resolved" }) },
  ];

  it("stands the agent's last word, and when it was", () => {
    stage.on(talking(), {});
    for (const entry of told.slice(1)) stage.store.dispatch(event(entry));
    expect(stage.root.querySelector("blockquote")?.textContent).toMatch(/^Amira, .*GBP 42\.10 comes back within 3 working days\.$/);
    expect(stage.root.querySelector(".head__sub")?.textContent).toMatch(/^Ended at /);
  });

  it("it can be read again on a page that was not there for it", async () => {
    stage.start({}, { recent });
    stage.press("How was your last talk?");
    const details = stage.root.querySelector<HTMLDetailsElement>("details.receipt")!;
    expect([details.querySelector("summary")?.textContent, details.textContent?.includes("GBP 42.10")]).toEqual(["Read the conversation", false]);
    const pages = [{ events: told }, { events: [] }];
    stage.reply("handoffs/ho_1/events", pages[0]!);
    details.open = true;
    stage.root.querySelector("details.receipt")!.dispatchEvent(new Event("toggle"));
    stage.reply("handoffs/ho_1/events", pages[1]!);
    await vi.waitFor(() => expect(details.textContent).toContain("GBP 42.10 comes back"));
    expect(stage.asked.map(({ path }) => path)).toContain("handoffs/ho_1/events?after=0");
    // A new need has nothing of it.
    stage.press("Skip");
    expect(stage.store.get().timeline).toEqual([]);
  });

  it("thanks are the heading once it is rated", () => {
    stage.on(talking());
    for (const entry of told.slice(1)) stage.store.dispatch(event(entry));
    stage.store.dispatch({ type: "rated", rated: true });
    expect([stage.heading(), stage.root.querySelectorAll("h1").length]).toEqual(["Thank you, Maya", 1]);
  });
});

describe("more than fits", () => {
  const pen = () => stage.root.querySelector<HTMLTextAreaElement>("textarea")!;
  const MEGABYTE = "x".repeat(1_000_000);
  function put(field: HTMLTextAreaElement, text: string): boolean {
    const before = Object.assign(new Event("beforeinput", { bubbles: true, cancelable: true }), { data: text, dataTransfer: null, inputType: "insertFromPaste" });
    if (!field.dispatchEvent(before)) return false;
    field.value += text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }

  it.each([
    ["the pen", () => stage.on(talking())],
    ["the statement", () => stage.start()],
  ])("a megabyte is not taken in, and what was written stays: %s", (_, show) => {
    show();
    put(pen(), "My own words");
    expect(put(pen(), MEGABYTE)).toBe(false);
    expect([pen().value, stage.text().includes("none of it was put in")]).toEqual(["My own words", true]);
    // The next word is the answer to it.
    put(pen(), "!");
    expect([pen().value, stage.text().includes("none of it was put in")]).toEqual(["My own words!", false]);
  });

  it("a little too much is kept whole, counted, and not sent", () => {
    stage.on(talking());
    put(pen(), "x".repeat(LIMIT - 150));
    expect(stage.text()).toContain("150 more characters fit.");
    put(pen(), "y".repeat(650));
    expect(stage.text()).toContain("500 characters too many to send at once.");
    stage.press("Send");
    expect([stage.store.get().text.length, stage.text().includes("That is too long. Shorten it a little")]).toEqual([LIMIT + 500, true]);
    stage.start();
    put(pen(), "z".repeat(LIMIT + 1));
    expect(stage.text()).toContain("1 character too many");
    stage.press("Start chat");
    return vi.waitFor(() => {
      expect(stage.text()).toContain("That is too long. Shorten it a little");
      expect(stage.asked.filter(({ path }) => path === "handoffs")).toEqual([]);
    });
  });

  it("is counted in letters, as the server does", () => {
    expect([excess("😀".repeat(LIMIT)), excess("😀".repeat(LIMIT + 2)), excess(` ${"x".repeat(LIMIT)} `)]).toEqual([0, 2, 0]);
    const field = { value: "x".repeat(39_999), selectionStart: 0, selectionEnd: 0 } as HTMLTextAreaElement;
    expect([overflows({ data: "yy", dataTransfer: null }, field), overflows({ data: "y", dataTransfer: null }, field)]).toEqual([true, false]);
    expect(overflows({ data: "yy", dataTransfer: null }, { ...field, selectionEnd: 10 } as HTMLTextAreaElement)).toBe(false);
  });
});
