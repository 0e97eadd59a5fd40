/** In line: one number, one honest sentence, and every way out. */
import { IconArrow } from "../../../shared/icons.tsx";
import type { Handoff } from "../../../shared/frames.ts";
import type { PanelState } from "../../state.ts";
import { answerWords, isLeft, opensWords, waitWhy, waitWords } from "../../words.ts";
import { Composer } from "./composer.tsx";
import { anyMessages, LogItems } from "./log.tsx";
import { LineStrip, Trouble, View, type ViewProps } from "./parts.tsx";
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
    <div class="ask" role="group" aria-labelledby="leave">
      <h2 id="leave">{left ? "Take the message back? Nobody will read it." : "Leave the line? Your place is given up."}</h2>
      <div class="row">
        <button type="button" class="btn" onClick={() => actions.fill({ asking: false })}>
          {left ? "Keep it" : "Keep my place"}
        </button>
        <button type="button" class="btn btn--bad" aria-disabled={state.busy} onClick={() => void (state.busy || actions.cancel())}>
          {left ? "Take it back" : "Leave"}
        </button>
      </div>
    </div>
  );
}

interface WaitProps {
  label: string;
  place: Handoff["position"];
  words: string;
  why: string;
}

function waitOf(state: PanelState): WaitProps {
  const { handoff, promised, customer } = state;
  const left = isLeft(state);
  // Out of hours nobody waits: a place and a wait would be made up.
  if (left) return { label: "Your message is with us", place: null, words: opensWords(left.opens_at), why: answerWords(customer?.verified) };
  const { position: place, estimate } = handoff ?? { position: null, estimate: null };
  const label = place === null ? "You’re in line" : "Your place in the line";
  if (handoff?.state === "offered") return { label, place, words: "An agent is looking at it now", why: "" };
  return { label, place, words: waitWords(estimate), why: waitWhy(estimate, promised, place) };
}

function Wait({ label, place, words, why }: WaitProps) {
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
  const { handoff, site } = state;
  const left = isLeft(state) !== null;
  return (
    <View head={{ name: `${site.name} help`, sub: handoff?.intent.label ?? "", onMinimise: actions.minimise }}>
      <LineStrip state={state} actions={actions} />
      <div class="body">
        <Trouble state={state} />
        <Wait {...waitOf(state)} />
        {!left && <KeepBrowsing onMinimise={actions.minimise} />}
        <Receipt state={state} actions={actions} />
        {anyMessages(state) && (
          <section class="stack" aria-label="What you added">
            <h2 class="head-s">Added for the agent</h2>
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
