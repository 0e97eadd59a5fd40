/** Keys of the desk, by their place on the board, so that a layout or the Option key of a Mac changes nothing. */
import type { CallKey } from "./call.ts";

export type Shortcut =
  | { do: "accept" } | { do: "decline" } | { do: "availability" } | { do: "note" } | { do: "use" } | { do: "canned" } | { do: "articles" } | { do: "end" } | { do: "undo" } | { do: "transfer" } | { do: "region"; back: boolean } | { do: "help" }
  | { do: "open"; place: number } | { do: "callbacks" } | { do: "wallboard" } | { do: "live" } | { do: "find" } | { do: "dial" } | { do: "later" } | { do: "channel" } | { do: "confirm" } | { do: "press"; key: CallKey };

export type Group = "Offers and handoffs" | "Writing" | "On the phone" | "Around";

/** A place on the board with what is held down beside it: `Alt+KeyN`, `Shift+F6`, `KeyC`; or a single sign, which is where its layout puts it: `?`. */
export type Combo = string;

export interface Command {
  /** What a changed key is kept under. */
  readonly id: string;
  readonly group: Group;
  readonly what: string;
  readonly does: Shortcut;
  readonly usual: Combo;
}

/** Every key that can be changed or turned off, as the list shows it. */
export const COMMANDS: readonly Command[] = [
  { id: "accept", group: "Offers and handoffs", what: "accept, or answer the call", does: { do: "accept" }, usual: "Alt+Enter" },
  { id: "decline", group: "Offers and handoffs", what: "decline", does: { do: "decline" }, usual: "Alt+Backspace" },
  { id: "open-1", group: "Offers and handoffs", what: "first of mine", does: { do: "open", place: 0 }, usual: "Alt+Digit1" },
  { id: "open-2", group: "Offers and handoffs", what: "second of mine", does: { do: "open", place: 1 }, usual: "Alt+Digit2" },
  { id: "open-3", group: "Offers and handoffs", what: "third of mine", does: { do: "open", place: 2 }, usual: "Alt+Digit3" },
  { id: "open-4", group: "Offers and handoffs", what: "fourth of mine", does: { do: "open", place: 3 }, usual: "Alt+Digit4" },
  { id: "open-5", group: "Offers and handoffs", what: "fifth of mine", does: { do: "open", place: 4 }, usual: "Alt+Digit5" },
  { id: "open-6", group: "Offers and handoffs", what: "sixth of mine", does: { do: "open", place: 5 }, usual: "Alt+Digit6" },
  { id: "open-7", group: "Offers and handoffs", what: "seventh of mine", does: { do: "open", place: 6 }, usual: "Alt+Digit7" },
  { id: "open-8", group: "Offers and handoffs", what: "eighth of mine", does: { do: "open", place: 7 }, usual: "Alt+Digit8" },
  { id: "open-9", group: "Offers and handoffs", what: "ninth of mine", does: { do: "open", place: 8 }, usual: "Alt+Digit9" },
  { id: "transfer", group: "Offers and handoffs", what: "transfer", does: { do: "transfer" }, usual: "Alt+KeyT" },
  { id: "channel", group: "Offers and handoffs", what: "another channel", does: { do: "channel" }, usual: "Alt+KeyS" },
  { id: "confirm", group: "Offers and handoffs", what: "ask to confirm who it is", does: { do: "confirm" }, usual: "Alt+KeyV" },
  { id: "end", group: "Offers and handoffs", what: "end the talk", does: { do: "end" }, usual: "Alt+KeyE" },
  { id: "undo", group: "Offers and handoffs", what: "undo the end, while it waits", does: { do: "undo" }, usual: "Alt+KeyZ" },
  { id: "note", group: "Writing", what: "reply or note", does: { do: "note" }, usual: "Alt+KeyN" },
  { id: "use", group: "Writing", what: "use the fact already given", does: { do: "use" }, usual: "Alt+KeyU" },
  { id: "canned", group: "Writing", what: "canned replies, from anywhere", does: { do: "canned" }, usual: "Alt+KeyY" },
  { id: "articles", group: "Writing", what: "find an article", does: { do: "articles" }, usual: "Alt+KeyK" },
  { id: "dial-single", group: "On the phone", what: "call back, outside text", does: { do: "dial" }, usual: "KeyC" },
  { id: "dial", group: "On the phone", what: "call back, from anywhere", does: { do: "dial" }, usual: "Alt+KeyC" },
  { id: "later", group: "On the phone", what: "call back later", does: { do: "later" }, usual: "Alt+KeyR" },
  { id: "hold", group: "On the phone", what: "hold, and back", does: { do: "press", key: "hold" }, usual: "Alt+KeyH" },
  { id: "mute", group: "On the phone", what: "mute, and back", does: { do: "press", key: "mute" }, usual: "Alt+KeyM" },
  { id: "voicemail", group: "On the phone", what: "that is voicemail", does: { do: "press", key: "voicemail" }, usual: "Alt+KeyG" },
  { id: "hang-up", group: "On the phone", what: "hang up", does: { do: "press", key: "hang_up" }, usual: "Alt+KeyX" },
  { id: "region", group: "Around", what: "next region", does: { do: "region", back: false }, usual: "F6" },
  { id: "region-back", group: "Around", what: "the one before", does: { do: "region", back: true }, usual: "Shift+F6" },
  { id: "availability", group: "Around", what: "available or away", does: { do: "availability" }, usual: "Alt+KeyA" },
  { id: "callbacks", group: "Around", what: "callbacks, and back", does: { do: "callbacks" }, usual: "Alt+KeyB" },
  { id: "find", group: "Around", what: "find a handoff, outside text", does: { do: "find" }, usual: "/" },
  { id: "wallboard", group: "Around", what: "wallboard (supervisors), and back", does: { do: "wallboard" }, usual: "Alt+KeyW" },
  { id: "live", group: "Around", what: "live list (supervisors), and back", does: { do: "live" }, usual: "Alt+KeyL" },
  { id: "help", group: "Around", what: "this list", does: { do: "help" }, usual: "?" },
];

