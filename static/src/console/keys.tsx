/** Keys as they are printed: Alt is Option where the keyboard says so, and a changed key is shown as it is now. */
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
      {keys.map((key) => <kbd key={key} class="kbd">{MAC && key === "Alt" ? "⌥" : key}</kbd>)}
    </span>
  );
}

/** For those who hear it. */
export const spokenKeys = (keys: readonly string[]): string => keys.map((key) => (MAC && key === "Alt" ? "Option" : key)).join(" ");
