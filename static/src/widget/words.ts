/** What the panel says: plain, short, and never more than is known. */
import type { ChannelName, ChannelOption, Estimate, Handoff, IntentOption, Step } from "../shared/frames.ts";
import { stepTitle, timesWords } from "../shared/journey.ts";
import { moment } from "../shared/time.ts";
import type { PanelState } from "./state.ts";

export function waitWords(estimate: Estimate | null | undefined, unknown = "we can’t say yet"): string {
  if (estimate?.kind === "soon") return "less than a minute";
  const { low_seconds: low, high_seconds: high } = estimate ?? {};
  if (estimate?.kind !== "range" || low === undefined || high === undefined) return unknown;
  const [from, to] = [Math.max(1, Math.floor(low / 60)), Math.max(1, Math.ceil(high / 60))];
  return from === to ? `about ${to} min` : `about ${from}–${to} min`;
}

export function waitWhy(estimate: Estimate | null, promised: Estimate | null, position: number | string | null): string {
  if (promised) return `Longer than we said (${waitWords(promised)}). Your place is unchanged.`;
  if (position === 1) return "You’re next.";
  return estimate && estimate.kind !== "unknown"
    ? "From how fast the line moves today. Updated as it moves."
    : "Too few people have been helped today for an honest number.";
}

/** What can be done with a channel while nobody answers there. */
const MEANWHILE: Partial<Record<ChannelName, string>> = { chat: "; you can write now", callback: "; pick a time" };

/** The wait, or the reason why there is none. */
export function channelWords({ channel, state, opens_at, estimate }: ChannelOption, now = Date.now()): string {
  const meanwhile = MEANWHILE[channel] ?? "";
  switch (state) {
    case "open":
      return waitWords(estimate, "wait not known yet");
    case "unstaffed":
      return `nobody is in right now; you can ${channel === "callback" ? "pick a time" : "wait in line"}`;
    case "closed":
      return `${opens_at ? `opens ${moment(opens_at, now)}` : "closed now"}${meanwhile}`;
    case "full":
      return `the line is full right now${channel === "callback" ? meanwhile : ""}`;
    default:
      return state satisfies never;
  }
}

/** A handoff that waits for the opening: what was asked is closed, as far as this page knows. */
export function isLeft({ handoff, intents }: PanelState, now = Date.now()): { opens_at: string | null } | null {
  if (handoff?.state !== "queued" || handoff.channel !== "chat") return null;
  const option = intentOf(intents, handoff.intent.key)?.channels.find(({ channel }) => channel === handoff.channel);
  const opens_at = option?.opens_at ?? null;
  return option?.state === "closed" && !(opens_at && Date.parse(opens_at) <= now) ? { opens_at } : null;
}

export const opensWords = (opens_at: string | null, now = Date.now()): string => (opens_at ? `We open ${moment(opens_at, now)}` : "We are closed now");

/** Where the answer to a message left out of hours will be. */
export const answerWords = (verified: boolean | undefined): string =>
  verified
    ? "An agent answers here when we open. You can close this page until then."
    : "An agent answers here when we open. You’re not signed in, so keep this tab: nothing else can show the answer.";

interface Wait {
  label: string;
  place: Handoff["position"];
  words: string;
  why: string;
}

const LINES: Partial<Record<ChannelName, string>> = { callback: "We call you when it is your turn", phone: "Your call is in line" };

/** What there is to say while one waits. */
export function waitOf(state: PanelState): Wait {
  const { handoff, promised, customer } = state;
  const left = isLeft(state);
  // Out of hours nobody waits: a place and a wait would be made up.
  if (left) return { label: "Your message is with us", place: null, words: opensWords(left.opens_at), why: answerWords(customer?.verified) };
  const { position: place, estimate } = handoff ?? { position: null, estimate: null };
  const label = LINES[handoff?.channel ?? "chat"] ?? (place === null ? "You’re in line" : "Your place in the line");
  if (handoff?.state === "offered") return { label, place, words: "An agent is looking at it now", why: "" };
  return { label, place, words: waitWords(estimate), why: waitWhy(estimate, promised, place) };
}

