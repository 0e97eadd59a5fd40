/** Maya Chen, verified by Harbour Bank, and what the server would say about her. */
import type { Call, Callback, Customer, CustomerSnapshot, Entry, Handoff, IntentOption } from "../../../static/src/shared/frames.ts";
import { reduce } from "../../../static/src/widget/reducer.ts";
import { initial, type Action, type PanelState, type SessionOpened } from "../../../static/src/widget/state.ts";

export const maya: Customer = { id: "cu_maya", name: "Maya Chen", verified: true, assurance: { acr: null, amr: ["pwd", "otp"], auth_time: 1_767_225_000 } };
export const stranger: Customer = { id: "cu_stranger", name: null, verified: false, assurance: null };

export const menu: IntentOption[] = ["dispute-charge", "lost-card"].map((key) => ({
  key,
  label: key,
  channels: [{ channel: "chat", state: "open", estimate: { kind: "unknown" } }],
}));

export function handoff(change: Partial<Handoff> = {}): Handoff {
  return {
    id: "ho_1",
    state: "queued",
    version: 1,
    channel: "chat",
    intent: { key: "dispute-charge", label: "Dispute a charge" },
    statement: null,
    enqueued_at: "2026-01-01T14:00:00.000Z",
    position: 2,
    estimate: { kind: "range", low_seconds: 180, high_seconds: 300 },
    agent: null,
    agent_presence: null,
    agent_until: null,
    due_at: null,
    phone: null,
    callback: null,
    call: null,
    verification: null,
    close_reason: null,
    head: 0,
    opened_at: "2026-01-01T14:00:00.000Z",
    ...change,
  };
}

export function callback(change: Partial<Callback> = {}): Callback {
  const late = { next_at: null, last_outcome: null };
  return { number: "+447700900001", is_edited: false, window: null, time_zone: "Europe/London", consent: CONSENT, attempts: 0, attempts_limit: 3, link: "", ...late, ...change };
}

export function call(change: Partial<Call> = {}): Call {
  const times = { at: "2026-01-01T14:00:00.000Z", answered_at: null, bridged_at: null, ended_at: null };
  const here = { trouble: null, is_rendered: false, is_held: false, is_muted: false, controls: [] };
  return { id: "ca_1", direction: "inbound", status: "answered", caller: "..0001", evidence: "code", claim: null, outcome: null, ...times, ...here, ...change };
}

export const CONSENT = "By booking you let Harbour Bank call you about this one matter.";

/** A callback that is booked, as the server tells it. */
export const booked = (change: Partial<Handoff> = {}): Handoff =>
  handoff({ state: "scheduled", channel: "callback", position: null, estimate: null, due_at: "2026-01-02T15:00:00.000Z", callback: callback(), ...change });

export function entry(seq: number, type: string, data: unknown, stream = "handoff/ho_1"): Entry {
  return { stream, seq, at: `2026-01-01T14:00:00.${String(seq).padStart(3, "0")}Z`, type, data };
}

export function said(seq: number, kind: "customer" | "agent", text: string, client_id: string | null = null): Entry {
  return entry(seq, "message.posted", { id: `me_${seq}`, author: { kind, name: kind === "agent" ? "Amira" : "Maya Chen" }, text, client_id });
}

export function changed(seq: number, version: number, change: Partial<Handoff>): Entry {
  const { state, channel, intent, agent, close_reason, enqueued_at } = handoff(change);
  return entry(seq, "handoff.changed", { state, version, channel, intent, agent, close_reason, enqueued_at });
}

export const amira = { name: "Amira" };

export function snapshot(change: Partial<CustomerSnapshot> = {}): CustomerSnapshot {
  return { customer: maya, handoff: handoff(), scheduled: [], recent: null, timeline: [], receipt: null, ...change };
}

export function play(state: PanelState, ...actions: Action[]): PanelState {
  return actions.reduce(reduce, state);
}

export const event = (one: Entry): Action => ({ type: "event", entry: one });

export const fresh = () => initial({ key: "harbour", name: "Harbour Bank" });

export function session(change: Partial<SessionOpened> = {}): Action {
  return { type: "session", customer: maya, signed: [], intents: menu, handoff: null, scheduled: [], calling: null, recent: null, ...change };
}

export const open = (change: Partial<Handoff> | null = null): PanelState => play(fresh(), session({ handoff: change && handoff(change) }));
