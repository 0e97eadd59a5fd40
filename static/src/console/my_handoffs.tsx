/** The handoffs on this desk, each with what it waits for. */
import type { ComponentChildren } from "preact";
import { IconCheck } from "../shared/icons.tsx";
import { stripInvisible } from "../shared/safe_url.ts";
import { elapsed } from "../shared/time.ts";
import { inPlace } from "./board.ts";
import { isLive, isTalking, isSure, statusWords, talkSeconds } from "./call.ts";
import { ChannelIcon } from "./channel_icon.tsx";
import { useBoard, useSeconds } from "./context.tsx";
import type { Desk } from "./desk.ts";
import { lastSaid, unreadCount, waitingSince } from "./lines.ts";
import { memo, remembered } from "./memo.ts";
import { shortName } from "./people.ts";
import { LATE_SECONDS, secondsSince } from "./rail.tsx";
import { Who } from "./who.tsx";
import type { DeskHandoff } from "./wire.ts";

/** Since when it waits for us: on the line, for the wrap-up, or for an answer to what the customer said. */
export const needsSince = remembered((handoff: DeskHandoff): string | null => {
  if (isLive(handoff.call)) return handoff.call.direction === "inbound" && !isTalking(handoff.call) ? handoff.call.at : null;
  if (handoff.state !== "wrap_up") return waitingSince(handoff);
  return handoff.timeline.find((entry) => entry.type === "handoff.changed" && entry.data.state === "wrap_up")?.at ?? null;
});

export function MyHandoffs(): ComponentChildren {
  const { desk, board, state } = useBoard();
  const { handoffs, agent } = board;
  const current = state.view === "desk" ? state.selected : null;
  return (
    <section class="rail__sec" aria-labelledby="mine">
      <h2 class="sec-h" id="mine">My handoffs<span class="meta num">{handoffs.length} of {agent.capacity}</span></h2>
      {handoffs.length === 0
        ? <p class="meta">They stay here until you have wrapped them up.</p>
        : <ul class="mine">{inPlace(handoffs).map((handoff) => <li key={handoff.id}><Row desk={desk} handoff={handoff} current={handoff.id === current} /></li>)}</ul>}
    </section>
  );
}

/** One of two hundred: it is drawn again when its own handoff changed, and of the clock only the figure at its end. */
const Row = memo(({ desk, handoff, current }: { desk: Desk; handoff: DeskHandoff; current: boolean }): ComponentChildren => {
  const unread = unreadCount(handoff);
  const wrapping = handoff.state === "wrap_up";
  return (
    <button type="button" class={`mine__row${unread > 0 ? " mine__row--unread" : ""}`} aria-current={current}
      onClick={() => desk.open(handoff.id)}>
      {wrapping ? <IconCheck /> : <ChannelIcon channel={handoff.channel} />}
      <span class="mine__name"><Who customer={handoff.customer} sure={isSure(handoff.evidence)} /></span>
      {unread > 0 ? <span class="count"><span class="vh">, unread: </span>{unread}</span> : <span />}
      <span class="mine__what cut">{wrapping ? "Wrap-up" : rowWords(handoff, unread)}</span>
      <Time handoff={handoff} />
    </button>
  );
});

function Time({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const now = useSeconds();
  const onLine = isLive(handoff.call) ? talkSeconds(handoff.call, now) : null;
  if (onLine !== null) return <span class="meta num"><span class="vh">on the line for </span>{elapsed(onLine)}</span>;
  const since = needsSince(handoff);
  if (since === null) return null;
  const waits = secondsSince(since, now);
  return <span class={`meta num${waits > LATE_SECONDS && handoff.state !== "wrap_up" ? " warn" : ""}`}><span class="vh">waits </span>{elapsed(waits)}</span>;
}

function rowWords(handoff: DeskHandoff, unread: number): string {
  if (isLive(handoff.call)) return statusWords(handoff.call, shortName(handoff.customer));
  const said = unread > 0 ? lastSaid(handoff) : null;
  return said === null ? handoff.intent.label : stripInvisible(said);
}
