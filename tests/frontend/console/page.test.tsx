// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { App } from "../../../static/src/console/app.tsx";
import { TEXT_LIMIT, sends } from "../../../static/src/console/composer.tsx";
import { Desk } from "../../../static/src/console/desk.ts";
import type { DeskOptions } from "../../../static/src/console/desk.ts";
import { readPage } from "../../../static/src/console/page.ts";
import type { AgentSnapshot, DeskHandoff, EventFrame } from "../../../static/src/console/wire.ts";
import { CommandError } from "../../../static/src/shared/connection.ts";
import type { ConnectionOptions } from "../../../static/src/shared/connection.ts";
import { memory } from "../../../static/src/shared/storage.ts";
import { DESK, MAYA, MINE, NOW, STREAM, entry, event, fact, handoff, offer, said, snapshot } from "./cast.ts";

let wire: ConnectionOptions<AgentSnapshot>;
let root: HTMLElement;
let desk: Desk;
const older = vi.fn<DeskOptions["older"]>();
const destinations = vi.fn<DeskOptions["destinations"]>();
const command = vi.fn<(cmd: string, fields?: Record<string, unknown>) => Promise<Record<string, unknown>>>();

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  command.mockReset().mockResolvedValue({});
  desk = new Desk({
    getTicket: () => Promise.reject(new Error("unused")), older, destinations, callbacks: () => Promise.resolve({ mine: [], team: [] }), storage: memory(), agentId: "ag_amira",
    connect: (options) => { wire = options; return { start() {}, stop() {}, retryNow() {}, command }; },
  });
  root = document.createElement("div");
  document.body.append(root);
  act(() => render(<App desk={desk} page={{ agentId: "ag_amira", agentName: "Amira", csrfCookie: "handoff_csrftoken", admin: null }} />, root));
});

afterEach(() => {
  act(() => render(null, root));
  root.remove();
  vi.useRealTimers();
});

function welcome(more: Partial<AgentSnapshot>): void {
  act(() => {
    wire.onWelcome({ ev: "welcome", epoch: "e", heartbeat_seconds: 20, snapshot: snapshot(more), heads: { [MINE]: 0, [STREAM]: 0, [DESK]: 0 } });
    wire.onStatus?.("live");
  });
}
function happens({ ev: _ev, ...frame }: EventFrame): void { act(() => wire.onEvent(frame, false)); }
const find = (selector: string): HTMLElement => {
  const found = root.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`nothing matches ${selector}`);
  return found;
};
const button = (words: string): HTMLElement => {
  const found = [...root.querySelectorAll("button")].find((one) => one.textContent?.trim().startsWith(words));
  if (!found) throw new Error(`no button says ${words}`);
  return found;
};
const box = (): HTMLTextAreaElement => find("#comp-text") as HTMLTextAreaElement;
function write(field: HTMLTextAreaElement | HTMLInputElement, text: string): void {
  act(() => { field.value = text; field.dispatchEvent(new Event("input", { bubbles: true })); });
}
function press(target: EventTarget, key: string, more: KeyboardEventInit = {}): void {
  act(() => void target.dispatchEvent(new KeyboardEvent("keydown", { key, code: key, bubbles: true, cancelable: true, ...more })));
}
const settle = () => act(async () => { await vi.advanceTimersByTimeAsync(1); });
const talk = (more: Partial<DeskHandoff> = {}) => welcome({ handoffs: [handoff(more)] });