/** One line under the site's name: whether anybody is there for what is chosen. */
export function openWords(options: readonly ChannelOption[], now = Date.now()): string {
  const states = options.map(({ state }) => state);
  if (states.length === 0) return "";
  if (states.includes("open")) return "Open now";
  if (states.includes("unstaffed")) return "No agent is in right now";
  if (states.includes("full")) return "The line is full right now";
  const opens = options.map(({ opens_at }) => opens_at).find(Boolean);
  return opens ? `Closed until ${moment(opens, now)}` : "Closed now";
}

export const firstName = (name: string | null | undefined) => name?.trim().split(/\s+/)[0];

export function greeting(name: string | null | undefined): string {
  const first = firstName(name);
  return first ? `Hello ${first}, what can we help with?` : "Hello, what can we help with?";
}

/** "FILE_TOO_LARGE" is for the agent; the customer reads "file too large". */
function errorWords(error: string): string {
  return /^[A-Z0-9_-]+$/.test(error) ? error.toLowerCase().replace(/[_-]+/g, " ") : error;
}

/** The newest step that failed and was not done afterwards: the reason the person is here. */
export function stuckAt(steps: readonly Step[]): { step: Step; times: number } | null {
  const identity = ({ name, path }: Step) => name ?? path;
  const index = steps.findLastIndex(
    (step, at) => step.status === "failed" && !steps.slice(at).some((later) => later.status === "done" && identity(later) === identity(step)),
  );
  const step = steps[index];
  return step ? { step, times: steps.filter((one) => one.status === "failed" && identity(one) === identity(step)).length } : null;
}

export function reason(steps: readonly Step[], fromPage: boolean, site: string): string {
  const stuck = stuckAt(steps);
  if (!stuck) return fromPage ? "From this page" : "";
  const { step, times } = stuck;
  const why = step.error ? `: ${errorWords(step.error)}` : "";
  return `“${stepTitle(step, site)}” did not work${why}${times > 1 ? ` (${times} times)` : ""}.`;
}

/** What was done in one place in a row is one item; a failure says how often. */
export function stepItems(steps: readonly Step[], site: string): { label: string; failed: string }[] {
  const items: { label: string; why: string; times: number }[] = [];
  for (const step of steps) {
    const label = stepTitle(step, site);
    const why = step.status === "failed" ? errorWords(step.error ?? "did not work") : "";
    const last = items.at(-1);
    if (last?.label !== label) items.push({ label, why, times: why ? 1 : 0 });
    else if (why) Object.assign(last, { why, times: last.times + 1 });
    else if (step.status === "done") last.why = "";
  }
  return items.map(({ label, why, times }) => ({ label, failed: [why, why && timesWords(times)].filter(Boolean).join(", ") }));
}

/** Refusals a customer meets at the door, in sentences: what happened, what is safe, what comes next. */
const TROUBLE: Record<string, string> = {
  unverified_not_allowed: "Help here is for people who are signed in. Sign in on the page and open this again.",
  unreachable: "We can’t reach the help service. Nothing is lost; check your connection and try again.",
  not_ready: "The help service is starting. Your words are kept; try again in a moment.",
  session_expired: "Your sign-in ran out. Sign in on the page again; your draft and your place are kept.",
  origin_not_allowed: "Help is not set up for this page.",
  not_found: "Help is not set up for this page.",
};

export function troubleWords(code: string): string {
  return TROUBLE[code] ?? "That did not work, through nothing you did. Your words are kept; try again.";
}

const FAILED: Record<string, string> = { handoff_closed: "Not sent: the conversation has ended.", too_long: "Not sent: too long.", not_saved: "Not saved." };

export const failedWords = (code: string | undefined): string => FAILED[code ?? ""] ?? "Not sent.";

export const intentOf = (intents: readonly IntentOption[], key: string | null) => intents.find((one) => one.key === key);
