/** The same handoff by another channel, when the customer asks for it. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { IconAlert, IconCheck, IconX } from "../shared/icons.tsx";
import { useModal } from "./asking.ts";
import { ChannelIcon } from "./channel_icon.tsx";
import { useBoard } from "./context.tsx";
import { Keys } from "./keys.tsx";
import { shortName } from "./people.ts";
import type { DeskHandoff } from "./wire.ts";

/** Alt+S reaches the open talk from anywhere. */
export const CHANNEL = "handoff:switch-channel";

const CHANNELS: Readonly<Record<string, (who: string) => string>> = {
  chat: (who) => `Chat: ${who} writes in the page`,
  phone: (who) => `Phone: ${who} gets a number and a code in the page, and calls`,
  callback: (who) => `Callback: you call ${who} at the signed number`,
};

export function ChannelSwitch({ handoff, onClose }: { handoff: DeskHandoff; onClose(): void }): ComponentChildren {
  const { desk } = useBoard();
  const dialog = useModal();
  const [chosen, choose] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const close = () => dialog.current?.close();
  const submit = async () => {
    if (busy) return;
    if (chosen === null) return setTrouble("Choose a channel first.");
    setBusy(true);
    const refused = await desk.switchChannel(handoff, chosen);
    setBusy(false);
    if (refused === null) close();
    else setTrouble(refused);
  };
  return (
    <dialog class="dlg" aria-labelledby="channel-title" ref={dialog} onClose={onClose}>
      <form noValidate onSubmit={(event) => { event.preventDefault(); void submit(); }}>
        <div class="dlg__h"><h2 id="channel-title">Go on by another channel</h2>
          <button type="button" class="btn btn--quiet btn--icon" aria-label="Close, Escape" onClick={close}><IconX /></button>
        </div>
        <div class="dlg__b">
          <Options handoff={handoff} chosen={chosen} onChoose={choose} />
          <p class="goes"><IconCheck /><span><b>Everything stays:</b> the place, the record and the talk. {chosen === "chat" ? "You go on at once." : `${shortName(handoff.customer)} comes back to you first.`}</span></p>
          <div role="alert">{trouble !== null && <p class="bad trouble"><IconAlert />{trouble}</p>}</div>
        </div>
        <div class="dlg__f">
          <button type="button" class="btn btn--quiet" onClick={close}>Cancel <Keys keys={["Esc"]} /></button>
          <button type="submit" class="btn btn--primary" aria-disabled={busy}>{busy ? "Switching" : "Switch"}</button>
        </div>
      </form>
    </dialog>
  );
}

function Options({ handoff, chosen, onChoose }: { handoff: DeskHandoff; chosen: string | null; onChoose(channel: string): void }): ComponentChildren {
  return (
    <fieldset>
      <legend class="label">To</legend>
      <div class="opts">
        {Object.entries(CHANNELS).filter(([channel]) => channel !== handoff.channel).map(([channel, words]) => (
          <label key={channel} class="opt opt--time">
            <input type="radio" name="channel" class="opt__radio" checked={chosen === channel} onChange={() => onChoose(channel)} />
            <span class="opt__words"><ChannelIcon channel={channel} />{words(shortName(handoff.customer))}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
