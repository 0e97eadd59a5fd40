/** In line: one number, one honest sentence, and every way out. */
import { IconArrow } from "../../../shared/icons.tsx";
import { hasTalked, isFleeting } from "../../state.ts";
import { isLeft, waitOf } from "../../words.ts";
import { Composer } from "./composer.tsx";
import { phone } from "./lazy.ts";
import { anyMessages, LogItems } from "./log.tsx";
import { Stay, Sure, Trouble, View, type ViewProps } from "./parts.tsx";
import { Receipt } from "./receipt.tsx";

function Leave({ state, actions, left }: ViewProps & { left: boolean }) {
  if (!state.form.asking) {
    return (
      <button type="button" class="btn btn--text bad center" onClick={() => actions.fill({ asking: true })}>
        {left ? "Take the message back" : "Leave the line"}
      </button>
    );
  }
  return (
    <Sure
      state={state}
      actions={actions}
      question={left ? "Take the message back? Nobody will read it." : "Leave the line? Your place is given up."}
      stay={left ? "Keep it" : "Keep my place"}
      go={left ? "Take it back" : "Leave"}
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
      {place !== null && <p class="wait__place">{place}</p>}
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
        <b>Keep browsing</b>
        <small>The button on the page shows when someone is ready. Your place stays.</small>
      </span>
    </button>
  );
}

export function Waiting({ state, actions }: ViewProps) {
  const left = isLeft(state) !== null;
  const calls = phone();
  return (
    <View state={state} actions={actions} sub={state.handoff?.intent.label}>
      <Stay state={state} />
      <div class="body">
        <Trouble state={state} />
        <Wait {...waitOf(state)} />
        {!left && state.handoff?.channel === "chat" && !isFleeting(state) && <KeepBrowsing onMinimise={actions.minimise} />}
        {calls && <calls.InLine state={state} actions={actions} />}
        <Receipt state={state} actions={actions} />
        {anyMessages(state) && (
          <section class="stack" aria-labelledby="told">
            <h2 class="head-s" id="told">
              {hasTalked(state) ? "The conversation so far" : "Added for the agent"}
            </h2>
            <ol class="log__list">
              <LogItems state={state} actions={actions} />
            </ol>
          </section>
        )}
        <Leave state={state} actions={actions} left={left} />
      </div>
      <Composer state={state} actions={actions} label="Add something for the agent" />
    </View>
  );
}
