/** The live list, as it is sorted and narrowed. */
import type { LiveHandoff } from "../../shared/protocol.ts";
import { customerName } from "../people.ts";

export type Column = "customer" | "state" | "intent" | "channel" | "time" | "agent";
export interface Order { by: Column; down: boolean }

const STATES: Readonly<Record<string, string>> = { awaiting_call: "Awaiting a call", queued: "Waiting", offered: "Being offered", connected: "Talking", wrap_up: "Wrap-up" };
export const stateWords = (state: string): string => STATES[state] ?? state;

/** Since when it is in its state: waiting, talking, wrapping up. */
export function sinceOf({ state, enqueued_at, connected_at, ended_at }: LiveHandoff): string | null {
  if (state === "wrap_up") return ended_at;
  return state === "connected" ? connected_at : enqueued_at;
}

export function narrowed(handoffs: readonly LiveHandoff[], { text, state, queue }: { text: string; state: string; queue: string }): LiveHandoff[] {
  const wanted = text.trim().toLocaleLowerCase();
  return handoffs.filter((one) => {
    const named = [customerName(one.customer), one.intent.label, one.agent?.name ?? "", one.id];
    return (state === "" || one.state === state) && (queue === "" || one.queue.key === queue) && (wanted === "" || named.some((name) => name.toLocaleLowerCase().includes(wanted)));
  });
}

const KEYS: Readonly<Record<Column, (one: LiveHandoff) => string>> = {
  customer: ({ customer }) => customerName(customer).toLocaleLowerCase(),
  state: ({ state }) => stateWords(state),
  intent: ({ intent }) => intent.label.toLocaleLowerCase(),
  channel: ({ channel }) => channel,
  // The longest first: who has waited longest has come earliest.
  time: (one) => sinceOf(one) ?? "9",
  agent: ({ agent }) => agent?.name.toLocaleLowerCase() ?? "￿",
};

/** Equal ones keep their order, so that a row does not jump with every look. */
export function sorted(handoffs: readonly LiveHandoff[], { by, down }: Order): LiveHandoff[] {
  const key = KEYS[by];
  const sign = down ? -1 : 1;
  return handoffs.map((one) => ({ one, key: `${key(one)}` })).sort((a, b) => (a.key === b.key ? (a.one.id < b.one.id ? -1 : 1) : a.key < b.key ? -sign : sign)).map(({ one }) => one);
}
