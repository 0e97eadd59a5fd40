// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import type { Handoff } from "../../../static/src/shared/frames.ts";
import { launcherWords } from "../../../static/src/widget/launcher.ts";
import { spoken } from "../../../static/src/widget/spoken.ts";
import { viewOf } from "../../../static/src/widget/state.ts";
import { amira, booked, call, callback, changed, CONSENT, entry, event, handoff, said, session, stranger } from "./cast.ts";
import { NUMBER, ZONE, at, code, slot, calling, offer, Stage } from "./stage.tsx";

const stage = new Stage();
const { text, heading, button, radio, press, pick, slots, posted, settled } = stage;

describe("the choice of a channel", () => {
  it("tells each one's wait, and takes the first that can answer", () => {
    stage.start({ chat: "full" });
    expect([radio("Chat")?.disabled, radio("We call you")?.checked, radio("You call us")?.disabled]).toEqual([true, true, false]);
    expect(text()).toMatch(/Chatthe line is full right now.*We call youabout 3–5 min.*You call usabout 3–5 min/);
  });

  it("says when what is closed opens, and offers what can be done until then", () => {
    stage.start({ chat: "closed", callback: "closed", phone: "closed" });
    expect(text()).toMatch(/Chatopens .*; you can write now.*We call youopens .*; pick a time.*You call usopens /);
    expect([radio("We call you")?.checked, radio("You call us")?.disabled]).toEqual([true, true]);
  });

  it("asks for a code when the customer calls", async () => {
    stage.reply("handoffs", handoff({ channel: "phone", state: "awaiting_call", phone: code }));
    stage.start();
    pick("You call us");
    press("Show me the number");
    await settled();
    expect(stage.asked[0]?.body).toMatchObject({ intent: "dispute-charge", channel: "phone" });
    expect(heading()).toBe("Call Harbour Bank");
  });
});

