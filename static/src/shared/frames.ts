/** The words of the wire: what the server sends and what the objects in it look like. */

import type * as protocol from "./protocol.ts";

export type HandoffState = "scheduled" | "awaiting_call" | "queued" | "offered" | "connected" | "wrap_up" | "closed";
export type ChannelName = "chat" | "callback" | "phone" | "voice";
export type Source = "verified" | "observed" | "stated" | "desk";
export type Scalar = string | number | boolean | null;
export type Heads = Record<string, number>;

export type {
  Assurance,
  CallbackView as Callback,
  CallingView as Calling,
  CallView as Call,
  CustomerCard as Customer,
  Estimate,
  Fact,
  IntentRef as Named,
  MessagePosted,
  Receipt,
  Slot,
  Slots,
  Step,
} from "./protocol.ts";

/** The generated shapes leave these two words open; the panel decides by them, so here they are closed. */
interface Lively {
  readonly state: HandoffState;
  readonly channel: ChannelName;
}
export type Handoff = Omit<protocol.CustomerHandoff, keyof Lively> & Lively;
export type Recent = Omit<protocol.RecentHandoff, keyof Lively> & Lively;
export type ChannelOption = Omit<protocol.ChannelState, "channel"> & Pick<Lively, "channel">;
export type IntentOption = Omit<protocol.IntentView, "channels"> & { readonly channels: readonly ChannelOption[] };
export type HandoffChanged = Omit<protocol.HandoffChanged, keyof Lively> & Lively;

export type CustomerSnapshot = Omit<protocol.CustomerSnapshot, "handoff" | "scheduled" | "recent" | "timeline"> & {
  readonly handoff: Handoff | null;
  readonly scheduled: readonly Handoff[];
  readonly recent: Recent | null;
  readonly timeline: readonly Entry[];
};

/** What a callback is asked for with. Without a window: on its turn. */
export interface AskedCallback {
  phone: string;
  consent: string;
  time_zone: string;
  window?: protocol.AskedWindow;
}

/** An event as it is kept: the frame without its "ev". The type is any string, because servers may be newer than this page. */
export interface Entry {
  stream: string;
  seq: number;
  at: string;
  type: string;
  data: unknown;
}

/** Events a customer may see, by type. */
export interface CustomerEvents {
  "handoff.changed": HandoffChanged;
  "message.posted": protocol.MessagePosted;
  "journey.recorded": protocol.JourneyRecorded;
  "facts.changed": protocol.FactsChanged;
  "identity.changed": protocol.IdentityChanged;
  "callback.changed": protocol.CallbackChanged;
  "call.changed": protocol.CallChanged;
  "survey.answered": protocol.SurveyAnswered;
  "agent.joined": protocol.AgentJoined;
  "agent.left": protocol.AgentLeft;
  erased: protocol.Erased;
  "handoff.opened": { handoff: Handoff; heads: Heads };
  "session.changed": protocol.SessionChanged;
}

export type EventOf<Map, K extends keyof Map = keyof Map> = {
  [T in K]: { stream: string; seq: number; at: string; type: T; data: Map[T] };
}[K];

export interface WelcomeFrame<S = unknown> {
  ev: "welcome";
  epoch: string;
  heartbeat_seconds: number;
  snapshot: S;
  heads: Heads;
}
export interface EventFrame extends Entry {
  ev: "event";
}
export interface AckFrame {
  ev: "ack";
  id: string;
  result: Record<string, unknown>;
}
export interface ErrorFrame {
  ev: "error";
  id: string | null;
  code: string;
  message: string;
  fields?: Record<string, unknown>;
}
export interface ByeFrame {
  ev: "bye";
  /** The close code by its name; the number comes with the close itself. */
  code: string;
  retry_after_ms?: number | null;
}
export type ResyncReason = "epoch_changed" | "too_old" | "ahead";
export interface ResyncFrame {
  ev: "resync";
  reason: ResyncReason;
}

/** Frames outside the log: a missed one is never repeated. */
export type EphemeralFrame =
  | { ev: "typing"; handoff: string; who: string }
  | { ev: "queue"; handoff: string; position: number | "100+" | null; estimate: protocol.Estimate | null }
  | { ev: "board"; queues: unknown }
  | { ev: "presence"; handoff: string; who: string; status: "here" | "away" | "reconnecting" | "signed_out"; until?: string }
  | { ev: "read"; handoff: string; who: string; seq: number }
  | { ev: "signal"; call: string; payload: unknown };

export type ServerFrame =
  | WelcomeFrame
  | EventFrame
  | AckFrame
  | ErrorFrame
  | ByeFrame
  | ResyncFrame
  | EphemeralFrame
  | { ev: "pong" };
