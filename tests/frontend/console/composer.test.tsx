// @vitest-environment happy-dom
import { act } from "preact/test-utils";
import { describe, expect, test, vi } from "vitest";
import { PASTE_LIMIT, TEXT_LIMIT } from "../../../static/src/console/composer.tsx";
import { useStage, button, command, desk, find, happens, pass, press, root, sent, settle, welcome } from "./stage.tsx";
import { MINE, STREAM, at, event, handoff, said } from "./cast.ts";

useStage();

const ACCOUNT = { key: "account", label: "Account", value: "..4821", source: "verified" as const, at: at(0) };
const CARD = { key: "card", label: "Card", value: "Visa ..7731", source: "observed" as const, at: at(0) };
const box = () => find("#comp-text") as HTMLTextAreaElement;
const write = (text: string) => act(() => { box().value = text; box().dispatchEvent(new Event("input", { bubbles: true })); });
const enter = (more: KeyboardEventInit = {}) => press("Enter", { key: "Enter", ...more }, box());
/** The rules are a part of their own and come over the wire. */
const judged = async () => { await vi.dynamicImportSettled(); await pass(300); };
const guard = () => root.querySelector(".guard")?.textContent ?? null;
const messages = () => sent("message.send").map((fields) => fields?.["text"]);
const counted = () => sent("reask.record").map((fields) => [fields?.["key"], fields?.["source"], fields?.["sent"]]);
const talk = async (more = {}) => { welcome({ handoffs: [handoff({ facts: [ACCOUNT, CARD], ...more })] }); write("x"); await judged(); write(""); await judged(); };

describe("the guard", () => {
  test("shows what is known while the question is written, and lights it up at the right", async () => {
    await talk();
    write("Could you give me your account number?");
    expect(guard()).toBeNull();
    await judged();
    expect(guard()).toMatch(/^Maya already gave this: account ..4821, signed at [\d:]+( [AP]M)?\.Use it/);
    expect([...root.querySelectorAll(".fact--hit")].map((one) => one.textContent)).toEqual(["Account..4821"]);
    write("I see your account.");
    await judged();
    expect([guard(), root.querySelector(".fact--hit"), counted()]).toEqual([null, null, []]);
  });

  test("holds the first Enter and lets the second go, counted", async () => {
    await talk();
    write("Which card is it?");
    enter();
    expect([messages(), guard()]).toEqual([[], expect.stringContaining("Not sent yet: Enter again asks anyway.")]);
    enter({ repeat: true });
    expect(messages()).toEqual([]);
    enter();
    await settle();
    expect([messages(), counted(), box().value]).toEqual([["Which card is it?"], [["card", "observed", true]], ""]);
    await judged();
    expect(guard()).toBeNull();
  });

  test("Ask anyway sends at once", async () => {
    await talk();
    write("Account number please?");
    await judged();
    act(() => button("Ask anyway").click());
    await settle();
    expect([messages(), counted()]).toEqual([["Account number please?"], [["account", "verified", true]]]);
  });

  test("a held question that is taken back is counted as that, once", async () => {
    await talk();
    write("Which card is it?");
    enter();
    write("Thank you.");
    await judged();
    enter();
    await settle();
    expect([messages(), counted()]).toEqual([["Thank you."], [["card", "observed", false]]]);
  });

  test("a new question in a held text is held again", async () => {
    await talk();
    write("Which card is it?");
    enter();
    write("Which card is it? And your account number?");
    enter();
    expect(messages()).toEqual([]);
    enter();
    await settle();
    expect(counted()).toEqual([["card", "observed", true], ["account", "verified", true]]);
  });

  test("Alt+U puts what is known in place of the question", async () => {
    await talk();
    write("Hello. Could you give me your account number?");
    await judged();
    press("KeyU", { altKey: true });
    expect(box().value).toBe("Hello. I have that here: account ..4821.");
    await judged();
    expect([guard(), counted()]).toEqual([null, [["account", "verified", false]]]);
    enter();
    expect(messages()).toEqual(["Hello. I have that here: account ..4821."]);
  });

  test("looks at no note, and holds none", async () => {
    await talk();
    press("KeyN", { altKey: true });
    write("Which card is it?");
    await judged();
    enter();
    await settle();
    expect([guard(), sent("note.add").length, counted()]).toEqual([null, 1, []]);
  });

  test("goes when the fact is taken back", async () => {
    await talk();
    write("Which card is it?");
    await judged();
    happens(event(STREAM, 1, "facts.changed", { added: [], struck: [{ key: "card", source: "observed" }] }));
    await judged();
    expect(guard()).toBeNull();
  });

  test("what could not be counted is counted when the line is back, under the same id", async () => {
    await talk();
    command.mockImplementation((cmd) => (cmd === "reask.record" ? Promise.reject(Object.assign(new Error(), { code: "not_connected" })) : Promise.resolve({})));
    write("Which card is it?");
    enter();
    enter();
    await settle();
    command.mockResolvedValue({});
    act(() => desk.store.dispatch({ type: "line", status: "reconnecting", detail: null, now: 0 }));
    welcome({ handoffs: [handoff({ facts: [ACCOUNT, CARD] })] });
    await settle();
    const ids = sent("reask.record").map((fields) => fields?.["client_id"]);
    expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
    welcome({ handoffs: [handoff({ facts: [ACCOUNT, CARD] })] });
    await settle();
    expect(sent("reask.record")).toHaveLength(2);
  });
});

