/** A call, in words an agent reads at a glance: how it stands, what speaks for the person on the line, and what may be done to it. */
import { ago } from "../shared/time.ts";
import { methodWords } from "./assurance.ts";
import { customerWithin } from "./people.ts";
import type { CallAction, CallView, CallbackView, Customer, DeskHandoff, Evidence } from "./wire.ts";

const OVER: ReadonlySet<CallView["status"]> = new Set(["ended", "failed", "busy", "no_answer", "canceled"]);

/** An ambiguous dial counts as running until somebody knows better. */
export const isLive = (call: CallView | null): call is CallView => call !== null && !OVER.has(call.status);

/** The line of a caller opens when the record is on screen here. */
export const waitsForRecord = (call: CallView | null): call is CallView => isLive(call) && call.direction === "inbound" && !call.is_rendered;

/** The line of a caller that was to open and did not. */
export const isStuck = (call: CallView | null): call is CallView => isLive(call) && !isTalking(call) && call.direction === "inbound" && call.trouble != null;

export const isTalking = (call: CallView): boolean => call.status === "bridged";

export const liveHandoff = (handoffs: readonly DeskHandoff[]): DeskHandoff | null => handoffs.find(({ call }) => isLive(call)) ?? null;

export function statusWords(call: CallView, who: string): string {
  if (isTalking(call)) return talkWords(call);
  switch (call.status) {
    case "ended": return call.bridged_at === null ? "The call ended before you were on the line" : "The call has ended";
    case "busy": return "Busy";
    case "no_answer": return "Not answered";
    case "failed": return "The call did not go through";
    case "canceled": return "The call was taken back";
    case "unknown": return "How the call went is being looked up";
    default: return call.direction === "inbound" ? waitingWords(call, who) : dialWords(call, who);
  }
}

function talkWords({ is_held, is_muted }: CallView): string {
  if (is_held) return is_muted ? "On hold, you are muted" : "On hold";
  return is_muted ? "On the line, you are muted" : "On the line";
}

function waitingWords({ is_rendered, status, trouble }: CallView, who: string): string {
  if (trouble === "agent_line") return `Your own line did not answer. ${who} still waits`;
  if (trouble === "provider") return `The phone provider did not open the line. ${who} still waits`;
  return is_rendered || status === "agent_ringing" ? "Opening the line" : `${who} waits for you`;
}

function dialWords({ status }: CallView, who: string): string {
  switch (status) {
    case "agent_ringing": return "Your own line rings first";
    case "ringing": return `It rings at ${who}’s`;
    case "answered": return `${who} answered, opening the line`;
    default: return "Dialling";
  }
}

/** How long it has been on, or was on; null while nobody spoke. */
export function talkSeconds({ bridged_at, ended_at }: CallView, now: number): number | null {
  if (bridged_at === null) return null;
  return Math.max(0, ((ended_at === null ? now : Date.parse(ended_at)) - Date.parse(bridged_at)) / 1000);
}

export type Tone = "ok" | "warn" | "bad";
/** `signed` ages with the clock and stands apart, so that what is said aloud does not change with it. */
export interface Standing { tone: Tone; short: string; text: string; signed: string | null; advice: string | null }

const CONFIRM = "Ask to confirm before changes.";
const STANDINGS: Readonly<Record<Evidence, Omit<Standing, "signed">>> = {
  tap: { tone: "ok", short: "Code and tap", text: "Code and tap in the page", advice: null },
  code: { tone: "ok", short: "Code and number", text: "Code and the confirmed number", advice: "Nobody tapped in the page, so the sign-in there does not count." },
  code_only: { tone: "warn", short: "Code only", text: "Code only: nobody tapped in the page", advice: CONFIRM },
  none: { tone: "warn", short: "No code", text: "No code: unverified caller", advice: "Ask before you tell anything private." },
  denied: { tone: "bad", short: "Denied in the page", text: "Denied: the page says this call is not theirs", advice: "Tell nothing of the account." },
  profile_number: { tone: "ok", short: "Signed number", text: "We call the number of the signed profile", advice: null },
  other_number: { tone: "warn", short: "Another number", text: "Another number than the profile’s", advice: CONFIRM },
};

