/** Every key of the desk, and the place to change or turn off what can be. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { IconX } from "../shared/icons.tsx";
import { useModal } from "./asking.ts";
import { bindings, useBindings } from "./bindings.ts";
import { MAC, Printed, spokenKeys } from "./keys.tsx";
import { COMMANDS, chosenCombo, comboFor, holderOf, keyNames } from "./shortcuts.ts";
import type { Combo, Command, Group } from "./shortcuts.ts";

/** Keys that mean the same in every page, or belong to the part that has the focus. */
const FIXED: Readonly<Record<Group, readonly (readonly [readonly string[], string])[]>> = {
  "Offers and handoffs": [],
  Writing: [[["Enter"], "send, or add note"], [["Shift", "Enter"], "new line"], [["/"], "canned replies, in an empty text"], [["Ctrl", "Enter"], "save the wrap-up"], [["Ctrl", "Z"], "take back what was put in"]],
  "On the phone": [],
  Around: [[["Esc"], "close"]],
};
const GROUPS = Object.keys(FIXED) as Group[];

export function Help({ onClose }: { onClose(): void }): ComponentChildren {
  const dialog = useModal();
  const [changing, setChanging] = useState(false);
  return (
    <dialog class="dlg dlg--wide" aria-labelledby="help-title" ref={dialog} onClose={onClose}>
      <div class="dlg__h"><h2 id="help-title">Keyboard</h2>
        <button type="button" class="btn btn--quiet btn--icon" aria-label="Close, Escape" onClick={() => dialog.current?.close()}><IconX /></button>
      </div>
      {changing ? <Changing /> : <Sheet />}
      <div class="dlg__f">
        <span class="meta grow">{MAC ? "⌥ is the Option key. " : "⌥ on a Mac. "}Every key that is not the page’s own can be changed or turned off.</span>
        {changing && <button type="button" class="btn" onClick={() => bindings.reset()}>The usual keys again</button>}
        <button type="button" class="btn" onClick={() => setChanging(!changing)}>{changing ? "Back to the list" : "Change shortcuts"}</button>
      </div>
    </dialog>
  );
}

function Sheet(): ComponentChildren {
  const changes = useBindings();
  return (
    <div class="dlg__b sheet">
      {GROUPS.map((group) => (
        <section key={group}>
          <h3 class="pane__h">{group}</h3>
          <dl class="sheet__l">
            {COMMANDS.filter((command) => command.group === group).map((command) => <Row key={command.id} combo={comboFor(command, changes)} what={command.what} />)}
            {FIXED[group].map(([keys, what]) => <div key={what}><dt><Printed keys={keys} /><span class="vh">{spokenKeys(keys)}</span></dt><dd>{what}</dd></div>)}
          </dl>
        </section>
      ))}
    </div>
  );
}

function Row({ combo, what }: { combo: Combo | null; what: string }): ComponentChildren {
  const keys = combo === null ? null : keyNames(combo);
  return <div><dt>{keys ? <><Printed keys={keys} /><span class="vh">{spokenKeys(keys)}</span></> : <span class="meta">off</span>}</dt><dd>{what}</dd></div>;
}

interface Wanted { id: string; combo: Combo; holder: Command }

function Changing(): ComponentChildren {
  const changes = useBindings();
  const [listening, setListening] = useState<string | null>(null);
  const [said, setSaid] = useState("");
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const listen = (id: string) => { setListening(id); setWanted(null); setSaid("Press the new keys. Escape keeps the old ones."); };
  const take = ({ id, combo, holder }: Wanted) => { bindings.set(holder.id, null); bindings.set(id, combo); setWanted(null); setSaid(`Changed. “${holder.what}” is off now.`); };
  const choose = (command: Command, event: KeyboardEvent) => {
    if (listening !== command.id || event.key === "Tab") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") { setListening(null); setSaid("Kept as it was."); return; }
    const chosen = chosenCombo(event);
    if (chosen === null) return;
    if ("refusal" in chosen) { setSaid(chosen.refusal); return; }
    setListening(null);
    const holder = holderOf(chosen.combo, changes, command.id);
    if (holder) { setWanted({ id: command.id, combo: chosen.combo, holder }); setSaid(`${spokenKeys(keyNames(chosen.combo))} is taken: ${holder.what}.`); return; }
    bindings.set(command.id, chosen.combo);
    setSaid("Changed.");
  };
  return (
    <div class="dlg__b">
      <p class="meta keys-said" role="status">{said}{wanted && <> <button type="button" class="btn btn--s" onClick={() => take(wanted)}>Take it from there</button></>}</p>
      <ul class="keys-list">
        {COMMANDS.map((command) => {
          const combo = comboFor(command, changes);
          const keys = combo === null ? null : keyNames(combo);
          return (
            <li key={command.id}>
              <span class="grow">{command.what}</span>
              <button type="button" class="btn btn--s" aria-label={`${command.what}: ${keys ? spokenKeys(keys) : "off"}, change`} aria-pressed={listening === command.id}
                onClick={() => listen(command.id)} onKeyDown={(event) => choose(command, event)}>
                {listening === command.id ? "Press keys…" : keys ? <Printed keys={keys} /> : "off"}
              </button>
              <button type="button" class="btn btn--s btn--quiet" aria-label={`Turn off: ${command.what}`} aria-disabled={combo === null} onClick={() => { bindings.set(command.id, null); setSaid("Turned off."); }}>Turn off</button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