describe("a callback is asked for", () => {
  const form = (states = {}, change = {}) => (stage.start(states, change), pick("We call you"), press("Choose when we call"));
  const field = () => stage.root.querySelector<HTMLInputElement>("#phone")!;
  const write = (number: string) => ((field().value = number), field().dispatchEvent(new Event("input", { bubbles: true })));
  const loaded = () => vi.waitFor(() => expect(stage.store.get().form.booking.slots?.open?.length).toBe(3));

  it("on its turn, on the number of the profile, with the consent as it is shown", async () => {
    stage.reply("handoffs", handoff({ channel: "callback", callback: callback() }));
    form();
    await loaded();
    expect([heading(), field().value, text().includes(CONSENT), text().includes("From your profile.")]).toEqual(["We call you", NUMBER, true, true]);
    press("Call me when it is my turn");
    await settled();
    expect(stage.asked.find(({ path }) => path === "handoffs")?.body).toMatchObject({ channel: "callback", callback: { phone: NUMBER, consent: CONSENT, time_zone: ZONE } });
    expect(heading()).toBe("We call you when it is your turn");
  });

  it("with another number, at the price that is told", async () => {
    form();
    await loaded();
    write("+44 7700 900 999");
    expect(stage.root.querySelector("#phone-why")?.textContent).toBe("The agent will see that this number is new and may ask you to confirm who you are.");
    expect(field().getAttribute("aria-describedby")).toBe("phone-why");
    press("Call me when it is my turn");
    await settled();
    expect(stage.asked.find(({ path }) => path === "handoffs")?.body).toMatchObject({ callback: { phone: "+44 7700 900 999" } });
  });

  it("without a number nobody knows, not before one is written", async () => {
    form({}, { customer: stranger, calling: { number: null, consent: CONSENT, is_standard: false } });
    await loaded();
    expect([button("Call me when")?.getAttribute("aria-disabled"), text().includes("Write the number first.")]).toEqual(["true", true]);
    press("Call me when");
    expect(stage.asked.some(({ path }) => path === "handoffs")).toBe(false);
    write("07700 900001");
    expect(button("Call me when")?.getAttribute("aria-disabled")).toBe("false");
  });

  it("is told at the field what is wrong with the number, and stands there", async () => {
    stage.refuse("handoffs", "number_not_allowed", { "callback.phone": "premium" });
    form();
    await loaded();
    press("Call me when");
    await settled();
    expect([field().getAttribute("aria-invalid"), stage.root.querySelector("#phone-why")?.textContent, document.activeElement]).toEqual(["true", "We don’t call premium-rate numbers. Give us another number.", field()]);
    expect(stage.root.querySelector("[role=alert]")?.textContent ?? "").toBe("");
  });

  it("at a time, grouped by day, in the zone that is named", async () => {
    stage.reply("handoffs", booked({ due_at: at(80), callback: callback({ window: { starts_at: at(80), ends_at: at(100) }, time_zone: ZONE }) }));
    form();
    await loaded();
    expect(stage.asked.find(({ path }) => path.startsWith("availability/slots"))?.path).toBe(`availability/slots?${new URLSearchParams({ intent: "dispute-charge", time_zone: ZONE })}`);
    pick("At a time I choose");
    expect([radio("Today")?.checked, radio("Tomorrow")?.checked, slots().length]).toEqual([true, false, 2]);
    expect(text()).toMatch(/20-minute windows\./);
    expect([button("Book this time")?.getAttribute("aria-disabled"), text().includes("Pick a time first.")]).toEqual(["true", true]);
    slots()[1]?.click();
    expect(button(/^Book .* today$/)?.getAttribute("aria-disabled")).toBe("false");
    press(/^Book .* today$/);
    await settled();
    expect(stage.asked.find(({ path }) => path === "handoffs")?.body).toMatchObject({ callback: { window: { date: slot(80).date, from: "from 80", to: "to 80" } } });
    expect(heading()).toMatch(/^We’ll call you today, /);
  });

  it("only at a time while nobody can call at once", async () => {
    form({ callback: "closed" });
    await loaded();
    expect([radio("When it is your turn")?.disabled, radio("At a time I choose")?.checked]).toEqual([true, true]);
    expect(text()).toMatch(/When it is your turnopens /);
  });

  it("says so when no time is free, and when nobody can know", async () => {
    stage.reply("availability/slots", { time_zone: ZONE, slots: [] });
    form({ callback: "full" });
    await vi.waitFor(() => expect(text()).toContain("No time is free in the next seven days."));
    stage.refuse("availability/slots", "not_ready");
    form({ callback: "full" });
    await vi.waitFor(() => expect(text()).toContain("The free times could not be read."));
    stage.reply("availability/slots", { time_zone: ZONE, slots: [slot(60)] });
    press("Try again");
    await vi.waitFor(() => expect(slots().length).toBe(1));
  });

  it("reads the times anew when the chosen one has gone", async () => {
    stage.refuse("handoffs", "invalid_request", { window: "full" });
    form();
    await loaded();
    pick("At a time I choose");
    slots()[0]?.click();
    stage.asked = [];
    press(/^Book /);
    await vi.waitFor(() => expect(stage.asked.filter(({ path }) => path.startsWith("availability/slots")).length).toBe(1));
    expect(stage.root.querySelector("[role=alert]")?.textContent).not.toBe("");
  });

  it("not at all: one goes back", () => {
    form();
    press("Back");
    expect(viewOf(stage.store.get())).toBe("start");
  });
});

describe("in line for a callback", () => {
  it("tells place, wait and the end of the number, and what can be changed", () => {
    stage.on({ channel: "callback", callback: callback() });
    expect(text()).toMatch(/We call you when it is your turn2about 3–5 min.*We call \.\.0001\./);
    expect(text()).not.toContain(NUMBER);
    expect(["Change the time", "Write instead", "Call us instead", "Leave the line"].map((name) => !!button(name))).toEqual([true, true, true, true]);
    expect(text()).not.toContain("Have us call you instead");
  });

  it.each([
    ["In 15 minutes", "Call me in 15 minutes", { minutes: 15 }],
    ["In an hour", "Call me in an hour", { minutes: 60 }],
  ])("is put off: %s", async (name, go, body) => {
    stage.on({ channel: "callback", callback: callback() });
    stage.reply("handoffs/ho_1/snooze", booked({ version: 2, due_at: at(15) }));
    press("Change the time");
    expect([heading(), stage.root.querySelector("#phone")]).toEqual(["Another time", null]);
    pick(name);
    press(go);
    await settled();
    expect(posted()).toEqual({ path: "handoffs/ho_1/snooze", body });
    expect(heading()).toMatch(/^We’ll call you today at about /);
  });

  it("goes on by another channel, with what was said", async () => {
    stage.show(session({ intents: offer(), calling, handoff: handoff({ channel: "callback", callback: callback(), version: 3 }) }), event(said(1, "agent", "Hello Maya")));
    expect(text()).toContain("The conversation so far");
    stage.reply("handoffs/ho_1/channel", handoff({ channel: "chat", version: 4 }));
    press("Write instead");
    await settled();
    expect([posted(), viewOf(stage.store.get())]).toEqual([{ path: "handoffs/ho_1/channel", body: { channel: "chat" } }, "talking"]);
  });
});

