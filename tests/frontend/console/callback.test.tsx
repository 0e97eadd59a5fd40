// @vitest-environment happy-dom
import { act } from "preact/test-utils";
import { describe, expect, test } from "vitest";
import type { AgentSnapshot, DueCallback } from "../../../static/src/console/wire.ts";
import { CommandError } from "../../../static/src/shared/connection.ts";
import { AMIRA, INTENT, MAYA, MINE, STREAM, at, call, callback, changed, dialled, entry, event, handoff, offer, talking } from "./cast.ts";
import { button, buttons, byPhone, callbacks, command, desk, find, happens, jonas, owed, pass, press, rendered, root, sent, settle, useStage, welcome } from "./stage.tsx";

useStage();

describe("a callback at the desk", () => {
  const list = () => [...root.querySelectorAll(".owed__list > div")].map((one) => one.textContent);

  test("shows the whole number, what was promised, the hour there and what was agreed to, and rings nobody", async () => {
    const promise = { time_zone: "Asia/Tokyo", is_edited: true, attempts: 1, last_outcome: "busy" };
    const timeline = [entry(STREAM, 1, "callback.changed", { callback: callback(promise) })];
    welcome({ handoffs: [owed({ timeline, evidence: "other_number" }, promise)] });
    const [number, promised, hour, attempts] = list();
    expect(number).toBe("Number+447700900001 edited by Maya");
    expect(promised).toMatch(/^Promised.*in 4 min.*Tokyo$/);
    expect(hour).toMatch(/^Maya’s time.*Tokyo, late to be called$/);
    expect(attempts).toBe("Attempts1 of 3 attempts, last: busy");
    expect(find(".owed q").textContent).toBe("Harbour Bank may call me about this.");
    expect(find(".owed summary").textContent).toContain("What Maya agreed to, ");
    expect(find(".callbar__now").textContent).toBe("Nobody is rung until you call Maya");
    await pass(2_000);
    expect(sent("callback.dial")).toEqual([]);
  });

  test("is called by the button and by C, once, and not while writing", async () => {
    welcome({ handoffs: [owed()] });
    press("KeyC", {}, find("#comp-text"));
    expect(sent("callback.dial")).toEqual([]);
    let answer: (result: Record<string, unknown>) => void = () => undefined;
    command.mockReturnValueOnce(new Promise((resolve) => { answer = resolve; }));
    press("KeyC");
    press("KeyC", { altKey: true }, find("#comp-text"));
    expect(button("Dialling").getAttribute("aria-disabled")).toBe("true");
    act(() => button("Dialling").click());
    expect(sent("callback.dial")).toEqual([{ handoff: "ho_1", version: 2 }]);
    happens(event(STREAM, 1, "call.changed", { call: dialled() }));
    await act(async () => answer({}));
    expect(find(".callbar__now [role=status]").textContent).toBe("Dialling");
    expect(buttons()).toEqual(["Hang up"]);
    press("KeyC");
    expect(sent("callback.dial")).toHaveLength(1);
  });

  test("says why nobody is rung while another call is on", () => {
    welcome({ handoffs: [owed(), jonas({ channel: "phone", call: talking() })] });
    act(() => desk.open("ho_1"));
    const dial = button("Call Maya");
    expect([dial.getAttribute("aria-disabled"), find(`#${dial.getAttribute("aria-describedby")}`).textContent]).toEqual(["true", "You are on a call with Jonas Weber."]);
    act(() => dial.click());
    expect(sent("callback.dial")).toEqual([]);
  });

  test("a refusal is told beside it in words, until the next try", async () => {
    welcome({ handoffs: [owed()] });
    command.mockRejectedValueOnce(new CommandError("number_not_allowed", "no", { phone: "quiet_hours" }));
    act(() => button("Call Maya").click());
    await settle();
    expect(find(".call [role=alert]").textContent).toBe("Nobody was rung. It is too early or too late there to be called.");
    act(() => button("Call Maya").click());
    await settle();
    expect(find(".call [role=alert]").textContent).toBe("");
  });

  test("who is a machine is told with one press, and who was not reached can be called again or later", async () => {
    welcome({ handoffs: [owed({ call: dialled({ status: "answered", answered_at: at(0) }) })] });
    act(() => button("That is voicemail").click());
    await settle();
    expect(sent("call.control")).toEqual([{ handoff: "ho_1", action: "voicemail" }]);
    happens(event(STREAM, 1, "call.changed", { call: dialled({ status: "no_answer", outcome: "no_answer", ended_at: at(30) }) }));
    expect([find(".callbar__now").textContent, buttons()]).toEqual(["Not answered", ["Wrap up", "Later", "Call again"]]);
    act(() => button("Call again").click());
    await settle();
    expect(sent("callback.dial")).toHaveLength(1);
  });

  test("the wrap-up begins with no answer, which can be changed", async () => {
    welcome({ handoffs: [owed({ state: "wrap_up", dispositions: ["resolved", "no_answer"], call: dialled({ status: "no_answer", outcome: "no_answer" }) })] });
    expect((find("input[value=no_answer]") as HTMLInputElement).checked).toBe(true);
    expect(buttons()).toEqual([]);
    act(() => (find("input[value=resolved]") as HTMLInputElement).click());
    act(() => button("Save and be free").click());
    await settle();
    expect(sent("handoff.wrap_up")).toEqual([{ handoff: "ho_1", disposition: "resolved" }]);
  });
});

