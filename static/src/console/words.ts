/** Codes of the record, in the words of the desk. */

function sentence(code: string): string {
  const words = code.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const DISPOSITIONS: Readonly<Record<string, string>> = { resolved: "Resolved", follow_up: "Follow up", no_answer: "No answer", spam: "Spam" };
export const dispositionWords = (code: string): string => DISPOSITIONS[code] ?? sentence(code);
/** The code of an outcome as somebody writes it. */
export const dispositionCode = (words: string): string => words.trim().toLowerCase().replace(/\s+/g, "_");

const CLOSE: Readonly<Record<string, string>> = {
  resolved: "resolved", customer_left: "the customer left", cancelled: "taken back by the customer", abandoned: "the customer left the line",
  expired: "it expired", unreachable: "nobody was reached", merged: "joined to another handoff", erased: "erased",
};
export const closeWords = (code: string): string => CLOSE[code] ?? code.replace(/_/g, " ");

const CHANNELS: Readonly<Record<string, string>> = { chat: "Chat", callback: "Callback", phone: "Phone", voice: "Voice" };
export const channelWords = (channel: string): string => CHANNELS[channel] ?? sentence(channel);
export const channelWithin = (channel: string): string => channelWords(channel).toLowerCase();

/** What an agent may give as the reason for being away; the system's own reasons are sentences already. */
export const AWAY_REASONS: readonly string[] = ["break", "meal", "meeting", "training"];
const AWAY: Readonly<Record<string, string>> = {
  break: "Break", meal: "Meal", meeting: "Meeting", training: "Training",
};
export const awayWords = (reason: string): string => AWAY[reason] ?? sentence(reason);

const SHUT: Readonly<Record<string, string>> = {
  lose_agent: "Your connection was gone for too long, so it went back to its place in the line.",
  retry_later: "It is tried again later.",
  unreachable: "Nobody was reached, so it is closed.",
  wrap_up_over: "The time for the wrap-up was over, so it closed without an outcome.",
  switch: "The customer changed the channel.",
  postpone: "The customer asked for another time.",
  transfer: "It was handed on.",
  take_over: "A supervisor took it over, with all of it.",
  merged: "It was joined to another handoff of the same customer.",
  erased: "It was erased.",
  unknown: "It left this desk while the connection was away.",
};
export const shutWords = (reason: string): string => SHUT[reason] ?? sentence(reason) + ".";

const REFUSALS: Readonly<Record<string, string>> = {
  offer_gone: "This offer is no longer open.",
  handoff_closed: "The handoff is closed, so nothing can be added.",
  not_saved: "It could not be saved just now.",
  rate_limited: "Too many at once. Try again in a moment.",
  too_long: "It is too long.",
  stale_version: "The handoff changed meanwhile.",
  illegal_transition: "The handoff has moved on meanwhile.",
  forbidden: "This handoff is not yours any more.",
  idempotency_conflict: "Another text was already sent in its place.",
  not_found: "Whom you chose is not there any more.",
  channel_closed: "This channel is closed just now.",
  channel_full: "This channel takes nobody more just now.",
  channel_not_offered: "This channel is not offered for what this is about.",
  not_connected: "There is no connection right now.",
  connection_lost: "The connection was lost before an answer came.",
};
/** An unknown refusal shows the server's own sentence, if there is one. */
export const refusalWords = (code: string, message = `It was refused (${code}).`): string => REFUSALS[code] ?? message;

/** Why a number is not called, or not now. */
const NUMBER: Readonly<Record<string, string>> = {
  suppressed: "This number is on the list of those that are never called.",
  quiet_hours: "It is too early or too late there to be called.",
  too_early: "The promised time has not come yet. Choose another time, or wait.",
  window_over: "The promised time is over. Agree on another one.",
  country: "Numbers of this country are not called.",
  premium: "Premium-rate and personal numbers are not called.",
  emergency: "Emergency numbers are not called.",
  shared_cost: "Shared-cost numbers are not called.",
  not_reachable: "This is not the line of a person.",
  invalid: "This is not a number that can be called.",
};

const BY_PHONE: Readonly<Record<string, string>> = {
  rate_limited: "The limit of calls is reached. Try again later, or choose another time.",
  provider_failed: "The phone provider did not take it. Try again in a moment.",
  connection_lost: "The connection was lost before an answer came. Nobody is called twice: how the call stands is shown when the connection is back.",
};

/** Why nobody was rung, or no other time could be set. Most of what the server says here is a sentence for the agent already. */
export function phoneRefusalWords(code: string, message: string, fields: Readonly<Record<string, unknown>>): string {
  if (code === "number_not_allowed") return NUMBER[String(fields["phone"])] ?? message;
  if ("window" in fields) return message;
  // The table of states speaks to developers.
  if (code === "illegal_transition" && message !== code && !message.startsWith("A handoff that")) return message;
  return BY_PHONE[code] ?? refusalWords(code, message);
}