describe("from the line of the chat", () => {
  it("one is called instead, and the place is kept", async () => {
    stage.on({});
    expect(text()).toMatch(/Have us call you insteadkeeps your place, about 3–5 min.*Call us insteadkeeps your place/);
    press("Have us call you instead");
    expect([heading(), text().includes("You keep your place: 2nd.")]).toEqual(["We call you", true]);
    stage.reply("handoffs/ho_1/channel", handoff({ channel: "callback", version: 2, callback: callback() }));
    press("Call me when it is my turn");
    await settled();
    const body = { channel: "callback", callback: { phone: NUMBER, consent: CONSENT, time_zone: ZONE } };
    expect([stage.asked.find(({ path }) => path === "handoffs/ho_1/channel")?.body, heading()]).toEqual([body, "We call you when it is your turn"]);
  });

  it("what cannot answer says why, and does nothing", () => {
    stage.show(session({ intents: offer({ phone: "full" }), calling, handoff: handoff() }));
    expect([button("Call us instead")?.getAttribute("aria-disabled"), text().includes("the line is full right now")]).toEqual(["true", true]);
    press("Call us instead");
    expect(stage.asked).toEqual([]);
  });

  it("from the talk the other ways are one press away", () => {
    stage.on({ state: "connected", agent: amira });
    expect(button("Go on by phone")?.getAttribute("aria-expanded")).toBe("false");
    press("Go on by phone");
    expect([button("Go on by phone")?.getAttribute("aria-expanded"), text().includes("Amira is asked first; this conversation goes along")]).toEqual(["true", true]);
    press("Have us call you instead");
    expect(viewOf(stage.store.get())).toBe("callback");
  });
});

describe("it is one's turn", () => {
  it("says who calls where, is heard, and can still be put off", async () => {
    stage.on({ state: "connected", agent: amira, channel: "callback", callback: callback() });
    expect(text()).toContain("Amira is ready and calls you now at ..0001.");
    expect(spoken(stage.store.get())).toEqual({ text: "Amira is ready and calls you now at ..0001.", urgent: true });
    stage.reply("handoffs/ho_1/snooze", booked({ version: 2 }));
    press("In 15 minutes");
    await settled();
    expect([posted()?.body, viewOf(stage.store.get())]).toEqual([{ minutes: 15 }, "booked"]);
  });

  it("no more once it rings; on the line the conversation can still be written", () => {
    stage.on({ state: "connected", agent: amira, channel: "callback", callback: callback(), call: call({ direction: "outbound", status: "ringing" }) });
    expect([text().includes("Your phone rings now: it is Amira."), button("In 15 minutes")]).toEqual([true, undefined]);
    stage.store.dispatch(event(entry(3, "call.changed", { call: call({ direction: "outbound", status: "bridged", bridged_at: at(0) }) })));
    expect([text().includes("You are talking with Amira on the phone."), stage.root.querySelector<HTMLTextAreaElement>("#pen")?.disabled]).toEqual([true, false]);
  });

  it("and what became of it stands in the conversation", () => {
    stage.on({ state: "connected", agent: amira, channel: "callback", callback: callback() });
    stage.store.dispatch(event(entry(3, "call.changed", { call: call({ direction: "outbound", status: "ended", bridged_at: at(0), ended_at: at(6) }) })));
    expect(stage.root.querySelector("[role=log]")?.textContent).toMatch(/You talked on the phone from .* to /);
  });
});

