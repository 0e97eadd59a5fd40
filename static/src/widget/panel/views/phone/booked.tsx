/** A call we owe: when, on which number, and how to change one's mind. The page may be closed. */
import { texts } from "@texts/phone";
import { inOrder, masked, missedWords, whenWords } from "../../../calls.ts";
import type { Callback, Handoff } from "../../../../shared/frames.ts";
import { zoneWords } from "../../../when.ts";
import { IconCallback, IconCheck, IconClock, serverNow, Sure, Trouble } from "../exports.ts";
import type { ViewProps } from "../parts.tsx";
import { Ways } from "./ways.tsx";

interface OneProps extends ViewProps {
  one: Handoff;
  first: boolean;
}

function Told({ one, first }: Pick<OneProps, "one" | "first">) {
  const { callback, intent } = one;
  const when = whenWords(one, serverNow());
  const missed = callback ? missedWords(callback) : "";
  const Icon = missed ? IconClock : IconCheck;
  const Title = first ? "h1" : "h2";
  return (
    <div class="center stack">
      {first && <Icon class={missed ? "tick tick--wait" : "tick"} />}
      <Title class="hello" tabIndex={-1} {...(first && { "data-focus": true })}>
        {missed ? texts.weTryAgain(when) : texts.weWillCall(when)}
      </Title>
      <p class="sub">
        {missed && (
          <>
            {missed}
            <br />
          </>
        )}
        {texts.aboutOn(intent.label, masked(callback?.number), callback ? zoneWords(callback.time_zone) : "")}
      </p>
    </div>
  );
}

/** After a call that was missed one need not wait for the next; number and consent are those that were given. */
function Instead({ one, callback, actions, state }: ViewProps & { one: Handoff; callback: Callback }) {
  const { number: phone, consent, time_zone } = callback;
  const now = { channel: "callback", callback: { phone, consent, time_zone } };
  return (
    <>
      <button type="button" class="list-btn" aria-disabled={state.busy} onClick={() => void (state.busy || actions.post("channel", now, one.id))}>
        <IconCallback large />
        <span class="grow">
          <b>{texts.callMeNow}</b>
          <small>{texts.whenFree}</small>
        </span>
      </button>
      <Ways state={state} actions={actions} booked={one} />
    </>
  );
}

function One({ one, state, actions, first }: OneProps) {
  const { callback, id } = one;
  const asking = state.form.asking === id;
  return (
    <section class="stack" aria-label={one.intent.label}>
      <Told one={one} first={first} />
      {callback && missedWords(callback) && <Instead one={one} callback={callback} state={state} actions={actions} />}
      {asking ? (
        <Sure state={state} actions={actions} question={texts.cancelSure} stay={texts.keepIt} go={texts.cancelIt} onGo={() => void actions.post("cancel", undefined, id)} />
      ) : (
        <div class="row row--wrap">
          <button type="button" class="btn" onClick={() => actions.fill({ sheet: { about: id }, booking: {} })}>
            {texts.changeTime}
          </button>
          <button type="button" class="btn btn--bad-quiet" onClick={() => actions.fill({ asking: id })}>
            {texts.cancelCall}
          </button>
        </div>
      )}
    </section>
  );
}

/** How often we try after the next time. */
function againWords({ attempts_limit, attempts }: Callback): string {
  const more = attempts_limit - attempts - 1;
  return more > 0 ? texts.triesMore(more) : "";
}

export function Booked({ state, actions }: ViewProps) {
  const scheduled = inOrder(state.scheduled);
  const callback = scheduled[0]?.callback;
  return (
    <>
      <div class="body">
        <Trouble state={state} />
        {scheduled.map((one, index) => (
          <One key={one.id} one={one} state={state} actions={actions} first={index === 0} />
        ))}
        <div class="card card--flat stack">
          <h2 class="head-s">{texts.whatHappens}</h2>
          <p class="sub">
            {[texts.readsFirst, callback && againWords(callback), texts.mayClose].filter(Boolean).join(" ")}
          </p>
        </div>
      </div>
      <div class="foot">
        <button type="button" class="btn" onClick={() => actions.aside(true)}>
          {texts.askElse}
        </button>
      </div>
    </>
  );
}

/** On the start, the way back to what is booked. */
export function BookedList({ state, actions }: ViewProps) {
  return (
    <>
      {inOrder(state.scheduled).map((one) => (
        <button key={one.id} type="button" class="list-btn" onClick={() => actions.aside(false)}>
          <IconCallback large />
          <span class="grow">
            <b>{texts.weCallAt(whenWords(one, serverNow()))}</b>
            <small>{one.intent.label}</small>
          </span>
        </button>
      ))}
    </>
  );
}
