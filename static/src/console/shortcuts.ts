/** Keys of the desk, by their place on the board, so that a layout or the Option key of a Mac changes nothing. */
import type { CallKey } from "./call.ts";

export type Shortcut =
  | { do: "accept" } | { do: "decline" } | { do: "availability" } | { do: "note" } | { do: "end" } | { do: "transfer" } | { do: "region"; back: boolean } | { do: "help" }
  | { do: "open"; place: number } | { do: "callbacks" } | { do: "dial" } | { do: "later" } | { do: "channel" } | { do: "press"; key: CallKey };

type Pressed = Pick<KeyboardEvent, "code" | "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey" | "repeat">;

const WITH_ALT: Readonly<Record<string, Shortcut>> = {
  Enter: { do: "accept" }, NumpadEnter: { do: "accept" }, Backspace: { do: "decline" }, KeyA: { do: "availability" }, KeyN: { do: "note" }, KeyE: { do: "end" },
  KeyT: { do: "transfer" }, KeyS: { do: "channel" }, KeyB: { do: "callbacks" }, KeyC: { do: "dial" }, KeyR: { do: "later" },
  KeyH: { do: "press", key: "hold" }, KeyM: { do: "press", key: "mute" }, KeyX: { do: "press", key: "hang_up" }, KeyG: { do: "press", key: "voicemail" },
  Digit1: { do: "open", place: 0 }, Digit2: { do: "open", place: 1 }, Digit3: { do: "open", place: 2 },
};

/** `writing`: the focus is in a text field, where single keys are letters. A held key asks once. */
export function shortcutOf(event: Pressed, writing: boolean): Shortcut | null {
  if (event.repeat || event.ctrlKey || event.metaKey) return null;
  if (event.altKey) return event.shiftKey ? null : (WITH_ALT[event.code] ?? null);
  if (event.code === "F6") return { do: "region", back: event.shiftKey };
  if (writing) return null;
  if (event.key === "?") return { do: "help" };
  return event.code === "KeyC" && !event.shiftKey ? { do: "dial" } : null;
}

export function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}