describe("a call that is owed", () => {
  const window = { starts_at: at(300), ends_at: at(320) };
  const owed = (change: Partial<Handoff> = {}) => booked({ due_at: at(300), callback: callback({ window }), ...change });
  const list = (...scheduled: Handoff[]) => stage.show(session({ intents: offer(), calling, scheduled }));

  it("is told with its time, place and number", () => {
    list(owed());
    expect([heading(), text().includes("on ..0001, London time."), text().includes("If you miss it we try twice more.")]).toEqual([expect.stringMatching(/^We’ll call you today, .*–/), true, true]);
  });

  it("of several each has its own time and its own buttons", async () => {
    list(owed({ id: "ho_2", due_at: at(900), intent: { key: "lost-card", label: "Lost card" } }), owed());
    expect([...stage.root.querySelectorAll("section")].map((one) => one.getAttribute("aria-label"))).toEqual(["Dispute a charge", "Lost card"]);
    const second = stage.root.querySelectorAll("section")[1]!;
    const inSecond = (name: string) => [...second.querySelectorAll("button")].find((one) => one.textContent === name)!;
    inSecond("Cancel call").click();
    expect([second.textContent?.includes("Cancel this call?"), stage.root.querySelectorAll(".ask").length]).toEqual([true, 1]);
    stage.reply("handoffs/ho_2/cancel", owed({ id: "ho_2", state: "closed", close_reason: "cancelled", version: 2 }));
    inSecond("Cancel it").click();
    await settled();
    expect([posted()?.path, stage.root.querySelectorAll("section").length, viewOf(stage.store.get())]).toEqual(["handoffs/ho_2/cancel", 1, "booked"]);
  });

  it("is gone once it is cancelled, though the answer comes after the event", async () => {
    list(owed());
    press("Cancel call");
    stage.reply("handoffs/ho_1/cancel", owed({ state: "closed", close_reason: "cancelled", version: 2 }));
    press("Cancel it");
    stage.store.dispatch(event(changed(5, 2, { state: "closed", close_reason: "cancelled", channel: "callback" })));
    await settled();
    expect([stage.store.get().handoff, viewOf(stage.store.get())]).toEqual([null, "start"]);
  });

  it("is moved to another window", async () => {
    list(owed());
    press("Change time");
    await vi.waitFor(() => expect(stage.store.get().form.booking.slots?.open?.length).toBe(3));
    pick("At a time I choose");
    slots()[0]?.click();
    stage.reply("handoffs/ho_1/snooze", owed({ version: 2, due_at: at(60), callback: callback({ window: { starts_at: at(60), ends_at: at(80) } }) }));
    press(/^Move it to .* today$/);
    await settled();
    expect(posted()).toEqual({ path: "handoffs/ho_1/snooze", body: { window: { date: slot(60).date, from: "from 60", to: "to 60" }, time_zone: ZONE } });
    expect(viewOf(stage.store.get())).toBe("booked");
  });

  it("after a miss says when we try again, and what else there is", async () => {
    list(owed({ due_at: at(9), callback: callback({ window, attempts: 1, last_outcome: "busy", next_at: at(9) }) }));
    expect([heading(), text().includes("We called ..0001 and it was busy.")]).toEqual([expect.stringMatching(/^We try again today at about /), true]);
    expect(text()).toContain("If you miss it we try once more.");
    stage.reply("handoffs/ho_1/channel", handoff({ version: 2, channel: "callback", callback: callback() }));
    press("Call me now");
    await settled();
    expect([posted()?.body, viewOf(stage.store.get())]).toEqual([{ channel: "callback", callback: { phone: NUMBER, consent: CONSENT, time_zone: "Europe/London" } }, "waiting"]);
    list(owed({ due_at: at(9), callback: callback({ attempts: 1, last_outcome: "no_answer", next_at: at(9) }) }));
    stage.reply("handoffs/ho_1/channel", handoff({ version: 2 }));
    expect(!!button("Call us instead")).toBe(true);
    press("Write instead");
    await settled();
    expect([posted()?.body, stage.store.get().handoff?.channel]).toEqual([{ channel: "chat" }, "chat"]);
  });

  it("waits behind a new need, one press away", () => {
    list(owed());
    press("Ask about something else");
    expect(heading()).toContain("what can we help with?");
    press(/^We call you today/);
    expect(viewOf(stage.store.get())).toBe("booked");
  });

  it("is what the button on the page says", () => {
    list(owed());
    expect(launcherWords(stage.store.get(), 0)).toEqual({ title: "We call you", detail: expect.stringMatching(/^today, /) });
  });
});