describe("the composer", () => {
  test("Enter sends and empties, Shift+Enter and an input method's Enter do not", async () => {
    talk();
    write(box(), "hello");
    press(box(), "Enter", { shiftKey: true });
    press(box(), "Enter", { isComposing: true });
    expect(command.mock.calls.filter(([cmd]) => cmd === "message.send")).toEqual([]);
    press(box(), "Enter");
    await settle();
    expect(command).toHaveBeenCalledWith("message.send", expect.objectContaining({ handoff: "ho_1", text: "hello" }));
    expect(box().value).toBe("");
  });

  test("an empty and a too long text are not sent, and the reason stands beside", async () => {
    talk();
    write(box(), "  \n ");
    press(box(), "Enter");
    write(box(), "x".repeat(TEXT_LIMIT + 2));
    press(box(), "Enter");
    await settle();
    expect(command.mock.calls.filter(([cmd]) => cmd === "message.send")).toEqual([]);
    expect(box().value).toHaveLength(TEXT_LIMIT + 2);
    expect(find(".comp__len").textContent).toBe("2 characters too long");
  });

  test("the desk at rest does not pass over what is still open", () => {
    welcome({ handoffs: [handoff()] });
    act(() => desk.open("ho_gone"));
    expect(find(".rest").textContent).toContain("One of yours is still open, at the left.");
  });

  test("a note differs by place, paper, words and button, and keeps its own draft", async () => {
    talk();
    write(box(), "a reply");
    press(window, "n", { code: "KeyN", altKey: true });
    expect(find(".comp").className).toContain("comp--note");
    expect(find(".comp").textContent).toContain("Maya never sees a note");
    expect(find("[role=tab][aria-selected=true]").textContent).toContain("Note");
    expect(button("Add note")).toBeTruthy();
    expect(box().value).toBe("");
    write(box(), "mind the gap");
    press(box(), "Enter");
    await settle();
    expect(command).toHaveBeenCalledWith("note.add", expect.objectContaining({ text: "mind the gap" }));
    act(() => button("Reply").click());
    expect(box().value).toBe("a reply");
  });

  test("a lost line neither disables it nor takes a word", async () => {
    talk();
    write(box(), "half a sen");
    act(() => wire.onStatus?.("reconnecting"));
    expect(root.textContent).toContain("Connection lost.");
    expect(box().value).toBe("half a sen");
    expect(box().disabled).toBe(false);
    command.mockRejectedValue(new CommandError("not_connected", "no"));
    press(box(), "Enter");
    await settle();
    expect(find(".said--me").textContent).toContain("half a sen");
    expect(find(".said--me").textContent).toContain("Sending");
  });

  test("what failed stays where it was written and can be sent again", async () => {
    talk();
    command.mockRejectedValue(new CommandError("handoff_closed", "closed"));
    write(box(), "too late");
    press(box(), "Enter");
    await settle();
    expect(find(".said--failed").textContent).toContain("Not sent. The handoff is closed");
    command.mockResolvedValue({ id: "m", seq: 1, at: "" });
    act(() => button("Try again").click());
    await settle();
    expect(find(".said--me").textContent).toContain("Sent");
  });

  test("writing is told, a note's writing is not", () => {
    talk();
    press(window, "n", { code: "KeyN", altKey: true });
    write(box(), "secret");
    expect(command.mock.calls.filter(([cmd]) => cmd === "typing")).toEqual([]);
    press(window, "n", { code: "KeyN", altKey: true });
    write(box(), "open");
    expect(command).toHaveBeenCalledWith("typing", { handoff: "ho_1" });
  });

  test("only a plain Enter sends", () => {
    const key = { key: "Enter", shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, isComposing: false };
    expect([key, { ...key, altKey: true }, { ...key, ctrlKey: true }, { ...key, metaKey: true }, { ...key, key: "a" }].map(sends)).toEqual([true, false, false, false, false]);
  });
});

describe("an offer", () => {
  test("is said with its number, in the title, and never takes the focus", () => {
    talk();
    box().focus();
    happens(event(MINE, 1, "offer.made", offer(), 0));
    expect(document.activeElement).toBe(box());
    expect(find("[role=timer]").getAttribute("aria-label")).toBe("25 seconds left");
    expect(find(".offer--dock").textContent).toContain("Maya Chen");
    expect(document.title).toBe("(1) Maya Chen waits – Handoff");
    act(() => { vi.advanceTimersByTime(16_000); });
    expect(find(".ring + [role=status]").textContent).toBe("10 seconds left");
    happens(event(MINE, 2, "offer.ended", { id: "of_1", status: "timed_out" }));
    expect(find(".offer--dock").textContent).toContain("You missed Maya Chen");
    expect(document.title).toBe("Handoff desk");
  });

  test("plain Enter in a sentence does not accept, Alt+Enter does", async () => {
    welcome({ handoffs: [handoff()], offers: [offer()] });
    press(box(), "Enter");
    expect(command).not.toHaveBeenCalledWith("offer.accept", expect.anything());
    press(box(), "Enter", { altKey: true });
    await settle();
    expect(command).toHaveBeenCalledWith("offer.accept", { offer: "of_1", token: "secret" });
  });

  test("is large on an empty desk, with what an agent decides by", () => {
    const stopped = { name: "upload-receipt", title: null, error: "FILE_TOO_LARGE", times: 2 };
    welcome({ offers: [offer({ handoff: { ...offer().handoff, statement: "I never bought it", stopped_at: stopped, earlier: 2 } })] });
    const words = find(".offer").textContent ?? "";
    for (const part of ["Chat offered to you, Cards, Harbour Bank", "password + code, 3 min ago", "Upload receipt, twice", "FILE_TOO_LARGE", "0:42", "2 handoffs", "I never bought it"]) expect(words).toContain(part);
    expect(find(".offer q").textContent).toBe("I never bought it");
    expect(root.querySelector(".offer .seal--none")).toBeNull();
  });

  test("of somebody unverified has a dashed ring and ties nothing earlier to them", () => {
    welcome({ offers: [offer({ handoff: { ...offer().handoff, customer: { ...MAYA, verified: false, assurance: null } } })] });
    expect(root.querySelector(".offer .seal--none")).not.toBeNull();
    expect(find(".offer").textContent).toContain("cannot be tied");
  });
});

