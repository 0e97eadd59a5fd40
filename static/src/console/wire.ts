/** What the desk's socket says: the protocol's generated types, with the timeline's entries told apart. */
import type * as protocol from "../shared/protocol.ts";

export type {
  AgentRef, AgentView, Assurance, Availability, CallView, CallbackView, CustomerCard as Customer, Destinations, DueCallback, DueCallbacks, Fact, FactKey, OfferView as Offer,
  OfferedHandoff, PastHandoff, QueueView as QueueRow, Step, Stopped, TimeWindow, TransferView, Verdict, VerificationView as Verification,
} from "../shared/protocol.ts";
export type Source = protocol.Fact["source"];
export type Scalar = protocol.Fact["value"];
export type OfferStatus = protocol.OfferEnded["status"];
export type Evidence = protocol.CallView["evidence"];
/** What the desk says about a call: that its record is on screen, and what an agent does to it. */
export type CallAction = "rendered" | "hold" | "resume" | "mute" | "unmute" | "hang_up" | "voicemail";
export type Lack = NonNullable<protocol.Verdict["lacks"]>;
export type VerdictWord = protocol.Verdict["verdict"];

interface Place { readonly stream: string; readonly seq: number; readonly at: string }
/** A handoff as it is sent: its timeline may hold what only a newer page knows. */
export interface SentHandoff extends Omit<protocol.DeskHandoff, "timeline"> { readonly timeline: readonly (Place & { readonly type: string; readonly data: unknown })[] }
export interface AgentSnapshot extends Omit<protocol.AgentSnapshot, "handoffs" | "watching" | "joined"> {
  readonly handoffs: readonly SentHandoff[];
  readonly watching?: readonly SentHandoff[];
  readonly joined?: readonly string[];
}

/** Every event the desk may receive. */
type DeskLogEvent = protocol.HandoffEvent | protocol.DeskEvent | protocol.AgentEvent;
export type EventType = DeskLogEvent["type"];
type Watched = Omit<protocol.HandoffWatched, "handoff"> & { readonly handoff: SentHandoff };
export type EventData = {
  [E in DeskLogEvent as E["type"]]: E["data"] extends protocol.DeskHandoff ? SentHandoff : E["data"] extends protocol.HandoffWatched ? Watched : E["data"];
};

export type Entry = { [K in EventType]: Place & { readonly type: K; readonly data: EventData[K] } }[EventType];
export type EventFrame = { [K in EventType]: Place & { readonly ev: "event"; readonly type: K; readonly data: EventData[K] } }[EventType];

/** A handoff as the board keeps it: the heads of its streams live on the board. */
export interface DeskHandoff extends Omit<protocol.DeskHandoff, "timeline" | "heads"> { readonly timeline: readonly Entry[] }

/** Every name, for telling what this page knows from what a newer server may send. */
const KNOWN: Readonly<Record<EventType, true>> = {
  "handoff.changed": true, "message.posted": true, "journey.recorded": true, "facts.changed": true, "identity.changed": true, "callback.changed": true, "call.changed": true,
  "survey.answered": true, "verification.requested": true, "verification.answered": true,
  "erased": true, "offer.recorded": true, "note.added": true, "wrap_up.recorded": true, "transfer.recorded": true, "briefing.changed": true, "offer.made": true,
  "offer.ended": true, "availability.changed": true, "handoff.assigned": true, "handoff.unassigned": true, "handoff.watched": true, "handoff.unwatched": true,
  "agent.joined": true, "agent.left": true, "supervision.recorded": true,
};
function isKnown(event: { type: string }): event is Entry {
  return Object.hasOwn(KNOWN, event.type);
}

/** What this page can read of it: an entry that lost its data to an erasure keeps its place and nothing else. */
export function readEntry(event: Place & { readonly type: string; readonly data: unknown }): Entry[] {
  if (!isKnown(event)) return [];
  return [Object.keys(event.data).length > 0 ? event : { ...event, type: "erased", data: {} }];
}

export function keepHandoff({ heads: _heads, timeline, ...rest }: SentHandoff): DeskHandoff {
  return { ...rest, timeline: timeline.flatMap(readEntry) };
}

export type Presence = protocol.DeskHandoff["presence"];
export type Who = "customer" | "agent";
export type Ephemeral =
  | { ev: "typing"; handoff: string; who: Who }
  | { ev: "presence"; handoff: string; who: Who; status: Presence }
  | { ev: "read"; handoff: string; who: Who; seq: number }
  | { ev: "board"; queues: readonly protocol.QueueView[] }
  | { ev: "queue"; handoff: string; position: number | string | null; estimate: unknown };
