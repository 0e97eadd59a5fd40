// @vitest-environment happy-dom
/** What an agent wrote or chose stays, whatever ends, breaks or comes in between. */
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CommandError } from "../../../static/src/shared/connection.ts";
import { sends } from "../../../static/src/console/enter.ts";
import { clearFiles, register, restoreFiles } from "../../../static/src/console/files.ts";
import type { CannedReplies } from "../../../static/src/console/knowledge_api.ts";
import { chunk } from "../../../static/src/console/chunk.ts";
import { CannedForm } from "../../../static/src/console/canned_form.tsx";
import { DeskProvider } from "../../../static/src/console/context.tsx";
import { render } from "preact";
import { takesBackWord } from "../../../static/src/console/shortcuts.ts";
import { Uploads } from "../../../static/src/shared/uploads.ts";
import { MINE, STREAM, event, handoff, snapshot } from "./cast.ts";
import { button, command, desk, find, happens, jonas, pass, press, root, sent, settle, useStage, welcome } from "./stage.tsx";

useStage();

const RECEIPT = { id: "at_1", name: "receipt.pdf", kind: "application/pdf" as const, size: 640, width: null, height: null };
const field = (selector: string) => find(selector) as HTMLTextAreaElement;
const write = (words: string, selector = "#comp-text") => act(() => { field(selector).value = words; field(selector).dispatchEvent(new Event("input", { bubbles: true })); });
const alt = (code: string) => press(code, { altKey: true });

test("files taken back before their part is there come back with it", () => {
  const restored: string[] = [];
  restoreFiles("ho_1", [RECEIPT]);
  register({ take: () => [], has: () => false, restore: (handoff, files) => restored.push(...files.map(({ id }) => `${handoff} ${id}`)), drop: () => undefined, clear: () => undefined });
  expect(restored).toEqual(["ho_1 at_1"]);
});

describe("an end that waits", () => {
  const dropped: string[] = [];
  let holds = false;
  beforeEach(() => {
    holds = false;
    register({ take: () => [], has: () => holds, restore: () => undefined, drop: (handoff) => dropped.push(handoff), clear: () => undefined });
  });
  afterEach(clearFiles);

  test("does not come over words that were written meanwhile, and says so", async () => {
    welcome({ handoffs: [handoff()] });
    alt("KeyE");
    write("One more thing before you go:");
    await pass(6_000);
    expect([sent("handoff.end"), root.textContent?.includes("Something is not sent yet, so the talk goes on.")]).toEqual([[], true]);
    expect(field("#comp-text").value).toBe("One more thing before you go:");
  });

  test("asks back for a file that was chosen and not sent", async () => {
    welcome({ handoffs: [handoff()] });
    holds = true;
    alt("KeyE");
    expect(root.textContent).toContain("A file you chose is not sent yet.");
    await pass(6_000);
    expect(sent("handoff.end")).toEqual([]);
  });

  test("asks nothing of a talk that is over by then", async () => {
    welcome({ handoffs: [handoff()] });
    alt("KeyE");
    happens(event(STREAM, 1, "handoff.changed", { ...handoff({ state: "wrap_up", close_reason: "customer_left" }), version: 9 } as never));
    await pass(6_000);
    expect(sent("handoff.end")).toEqual([]);
  });

  test("a handoff that left takes its files along", () => {
    welcome({ handoffs: [handoff()] });
    happens(event(MINE, 1, "handoff.unassigned", { id: "ho_1", reason: "transfer" }));
    expect(dropped).toEqual(["ho_1"]);
  });
});

test("uploads of a handoff that is out of reach stop, and nobody else's", () => {
  const aborted: string[] = [];
  const uploads = new Uploads({ begin: (handoff) => ({ done: new Promise(() => undefined), abort: () => void aborted.push(handoff) }), forget: () => undefined, onChange: () => undefined, onFollowing: () => undefined });
  uploads.add("ho_1", [new File(["a"], "a.txt"), new File(["b"], "b.txt")]);
  uploads.add("ho_2", [new File(["c"], "c.txt")]);
  uploads.drop("ho_1");
  expect([aborted, uploads.of("ho_1"), uploads.of("ho_2").length]).toEqual([["ho_1"], [], 1]);
});