describe("another time", () => {
  const option = (words: string) => [...root.querySelectorAll<HTMLLabelElement>("dialog label.opt")].find((one) => one.textContent?.includes(words))?.querySelector("input");
  const write = (selector: string, value: string) => act(() => { const field = find(selector) as HTMLInputElement; field.value = value; field.dispatchEvent(new Event("input", { bubbles: true })); });
  const ask = () => { welcome({ handoffs: [owed({}, { time_zone: "Asia/Tokyo" })] }); press("KeyR", { altKey: true }); };

  test("is a dialog with a name; a quarter of an hour is one press", async () => {
    ask();
    expect(find("dialog").getAttribute("aria-labelledby")).toBe("later-title");
    expect(find("#later-title").textContent).toBe("Call Maya Chen later");
    expect(find("dialog legend").textContent).toContain("on the clock of Tokyo");
    act(() => button("Call then").click());
    await settle();
    expect(sent("callback.reschedule")).toEqual([{ handoff: "ho_1", version: 2, minutes: 15 }]);
  });

  test("is picked on the customer's clock, and a refusal keeps it", async () => {
    ask();
    act(() => option("Another time")?.click());
    write("#later-date", "2030-05-06");
    write("#later-time", "10:00");
    act(() => button("Call then").click());
    expect(find("dialog [role=alert]").textContent).toBe("This time is over. Choose a later one.");
    write("#later-date", "2030-05-08");
    command.mockRejectedValueOnce(new CommandError("channel_full", "That time has been taken.", { window: "taken" }));
    act(() => button("Call then").click());
    await settle();
    expect(find("dialog [role=alert]").textContent).toBe("That time has been taken.");
    expect(sent("callback.reschedule").at(-1)).toEqual({ handoff: "ho_1", version: 2, window: { date: "2030-05-08", from: "10:00", to: "10:20" }, time_zone: "Asia/Tokyo" });
    act(() => button("Call from then on").click());
    await settle();
    // From 14:02 UTC to 10:00 in Tokyo two days later, which is 01:00 UTC.
    expect(sent("callback.reschedule").at(-1)).toEqual({ handoff: "ho_1", version: 2, minutes: 24 * 60 + 658 });
  });

  test("another choice forgets what was refused", async () => {
    ask();
    act(() => option("Tomorrow")?.click());
    command.mockRejectedValueOnce(new CommandError("channel_closed", "No callback is offered at that time.", { window: "not_offered" }));
    act(() => button("Call then").click());
    await settle();
    expect(button("Call from then on")).toBeTruthy();
    act(() => option("In 1 hour")?.click());
    expect(find("dialog [role=alert]").textContent).toBe("");
    expect(buttons("dialog")).toEqual(["", "Cancel", "Call then"]);
  });

  test("is not asked for during the call, nor in a chat", () => {
    welcome({ handoffs: [owed({ call: dialled() })] });
    press("KeyR", { altKey: true });
    expect(root.querySelector("dialog")).toBeNull();
    welcome({ handoffs: [handoff()] });
    press("KeyR", { altKey: true });
    expect(root.querySelector("dialog")).toBeNull();
  });
});

