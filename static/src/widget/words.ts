/** What the panel says: plain, short, and never more than is known. */
import type { Assurance, ChannelName, ChannelOption, Estimate, Fact, IntentOption, Step } from "../shared/frames.ts";
import { ago, moment } from "../shared/time.ts";
import type { Ended, PanelState } from "./state.ts";

export function waitWords(estimate: Estimate | null | undefined): string {
  if (estimate?.kind === "soon") return "less than a minute";
  const { low_seconds: low, high_seconds: high } = estimate ?? {};
  if (estimate?.kind !== "range" || low === undefined || high === undefined) return "we can’t say yet";
  const [from, to] = [Math.max(1, Math.floor(low / 60)), Math.max(1, Math.ceil(high / 60))];
  return from === to ? `about ${to} min` : `about ${from}–${to} min`;
}

export function waitWhy(estimate: Estimate | null, promised: Estimate | null, position: number | string | null): string {
  if (promised) return `Longer than we said (${waitWords(promised)}). Your place is unchanged.`;
  if (position === 1) return "You’re next.";
  return estimate && estimate.kind !== "unknown"
    ? "From how fast the line moves today. Updated as it moves."
    : "Too few people have been helped so far today for an honest number. We’ll say as soon as we can.";
}

export const CHANNEL: Record<ChannelName, string> = { chat: "Chat", callback: "We call you", phone: "You call us", voice: "Talk here" };

export function channelWords({ state, opens_at, estimate }: ChannelOption, now = Date.now()): string {
  switch (state) {
    case "open":
      return waitWords(estimate);
    case "unstaffed":
      return "nobody is in right now; you can wait in line";
    case "closed":
      return opens_at ? `opens ${moment(opens_at, now)}; you can write now` : "closed now; you can write";
    case "full":
      return "the line is full right now";
    default:
      return state satisfies never;
  }
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

export function greeting(name: string | null | undefined): string {
  const first = name?.trim().split(/\s+/)[0];
  return first ? `Hello ${first}, what can we help with?` : "Hello, what can we help with?";
}

const humanised = (name: string) => {
  const words = name.replace(/[-_]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export function stepLabel(step: Step): string {
  return step.name ? humanised(step.name) : (step.title ?? step.path);
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

export function reason(steps: readonly Step[], fromPage: boolean): string {
  const stuck = stuckAt(steps);
  if (!stuck) return fromPage ? "From this page" : "";
  const { step, times } = stuck;
  const why = step.error ? `: ${errorWords(step.error)}` : "";
  return `“${stepLabel(step)}” did not work${why}${times > 1 ? ` (${times} times)` : ""}.`;
}

/** Consecutive views of one place are one item; a failure says how often. */
export function stepItems(steps: readonly Step[]): { label: string; failed: string }[] {
  const items: { label: string; failed: string; times: number; step: Step }[] = [];
  for (const step of steps) {
    const last = items.at(-1);
    const same = last && stepLabel(last.step) === stepLabel(step);
    const failed = step.status === "failed" ? errorWords(step.error ?? "did not work") : "";
    if (same) Object.assign(last, { step, failed: failed || last.failed, times: last.times + (failed ? 1 : 0) });
    else items.push({ label: stepLabel(step), failed, times: failed ? 1 : 0, step });
  }
  return items.map(({ label, failed, times }) => ({ label, failed: failed && times > 1 ? `${failed}, ${times === 2 ? "twice" : `${times} times`}` : failed }));
}

const METHODS: Record<string, string> = {
  pwd: "password", otp: "code", mfa: "two factors", hwk: "security key", swk: "passkey", pin: "PIN", sms: "text message",
  face: "face", fpt: "fingerprint", bio: "biometrics", sc: "smart card", kba: "questions", tel: "phone call", user: "presence",
};

export function assuranceWords(assurance: Assurance, now = Date.now()): string {
  const how = assurance.amr.filter((method) => method !== "mfa" || assurance.amr.length === 1).map((method) => METHODS[method] ?? method);
  const when = assurance.auth_time === null ? "" : ago(assurance.auth_time * 1000, now);
  return [how.join(" + "), when].filter(Boolean).join(", ") || "signed in";
}

export function valueWords({ value }: Pick<Fact, "value">): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value === null ? "none" : String(value);
}

/** Refusals a customer may meet, in sentences: what happened, what is safe, what comes next. */
const TROUBLE: Record<string, string> = {
  unverified_not_allowed: "Help here is for people who are signed in. Sign in on the page and open this again.",
  channel_closed: "This has just closed. Nothing was sent; your words are kept.",
  channel_full: "The line is full right now. Nothing was sent; try again in a few minutes.",
  channel_not_offered: "That way of talking is not offered for this. Choose another one; your words are kept.",
  rate_limited: "That was a lot at once. Nothing is lost; wait a moment and try again.",
  context_too_large: "There is too much to take along. Take something back below and try again.",
  too_long: "That is longer than we can take. Shorten it a little; nothing is lost.",
  unreachable: "We can’t reach the help service. Nothing is lost; check your connection and try again.",
  not_saved: "This could not be saved just now. Your words are kept; try again.",
  not_ready: "The help service is starting. Your words are kept; try again in a moment.",
  handoff_closed: "This conversation has ended. Your words are kept: start again and they go along.",
  session_lost: "Your sign-in ran out. Sign in on the page again; your draft and your place are kept.",
  origin_not_allowed: "Help is not set up for this page.",
  not_found: "Help is not set up for this page.",
};

export function troubleWords(code: string): string {
  return TROUBLE[code] ?? "That did not work, through nothing you did. Your words are kept; try again.";
}

const FAILED: Record<string, string> = { handoff_closed: "Not sent: the conversation has ended.", too_long: "Not sent: too long.", not_saved: "Not saved." };

export const failedWords = (code: string | undefined): string => FAILED[code ?? ""] ?? "Not sent.";

const ENDINGS: Record<string, string> = {
  cancelled: "You left the line",
  abandoned: "You were away, so you left the line",
  expired: "This request ran out",
  unreachable: "We could not reach you",
  merged: "This continues in your signed-in conversation",
  erased: "This conversation was erased",
  out_of_reach: "Your session ran out, so this conversation can’t be reached from here",
};

export function endingWords({ reason }: Ended): string {
  return ENDINGS[reason ?? ""] ?? "This conversation has ended";
}

export function ordinal(n: number): string {
  const tail = n % 100 > 10 && n % 100 < 14 ? 0 : n % 10;
  return `${n}${["th", "st", "nd", "rd"][tail] ?? "th"}`;
}

/** What the button on the page becomes while one browses on. */
export function launcherWords(state: PanelState, unread: number): { title: string; detail: string } {
  const { handoff } = state;
  if (unread > 0) return { title: `${handoff?.agent?.name ?? "An agent"} wrote`, detail: unread === 1 ? "1 new message" : `${unread} new messages` };
  if (handoff?.state === "connected") return { title: `${handoff.agent?.name ?? "An agent"} is here`, detail: "" };
  if (handoff?.state !== "queued" && handoff?.state !== "offered") return { title: "Get help", detail: "" };
  const place = typeof handoff.position === "number" ? `${ordinal(handoff.position)} in line` : "In line";
  return { title: place, detail: waitWords(handoff.estimate) };
}

export const intentOf = (intents: readonly IntentOption[], key: string | null) => intents.find((one) => one.key === key);
