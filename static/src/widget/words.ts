/** What the panel says: plain, short, and never more than is known. */
import { serverNow } from "../shared/api.ts";
import { texts } from "@texts/core";
import type { ChannelName, ChannelOption, Estimate, IntentOption, Step } from "../shared/frames.ts";
import { stepTitle } from "../shared/journey.ts";
import { firstName } from "./brand.ts";
import { moment, told } from "./language.ts";
import type { PanelState } from "./state.ts";

export function waitWords(estimate: Estimate | null | undefined, unknown = texts.waitUnknown): string {
  if (estimate?.kind === "soon") return texts.soon;
  const { low_seconds: low, high_seconds: high } = estimate ?? {};
  if (estimate?.kind !== "range" || low === undefined || high === undefined) return unknown;
  const [from, to] = [Math.max(1, Math.floor(low / 60)), Math.max(1, Math.ceil(high / 60))];
  return from === to ? texts.minutes(to) : texts.minutesRange(from, to);
}

/** What can be done with a channel while nobody answers there. */
const meanwhile = (channel: ChannelName): string => (channel === "chat" ? texts.canWrite : channel === "callback" ? texts.canPick : "");

const joined = (state: string, meanwhile: string): string => (meanwhile ? texts.withMeanwhile(state, meanwhile) : state);

/** The wait, or the reason why there is none. */
export function channelWords({ channel, state, opens_at, estimate }: ChannelOption, now = serverNow()): string {
  switch (state) {
    case "open":
      return waitWords(estimate, texts.waitNotKnown);
    case "unstaffed":
      return joined(texts.unstaffed, channel === "callback" ? texts.canPick : texts.canWait);
    case "closed":
      return joined(opens_at ? texts.opensAt(moment(opens_at, now)) : texts.closed, meanwhile(channel));
    case "full":
      return joined(texts.full, channel === "callback" ? texts.canPick : "");
    default:
      return state satisfies never;
  }
}

/** A handoff that waits for the opening: what was asked is closed, as far as this page knows. */
export function isLeft({ handoff, intents }: Pick<PanelState, "handoff" | "intents">, now = serverNow()): { opens_at: string | null } | null {
  if (handoff?.state !== "queued" || handoff.channel !== "chat") return null;
  const option = intentOf(intents, handoff.intent.key)?.channels.find(({ channel }) => channel === handoff.channel);
  const opens_at = option?.opens_at ?? null;
  return option?.state === "closed" && !(opens_at && Date.parse(opens_at) <= now) ? { opens_at } : null;
}

export const opensWords = (opens_at: string | null, now = serverNow()): string => (opens_at ? texts.weOpenAt(moment(opens_at, now)) : texts.weAreClosed);

/** Where the answer to a message left out of hours will be. */
export const answerWords = (verified: boolean | undefined): string => (verified ? texts.answerHere : texts.answerInTab);

/** One line under the site's name: whether anybody is there for what is chosen. */
export function openWords(options: readonly ChannelOption[], now = serverNow()): string {
  const states = options.map(({ state }) => state);
  if (states.length === 0) return "";
  if (states.includes("open")) return texts.openNow;
  if (states.includes("unstaffed")) return texts.noAgent;
  if (states.includes("full")) return texts.lineFull;
  const opens = options.map(({ opens_at }) => opens_at).find(Boolean);
  return opens ? texts.closedUntil(moment(opens, now)) : texts.lineClosed;
}

/** While nobody answers, the greeting says so: when that is over, or why. */
export function nobodyWords(options: readonly ChannelOption[], name: string | null | undefined, now = serverNow()): string {
  const closed = options.every(({ state }) => state === "closed");
  const why = closed ? opensWords(options.map(({ opens_at }) => opens_at).find(Boolean) ?? null, now) : openWords(options, now);
  const first = firstName(name);
  return first ? texts.helloThen(first, why) : `${why}.`;
}

/** "FILE_TOO_LARGE" is for the agent; the customer reads "file too large". */
export function errorWords(error: string): string {
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
  if (!stuck) return fromPage ? texts.fromPage : "";
  const { step, times } = stuck;
  return texts.stuck(stepTitle(step, site), step.error ? errorWords(step.error) : "", times);
}

/** Refusals a customer meets at the door, in sentences: what happened, what is safe, what comes next. */
export const troubleWords = (code: string): string => told(texts.trouble, code) ?? texts.trouble.other;

export const intentOf = (intents: readonly IntentOption[], key: string | null) => intents.find((one) => one.key === key);
