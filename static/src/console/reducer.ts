/** What each event does to the desk; fed alike by snapshot, replay and live events, and without effects. */
import { merge } from "../shared/timeline.ts";
import { loadSnapshot, seen } from "./board.ts";
import type { Board, SnapshotLoaded } from "./board.ts";
import * as on from "./handoff_events.ts";
import { handoffUnwatched, handoffWatched, supervised } from "./watching.ts";
import { keepHandoff } from "./wire.ts";
import type { DeskHandoff, Ephemeral, Entry, EventFrame, OfferStatus, Presence } from "./wire.ts";

/** What only this page knows: a strip was read and put away. */
export type Dismissed = { ev: "dismissed"; offer: string } | { ev: "dismissed"; handoff: string };
/** Lines from before the desk's own beginning; they tell what was said and change nothing that is. */
export interface OlderRead { ev: "older"; handoff: string; entries: readonly Entry[] }
export type Input = SnapshotLoaded | EventFrame | Ephemeral | Dismissed | OlderRead;

const STREAM = /^handoff\/([^/]+)(?:\/desk)?$/;

function never(value: never): never {
  throw new Error(`not handled: ${JSON.stringify(value)}`);
}

export function reduce(board: Board | null, input: Input, now: number): Board | null {
  if (input.ev === "snapshot") return loadSnapshot(board, input);
  // Nothing can be said about a desk that was never loaded; the welcome brings all of it.
  if (!board) return null;
  return input.ev === "event" ? reduceEvent(board, input, now) : reducePassing(board, input, now);
}

/** An event at or under the head is part of the snapshot already: it may only add its line to the timeline. */
function reduceEvent(board: Board, frame: EventFrame, now: number): Board {
  const known = frame.seq <= (board.heads[frame.stream] ?? 0);
  const handoff = STREAM.exec(frame.stream)?.[1];
  if (handoff === undefined) return known ? reduceKnown(board, frame) : live(reduceOwn(board, frame), frame, now);
  const withLine = on.change(board, handoff, (one) => ({ ...one, timeline: withLineOf(one.timeline, frame) }));
  return known ? withLine : live(reduceHandoff(withLine, handoff, frame), frame, now);
}

/** As many leads as show the true one, and few enough to forget a clock that was set right. */
const LEADS = 5;

function live(board: Board, { stream, seq, at }: EventFrame, now: number): Board {
  return { ...board, heads: { ...board.heads, [stream]: seq }, ahead: [...board.ahead, now - Date.parse(at)].slice(-LEADS) };
}

function withLineOf(timeline: readonly Entry[], frame: EventFrame): readonly Entry[] {
  const { ev: _ev, ...entry } = frame;
  const last = timeline.at(-1);
  // What comes last of all, as nearly everything does, needs no comparing with ten thousand others.
  if (last && last.at < entry.at && entry.type !== "facts.changed") return [...timeline, entry];
  return merge(frame.type === "facts.changed" ? on.forgetStruck(timeline, frame.data.struck) : timeline, [entry]);
}

/** Replayed after a snapshot: only tells how an offer that vanished meanwhile had ended. */
function reduceKnown(board: Board, frame: EventFrame): Board {
  if (frame.type === "offer.ended") return { ...board, ended: namedEnd(board, frame.data.id, frame.data.status) };
  if (frame.type !== "handoff.unassigned") return board;
  const { id, reason } = frame.data;
  return { ...board, lost: board.lost.map((one) => (one.handoff.id === id ? { ...one, reason } : one)) };
}

const namedEnd = (board: Board, id: string, status: OfferStatus): Board["ended"] =>
  board.ended.map((one) => (one.offer.id === id ? { ...one, status } : one));

/** Streams of one handoff: the customer's and the desk's. */
function reduceHandoff(board: Board, id: string, event: EventFrame): Board {
  switch (event.type) {
    case "handoff.changed": return on.handoffChanged(board, id, event);
    case "message.posted": return on.messagePosted(board, id, event);
    case "journey.recorded": return on.journeyRecorded(board, id, event);
    case "facts.changed": return on.factsChanged(board, id, event);
    case "identity.changed": return on.identityChanged(board, id, event);
    case "callback.changed": return on.callbackChanged(board, id, event);
    case "call.changed": return on.callChanged(board, id, event);
    case "verification.requested": case "verification.answered": return on.verificationChanged(board, id, event);
    case "survey.answered": return on.surveyAnswered(board, id, event);
    case "briefing.changed": return on.briefingChanged(board, id, event);
    case "wrap_up.recorded": return on.wrapUpRecorded(board, id, event);
    case "erased": return on.erased(board, id);
    case "supervision.recorded": return supervised(board, id, event.data);
    // Their line in the timeline is all they change.
    case "agent.joined": case "agent.left": case "note.added": case "offer.recorded": case "transfer.recorded": return board;
    // These belong to an agent's own stream; the server does not send them here.
    case "offer.made": case "offer.ended": case "availability.changed": case "handoff.assigned": case "handoff.unassigned":
    case "handoff.watched": case "handoff.unwatched":
      return board;
    default: return never(event);
  }
}