test("an Enter that confirms a suggestion sends nothing, in Safari neither", () => {
  const enter = { key: "Enter", shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, isComposing: false };
  expect([sends(enter), sends({ ...enter, isComposing: true }), sends({ ...enter, keyCode: 229 })]).toEqual([true, false, false]);
});

test("a slash right behind a letter is a slash, before anything was drawn", async () => {
  welcome({ handoffs: [handoff()] });
  const box = field("#comp-text");
  // As the browser does between two drawings.
  box.value = "1";
  const slash = new KeyboardEvent("keydown", { key: "/", code: "Slash", bubbles: true, cancelable: true });
  act(() => void box.dispatchEvent(slash));
  expect([slash.defaultPrevented, root.querySelector(".canned")]).toEqual([false, null]);
});

test("a note for the wrap-up that another page wrote is shown, and not saved over by an empty one", async () => {
  welcome({ handoffs: [handoff({ state: "wrap_up" })], drafts: [] });
  expect(field("#wrap-note").value).toBe("");
  welcome({ handoffs: [handoff({ state: "wrap_up" })], drafts: [{ handoff: "ho_1", mode: "reply", reply: "", note: "Refund promised", clock: Date.now() + 1 }] });
  expect(field("#wrap-note").value).toBe("Refund promised");
});

describe("a supervisor's words", () => {
  const sofia = { id: "ag_sofia", name: "Sofia" };
  const leader = { ...snapshot().agent, role: "supervisor" };
  const box = ".reading textarea";
  const enter = () => act(async () => void field(box).dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true })));
  const reading = async (joined: string[] = []) => {
    welcome({ agent: leader, watching: [handoff({ agent: sofia })], joined });
    press("KeyL", { altKey: true });
    await vi.dynamicImportSettled();
    await settle();
  };

  test("typed while a whisper is on its way stay, and it is told once", async () => {
    await reading();
    let answer = (_: Record<string, unknown>) => {};
    command.mockImplementation((cmd) => (cmd === "handoff.whisper" ? new Promise((resolve) => { answer = resolve; }) : Promise.resolve({})));
    write("offer it", box);
    await enter();
    await enter();
    write("offer it, and say sorry", box);
    await act(async () => answer({}));
    expect([sent("handoff.whisper").length, field(box).value]).toEqual([1, "offer it, and say sorry"]);
  });

  test("for the one a handoff is given to outlast the dialog", async () => {
    await reading();
    act(() => button("Reassign").click());
    write("Speaks German", "#transfer-note");
    act(() => void find("dialog").dispatchEvent(new Event("close")));
    act(() => button("Reassign").click());
    expect(field("#transfer-note").value).toBe("Speaks German");
  });

  test("asked again after a lost answer are the same whisper", async () => {
    await reading();
    command.mockRejectedValueOnce(new CommandError("connection_lost"));
    write("offer it", box);
    await enter();
    await settle();
    expect(field(box).value).toBe("offer it");
    await enter();
    await settle();
    const ids = sent("handoff.whisper").map((fields) => fields?.["client_id"]);
    expect([ids.length, new Set(ids).size, field(box).value]).toEqual([2, 1, ""]);
  });

  test("are there again after another view, and after what was not sent is taken back", async () => {
    await reading(["ho_1"]);
    write("I am Amira, and", box);
    press("KeyL", { altKey: true });
    press("KeyL", { altKey: true });
    await settle();
    expect(field(box).value).toBe("I am Amira, and");
    act(() => desk.takeBack({ client_id: "c1", handoff: "ho_1", text: "Sorry.", at: "", kind: "message", status: "failed" }));
    expect([field(box).value, desk.store.get().view]).toEqual(["Sorry.\nI am Amira, and", "live"]);
  });
});

