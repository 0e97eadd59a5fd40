/** Codes of the record, in the words of the desk. */

function sentence(code: string): string {
  const words = code.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const DISPOSITIONS: Readonly<Record<string, string>> = { resolved: "Resolved", follow_up: "Follow up", no_answer: "No answer", spam: "Spam" };
export const dispositionWords = (code: string): string => DISPOSITIONS[code] ?? sentence(code);

const CLOSE: Readonly<Record<string, string>> = {
  resolved: "resolved", customer_left: "the customer left", cancelled: "taken back by the customer", abandoned: "the customer left the line",
  expired: "it expired", unreachable: "nobody was reached", merged: "joined to another handoff", erased: "erased",
};
export const closeWords = (code: string): string => CLOSE[code] ?? code.replace(/_/g, " ");

const CHANNELS: Readonly<Record<string, string>> = { chat: "Chat", callback: "Callback", phone: "Phone", voice: "Voice" };
export const channelWords = (channel: string): string => CHANNELS[channel] ?? sentence(channel);

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
  not_connected: "There is no connection right now.",
  connection_lost: "The connection was lost before an answer came.",
};
/** An unknown refusal shows the server's own sentence, if there is one. */
export const refusalWords = (code: string, message = `It was refused (${code}).`): string => REFUSALS[code] ?? message;
