/** On the way to a call, and in one: what happens now, and what can still be changed. */
import { texts } from "@texts/phone";
import { callWords, isReady, numberOf } from "../../../calls.ts";
import { IconClock, IconPhone, Strip } from "../exports.ts";
import type { ViewProps } from "../parts.tsx";
import { Ways, waysOf } from "./ways.tsx";

/** In the line, beside the place. */
export function InLine({ state, actions }: ViewProps) {
  const { handoff } = state;
  if (handoff?.channel === "phone") return <p class="sub center">{texts.stayOnPhone}</p>;
  if (handoff?.channel !== "callback") return <Ways state={state} actions={actions} />;
  return (
    <>
      <p class="sub center">{texts.weCallNumber(numberOf(handoff))}</p>
      <button type="button" class="list-btn" onClick={() => actions.fill({ sheet: { about: handoff.id } })}>
        <IconClock large />
        <span class="grow">
          <b>{texts.changeTheTime}</b>
          <small>{texts.changeTheTimeWhy}</small>
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
      <p>{texts.detailsOnScreen}</p>
      <div class="row">
        <button type="button" class="btn" aria-disabled={busy} onClick={() => void (busy || actions.post("snooze", { minutes: 15 }))}>
          {texts.in15}
        </button>
        <button type="button" class="btn" onClick={() => actions.fill({ sheet: { about: handoff.id } })}>
          {texts.anotherTime}
        </button>
      </div>
      <button type="button" class="btn btn--text bad" onClick={() => actions.fill({ asking: true })}>
        {texts.noNeed}
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
        <div class="ask ask--dock" role="group" aria-label={texts.anotherWay}>
          <Ways state={state} actions={actions} />
        </div>
      )}
    </>
  );
}