/** Only what differs from the usual: another combination, or null for one that is turned off. */
export type Changes = Readonly<Record<string, Combo | null>>;
export const comboFor = ({ id, usual }: Command, changes: Changes): Combo | null => (Object.hasOwn(changes, id) ? (changes[id] ?? null) : usual);

type Pressed = Pick<KeyboardEvent, "code" | "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey" | "repeat">;

const SIGN = /^[^\p{L}\p{N}\s]$/u;
const ofCode = (code: string): string => (code === "NumpadEnter" ? "Enter" : code);

/** Every way to write what was pressed; a sign may stand on any key of any layout. */
function combosOf({ code, key, altKey, shiftKey }: Pressed): Combo[] {
  const held = `${altKey ? "Alt+" : ""}${shiftKey ? "Shift+" : ""}${ofCode(code)}`;
  return !altKey && SIGN.test(key) ? [key, held] : [held];
}

/** A letter or a sign by itself: in a text field it is writing. */
const isSingle = (combo: Combo): boolean => !combo.includes("Alt+") && !/^(?:Shift\+)?F\d+$/.test(combo);

/** `writing`: the focus is in a text field, where single keys are letters. A held key asks once. */
export function shortcutOf(event: Pressed, writing: boolean, changes: Changes = {}): Shortcut | null {
  if (event.repeat || event.ctrlKey || event.metaKey) return null;
  const pressed = combosOf(event);
  const found = COMMANDS.find((command) => { const combo = comboFor(command, changes); return combo !== null && pressed.includes(combo); });
  if (!found || (writing && isSingle(comboFor(found, changes) ?? ""))) return null;
  return found.does;
}

export function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}

/** Option with Backspace takes back a word wherever one writes on a Mac; it must not turn a customer away. */
export const takesBackWord = ({ code, altKey }: Pick<KeyboardEvent, "code" | "altKey">, writing: boolean, isMac: boolean): boolean =>
  isMac && writing && altKey && code === "Backspace";

/** With Option many boards of a Mac write @, brackets or a bar (a German @ is Option and L): who writes needs those more. No English one does. */
export const writesSign = ({ key, altKey }: Pick<KeyboardEvent, "key" | "altKey">, writing: boolean, isMac: boolean): boolean =>
  isMac && writing && altKey && /^[!-/:-@[-`{-~]$/.test(key);

const MODIFIERS = new Set(["Alt", "AltGraph", "Control", "Meta", "Shift", "CapsLock"]);
/** They move, close or write; a desk that took them would be no page any more. */
const KEPT = /^(?:Shift\+)?(?:Enter|Tab|Escape|Space|Backspace|Delete|Arrow\w+|Page\w+|Home|End|F5|F11|F12)$/;

/** What was pressed as a combination to keep; null while only modifiers are down; words where it cannot be one. */
export function chosenCombo(event: Pressed): { combo: Combo } | { refusal: string } | null {
  // Option with E, N or U is an accent that waits for its letter on a Mac, and a key like any other here.
  if (MODIFIERS.has(event.key) || (event.key === "Dead" && !event.altKey)) return null;
  if (event.ctrlKey || event.metaKey) return { refusal: "Keys with Ctrl or Command belong to the browser." };
  const [combo = ""] = combosOf(event);
  return KEPT.test(combo) ? { refusal: `${keyNames(combo).join(" ")} has a use of its own in every page.` } : { combo };
}

/** Who has a combination already. */
export const holderOf = (combo: Combo, changes: Changes, except: string): Command | null =>
  COMMANDS.find((command) => command.id !== except && comboFor(command, changes) === combo) ?? null;

const NAMES: Readonly<Record<string, string>> = {
  Slash: "/", Backslash: "\\", Period: ".", Comma: ",", Semicolon: ";", Quote: "'", Minus: "-", Equal: "=", BracketLeft: "[", BracketRight: "]", Backquote: "`", Escape: "Esc",
};

/** The keys of a combination as they are printed. */
export function keyNames(combo: Combo): string[] {
  return combo.split("+").filter(Boolean).map((part) => NAMES[part] ?? part.replace(/^(?:Key|Digit)(?=.$)/, ""));
}
