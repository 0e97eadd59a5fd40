/** Keys as they are printed: Alt is Option and Ctrl Command where the keyboard says so, and a changed key is shown as it is now. */
import type { ComponentChildren } from "preact";
import { useBindings } from "./bindings.ts";
import { COMMANDS, comboFor, keyNames } from "./shortcuts.ts";
import type { Changes } from "./shortcuts.ts";

export const MAC = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");

/** Named by their usual keys; null for a command that is turned off. */
export function keysNow(usual: readonly string[], changes: Changes): readonly string[] | null {
  const command = COMMANDS.find((one) => keyNames(one.usual).join(" ") === usual.join(" "));
  if (!command) return usual;
  const combo = comboFor(command, changes);
  return combo === null ? null : keyNames(combo);
}

export function Keys({ keys }: { keys: readonly string[] }): ComponentChildren {
  const now = keysNow(keys, useBindings());
  return now && <Printed keys={now} />;
}

export function Printed({ keys }: { keys: readonly string[] }): ComponentChildren {
  return (
    <span class="combo" aria-hidden="true">
      {keys.map((key) => <kbd key={key} class="kbd">{printed(key)}</kbd>)}
    </span>
  );
}

const SIGNS: Readonly<Record<string, string>> = { Alt: "⌥", Ctrl: "⌘" };
const NAMES: Readonly<Record<string, string>> = { Alt: "Option", Ctrl: "Command" };
export const printed = (key: string, isMac = MAC): string => (isMac ? (SIGNS[key] ?? key) : key);

/** For those who hear it. */
export const spokenKeys = (keys: readonly string[], isMac = MAC): string => keys.map((key) => (isMac ? (NAMES[key] ?? key) : key)).join(" ");