describe("what is begun for one handoff", () => {
  const two = () => welcome({ handoffs: [handoff(), jonas()] });
  const add = () => act(() => button("Add a fact").click());

  test("a fact stays with it, and takes no focus from who comes back", async () => {
    two();
    act(() => desk.open("ho_1"));
    add();
    expect(document.activeElement?.id).toBe("fact-label");
    write("Card at hand", "#fact-label");
    write("no, with", "#fact-value");
    act(() => desk.open("ho_9"));
    expect(root.querySelector("#fact-label")).toBeNull();
    act(() => desk.open("ho_1"));
    expect([field("#fact-label").value, field("#fact-value").value, document.activeElement?.id]).toEqual(["Card at hand", "no, with", expect.not.stringContaining("fact")]);
    act(() => button("Not now").click());
    add();
    expect(field("#fact-label").value).toBe("Card at hand");
  });

  test("a fact is gone from the form once it is on record, and what was typed meanwhile is not", async () => {
    two();
    act(() => desk.open("ho_1"));
    add();
    write("Card at hand", "#fact-label");
    write("no", "#fact-value");
    let answer = (_: Record<string, unknown>) => {};
    command.mockImplementation((cmd) => (cmd === "fact.add" ? new Promise((resolve) => { answer = resolve; }) : Promise.resolve({})));
    act(() => button("Add fact").click());
    write("no, with Tom", "#fact-value");
    await act(async () => answer({}));
    expect([field("#fact-label").value, field("#fact-value").value]).toEqual(["Card at hand", "no, with Tom"]);
    act(() => button("Add fact").click());
    await act(async () => answer({}));
    await settle();
    expect([root.querySelector("#fact-label"), desk.drafts.of("ho_1")]).toEqual([null, expect.objectContaining({ fact_label: "", fact_value: "" })]);
  });

  test("an outcome that was chosen stays chosen", () => {
    welcome({ handoffs: [handoff({ state: "wrap_up" }), jonas()] });
    act(() => desk.open("ho_1"));
    const chosen = () => root.querySelector<HTMLInputElement>("input[name=outcome]:checked")?.value;
    const last = [...root.querySelectorAll<HTMLInputElement>("input[name=outcome]")].at(-1)!;
    act(() => last.click());
    act(() => desk.open("ho_9"));
    act(() => desk.open("ho_1"));
    expect(chosen()).toBe(last.value);
  });
});

test("a canned reply that is begun is there again after Back", () => {
  const all: CannedReplies = { replies: [], queues: [], every_queue: false };
  const form = () => act(() => render(<DeskProvider value={{ desk, page: { agentId: "ag_amira", agentName: "Amira", csrfCookie: "x", admin: null }, state: desk.store.get(), now: 0, clock: 0 }}><CannedForm all={all} reply={null} text="Dear customer" onDone={() => undefined} onBack={() => undefined} /></DeskProvider>, root));
  form();
  write("Dear customer, two days.", "#canned-text");
  act(() => render(null, root));
  form();
  expect(field("#canned-text").value).toBe("Dear customer, two days.");
});

test("Alt+U leaves a note as it is: a note asks nobody", async () => {
  welcome({ handoffs: [handoff({ facts: [{ key: "card", label: "Card", value: "Visa ..7731", source: "observed", at: new Date().toISOString() }] })] });
  write("x");
  await vi.dynamicImportSettled();
  await pass(300);
  write("");
  alt("KeyN");
  write("Which card is it?");
  await pass(300);
  alt("KeyU");
  expect(field("#comp-text").value).toBe("Which card is it?");
});

test("a part that did not come is asked for again by itself, as long as it is wanted", async () => {
  let asked = 0;
  const useIt = chunk(() => ((asked += 1) < 3 ? Promise.reject(new Error("offline")) : Promise.resolve({ name: "part" })), 5_000);
  const It = () => { const part = useIt(true); return <p id="it">{typeof part === "string" ? part : part.name}</p>; };
  act(() => render(<It />, root));
  await settle();
  expect([asked, find("#it").textContent]).toEqual([1, "failed"]);
  await pass(10_100);
  expect([asked, find("#it").textContent]).toEqual([3, "part"]);
  act(() => render(null, root));
});

test("the key that takes back a word on a Mac declines nobody while one writes", () => {
  const key = { code: "Backspace", altKey: true };
  expect([takesBackWord(key, true, true), takesBackWord(key, false, true), takesBackWord(key, true, false), takesBackWord({ ...key, code: "KeyN" }, true, true)]).toEqual([true, false, false, false]);
});