describe("a paste", () => {
  const paste = (text: string) => {
    const paste = new Event("paste", { bubbles: true, cancelable: true });
    Object.assign(paste, { clipboardData: { types: ["text/plain"], files: [], getData: () => text } });
    act(() => void box().dispatchEvent(paste));
    return paste.defaultPrevented;
  };

  test("of a million characters is not put in, is told with its length, and takes nothing of what stood there", async () => {
    await talk();
    write("Dear Maya");
    expect(paste("x".repeat(1_000_000))).toBe(true);
    expect([find(".comp__refused").textContent, box().value]).toEqual(["That is 1,000,000 characters; a message holds 4,000. It was not put in and is still where you took it from.", "Dear Maya"]);
    write("Dear Maya,");
    expect(root.querySelector(".comp__refused")).toBeNull();
  });

  test("that is only too long goes in, can be shortened, and reaches neither the customer nor the server", async () => {
    await talk();
    expect(paste("x".repeat(PASTE_LIMIT))).toBe(false);
    write("x".repeat(PASTE_LIMIT));
    enter();
    await pass(2_000);
    expect([messages(), sent("draft.keep"), find(".comp__len").textContent]).toEqual([[], [], "96,000 characters too long"]);
    expect(desk.drafts.of("ho_1").reply).toHaveLength(PASTE_LIMIT);
    write("y".repeat(TEXT_LIMIT));
    await pass(900);
    expect(sent("draft.keep").map((fields) => String(fields?.["reply"]).length)).toEqual([TEXT_LIMIT]);
  });
});

describe("the end of a talk", () => {
  const alt = (code: string) => press(code, { altKey: true });
  const ends = () => sent("handoff.end").length;

  test("waits five seconds in which it can be undone", async () => {
    welcome({ handoffs: [handoff()] });
    alt("KeyE");
    expect(find(".strip").textContent).toMatch(/^The talk is about to end\. Maya has not been told yet\. \d s/);
    await pass(4_000);
    expect(ends()).toBe(0);
    await pass(1_500);
    expect(ends()).toBe(1);
  });

  test.each([["Alt+Z", () => alt("KeyZ")], ["Undo", () => act(() => button("Undo").click())]])("%s takes it back", async (_name, undo) => {
    welcome({ handoffs: [handoff()] });
    alt("KeyE");
    undo();
    expect(root.querySelector(".strip")).toBeNull();
    await pass(6_000);
    expect(ends()).toBe(0);
  });

  test("a second press does not wait", async () => {
    welcome({ handoffs: [handoff()] });
    alt("KeyE");
    alt("KeyE");
    await settle();
    expect(ends()).toBe(1);
    await pass(6_000);
    expect(ends()).toBe(1);
  });

  test("is off when the customer writes again, and the agent is told", async () => {
    welcome({ handoffs: [handoff()] });
    alt("KeyE");
    happens(event(STREAM, 1, "message.posted", said("customer", "One more thing")));
    await pass(6_000);
    expect([ends(), root.textContent?.includes("Maya wrote again, so the talk goes on.")]).toEqual([0, true]);
  });

  test("goes on while another handoff is looked at, and not once it left the desk", async () => {
    welcome({ handoffs: [handoff(), handoff({ id: "ho_2", connected_at: at(5) })] });
    alt("KeyE");
    alt("Digit2");
    await pass(6_000);
    expect(sent("handoff.end")).toEqual([{ handoff: "ho_1" }]);
    alt("KeyE");
    happens(event(MINE, 1, "handoff.unassigned", { id: "ho_2", reason: "lose_agent" }));
    await pass(6_000);
    expect(ends()).toBe(1);
  });
});

describe("reply and note", () => {
  test("are two boxes, so that one's undo never brings up the other's words", () => {
    welcome({ handoffs: [handoff()] });
    const reply = box();
    press("KeyN", { altKey: true });
    expect(box()).not.toBe(reply);
    expect(document.activeElement).toBe(box());
  });
});