describe("the pane", () => {
  test("shows each source in its own form, and a struck fact is gone at once, in the lines too", () => {
    talk({ facts: [fact("account", "verified", "..4821"), fact("phone", "stated", "0700 900001")] });
    happens(event(STREAM, 1, "facts.changed", { added: [fact("pin", "stated", "do not keep")], struck: [] }));
    expect(root.textContent).toContain("do not keep");
    happens(event(STREAM, 2, "facts.changed", { added: [], struck: [{ key: "pin", source: "stated" }] }));
    expect(root.textContent).not.toContain("do not keep");
    expect(find(".facts--verified").textContent).toContain("..4821");
    expect(find(".facts--stated").textContent).toContain("0700 900001");
  });

  test("adds a fact under a key made from its label", async () => {
    talk();
    act(() => button("Add a fact").click());
    write(find("#fact-label") as HTMLInputElement, "Card at hand");
    write(find("#fact-value") as HTMLInputElement, "yes");
    act(() => button("Add fact").click());
    await settle();
    expect(command).toHaveBeenCalledWith("fact.add", { handoff: "ho_1", key: "card-at-hand", label: "Card at hand", value: "yes" });
    expect(root.querySelector("#fact-label")).toBeNull();
  });

  test("a step that comes while talking is a line and a row", () => {
    talk();
    happens(event(STREAM, 1, "journey.recorded", { steps: [{ path: "/a", title: "Account overview", status: "started", at: new Date(NOW).toISOString() }] }));
    expect(find(".sysline").textContent).toContain("Maya went on to Account overview");
    expect(find(".step--now").textContent).toContain("Account overview");
  });
});

describe("a customer's text", () => {
  test("is text: markup stays letters, and a script is no link", () => {
    talk({ timeline: [entry(STREAM, 1, "message.posted", said("customer", '<img src=x onerror=alert(1)> javascript:alert(1) https://evil.example/'))] });
    expect(root.querySelector(".said img")).toBeNull();
    expect([...root.querySelectorAll(".said a")].map((link) => [link.getAttribute("href"), link.getAttribute("rel")])).toEqual([["https://evil.example/", "noopener noreferrer nofollow"]]);
  });
});

describe("the end of a talk", () => {
  test("asks back while something is unsent, and not otherwise", async () => {
    talk();
    write(box(), "one more");
    press(window, "e", { code: "KeyE", altKey: true });
    expect(root.textContent).toContain("Something you wrote is not sent yet.");
    expect(command).not.toHaveBeenCalledWith("handoff.end", expect.anything());
    write(box(), "");
    press(window, "e", { code: "KeyE", altKey: true });
    press(window, "e", { code: "KeyE", altKey: true });
    await settle();
    expect(command).toHaveBeenCalledWith("handoff.end", { handoff: "ho_1" });
  });

  test("the wrap-up needs an outcome, and then frees", async () => {
    talk({ state: "wrap_up", close_reason: "resolved" });
    expect(root.querySelector("#comp-text")).toBeNull();
    expect(document.activeElement).toBe(find(".form--wrap"));
    act(() => button("Save and be free").click());
    expect(root.textContent).toContain("Choose what came of it first.");
    act(() => (find("input[value=follow_up]") as HTMLInputElement).click());
    write(find("#wrap-note") as HTMLTextAreaElement, "call on Monday");
    act(() => button("Save and be free").click());
    await settle();
    expect(command).toHaveBeenCalledWith("handoff.wrap_up", { handoff: "ho_1", disposition: "follow_up", note: "call on Monday" });
  });
});