describe("the callbacks", () => {
  const due = (id: string, name: string, more: Partial<DueCallback> = {}): DueCallback =>
    ({ id, state: "scheduled", customer: { ...MAYA, name }, intent: INTENT, queue: { key: "cards", name: "Cards" }, due_at: at(720), callback: callback(), agent: null, ...more });
  const rows = () => [...root.querySelectorAll<HTMLElement>(".tbl tbody tr")];
  const show = async (more: Partial<AgentSnapshot> = {}) => { welcome(more); press("KeyB", { altKey: true }); await settle(); };

  test("mine and the team's, the first due first, with the hour there and what was tried", async () => {
    callbacks.mockResolvedValue({
      mine: [due("b", "Lea Fontaine", { callback: callback({ time_zone: "Asia/Tokyo", attempts: 1, last_outcome: "no_answer", is_edited: true }) }), due("a", "Omar Haddad", { due_at: at(-5), agent: AMIRA })],
      team: [due("c", "Ana Lima", { state: "queued", agent: { id: "ag_t", name: "Tomas" } })],
    });
    await show();
    expect(document.activeElement).toBe(find("main"));
    expect(find(".tabs [aria-current=page]").textContent).toContain("Callbacks");
    expect(rows().map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent).join("|"))).toEqual([
      expect.stringMatching(/^due now.*\|Omar Haddadverified\.\.0001\|.*\|0 of 3\|you$/), expect.stringMatching(/^due in 12 min.*\|Lea Fontaineverified\.\.0001, edited: ask first\|.* Tokyo\|1 of 3not answered\|nobody yet$/)]);
    expect([...root.querySelectorAll(".tbl th")].map((one) => one.getAttribute("scope"))).toEqual(Array(7).fill("col"));
    expect(find("caption").textContent).toContain("Callbacks I owe");
    act(() => button("The team’s").click());
    expect(rows().map((row) => row.textContent)).toEqual([expect.stringContaining("in lineAna Lima")]);
    expect(rows()[0]?.textContent).toContain("Tomas");
    expect(root.querySelectorAll(".tbl button")).toHaveLength(0);
  });

  test("are read when they are opened, every half minute and when a handoff moves, and not otherwise", async () => {
    await pass(60_000);
    expect(callbacks).not.toHaveBeenCalled();
    await show({ handoffs: [owed()] });
    expect(callbacks).toHaveBeenCalledTimes(1);
    await pass(30_000);
    expect(callbacks).toHaveBeenCalledTimes(2);
    happens(event(STREAM, 1, "handoff.changed", changed("scheduled", { version: 3, channel: "callback" })));
    await settle();
    expect(callbacks).toHaveBeenCalledTimes(3);
    press("KeyB", { altKey: true });
    await pass(60_000);
    expect(callbacks).toHaveBeenCalledTimes(3);
  });

  test("arrows go from row to row, one stop for the Tab key, and Enter opens what is on this desk", async () => {
    callbacks.mockResolvedValue({ mine: [due("ho_1", "Maya Chen", { state: "connected" }), due("x", "Ana Lima", { due_at: at(900) })], team: [] });
    await show({ handoffs: [owed()] });
    expect(rows().map((row) => row.tabIndex)).toEqual([0, -1]);
    act(() => rows()[0]?.focus());
    press("ArrowDown", { key: "ArrowDown" }, rows()[0]!);
    expect([document.activeElement, rows().map((row) => row.tabIndex)]).toEqual([rows()[1], [-1, 0]]);
    press("Enter", { key: "Enter" }, rows()[1]!);
    expect(desk.store.get().view).toBe("callbacks");
    press("Home", { key: "Home" }, rows()[1]!);
    press("Enter", { key: "Enter" }, rows()[0]!);
    expect(desk.store.get()).toMatchObject({ view: "desk", selected: "ho_1" });
  });

  test("an empty list and one that cannot be read say so, and what was read stays", async () => {
    callbacks.mockResolvedValueOnce({ mine: [], team: [due("c", "Ana Lima")] });
    await show();
    expect(find(".box").textContent).toContain("You owe no call");
    expect(find(".box").textContent).toContain("The team has 1.");
    callbacks.mockRejectedValue(new Error("down"));
    await pass(30_000);
    expect(find("main [role=status].warn").textContent).toContain("could not be read just now");
    expect(find(".box").textContent).toContain("You owe no call");
  });

  test("an offer is seen there too, and what is accepted opens at the desk", async () => {
    await show({ offers: [offer()] });
    expect(find("main .offer--dock").textContent).toContain("Maya Chen");
    command.mockResolvedValue({ handoff: "ho_2" });
    press("Enter", { key: "Enter", altKey: true });
    await settle();
    happens(event(MINE, 1, "handoff.assigned", { ...byPhone(call(), { id: "ho_2" }), heads: {} }));
    await pass(20);
    expect(find(".mid__who").textContent).toContain("Maya Chen");
    expect(rendered()).toEqual([{ handoff: "ho_2", action: "rendered" }]);
  });

  test("F6 finds its regions", async () => {
    await show();
    const names = Array.from({ length: 3 }, () => { press("F6", { key: "F6" }); return document.activeElement?.className; });
    expect(names).toEqual(["top", "rail", "pad"]);
  });
});

describe("another channel", () => {
  test("is asked for by key, and a closed one says so", async () => {
    welcome({ handoffs: [handoff()] });
    press("KeyS", { altKey: true });
    expect([...root.querySelectorAll("dialog label.opt")].map((one) => one.textContent?.split(":")[0])).toEqual(["Phone", "Callback"]);
    act(() => button("Switch").click());
    expect(find("dialog [role=alert]").textContent).toBe("Choose a channel first.");
    act(() => (root.querySelectorAll("dialog input")[0] as HTMLInputElement).click());
    command.mockRejectedValueOnce(new CommandError("channel_closed", "x"));
    act(() => button("Switch").click());
    await settle();
    expect(find("dialog [role=alert]").textContent).toBe("This channel is closed just now.");
    act(() => button("Switch").click());
    await settle();
    expect(sent("channel.switch").at(-1)).toEqual({ handoff: "ho_1", version: 2, channel: "phone" });
    happens(event(MINE, 1, "handoff.unassigned", { id: "ho_1", reason: "switch" }));
    expect(find(".offer--dock").textContent).toContain("You switched Maya Chen to phoneThe place is kept, and Maya comes back to you first.");
  });

  test("is not there while somebody is on the line", () => {
    welcome({ handoffs: [byPhone(talking())] });
    expect([...root.querySelectorAll(".mid__head button")].map((one) => one.textContent?.split(" ")[0])).toEqual(["Transfer", "End"]);
  });
});

