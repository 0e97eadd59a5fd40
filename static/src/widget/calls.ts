/** What there is to say about a callback and about a call. */
import type { Call, Callback, Handoff } from "../shared/frames.ts";
import { clock } from "../shared/time.ts";
import { aboutWords, windowWords } from "./when.ts";

export const masked = (number: string | null | undefined): string => (number ? `..${number.replace(/\D/g, "").slice(-4)}` : "");

const ON_A_PHONE = new Set(["callback", "phone"]);
const MISSED: Record<string, string> = {
  no_answer: "and nobody answered",
  busy: "and it was busy",
  voicemail: "and reached a voicemail",
  failed: "and could not get through",
};

export const numberOf = ({ callback, call }: Pick<Handoff, "callback" | "call">): string => masked(callback?.number ?? call?.caller);

/** Our last try, if it did not find anybody. */
export function missedWords({ last_outcome, number }: Pick<Callback, "last_outcome" | "number">): string {
  const how = MISSED[last_outcome ?? ""];
  return how ? `We called ${masked(number)} ${how}.` : "";
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
  const name = agent?.name ?? "An agent";
  if (call?.trouble && !call.ended_at) return `The line did not open. ${name} tries again; you can write here.`;
  if (isReady(handoff)) return `${name} is ready and calls you now at ${numberOf(handoff)}.`;
  if (!call) return "";
  if (call.ended_at) return `The call ${call.bridged_at ? "has ended" : `ended before ${name} could take it`}. You can go on writing here.`;
  if (call.status === "bridged") return call.is_held ? `${name} has put the call on hold.` : `You are talking with ${name} on the phone.`;
  if (call.direction === "outbound") return call.status === "ringing" ? `Your phone rings now: it is ${name}.` : `One moment: you and ${name} are being connected.`;
  return `${name} has your details on screen and takes your call now.`;
}

/** The call that the page is asked about. */
export const arrivedWords = ({ call }: Pick<Handoff, "call">): string => `A call ${call?.caller ? `from ${masked(call.caller)}` : "that hides its number"} just arrived.`;

/** A call that was one, as a line of the conversation. */
export function endWords(call: Call | null): string {
  return call?.bridged_at && call.ended_at ? `You talked on the phone from ${clock(call.bridged_at)} to ${clock(call.ended_at)}.` : "";
}

/** "2nd", as one says it of a place. */
export function ordinal(place: number): string {
  const tail = place % 100;
  const ending = tail > 10 && tail < 14 ? "th" : (["th", "st", "nd", "rd"][place % 10] ?? "th");
  return `${place}${ending}`;
}

const REFUSED: Record<string, string> = {
  invalid: "That is no complete phone number. Write it with the country code, like +44 7700 900001.",
  premium: "We don’t call premium-rate numbers. Give us another number.",
  emergency: "We don’t call emergency numbers. Give us another number.",
  country: "We can’t call numbers of that country. Give us another number, or choose another way.",
  suppressed: "This number asked not to be called. Give us another number, or choose another way.",
};

export const refusedWords = (problem: string): string => REFUSED[problem] ?? "We can’t call this number. Give us another number, or choose another way.";
