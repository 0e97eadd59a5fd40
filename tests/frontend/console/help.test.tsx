// @vitest-environment happy-dom
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bindings } from "../../../static/src/console/bindings.ts";
import { COMMANDS } from "../../../static/src/console/shortcuts.ts";
import { memory } from "../../../static/src/shared/storage.ts";
import { button, find, press, root, sent, settle, useStage, welcome } from "./stage.tsx";
import { handoff } from "./cast.ts";

useStage();
beforeEach(() => bindings.open(memory(), "ag_amira"));
afterEach(() => bindings.reset());

const row = (what: string): HTMLElement => {
  const found = [...root.querySelectorAll<HTMLElement>(".keys-list li")].find((one) => one.textContent?.startsWith(what));
  if (!found) throw new Error(`no row says ${what}`);
  return found;
};
const change = (what: string) => row(what).querySelector("button")!;
const said = () => find(".keys-said").textContent;
const open = () => {
  welcome({ handoffs: [handoff()] });
  press("Slash", { key: "?", shiftKey: true });
  act(() => button("Change shortcuts").click());
};

describe("the list of keys", () => {
  test("opens with a question mark and names every command", () => {
    welcome({});
    press("Slash", { key: "?", shiftKey: true });
    const words = [...root.querySelectorAll("dialog dd")].map((one) => one.textContent);
    expect(COMMANDS.map(({ what }) => what).filter((what) => !words.includes(what))).toEqual([]);
    expect(words).toEqual(expect.arrayContaining(["send, or add note", "new line", "close"]));
  });
});

describe("a changed key", () => {
  test("is pressed once, works at once and is shown wherever it was", async () => {
    open();
    act(() => change("end the talk").click());
    expect(said()).toBe("Press the new keys. Escape keeps the old ones.");
    press("KeyJ", { key: "j", altKey: true }, change("end the talk"));
    expect([said(), change("end the talk").textContent]).toEqual(["Changed.", "AltJ"]);
    act(() => void find("dialog").dispatchEvent(new Event("close")));
    expect([...root.querySelectorAll(".mid__head button")].map((one) => one.textContent)).toContain("End AltJ");
    press("KeyE", { altKey: true });
    press("KeyJ", { altKey: true });
    press("KeyJ", { altKey: true });
    await settle();
    expect(sent("handoff.end")).toHaveLength(1);
  });

  test("that is taken says by what, and is taken over only when asked to", () => {
    open();
    act(() => change("end the talk").click());
    press("KeyT", { key: "t", altKey: true }, change("end the talk"));
    expect(said()).toContain("Alt T is taken: transfer.");
    expect(bindings.get()).toEqual({});
    act(() => button("Take it from there").click());
    expect(bindings.get()).toEqual({ end: "Alt+KeyT", transfer: null });
    expect(change("transfer").textContent).toBe("off");
  });

  test("Escape keeps the old one, and what belongs to the browser is refused with the reason", () => {
    open();
    act(() => change("end the talk").click());
    press("KeyE", { key: "e", ctrlKey: true }, change("end the talk"));
    expect(said()).toBe("Keys with Ctrl or Command belong to the browser.");
    press("Escape", { key: "Escape" }, change("end the talk"));
    expect([said(), bindings.get()]).toEqual(["Kept as it was.", {}]);
  });

  test("can be turned off, and all of them made usual again", async () => {
    open();
    act(() => row("end the talk").querySelectorAll("button")[1]!.click());
    act(() => void find("dialog").dispatchEvent(new Event("close")));
    press("KeyE", { altKey: true });
    press("KeyE", { altKey: true });
    await settle();
    expect(sent("handoff.end")).toEqual([]);
    press("Slash", { key: "?", shiftKey: true });
    act(() => button("Change shortcuts").click());
    act(() => button("The usual keys again").click());
    expect(bindings.get()).toEqual({});
  });
});