/** What only a newer server knows proves nothing here. */
const standingFor = (evidence: Evidence): Omit<Standing, "signed"> => STANDINGS[evidence] ?? STANDINGS.none;

/** What carries the sign-in of the session over to the phone. */
const CARRIES: ReadonlySet<Evidence> = new Set(["tap", "profile_number"]);

/** "Code and tap in the page", "signed in 4 min ago with password + code". Null in a chat, where the page itself talks. */
export function standingOf(evidence: Evidence | null, customer: Customer, now: number): Standing | null {
  if (evidence == null) return null;
  return { ...standingFor(evidence), signed: CARRIES.has(evidence) ? signedWords(customer, now) : null };
}

/** A mark of trust stands for whoever speaks: on the phone, only when something says that it is they. */
export const isSure = (evidence: Evidence | null): boolean => evidence == null || standingFor(evidence).tone === "ok";

/** The whole of it as one sentence. */
export function standingWords({ text, signed, advice }: Standing): string {
  return `${text}${signed === null ? "" : `; ${signed}`}.${advice === null ? "" : ` ${advice}`}`;
}

function signedWords({ verified, assurance }: Customer, now: number): string | null {
  if (!verified) return null;
  const since = assurance?.auth_time ?? null;
  const [when, how] = [since === null ? "" : ` ${ago(since * 1000, now)}`, methodWords(assurance)];
  return `signed in${when}${how === null ? "" : ` with ${how}`}`;
}

/** Why nobody can be rung from here now; null when it can be done. */
export function whyNoDial(handoff: DeskHandoff, handoffs: readonly DeskHandoff[], connected: boolean): string | null {
  if (isLive(handoff.call)) return handoff.call.status === "unknown" ? "The last call is being looked up; nobody is called twice." : "The call is on.";
  const other = liveHandoff(handoffs);
  if (other) return `You are on a call with ${customerWithin(other.customer)}.`;
  return connected ? null : "There is no connection right now.";
}

const OUTCOMES: Readonly<Record<string, string>> = {
  answered: "answered", busy: "busy", no_answer: "not answered", failed: "did not go through", voicemail: "voicemail", canceled: "taken back", ended: "ended",
};
export const outcomeWords = (outcome: string): string => OUTCOMES[outcome] ?? outcome.replace(/_/g, " ");

/** "No attempt yet", "1 of 3 attempts, not answered". */
export function attemptWords({ attempts, attempts_limit, last_outcome }: CallbackView): string {
  if (attempts === 0) return "No attempt yet";
  return `${attempts} of ${attempts_limit} attempts${last_outcome === null ? "" : `, last: ${outcomeWords(last_outcome)}`}`;
}

const UNREACHED: ReadonlySet<string> = new Set(["no_answer", "busy", "failed", "voicemail", "canceled"]);

/** What came of it as far as the call itself tells: only that nobody was reached. */
export function likelyDisposition({ call, callback, dispositions }: DeskHandoff): string | null {
  const spoke = call !== null && call.bridged_at !== null && call.outcome !== "voicemail";
  const outcome = call?.outcome ?? callback?.last_outcome ?? null;
  return !spoke && outcome !== null && UNREACHED.has(outcome) && dispositions.includes("no_answer") ? "no_answer" : null;
}

/** The last four digits and no more, however the number came. */
export function maskedNumber(number: string): string {
  const digits = number.replace(/\D/g, "");
  return digits ? `..${digits.slice(-4)}` : "a withheld number";
}

export type CallKey = "hold" | "mute" | "hang_up" | "voicemail";

/** What a press does to this call now; null when it does nothing. */
export function actionOf(call: CallView | null, key: CallKey): CallAction | null {
  if (!isLive(call)) return null;
  switch (key) {
    case "hang_up": return "hang_up";
    case "voicemail": return isMachinePossible(call) ? "voicemail" : null;
    case "hold": return allowed(call, call.is_held ? "resume" : "hold");
    case "mute": return allowed(call, call.is_muted ? "unmute" : "mute");
    default: return key satisfies never;
  }
}

const isMachinePossible = ({ direction, status }: CallView): boolean => direction === "outbound" && (status === "answered" || status === "bridged");

function allowed(call: CallView, action: "hold" | "resume" | "mute" | "unmute"): CallAction | null {
  return isTalking(call) && call.controls.includes(action) ? action : null;
}
