/** In line: one number, one honest sentence, and every way out. */
import { IconArrow } from "../../../shared/icons.tsx";
import { waitWhy, waitWords } from "../../words.ts";
import { Composer } from "./composer.tsx";
import { anyMessages, LogItems } from "./log.tsx";
import { LineStrip, Trouble, View, type ViewProps } from "./parts.tsx";
import { Receipt } from "./receipt.tsx";

function Leave({ state, actions }: ViewProps) {
  if (!state.form.asking) {
    return (
      <button type="button" class="btn btn--text bad center" onClick={() => actions.fill({ asking: true })}>
        Leave the line
      </button>
    );
  }
  return (
    <div class="ask" role="group" aria-labelledby="leave">
      <h2 id="leave">Leave the line? Your place is given up.</h2>
      <div class="row">
        <button type="button" class="btn" onClick={() => actions.fill({ asking: false })}>
          Keep my place
        </button>
        <button type="button" class="btn btn--bad" aria-disabled={state.busy} onClick={() => void (state.busy || actions.cancel())}>
          Leave
        </button>
      </div>
    </div>
  );
}

export function Waiting({ state, actions }: ViewProps) {
  const { handoff, promised, site } = state;
  const place = handoff?.position ?? null;
  const words = waitWords(handoff?.estimate);
  const why = waitWhy(handoff?.estimate ?? null, promised, place);
  const offered = handoff?.state === "offered";
  return (
    <View head={{ name: `${site.name} help`, sub: handoff?.intent.label ?? "", onMinimise: actions.minimise }}>
      <LineStrip state={state} actions={actions} />
      <div class="body">
        <Trouble state={state} />
        <div class="wait">
          <h1 class="wait__label" tabIndex={-1} data-focus>
            {place === null ? "You’re in line" : "Your place in the line"}
          </h1>
          {place !== null && <p class="wait__place">{place}</p>}
          <p class="wait__est">{offered ? "An agent is looking at it now" : words}</p>
          {!offered && <p class="wait__why">{why}</p>}
        </div>
        <button type="button" class="list-btn" onClick={actions.minimise}>
          <IconArrow class="flip" large />
          <span class="grow">
            <b>Keep browsing</b>
            <small>The button on the page shows when someone is ready. Your place stays.</small>
          </span>
        </button>
        <Receipt state={state} actions={actions} />
        {anyMessages(state) && (
          <section class="stack" aria-label="What you added">
            <h2 class="head-s">Added for the agent</h2>
            <ol class="log__list">
              <LogItems state={state} actions={actions} />
            </ol>
          </section>
        )}
        <Leave state={state} actions={actions} />
      </div>
      <Composer state={state} actions={actions} label="Add something for the agent" />
    </View>
  );
}
