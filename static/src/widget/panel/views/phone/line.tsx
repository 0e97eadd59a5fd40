/** On the way to a call, and in one: what happens now, and what can still be changed. */
import { callWords, isReady, numberOf } from "../../../calls.ts";
import { IconClock, IconPhone, Strip } from "../exports.ts";
import type { ViewProps } from "../parts.tsx";
import { Ways, waysOf } from "./ways.tsx";

/** In the line, beside the place. */
export function InLine({ state, actions }: ViewProps) {
  const { handoff } = state;
  if (handoff?.channel === "phone") return <p class="sub center">Stay on the phone: the next free agent takes your call, with your details on screen.</p>;
  if (handoff?.channel !== "callback") return <Ways state={state} actions={actions} />;
  return (
    <>
      <p class="sub center">
        We call <bdi class="num">{numberOf(handoff)}</bdi>. The call comes even if you close this page.
      </p>
      <button type="button" class="list-btn" onClick={() => actions.fill({ sheet: { about: handoff.id } })}>
        <IconClock large />
        <span class="grow">
          <b>Change the time</b>
          <small>in 15 minutes, in an hour, or when it suits you</small>
        </span>
      </button>
      <Ways state={state} actions={actions} />
    </>
  );
}

function Ready({ state, actions }: ViewProps) {
  const { handoff, busy } = state;
  if (!handoff) return null;
  return (
    <div class="ask ask--dock" role="group" aria-labelledby="ready">
      <h2 id="ready">{callWords(handoff)}</h2>
      <p>Your details are on screen.</p>
      <div class="row">
        <button type="button" class="btn" aria-disabled={busy} onClick={() => void (busy || actions.post("snooze", { minutes: 15 }))}>
          In 15 minutes
        </button>
        <button type="button" class="btn" onClick={() => actions.fill({ sheet: { about: handoff.id } })}>
          Another time
        </button>
      </div>
      <button type="button" class="btn btn--text bad" onClick={() => actions.fill({ asking: true })}>
        I don’t need it any more
      </button>
    </div>
  );
}

/** Above the conversation. */
export function Dock({ state, actions }: ViewProps) {
  const { handoff, form } = state;
  if (!handoff) return null;
  if (isReady(handoff)) return <Ready state={state} actions={actions} />;
  const words = callWords(handoff);
  return (
    <>
      {words && <Strip icon={<IconPhone />} words={words} />}
      {form.more && waysOf(state, handoff).length > 0 && (
        <div class="ask ask--dock" role="group" aria-label="Go on another way">
          <Ways state={state} actions={actions} />
        </div>
      )}
    </>
  );
}
