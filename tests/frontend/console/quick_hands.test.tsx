// @vitest-environment happy-dom
/** Keys pressed in the frame in which something appears or goes: nothing here waits for the next one. */
import { describe, expect, test } from "vitest";
import { MINE, event, handoff, offer } from "./cast.ts";
import { command, desk, find, jonas, owed, root, sent, useStage, welcome, wire } from "./stage.tsx";

useStage();

/** What was asked for is drawn; nothing that waits for a frame has run. */
const drawn = async (): Promise<void> => { for (let turn = 0; turn < 5; turn++) await Promise.resolve(); };
const key = (code: string, more: KeyboardEventInit = {}): void =>
  void (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keydown", { code, key: code.replace("Key", "").toLowerCase(), bubbles: true, cancelable: true, ...more }));
const alt = (code: string): void => key(code, { altKey: true });
const shown = (): HTMLDialogElement | null => root.querySelector("dialog[open]");
/** Escape, as browsers do it: closed at once, told with the next frame. */
const escape = (): (() => void) => {
  const closed = shown();
  closed?.removeAttribute("open");
  return () => void closed?.dispatchEvent(new Event("close"));
};

describe("a talk that appears", () => {
  test("has the focus in its reply at once, and its keys", async () => {
    welcome({ handoffs: [handoff()] });
    desk.open("ho_1");
    await drawn();
    expect((document.activeElement as HTMLElement).id).toBe("comp-text");
    alt("KeyN");
    await drawn();
    expect(find("#comp-box").getAttribute("aria-label")).toBe("Note");
  });

  test("can be ended, undone and passed on before it has stood a frame", async () => {
    welcome({ handoffs: [handoff()] });
    desk.open("ho_1");
    await drawn();
    alt("KeyE");
    await drawn();
    expect(root.textContent).toContain("The talk is about to end.");
    alt("KeyZ");
    await drawn();
    expect(root.textContent).not.toContain("The talk is about to end.");
    expect(sent("handoff.end")).toEqual([]);
    alt("KeyT");
    await drawn();
    expect(shown()?.getAttribute("aria-labelledby")).toBe("transfer-title");
  });
});

describe("what was accepted", () => {
  const come = (): void => { const { ev: _ev, ...assigned } = event(MINE, 1, "handoff.assigned", { ...handoff(), heads: {} }); wire.onEvent(assigned, false); };
  const accept = (): ((answer: Record<string, unknown>) => void) => {
    let answer: (value: Record<string, unknown>) => void = () => undefined;
    command.mockImplementationOnce(() => new Promise((resolve) => { answer = resolve; }));
    void desk.accept(proposed);
    return (value) => answer(value);
  };
  const proposed = offer({ handoff: { ...offer().handoff, id: "ho_1" } });

  test("has the focus as soon as it is there, though the answer is not; the answer does not call it back", async () => {
    welcome({ offers: [proposed] });
    const answer = accept();
    come();
    await drawn();
    expect((document.activeElement as HTMLElement).id).toBe("comp-text");
    find("[role=log]").focus();
    answer({ handoff: "ho_1" });
    await drawn();
    expect(document.activeElement?.getAttribute("role")).toBe("log");
    expect(desk.store.get()).toMatchObject({ answering: null, expected: null, selected: "ho_1" });
  });

  test("opens with the answer where the talk was there before it, and not at all where it was refused", async () => {
    welcome({ offers: [proposed], handoffs: [jonas()] });
    accept()({ handoff: "ho_1" });
    await drawn();
    come();
    await drawn();
    expect(desk.store.get().selected).toBe("ho_1");

    desk.open("ho_9");
    command.mockRejectedValueOnce(new Error("gone"));
    await desk.accept(offer());
    expect(desk.store.get()).toMatchObject({ answering: null, expected: null, selected: "ho_9" });
  });
});

describe("a dialog that is asked for again before the browser has told of its close", () => {
  test.each([
    ["transfer", () => alt("KeyT"), handoff()],
    ["another channel", () => alt("KeyS"), handoff()],
    ["a later call", () => alt("KeyR"), owed()],
    ["the list of keys", () => key("Slash", { key: "?", shiftKey: true }), null],
  ])("%s stays", async (_what, ask, one) => {
    welcome({ handoffs: one ? [one] : [] });
    if (one) desk.open(one.id);
    await drawn();
    ask();
    await drawn();
    expect(shown()).not.toBeNull();
    const tell = escape();
    ask();
    await drawn();
    tell();
    await drawn();
    expect(shown()).not.toBeNull();
    escape()();
    await drawn();
    expect(root.querySelector("dialog")).toBeNull();
  });
});
