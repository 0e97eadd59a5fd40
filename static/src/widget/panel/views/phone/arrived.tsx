/** Somebody called with the code that this page showed: only the person in front of it can say who. */
import { texts } from "@texts/phone";
import { arrivedWords } from "../../../calls.ts";
import { relative } from "../../../language.ts";
import { IconPhone, serverNow, Trouble } from "../exports.ts";
import type { ViewProps } from "../parts.tsx";
import { Tick } from "./tick.tsx";

const agoWords = (at: string): string => {
  const seconds = Math.max(1, Math.round((serverNow() - Date.parse(at)) / 1000));
  return seconds < 60 ? relative(-seconds, "second") : relative(-Math.floor(seconds / 60), "minute");
};

export function Arrived({ state, actions }: ViewProps) {
  const call = state.handoff?.call;
  if (!call) return null;
  const answer = (mine: boolean) => void (state.busy || actions.post("claim", { call: call.id, mine }));
  return (
    <div class="body body--mid">
      <Trouble state={state} />
      <div class="ask" role="alertdialog" aria-modal="true" aria-labelledby="arrived" aria-describedby="arrived-why">
        <div class="row">
          <IconPhone large />
          <div class="grow stack">
            <h1 class="hello" id="arrived" tabIndex={-1} data-focus>
              {arrivedWords({ call })} {texts.isItYou}
            </h1>
            <p id="arrived-why">
              {texts.usedCode} <Tick>{() => agoWords(call.at)}</Tick>. {texts.tellsHowSure}
            </p>
          </div>
        </div>
        <div class="row">
          <button type="button" class="btn btn--primary" aria-disabled={state.busy} onClick={() => answer(true)}>
            {texts.itsMe}
          </button>
          <button type="button" class="btn" aria-disabled={state.busy} onClick={() => answer(false)}>
            {texts.notMe}
          </button>
        </div>
      </div>
      <p class="sub center">{texts.ifNotYou}</p>
    </div>
  );
}
