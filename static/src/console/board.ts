/** The desk's one state, and how a snapshot becomes it. */
import { merge } from "../shared/timeline.ts";
import { remembered } from "./memo.ts";
import { loadWatching } from "./watching.ts";
import { keepHandoff } from "./wire.ts";
import type { AgentSnapshot, AgentView, DeskHandoff, Offer, OfferStatus, Presence, QueueRow } from "./wire.ts";

/** An offer that is over; `unknown` when it ended while this page had no connection. */
export interface EndedOffer { offer: Offer; status: OfferStatus | "unknown" }
/** Where a customer is, and since when this reader knows; null for what was so before this page looked. */
export interface Seen { status: Presence; since: number | null }
/** A handoff that left this desk, and why. */
export interface LostHandoff { handoff: DeskHandoff; reason: string }

export interface Board {
  /** Without `load`: it is the number of handoffs on this desk, and two numbers for one thing disagree sooner or later. */
  agent: Omit<AgentView, "load">;
  offers: readonly Offer[];
  handoffs: readonly DeskHandoff[];
  queues: readonly QueueRow[];
  heads: Readonly<Record<string, number>>;
  ended: EndedOffer[];
  lost: LostHandoff[];
  /** What a supervisor reads along, and in which of it they write too, by id. */
  watched: readonly DeskHandoff[];
  joined: readonly string[];
  presence: Record<string, Seen>;
  /** When the customer of a handoff was last seen typing, in this reader's milliseconds. */
  typing: Record<string, number>;
  /** How far this reader's clock was ahead of the server's at the last live events, in milliseconds. */
  ahead: readonly number[];
}

/** The server's time. An event comes late more often than early, so the smallest lead is the truest. */
export function serverNow(board: Board | null, now: number): number {
  return board && board.ahead.length > 0 ? now - Math.min(...board.ahead) : now;
}

export interface SnapshotLoaded {
  ev: "snapshot";
  snapshot: AgentSnapshot;
  heads: Readonly<Record<string, number>>;
  /** True when the log's history was lost: what is held from before must not be mixed in. */
  history_lost: boolean;
  /** How far this reader's clock was ahead when the page asked for its ticket: all that is known before the first event. */
  lead?: number;
}

/** In the order in which they came to this desk, so that a place never moves under a hand or a shortcut. */
export const inPlace = remembered((handoffs: readonly DeskHandoff[]): readonly DeskHandoff[] =>
  [...handoffs].sort((a, b) => {
    const [one, other] = [placeOf(a), placeOf(b)];
    return one < other ? -1 : one > other ? 1 : 0;
  }));

const placeOf = remembered(({ connected_at, id }: DeskHandoff): string => `${connected_at} ${id}`);

export function loadSnapshot(previous: Board | null, loaded: SnapshotLoaded): Board {
  const { snapshot } = loaded;
  const { load: _load, ...agent } = snapshot.agent;
  const before = loaded.history_lost ? null : previous;
  return {
    agent,
    offers: snapshot.offers,
    handoffs: snapshot.handoffs.map((handoff) => keepOlderEntries(keepHandoff(handoff), before)),
    queues: snapshot.queues,
    heads: loaded.heads,
    ended: endedMeanwhile(previous, snapshot),
    lost: lostMeanwhile(previous, snapshot),
    ...loadWatching(snapshot),
    presence: Object.fromEntries(snapshot.handoffs.map(({ id, presence }) => [id, seen(previous?.presence[id], presence, null)])),
    typing: {},
    ahead: aheadAfter(previous?.ahead ?? [], loaded.lead),
  };
}

/** A second is as near as a ticket can tell; what differs by more is a clock that was set meanwhile. */
const LEAD_MS = 5_000;

function aheadAfter(before: readonly number[], lead: number | undefined): readonly number[] {
  if (lead === undefined) return before;
  return before.length > 0 && Math.abs(Math.min(...before) - lead) < LEAD_MS ? before : [lead];
}

/** Away is the same absence that began with a lost line. */
export function seen(before: Seen | undefined, status: Presence, now: number | null): Seen {
  const goes_on = before && (before.status === status || (before.status === "reconnecting" && status === "away"));
  return { status, since: goes_on ? before.since : now };
}

function keepOlderEntries(handoff: DeskHandoff, before: Board | null): DeskHandoff {
  const known = before?.handoffs.find((one) => one.id === handoff.id)?.timeline ?? [];
  return { ...handoff, timeline: merge(handoff.timeline, known) };
}

function endedMeanwhile(previous: Board | null, snapshot: AgentSnapshot): EndedOffer[] {
  if (!previous) return [];
  const live = new Set(snapshot.offers.map((offer) => offer.id));
  const mine = new Set(snapshot.handoffs.map((handoff) => handoff.id));
  const gone = previous.offers.filter((offer) => !live.has(offer.id) && !mine.has(offer.handoff.id));
  return [...previous.ended, ...gone.map((offer): EndedOffer => ({ offer, status: "unknown" }))];
}

function lostMeanwhile(previous: Board | null, snapshot: AgentSnapshot): LostHandoff[] {
  if (!previous) return [];
  const mine = new Set(snapshot.handoffs.map((handoff) => handoff.id));
  const gone = previous.handoffs.filter((handoff) => !mine.has(handoff.id) && handoff.state === "connected");
  return [...previous.lost, ...gone.map((handoff): LostHandoff => ({ handoff, reason: "unknown" }))];
}
