/** Whether offers come to this desk, and why not. */
import type { ComponentChildren } from "preact";
import { useBoard } from "./context.tsx";
import { Keys } from "./keys.tsx";
import type { Availability } from "./wire.ts";
import { AWAY_REASONS, awayWords } from "./words.ts";

/** The press of the switch: away at once, or back; back also out of finishing. */
export function toggled({ available, after_current }: Availability): Availability {
  return { available: after_current || !available, reason: null, after_current: false };
}

function stateWords(now: Availability, free: number, offers: number): string {
  if (!now.available) return now.reason === null ? "nothing is offered" : awayWords(now.reason);
  if (offers > 0) return "offer open";
  return free > 0 ? `takes ${free} more` : "full";
}

const finishingWords = (talks: number): string => (talks === 1 ? "away once this one is done" : `away once these ${talks} are done`);

export function AvailabilityBox(): ComponentChildren {
  const { desk, board } = useBoard();
  const { availability, capacity } = board.agent;
  const talks = board.handoffs.length;
  const finishing = availability.after_current;
  const on = availability.available && !finishing;
  return (
    <section class="rail__sec" aria-label="Availability">
      <div class="avail">
        <button type="button" class="switch" role="switch" aria-checked={on} aria-labelledby="avail-name avail-state"
          onClick={() => void desk.setAvailability(toggled(availability))} />
        <div class="grow">
          <b id="avail-name">{on ? "Available" : finishing ? "Finishing" : "Away"}</b>
          <span class="meta" id="avail-state">{finishing ? finishingWords(talks) : stateWords(availability, capacity - talks, board.offers.length)}</span>
        </div>
        <Keys keys={["Alt", "A"]} />
      </div>
      {on && talks > 0 && <Finish />}
      {!on && !finishing && <Reason availability={availability} />}
    </section>
  );
}

function Finish(): ComponentChildren {
  const { desk } = useBoard();
  const later = { available: false, reason: null, after_current: true };
  return <button type="button" class="btn btn--s avail__more" onClick={() => void desk.setAvailability(later)}>Finish current, then away</button>;
}

function Reason({ availability }: { availability: Availability }): ComponentChildren {
  const { desk } = useBoard();
  const given = availability.reason ?? "";
  const own = given === "" || AWAY_REASONS.includes(given);
  return (
    <div class="avail__more">
      <label class="vh" for="away-reason">Reason for being away</label>
      <select id="away-reason" class="input" value={given}
        onChange={({ currentTarget }) => void desk.setAvailability({ available: false, reason: currentTarget.value || null, after_current: false })}>
        <option value="">No reason given</option>
        {!own && <option value={given}>{`Set for you: ${awayWords(given)}`}</option>}
        {AWAY_REASONS.map((reason) => <option key={reason} value={reason}>{awayWords(reason)}</option>)}
      </select>
    </div>
  );
}
