/** The middle while no handoff is open: says what is so, why, and the one thing to do. */
import type { ComponentChildren } from "preact";
import { IconClock, IconHeadset } from "../shared/icons.tsx";
import { elapsed } from "../shared/time.ts";
import { useBoard } from "./context.tsx";
import { Keys } from "./keys.tsx";
import { secondsSince } from "./rail.tsx";
import type { QueueRow } from "./wire.ts";

export function waitingWords(queues: readonly QueueRow[], now: number): string {
  const fullest = [...queues].sort((a, b) => b.waiting - a.waiting)[0];
  if (!fullest || fullest.waiting === 0) return "Nobody is waiting.";
  const oldest = fullest.oldest_enqueued_at === null ? "" : `, the oldest ${elapsed(secondsSince(fullest.oldest_enqueued_at, now))}`;
  return `${fullest.waiting} ${fullest.waiting === 1 ? "waits" : "wait"} in ${fullest.name}${oldest}.`;
}

function Finishing(): ComponentChildren {
  return <div class="rest"><IconClock /><h1>You’re finishing</h1><p>Nothing new is offered. You are away as soon as the last of your handoffs is wrapped up.</p></div>;
}

export function Rest(): ComponentChildren {
  const { desk, board, now } = useBoard();
  const waiting = waitingWords(board.queues, now);
  const mine = board.handoffs.length;
  const { available, after_current } = board.agent.availability;
  if (after_current) return <Finishing />;
  if (!available) {
    const back = { available: true, reason: null, after_current: false };
    return (
      <div class="rest">
        <IconClock /><h1>You’re away</h1><p>Nothing is offered. {waiting}</p>
        <button type="button" class="btn btn--primary" onClick={() => void desk.setAvailability(back)}>Be available <Keys keys={["Alt", "A"]} /></button>
      </div>
    );
  }
  return (
    <div class="rest">
      <IconHeadset /><h1>You’re available</h1><p>{waiting} The next one is offered as soon as it is yours.</p>
      {mine > 0 && <p>{mine === 1 ? "One of yours is" : `${mine} of yours are`} still open, at the left.</p>}
      <dl class="keys">
        <dt><Keys keys={["Alt", "Enter"]} /></dt><dd>accept an offer</dd>
        <dt><Keys keys={["Alt", "1"]} /></dt><dd>first of my handoffs</dd>
        <dt><Keys keys={["Alt", "A"]} /></dt><dd>available or away</dd>
        <dt><Keys keys={["F6"]} /></dt><dd>next region</dd>
        <dt><Keys keys={["?"]} /></dt><dd>all shortcuts</dd>
      </dl>
    </div>
  );
}