describe("a transfer", () => {
  const there = { queues: [{ key: "loans", name: "Loans" }], agents: [{ id: "ag_amira", name: "Amira", available: true, queues: [] }, { id: "ag_noor", name: "Noor", available: false, queues: [] }, { id: "ag_tomas", name: "Tomas", available: true, queues: [] }] };
  const ask = async () => {
    talk();
    destinations.mockResolvedValue(there);
    press(window, "t", { code: "KeyT", altKey: true });
    await settle();
  };
  const note = () => find("#transfer-note") as HTMLTextAreaElement;
  const choose = (name: string) => act(() => ([...root.querySelectorAll("label.opt")].find((one) => one.textContent?.includes(name))?.querySelector("input") as HTMLInputElement).click());
  const dialog = () => root.querySelector<HTMLDialogElement>("dialog");

  test("offers people who are free, then queues; never oneself, and who is not free only to be seen", async () => {
    await ask();
    expect([...root.querySelectorAll("label.opt")].map((one) => [one.textContent, one.querySelector("input")?.disabled])).toEqual([["Tomasfree now", false], ["Loansqueue", false], ["Noornot free", true]]);
    expect(dialog()?.getAttribute("aria-labelledby")).toBe("transfer-title");
  });

  test("keeps the note when it is refused, and leaves a clear word when it worked", async () => {
    await ask();
    expect((document.activeElement as HTMLInputElement).name).toBe("to");
    write(note(), "receipt is in the talk");
    act(() => button("Transfer Ctrl").click());
    expect(find("dialog [role=alert]").textContent).toContain("Choose where it goes first.");
    choose("Tomas");
    write(note(), "  ");
    act(() => button("Transfer to Tomas").click());
    expect(find("dialog [role=alert]").textContent).toContain("Write a note first");
    write(note(), "receipt is in the talk");
    command.mockRejectedValueOnce(new CommandError("not_saved"));
    act(() => button("Transfer to Tomas").click());
    await settle();
    expect(find("dialog [role=alert]").textContent).toContain("It could not be saved just now. Your note is kept.");
    expect(note().value).toBe("receipt is in the talk");
    command.mockResolvedValueOnce({ state: "offered" });
    press(note(), "Enter", { ctrlKey: true });
    await settle();
    expect(command).toHaveBeenLastCalledWith("handoff.transfer", { handoff: "ho_1", agent: "ag_tomas", note: "receipt is in the talk", version: 2 });
    happens(event(MINE, 1, "handoff.unassigned", { id: "ho_1", reason: "transfer" }));
    expect(dialog()).toBeNull();
    expect(root.textContent).toContain("You passed Maya Chen to TomasTomas is asked now, with your note and the whole talk. Maya keeps the place.");
  });

  test("one that came from another agent says who passes it on, and why", () => {
    const passed = offer({ handoff: { ...offer().handoff, transfer: { agent: { id: "ag_tomas", name: "Tomas" }, note: "needs a merchant block" } } });
    welcome({ offers: [passed] });
    expect(find(".offer__pass").textContent).toBe("Tomas passes this to you: needs a merchant block");
    welcome({ offers: [passed], handoffs: [handoff()] });
    act(() => desk.open("ho_1"));
    expect(find(".offer--dock .offer__pass").textContent).toContain("needs a merchant block");
  });
});

describe("finishing", () => {
  const finishing = { available: false, reason: null, after_current: true };

  test("is shown as long as the server says so, and ends in away", () => {
    talk();
    happens(event(MINE, 1, "availability.changed", finishing));
    expect([find("#avail-name").textContent, find("#avail-state").textContent]).toEqual(["Finishing", "away once this one is done"]);
    happens(event(MINE, 2, "handoff.unassigned", { id: "ho_1", reason: "switch" }));
    expect(find("#avail-name").textContent).toBe("Finishing");
    expect(root.textContent).toContain("You’re finishing");
    happens(event(MINE, 3, "availability.changed", { ...finishing, after_current: false }));
    expect([find("#avail-name").textContent, root.textContent?.includes("You’re away")]).toEqual(["Away", true]);
  });

  test("can be taken back with one press", async () => {
    talk();
    happens(event(MINE, 1, "availability.changed", finishing));
    press(window, "a", { code: "KeyA", altKey: true });
    await settle();
    expect(command).toHaveBeenCalledWith("availability.set", { available: true, after_current: false });
  });
});

describe("where the customer is", () => {
  const shown = () => find(".whereabouts").textContent;

  test("comes with the snapshot, and with the time once this page saw it", () => {
    talk({ presence: "away" });
    expect(shown()).toBe("Maya is away. What you write is kept and shown when Maya is back.");
    act(() => wire.onEphemeral?.({ ev: "presence", handoff: "ho_1", who: "customer", status: "here" }));
    expect(shown()).toBe("");
    act(() => wire.onEphemeral?.({ ev: "presence", handoff: "ho_1", who: "customer", status: "reconnecting" }));
    act(() => { vi.advanceTimersByTime(42_000); });
    expect(shown()).toBe("Maya lost the connection. What you write is kept and shown when Maya is back. Gone for 0:42.");
    expect(find(".whereabouts [role=status]").textContent).not.toContain("0:42");
  });
});

