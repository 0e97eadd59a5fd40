/** Keys as they are printed: Alt is Option where the keyboard says so. */
import type { ComponentChildren } from "preact";

const MAC = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");

export function Keys({ keys }: { keys: readonly string[] }): ComponentChildren {
  return (
    <span class="combo" aria-hidden="true">
      {keys.map((key) => <kbd key={key} class="kbd">{MAC && key === "Alt" ? "⌥" : key}</kbd>)}
    </span>
  );
}
