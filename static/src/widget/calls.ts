/** What there is to say about a callback and about a call. */
import { texts as core } from "@texts/core";
import { texts } from "@texts/phone";
import type { Call, Callback, Handoff } from "../shared/frames.ts";
import { clock, told } from "./language.ts";
import { aboutWords, windowWords } from "./when.ts";

export const masked = (number: string | null | undefined): string => (number ? `..${number.replace(/\D/g, "").slice(-4)}` : "");

const ON_A_PHONE = new Set(["callback", "phone"]);
export const numberOf = ({ callback, call }: Pick<Handoff, "callback" | "call">): string => masked(callback?.number ?? call?.caller);

/** Our last try, if it did not find anybody. */
export function missedWords({ last_outcome, number }: Pick<Callback, "last_outcome" | "number">): string {
  const { missed } = texts;
  return last_outcome && Object.hasOwn(missed, last_outcome) ? missed[last_outcome as keyof typeof missed](masked(number)) : "";
}

/** When a booked call comes: in its window, else about when it is due. */
export function whenWords({ callback, due_at }: Pick<Handoff, "callback" | "due_at">, now: number): string {
  if (!callback) return "";
  const { window, next_at, time_zone } = callback;
  const at = next_at ?? due_at;
  if (window && !missedWords(callback)) return windowWords(window, time_zone, now);
  return at ? aboutWords(at, time_zone, now) : window ? windowWords(window, time_zone, now) : "";
}

/** What is due first comes first. */
export const inOrder = (booked: readonly Handoff[]): Handoff[] => [...booked].sort((one, other) => (one.due_at ?? "").localeCompare(other.due_at ?? ""));

/** It has not rung yet: it can still be put off. */
export function isReady({ state, channel, call }: Handoff): boolean {
  const before = !call || (call.ended_at ? !call.bridged_at : ["dialing", "unknown", "agent_ringing", "queued"].includes(call.status));
  return state === "connected" && channel === "callback" && before;
}

/** What happens on the telephone right now; empty while nothing does. */
export function callWords(handoff: Handoff): string {
  const { state, channel, agent, call } = handoff;
  if (state !== "connected" || !ON_A_PHONE.has(channel)) return "";
  const name = agent?.name ?? core.agent;
  if (call?.trouble && !call.ended_at) return texts.lineTrouble(name);
  if (isReady(handoff)) return texts.readyToCall(name, numberOf(handoff));
  if (!call) return "";
  if (call.ended_at) return call.bridged_at ? texts.callOver : texts.callLost(name);
  if (call.status === "bridged") return call.is_held ? texts.onHold(name) : texts.talkingWith(name);
  if (call.direction === "outbound") return call.status === "ringing" ? texts.rings(name) : texts.connecting(name);
  return texts.takesCall(name);
}

/** The call that the page is asked about. */
export const arrivedWords = ({ call }: Pick<Handoff, "call">): string => call?.caller ? texts.arrivedFrom(masked(call.caller)) : texts.arrivedHidden;

/** A call that was one, as a line of the conversation. */
export function endWords(call: Call | null): string {
  return call?.bridged_at && call.ended_at ? texts.talked(clock(call.bridged_at), clock(call.ended_at)) : "";
}

export const refusedWords = (problem: string): string => told(texts.refused, problem) ?? texts.refused.other;
