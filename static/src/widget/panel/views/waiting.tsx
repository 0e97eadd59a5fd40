/** In line: one number, one honest sentence, and every way out. */
import { texts } from "@texts/later";
import { IconArrow } from "../../../shared/icons.tsx";
import { num } from "../../language.ts";
import { waitOf } from "../../wait.ts";
import { Composer } from "./composer.tsx";
import { attention, hasTalked, isFleeting, isLeft, phone, Receipt, Stay, Sure, Trouble, View } from "./exports.ts";
import { anyMessages, LogItems } from "./log.tsx";
import type { ViewProps } from "./parts.tsx";

function Leave({ state, actions, left }: ViewProps & { left: boolean }) {
  if (!state.form.asking) {
    return (
      <button type="button" class="btn btn--text bad center" onClick={() => actions.fill({ asking: true })}>
        {left ? texts.takeMessageBack : texts.leaveLine}
      </button>
    );
  }
  return (
    <Sure
      state={state}
      actions={actions}
      question={left ? texts.takeMessageBackSure : texts.leaveLineSure}
      stay={left ? texts.keepIt : texts.keepPlace}
      go={left ? texts.takeItBack : texts.leave}
      onGo={actions.cancel}
    />
  );
}

function Wait({ label, place, words, why }: ReturnType<typeof waitOf>) {
  return (
    <div class="wait">
      <h1 class="wait__label" tabIndex={-1} data-focus>
        {label}
      </h1>
      {place !== null && <p class="wait__place">{num(place)}</p>}
      <p class="wait__est">{words}</p>
      {why && <p class="wait__why">{why}</p>}
    </div>
  );
}

function KeepBrowsing({ onMinimise }: { onMinimise(): void }) {
  return (
    <button type="button" class="list-btn" onClick={onMinimise}>
      <IconArrow class="flip" large />
      <span class="grow">
        <b>{texts.keepBrowsing}</b>
        <small>{texts.keepBrowsingWhy}</small>
      </span>
    </button>
  );
}

export function Waiting({ state, actions }: ViewProps) {
  const left = isLeft(state) !== null;
  const calls = phone();
  const Sound = attention()?.SoundSwitch;
  return (
    <View state={state} actions={actions} sub={state.handoff?.intent.label}>
      <Stay state={state} />
      <div class="body">
        <Trouble state={state} />
        <Wait {...waitOf(state)} />
        {!left && state.handoff?.channel === "chat" && !isFleeting(state) && <KeepBrowsing onMinimise={actions.minimise} />}
        {!left && Sound && <Sound />}
        {calls && <calls.InLine state={state} actions={actions} />}
        <Receipt state={state} actions={actions} />
        {anyMessages(state) && (
          <section class="stack" aria-labelledby="told">
            <h2 class="head-s" id="told">
              {hasTalked(state) ? texts.soFar : texts.addedForAgent}
            </h2>
            <ol class="log__list">
              <LogItems state={state} actions={actions} />
            </ol>
          </section>
        )}
        <Leave state={state} actions={actions} left={left} />
      </div>
      <Composer state={state} actions={actions} label={texts.addSomething} />
    </View>
  );
}