/** The agent's own stream. */
function reduceOwn(board: Board, event: EventFrame): Board {
  switch (event.type) {
    case "offer.made": return offerMade(board, event.data);
    case "offer.ended": return offerEnded(board, event.data.id, event.data.status);
    case "availability.changed": return { ...board, agent: { ...board.agent, availability: event.data } };
    case "handoff.assigned": return handoffAssigned(board, event.data);
    case "handoff.unassigned": return handoffUnassigned(board, event.data.id, event.data.reason);
    case "handoff.watched": return handoffWatched(board, event.data);
    case "handoff.unwatched": return handoffUnwatched(board, event.data.id);
    // These belong to a handoff's streams; the server does not send them here.
    case "handoff.changed": case "message.posted": case "journey.recorded": case "facts.changed": case "identity.changed":
    case "callback.changed": case "call.changed": case "verification.requested": case "verification.answered": case "survey.answered": case "briefing.changed": case "wrap_up.recorded": case "transfer.recorded": case "note.added": case "offer.recorded":
    case "agent.joined": case "agent.left": case "supervision.recorded":
    // An own entry that was emptied: the snapshot tells what it did.
    case "erased":
      return board;
    default: return never(event);
  }
}

type DataOf<K extends EventFrame["type"]> = Extract<EventFrame, { type: K }>["data"];

function offerMade(board: Board, offer: DataOf<"offer.made">): Board {
  // A new offer takes the place of what was said about the last one.
  return { ...board, offers: [...board.offers.filter((one) => one.id !== offer.id), offer], ended: [] };
}

function offerEnded(board: Board, id: string, status: OfferStatus): Board {
  const offer = board.offers.find((one) => one.id === id);
  if (!offer) return { ...board, ended: namedEnd(board, id, status) };
  return { ...board, offers: board.offers.filter((one) => one.id !== id), ended: [...board.ended, { offer, status }] };
}

function handoffAssigned(board: Board, data: DataOf<"handoff.assigned">): Board {
  const others = board.handoffs.filter((one) => one.id !== data.id);
  return {
    ...board,
    handoffs: [...others, keepHandoff(data)],
    heads: { ...board.heads, ...data.heads },
    offers: board.offers.filter((one) => one.handoff.id !== data.id),
    ended: board.ended.filter((one) => one.offer.handoff.id !== data.id),
    lost: board.lost.filter((one) => one.handoff.id !== data.id),
    presence: { ...board.presence, [data.id]: seen(undefined, data.presence, null) },
  };
}

/** It left because its agent finished it: nothing to tell, unless the clock did it before a wrap-up was saved. */
export const FINISHED: ReadonlySet<string> = new Set(["resolved", "customer_left"]);
function reasonToTell({ wrap_up }: DeskHandoff, reason: string): string | null {
  if (!FINISHED.has(reason)) return reason;
  return wrap_up ? null : "wrap_up_over";
}

/** More strips than these would leave no room for the talk; the oldest was there to be read long enough. */
const STRIPS = 5;

function handoffUnassigned(board: Board, id: string, reason: string): Board {
  const handoff = board.handoffs.find((one) => one.id === id);
  if (!handoff) return board;
  const heads = Object.fromEntries(Object.entries(board.heads).filter(([stream]) => STREAM.exec(stream)?.[1] !== id));
  const { [id]: _presence, ...presence } = board.presence;
  const { [id]: _typing, ...typing } = board.typing;
  const told = reasonToTell(handoff, reason);
  const lost = told === null ? board.lost : [...board.lost, { handoff, reason: told }].slice(-STRIPS);
  return { ...board, handoffs: board.handoffs.filter((one) => one.id !== id), heads, presence, typing, lost };
}

/** Frames outside the log, and this page's own marks. */
function reducePassing(board: Board, input: Ephemeral | Dismissed | OlderRead, now: number): Board {
  switch (input.ev) {
    case "typing": return input.who === "customer" ? { ...board, typing: { ...board.typing, [input.handoff]: now } } : board;
    case "presence": return input.who === "customer" ? withPresence(board, input.handoff, input.status, now) : board;
    case "read": return on.read(board, input.handoff, input.who, input.seq);
    case "board": return { ...board, queues: input.queues };
    // Places in a line are for those who stand in it.
    case "queue": return board;
    case "dismissed": return dismissed(board, input);
    case "older": return on.change(board, input.handoff, (one) => ({ ...one, timeline: merge(one.timeline, input.entries) }));
    default: return never(input);
  }
}

function withPresence(board: Board, id: string, status: Presence, now: number): Board {
  // Who is gone is not writing either.
  const { [id]: _typing, ...others } = board.typing;
  return { ...board, presence: { ...board.presence, [id]: seen(board.presence[id], status, now) }, typing: status === "here" ? board.typing : others };
}

function dismissed(board: Board, input: Dismissed): Board {
  if ("offer" in input) return { ...board, ended: board.ended.filter((one) => one.offer.id !== input.offer) };
  return { ...board, lost: board.lost.filter((one) => one.handoff.id !== input.handoff) };
}
