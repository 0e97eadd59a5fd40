/** One desk, one agent, one verified customer: what the tests of the console talk about. */
import type { AgentSnapshot, CallView, CallbackView, Customer, DeskHandoff, Entry, EventData, EventFrame, EventType, Fact, Offer } from "../../../static/src/console/wire.ts";
import type { SnapshotLoaded } from "../../../static/src/console/board.ts";

export const NOW = Date.parse("2030-05-06T14:02:00.000Z");
export const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();

export const AMIRA = { id: "ag_amira", name: "Amira" };
export const SITE = { key: "harbour", name: "Harbour Bank" };
export const INTENT = { key: "dispute-charge", label: "Dispute a charge" };
export const MAYA: Customer = {
  id: "cu_maya", name: "Maya Chen", verified: true, assurance: { acr: "urn:bank:2", amr: ["pwd", "otp"], auth_time: NOW / 1000 - 200 },
};
export const STREAM = "handoff/ho_1";
export const DESK = "handoff/ho_1/desk";
export const MINE = "agent/ag_amira";

export function event<K extends EventType>(stream: string, seq: number, type: K, data: EventData[K], seconds = seq): EventFrame {
  return { ev: "event", stream, seq, at: at(seconds), type, data } as EventFrame;
}
export function entry<K extends EventType>(stream: string, seq: number, type: K, data: EventData[K], seconds = seq): Entry {
  const { ev: _ev, ...rest } = event(stream, seq, type, data, seconds);
  return rest as Entry;
}
export const fact = (key: string, source: Fact["source"], value: Fact["value"] = "x"): Fact => ({ key, label: key, value, source, at: at(0) });
export const said = (kind: "customer" | "agent", text: string, client_id = `c-${text}`): EventData["message.posted"] =>
  ({ id: `me_${text}`, author: { kind, name: kind === "agent" ? "Amira" : "Maya Chen" }, text, client_id });
export const changed = (state: string, more: Partial<EventData["handoff.changed"]> = {}): EventData["handoff.changed"] =>
  ({ state, version: 2, channel: "chat", intent: INTENT, agent: { name: "Amira" }, close_reason: null, enqueued_at: at(-42), ...more });

export function handoff(more: Partial<DeskHandoff> = {}): DeskHandoff {
  return {
    id: "ho_1", state: "connected", version: 2, channel: "chat", intent: INTENT, queue: { key: "cards", name: "Cards" }, site: SITE, statement: null, customer: MAYA,
    verdicts: [], journey: { steps: [] }, facts: [], history: [], brief: "Maya Chen wants to dispute a charge.", opened_at: at(-60), enqueued_at: at(-42),
    connected_at: at(0), close_reason: null, agent: AMIRA, presence: "here", why: { text: [] }, timeline: [], dispositions: ["resolved", "follow_up"], wrap_up: null,
    survey: null, read: { customer: 0, agent: 0 }, callback: null, call: null, evidence: null, caller_number: null, verification: null, ...more,
  };
}

/** A call that Maya made with the code and confirmed in the page; nobody is on the line yet. */
export function call(more: Partial<CallView> = {}): CallView {
  return {
    id: "ca_1", direction: "inbound", status: "queued", caller: "..0001", evidence: "tap", claim: "mine", at: at(-30), answered_at: at(-30), bridged_at: null, ended_at: null,
    outcome: null, is_rendered: false, is_held: false, is_muted: false, controls: ["hold", "resume", "mute", "unmute"], trouble: null, ...more,
  };
}
/** The same with Maya on the line for 66 seconds. */
export const talking = (more: Partial<CallView> = {}): CallView => call({ status: "bridged", bridged_at: at(-66), is_rendered: true, ...more });
export const dialled = (more: Partial<CallView> = {}): CallView => call({ direction: "outbound", status: "dialing", evidence: "profile_number", claim: null, answered_at: null, ...more });

export function callback(more: Partial<CallbackView> = {}): CallbackView {
  return {
    number: "+447700900001", is_edited: false, window: { starts_at: at(240), ends_at: at(1440) }, time_zone: "Europe/London", consent: "Harbour Bank may call me about this.",
    attempts: 0, attempts_limit: 3, next_at: null, last_outcome: null, link: "https://help.example/callback", ...more,
  };
}

export function offer(more: Partial<Offer> = {}): Offer {
  return {
    id: "of_1", token: "secret", offered_at: at(0), expires_at: at(25),
    handoff: {
      id: "ho_2", channel: "chat", intent: INTENT, queue: { key: "cards", name: "Cards" }, site: SITE, statement: null, customer: MAYA, enqueued_at: at(-42),
      brief: "Maya Chen wants to dispute a charge.", stopped_at: null, earlier: 0, transfer: null, evidence: null, callback: null, call: null,
    },
    ...more,
  };
}

export function snapshot(more: Partial<AgentSnapshot> = {}): AgentSnapshot {
  return {
    agent: { ...AMIRA, role: "agent", availability: { available: true, reason: null, after_current: false }, capacity: 3, load: 0, is_trainee: false },
    offers: [], handoffs: [], queues: [], ...more,
  };
}

export function loaded(more: Partial<AgentSnapshot> = {}, heads: Record<string, number> = {}): SnapshotLoaded {
  return { ev: "snapshot", snapshot: snapshot(more), heads: { [MINE]: 0, ...heads }, history_lost: false };
}
