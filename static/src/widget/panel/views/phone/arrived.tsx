/** Somebody called with the code that this page showed: only the person in front of it can say who. */
import { arrivedWords } from "../../../calls.ts";
import { IconPhone, serverNow, Trouble } from "../exports.ts";
import type { ViewProps } from "../parts.tsx";
import { Tick } from "./tick.tsx";

const agoWords = (at: string): string => {
  const seconds = Math.max(1, Math.round((serverNow() - Date.parse(at)) / 1000));
  return seconds < 60 ? `${seconds} ${seconds === 1 ? "second" : "seconds"} ago` : `${Math.floor(seconds / 60)} min ago`;
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
              {arrivedWords({ call })} Is it you?
            </h1>
            <p id="arrived-why">
              It used your code <Tick>{() => agoWords(call.at)}</Tick>. Your answer tells the agent how sure to be.
            </p>
          </div>
        </div>
        <div class="row">
          <button type="button" class="btn btn--primary" aria-disabled={state.busy} onClick={() => answer(true)}>
            It’s me
          </button>
          <button type="button" class="btn" aria-disabled={state.busy} onClick={() => answer(false)}>
            Not me
          </button>
        </div>
      </div>
      <p class="sub center">If it isn’t you, that call goes on without your details, and you get a new code.</p>
    </div>
  );
}
