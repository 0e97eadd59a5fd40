import { beforeEach, describe, expect, test } from "vitest";
import { Bindings } from "../../../static/src/console/bindings.ts";
import { saves } from "../../../static/src/console/enter.ts";
import { keysNow, printed, spokenKeys } from "../../../static/src/console/keys.tsx";
import { COMMANDS, chosenCombo, holderOf, keyNames, shortcutOf, writesSign } from "../../../static/src/console/shortcuts.ts";
import { memory } from "../../../static/src/shared/storage.ts";

const key = (code: string, more: Partial<KeyboardEvent> = {}) => ({ code, key: code.replace(/^(Key|Digit)/, "").toLowerCase(), altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, repeat: false, ...more });
const alt = (code: string, more: Partial<KeyboardEvent> = {}) => key(code, { altKey: true, ...more });

describe("the usual keys", () => {
  test("are each one command's own", () => {
    const usual = COMMANDS.map((command) => command.usual);
    expect([new Set(usual).size, new Set(COMMANDS.map(({ id }) => id)).size]).toEqual([usual.length, usual.length]);
  });

  test("with Alt work from anywhere, by their place on the board", () => {
    expect(shortcutOf(alt("KeyN", { key: "˜" }), true)).toEqual({ do: "note" });
    expect(shortcutOf(alt("KeyU"), true)).toEqual({ do: "use" });
    expect(shortcutOf(alt("KeyZ"), true)).toEqual({ do: "undo" });
    expect(shortcutOf(alt("NumpadEnter"), true)).toEqual({ do: "accept" });
  });

  test("are those of its board on a Mac", () => {
    // Option with V types a root sign there, with E an accent that waits for its letter.
    expect([shortcutOf(alt("KeyV", { key: "√" }), true), shortcutOf(alt("KeyE", { key: "Dead" }), true)]).toEqual([{ do: "confirm" }, { do: "end" }]);
    expect([["Alt", "Ctrl", "V"].map((one) => printed(one, true)), ["Alt", "Ctrl", "V"].map((one) => printed(one, false)), spokenKeys(["Ctrl", "Enter"], true)]).toEqual([["⌥", "⌘", "V"], ["Alt", "Ctrl", "V"], "Command Enter"]);
    expect([{ ctrlKey: true, metaKey: false }, { ctrlKey: false, metaKey: true }, { ctrlKey: false, metaKey: false }].map((held) => saves({ key: "Enter", ...held }))).toEqual([true, true, false]);
  });

  test("leave a Mac its signs while somebody writes, and take what is no sign of a text", () => {
    const pressed = ["@", "[", "|", "¬", "˜", "ą", "l", "Dead"].map((sign) => writesSign(alt("KeyL", { key: sign }), true, true));
    expect(pressed).toEqual([true, true, true, false, false, false, false, false]);
    const at = alt("KeyL", { key: "@" });
    expect([writesSign(at, false, true), writesSign(at, true, false), writesSign({ ...at, altKey: false }, true, true)]).toEqual([false, false, false]);
  });

  test("reach nine of mine, and no tenth", () => {
    expect([1, 4, 9].map((digit) => shortcutOf(alt(`Digit${digit}`), true))).toEqual([0, 3, 8].map((place) => ({ do: "open", place })));
    expect(shortcutOf(alt("Digit0"), true)).toBeNull();
  });

  test("single ones are letters while somebody writes", () => {
    expect([shortcutOf(key("Slash", { key: "?", shiftKey: true }), false), shortcutOf(key("Minus", { key: "?", shiftKey: true }), false)]).toEqual([{ do: "help" }, { do: "help" }]);
    expect([shortcutOf(key("Slash", { key: "?", shiftKey: true }), true), shortcutOf(key("KeyC"), true), shortcutOf(key("F6"), true)]).toEqual([null, null, { do: "region", back: false }]);
  });

  test("AltGr, the browser's keys and a held key do nothing", () => {
    expect([alt("KeyE", { ctrlKey: true }), key("KeyE", { metaKey: true }), alt("KeyE", { repeat: true }), alt("KeyE", { shiftKey: true })].map((event) => shortcutOf(event, false))).toEqual([null, null, null, null]);
  });
});

describe("changed keys", () => {
  const changes = { note: "Alt+KeyJ", end: null, "dial-single": "F8" };

  test("work instead of the usual ones", () => {
    expect([shortcutOf(alt("KeyJ"), true, changes), shortcutOf(alt("KeyN"), true, changes), shortcutOf(alt("KeyE"), true, changes)]).toEqual([{ do: "note" }, null, null]);
    expect(shortcutOf(key("F8"), true, changes)).toEqual({ do: "dial" });
  });

  test("are printed wherever the usual ones were", () => {
    expect([keysNow(["Alt", "N"], changes), keysNow(["Alt", "E"], changes), keysNow(["Alt", "T"], changes), keysNow(["Shift", "Enter"], changes)]).toEqual([["Alt", "J"], null, ["Alt", "T"], ["Shift", "Enter"]]);
    expect([keyNames("Alt+Digit1"), keyNames("Shift+F6"), keyNames("?"), keyNames("Alt+Slash")]).toEqual([["Alt", "1"], ["Shift", "F6"], ["?"], ["Alt", "/"]]);
  });

  test("may not be the page's or the browser's own", () => {
    expect(chosenCombo(alt("KeyJ"))).toEqual({ combo: "Alt+KeyJ" });
    expect(chosenCombo(key("Slash", { key: "/" }))).toEqual({ combo: "/" });
    expect([chosenCombo(alt("KeyE", { key: "Dead" })), chosenCombo(key("Backquote", { key: "Dead" }))]).toEqual([{ combo: "Alt+KeyE" }, null]);
    expect(chosenCombo(key("AltLeft", { key: "Alt", altKey: true }))).toBeNull();
    for (const event of [key("Enter", { key: "Enter" }), key("Tab", { key: "Tab", shiftKey: true }), key("Space", { key: " " }), key("KeyJ", { ctrlKey: true })]) expect(chosenCombo(event)).toHaveProperty("refusal");
  });

  test("a conflict is known by its holder", () => {
    expect(holderOf("Alt+KeyT", {}, "note")?.id).toBe("transfer");
    expect([holderOf("Alt+KeyT", { transfer: null }, "note"), holderOf("Alt+KeyN", {}, "note")]).toEqual([null, null]);
    expect(holderOf("Alt+KeyJ", { note: "Alt+KeyJ" }, "end")?.id).toBe("note");
  });
});

describe("what an agent changed", () => {
  let storage = memory();
  const open = (agent = "ag_amira") => { const bindings = new Bindings(); bindings.open(storage, agent); return bindings; };
  beforeEach(() => { storage = memory(); });

  test("is theirs alone, and kept", () => {
    open().set("note", "Alt+KeyJ");
    open().set("end", null);
    expect([open().get(), open("ag_tomas").get()]).toEqual([{ note: "Alt+KeyJ", end: null }, {}]);
  });

  test("back to the usual leaves nothing behind", () => {
    const bindings = open();
    bindings.set("note", "Alt+KeyJ");
    bindings.set("note", "Alt+KeyN");
    expect([bindings.get(), storage.get("handoff.shortcuts.ag_amira")]).toEqual([{}, null]);
    bindings.set("end", null);
    bindings.reset();
    expect(open().get()).toEqual({});
  });

  test.each(["{", "[1]", "null", '{"nothing":"Alt+KeyJ","note":7}'])("that cannot be read is not: %s", (kept) => {
    storage.set("handoff.shortcuts.ag_amira", kept);
    expect(open().get()).toEqual({});
  });
});