describe("around", () => {
  test("F6 goes through the four regions and around", () => {
    talk();
    const labels = ["top", "rail", "mid", "pane", "top"].map((name) => {
      press(window, "F6");
      return [name, document.activeElement?.classList.contains(name)];
    });
    expect(labels).toEqual([["top", true], ["rail", true], ["mid", true], ["pane", true], ["top", true]]);
  });

  test("Alt+A goes away and the reason can follow", async () => {
    welcome({});
    press(window, "a", { code: "KeyA", altKey: true });
    await settle();
    expect(command).toHaveBeenCalledWith("availability.set", { available: false, after_current: false });
    happens(event(MINE, 1, "availability.changed", { available: false, reason: null, after_current: false }));
    const reasons = find("#away-reason") as HTMLSelectElement;
    act(() => { reasons.value = "meal"; reasons.dispatchEvent(new Event("change", { bubbles: true })); });
    expect(command).toHaveBeenLastCalledWith("availability.set", { available: false, after_current: false, reason: "meal" });
  });

  test("a session that ended offers the way back in", () => {
    welcome({});
    act(() => wire.onStatus?.("stopped", "auth"));
    expect(find(".banner a").getAttribute("href")).toBe("/accounts/login/?next=/console/");
  });

  test("nothing on the page carries an inline style", () => {
    welcome({ handoffs: [handoff({ facts: [fact("a", "desk")] })], offers: [offer()] });
    expect(root.querySelectorAll("[style]")).toHaveLength(0);
  });

  test("the page says who signed in", () => {
    document.documentElement.dataset["agentName"] = "Amira";
    expect(readPage(document.documentElement)).toMatchObject({ agentName: "Amira", csrfCookie: "handoff_csrftoken" });
  });
});

describe("the strip of the line", () => {
  test("speaks of no talks to who has none", () => {
    welcome({});
    act(() => wire.onStatus?.("reconnecting"));
    expect(find(".banner").textContent).toContain("What you write is kept; nothing is offered to you meanwhile.");
  });

  test("counts, says what is safe, and is gone 3 s after the line is back", () => {
    talk();
    act(() => wire.onStatus?.("reconnecting"));
    act(() => { vi.advanceTimersByTime(12_000); });
    expect(find(".banner").textContent).toContain("Gone for 12 s. What you write is kept; your talks stay yours for 48 s more");
    act(() => wire.onStatus?.("live"));
    expect(find(".banner--ok").textContent).toContain("Back.");
    act(() => { vi.advanceTimersByTime(4_000); });
    expect(root.querySelector(".banner")).toBeNull();
  });

  test("before the first welcome the page says which trouble it is", () => {
    expect(root.textContent).toContain("Opening the desk");
    act(() => wire.onStatus?.("reconnecting"));
    expect(root.textContent).toContain("The desk is out of reach");
    act(() => wire.onStatus?.("stopped", "4409"));
    expect(root.textContent).toContain("open in too many windows");
  });
});

test("places in the rail follow the order in which handoffs came, also for the shortcut", () => {
  welcome({ handoffs: [handoff({ id: "ho_9", connected_at: "2030-05-06T14:01:00.000Z", customer: { ...MAYA, name: "Second" } }), handoff({ id: "ho_5", connected_at: "2030-05-06T14:00:00.000Z", customer: { ...MAYA, name: "First" } })] });
  expect([...root.querySelectorAll(".mine__name bdi")].map((name) => name.textContent)).toEqual(["First", "Second"]);
  press(window, "2", { code: "Digit2", altKey: true });
  expect(find(".mid__who").textContent).toContain("Second");
  expect(document.activeElement).toBe(box());
});

test("the account's own pages are one key away, and administration only for staff", () => {
  const links = () => [...root.querySelectorAll<HTMLAnchorElement>("header a")].map((link) => [link.textContent, link.getAttribute("href")]);
  welcome({});
  expect(links()).toEqual([["Two-step sign-in", "/accounts/2fa/"]]);
  act(() => render(<App desk={desk} page={{ agentId: "ag_admin", agentName: "Admin", csrfCookie: "handoff_csrftoken", admin: "/admin/" }} />, root));
  expect(links()).toEqual([["Two-step sign-in", "/accounts/2fa/"], ["Admin", "/admin/"]]);
});
