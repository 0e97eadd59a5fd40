/** A call that we owe: to which number, when it was promised, what was tried, and what the customer agreed to. */
import type { ComponentChildren } from "preact";
import { IconRight } from "../shared/icons.tsx";
import { Text } from "../shared/text.tsx";
import { moment } from "../shared/time.ts";
import { attemptWords } from "./call.ts";
import { useBoard } from "./context.tsx";
import { shortName } from "./people.ts";
import { cityOf, clockIn, isElsewhere, promiseWords, quietWords, windowThere, windowWords } from "./zones.ts";
import type { CallbackView, DeskHandoff, TimeWindow } from "./wire.ts";

interface OwedProps { handoff: DeskHandoff; callback: CallbackView }

export function Owed({ handoff, callback }: OwedProps): ComponentChildren {
  const { now } = useBoard();
  const who = shortName(handoff.customer);
  return (
    <div class="owed">
      <dl class="owed__list">
        <div><dt>Number</dt><dd class="num"><bdi>{callback.number}</bdi>{callback.is_edited && <> <span class="badge badge--warn">edited by {who}</span></>}</dd></div>
        <div><dt>Promised</dt><dd class="num"><Promised window={callback.window} zone={callback.time_zone} who={who} /></dd></div>
        <div><dt>{who}’s time</dt><dd class="num"><TimeThere zone={callback.time_zone} /></dd></div>
        <div><dt>Attempts</dt><dd class="num">{attemptWords(callback)}{callback.next_at !== null && Date.parse(callback.next_at) > now && `, again ${moment(callback.next_at, now)}`}</dd></div>
      </dl>
      {callback.consent && <Consent handoff={handoff} consent={callback.consent} />}
    </div>
  );
}

function Promised({ window, zone, who }: { window: TimeWindow | null; zone: string; who: string }): ComponentChildren {
  const { now } = useBoard();
  if (window === null) return <>when it is {who}’s turn</>;
  const there = isElsewhere(Date.parse(window.starts_at), zone);
  return <>{windowWords(window, now)}, {promiseWords(window, now)}{there && <small>{windowThere(window, zone)}</small>}</>;
}

/** What their clock says, and a word when it is no hour to be called. */
export function TimeThere({ zone }: { zone: string }): ComponentChildren {
  const { now } = useBoard();
  const quiet = quietWords(now, zone);
  return <>{clockIn(now, zone)}{isElsewhere(now, zone) && ` ${cityOf(zone)}`}{quiet !== null && <span class="warn">, {quiet} to be called</span>}</>;
}

/** When this sentence was agreed to, as far as the lines at hand tell. */
export function consentAt({ timeline }: DeskHandoff, consent: string): string | null {
  return timeline.find((entry) => entry.type === "callback.changed" && entry.data.callback?.consent === consent)?.at ?? null;
}

function Consent({ handoff, consent }: { handoff: DeskHandoff; consent: string }): ComponentChildren {
  const { now } = useBoard();
  const at = consentAt(handoff, consent);
  return (
    <details class="fold">
      <summary class="meta"><IconRight />What {shortName(handoff.customer)} agreed to{at !== null && <>, <span class="num">{moment(at, now)}</span></>}</summary>
      <p><q><Text text={consent} /></q></p>
    </details>
  );
}
