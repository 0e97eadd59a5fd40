/** Every key of the desk. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { IconX } from "../shared/icons.tsx";
import { Keys } from "./keys.tsx";

const GROUPS: readonly { title: string; keys: readonly (readonly [readonly string[], string])[] }[] = [
  { title: "Offers and handoffs", keys: [
    [["Alt", "Enter"], "accept, or answer the call"], [["Alt", "Backspace"], "decline"],
    [["Alt", "1"], "first of mine, then 2, 3"], [["Alt", "T"], "transfer"], [["Alt", "S"], "another channel"], [["Alt", "E"], "end the talk"],
  ] },
  { title: "Writing", keys: [[["Enter"], "send, or add note"], [["Shift", "Enter"], "new line"], [["Alt", "N"], "reply or note"], [["Ctrl", "Enter"], "save the wrap-up"]] },
  { title: "On the phone", keys: [
    [["C"], "call back, outside text"], [["Alt", "C"], "call back, from anywhere"], [["Alt", "R"], "call back later"], [["Alt", "H"], "hold, and back"], [["Alt", "M"], "mute, and back"],
    [["Alt", "G"], "that is voicemail"], [["Alt", "X"], "hang up"],
  ] },
  { title: "Around", keys: [[["F6"], "next region"], [["Shift", "F6"], "the one before"], [["Alt", "A"], "available or away"], [["Alt", "B"], "callbacks, and back"], [["?"], "this list"], [["Esc"], "close"]] },
];

export function Help({ onClose }: { onClose(): void }): ComponentChildren {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => { dialog.current?.showModal(); }, []);
  return (
    <dialog class="dlg dlg--wide" aria-labelledby="help-title" ref={dialog} onClose={onClose}>
      <div class="dlg__h"><h2 id="help-title">Keyboard</h2>
        <button type="button" class="btn btn--quiet btn--icon" aria-label="Close, Escape" onClick={() => dialog.current?.close()}><IconX /></button>
      </div>
      <div class="dlg__b sheet">
        {GROUPS.map(({ title, keys }) => (
          <section key={title}>
            <h3 class="pane__h">{title}</h3>
            <dl class="sheet__l">
              {keys.map(([names, what]) => <div key={what}><dt><Keys keys={names} /><span class="vh">{names.join(" ")}</span></dt><dd>{what}</dd></div>)}
            </dl>
          </section>
        ))}
      </div>
    </dialog>
  );
}
