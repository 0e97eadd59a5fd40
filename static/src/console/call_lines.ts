/** What a call and a callback add to the conversation: each turn once, from how they stood before. */
import { clock, moment } from "../shared/time.ts";
import { isLive, outcomeWords, talkSeconds } from "./call.ts";
import type { CallView, CallbackView, Entry, Evidence, TimeWindow } from "./wire.ts";

type CallEntry = Extract<Entry, { type: "call.changed" }>;
type CallbackEntry = Extract<Entry, { type: "callback.changed" }>;

/** The lines of one entry of a call; most of them say nothing new. */
export function callWords(timeline: readonly Entry[], index: number, who: string): string | null {
  const entry = timeline[index];
  const call = entry?.type === "call.changed" ? entry.data.call : null;
  if (!call) return null;
  const was = callBefore(timeline, index, call.id);
  if (!isLive(call)) return was !== null && !isLive(was) ? voicemailWords(call, was) : overWords(call, timeline, index, who);
  if (call.bridged_at !== null && (was === null || was.bridged_at === null)) return "On the line";
  if (was === null) return call.direction === "inbound" ? `${who}’s call arrived (${call.caller ?? "number withheld"}), ${ARRIVED[call.evidence]}` : `Calling ${who}`;
  if (call.status === "unknown" && was.status !== "unknown") return "How the call went is being looked up";
  return call.evidence === was.evidence ? null : turnWords(call.evidence, who);
}

const ARRIVED: Readonly<Record<Evidence, string>> = {
  tap: "code entered and tapped in the page", code: "code entered, confirmed number", code_only: "code entered", none: "without a code",
  denied: "denied in the page", profile_number: "from the number of the profile", other_number: "from another number",
};

function turnWords(evidence: Evidence, who: string): string | null {
  switch (evidence) {
    case "tap": return `${who} tapped in the page: it’s me`;
    case "denied": return `The page says that this call is not ${who}’s`;
    case "code": return "Code entered, from the confirmed number";
    case "code_only": return "Code entered";
    case "none": case "profile_number": case "other_number": return null;
    default: return evidence satisfies never;
  }
}

const voicemailWords = (call: CallView, was: CallView): string | null => (call.outcome === "voicemail" && was.outcome !== "voicemail" ? "It was voicemail" : null);

function overWords(call: CallView, timeline: readonly Entry[], index: number, who: string): string {
  const again = againAt(timeline, index);
  const next = again === null ? "" : againWords(again, timeline[index]?.at ?? again);
  if (call.outcome === "voicemail") return `Voicemail${next}`;
  switch (call.status) {
    case "busy": return `Busy${next}`;
    case "no_answer": return `Not answered${next}`;
    case "failed": return `The call did not go through${next}`;
    case "canceled": return "The call was taken back";
    default: return endWords(call, who);
  }
}

function endWords(call: CallView, who: string): string {
  const seconds = talkSeconds(call, Date.parse(call.ended_at ?? call.at));
  if (seconds === null) return call.direction === "inbound" ? `${who} hung up before the line was open` : "The call ended before anybody spoke";
  return `Call ended after ${seconds < 60 ? `${Math.floor(seconds)} s` : `${Math.floor(seconds / 60)} min`}`;
}

function callBefore(timeline: readonly Entry[], index: number, id: string): CallView | null {
  const found = timeline.slice(0, index).findLast((one): one is CallEntry => one.type === "call.changed" && one.data.call?.id === id);
  return found?.data.call ?? null;
}

/** When it is tried again: what the callback says right after the call was over. */
function againAt(timeline: readonly Entry[], index: number): string | null {
  for (const entry of timeline.slice(index + 1)) {
    if (entry.type === "call.changed" && entry.data.call && isLive(entry.data.call)) return null;
    if (entry.type === "callback.changed") return entry.data.callback?.next_at ?? null;
  }
  return null;
}

function callbackBefore(timeline: readonly Entry[], index: number): CallbackView | null {
  const found = timeline.slice(0, index).findLast((one): one is CallbackEntry => one.type === "callback.changed");
  return found?.data.callback ?? null;
}

/** What an attempt changes about a callback is told by the call's own line. */
export function callbackWords(timeline: readonly Entry[], index: number): string | null {
  const entry = timeline[index];
  if (entry?.type !== "callback.changed" || !entry.data.callback) return null;
  const { at, data: { callback } } = entry;
  const was = callbackBefore(timeline, index);
  if (was === null) return callback.window === null ? "Callback asked for" : `Callback promised for ${windowOn(callback.window, at)}`;
  if (callback.attempts !== was.attempts || callback.last_outcome !== was.last_outcome) return attemptTold(timeline, index) ? null : attemptLine(callback, at);
  if (callback.window && callback.window.starts_at !== was.window?.starts_at) return `Callback moved to ${windowOn(callback.window, at)}`;
  return callback.next_at !== null && callback.next_at !== was.next_at ? `Callback put off to ${moment(callback.next_at, Date.parse(at))}` : null;
}

const windowOn = ({ starts_at, ends_at }: TimeWindow, at: string): string => `${moment(starts_at, Date.parse(at))}–${clock(ends_at)}`;
const againWords = (next: string, at: string): string => `, again at ${moment(next, Date.parse(at))}`;

/** An attempt whose call this timeline holds has its line there. */
function attemptTold(timeline: readonly Entry[], index: number): boolean {
  return timeline.slice(0, index).some((one) => one.type === "call.changed" && one.data.call?.direction === "outbound");
}

function attemptLine({ last_outcome, next_at }: CallbackView, at: string): string | null {
  return last_outcome === null ? null : `Called: ${outcomeWords(last_outcome)}${next_at === null ? "" : againWords(next_at, at)}`;
}
