/** Which verdicts hold now, what a sign-in lacks, and how far a request to confirm has come. */
import { ago, elapsed } from "../shared/time.ts";
import { methodWords } from "./assurance.ts";
import { shortName } from "./people.ts";
import type { Customer, DeskHandoff, Lack, Verdict, Verification } from "./wire.ts";

/** A verdict was given at a moment, and a sign-in grows older while one talks. */
export function verdictNow(verdict: Verdict, { assurance }: Customer, now: number): Verdict {
  const { max_age } = verdict;
  const since = assurance?.auth_time ?? null;
  if (verdict.verdict !== "enough" || max_age == null || since === null || now - since * 1000 <= max_age * 1000) return verdict;
  return { ...verdict, verdict: "ask_again", lacks: "too_old" };
}

/** "signed in 2 h ago": what is there, so that one sees what is missing. */
export function lackWords(lacks: Lack, { customer, evidence }: Pick<DeskHandoff, "customer" | "evidence">, now: number): string {
  const { assurance, verified } = customer;
  if (lacks === "not_signed_in") return verified && evidence ? "not confirmed on the line" : "not signed in";
  const since = assurance?.auth_time ?? null;
  if (lacks === "too_old") return since === null ? "when they signed in is not told" : `signed in ${ago(since * 1000, now)}`;
  return `signed in by ${methodWords(assurance) ?? "a way that is not told"} only`;
}

export type Asked = "never" | "asked" | "satisfied" | "declined" | "expired";

/** How the last request stands: an open one is over when its time is. */
export function askedState(verification: Verification | null | undefined, now: number): Asked {
  if (!verification) return "never";
  return verification.status === "asked" && now >= Date.parse(verification.expires_at) ? "expired" : verification.status;
}

const same = (one: readonly string[] | undefined, other: readonly string[]): boolean => [...(one ?? [])].sort().join() === [...other].sort().join();

/** The request that was made for this line, by its name or by what it asks for. */
export function requestFor(verdict: Verdict, verification: Verification | null | undefined): Verification | null {
  if (!verification) return null;
  const { action, acr_values, max_age } = verification;
  const is = action ? action.key === verdict.key : same(verdict.acr_values, acr_values) && (verdict.max_age ?? null) === max_age;
  return is ? verification : null;
}

/** The line that Alt+V asks for: the first that a confirmation would help and that nobody is being asked for. */
export function lineToAsk(handoff: DeskHandoff, now: number): Verdict | null {
  if (handoff.state !== "connected") return null;
  const open = handoff.verdicts.map((one) => verdictNow(one, handoff.customer, now)).filter(({ verdict }) => verdict === "ask_again");
  return open.find((one) => askedState(requestFor(one, handoff.verification), now) !== "asked") ?? null;
}

/** "asked 0:12 ago", and what came of it. Empty: nothing to tell. */
export function requestWords(request: Verification, handoff: DeskHandoff, now: number): string {
  const who = shortName(handoff.customer);
  switch (askedState(request, now)) {
    case "asked": {
      const since = `asked ${elapsed((now - Date.parse(request.at)) / 1000)} ago`;
      return request.lacks ? `${since}; ${who} tried: ${lackWords(request.lacks, handoff, now)}` : since;
    }
    case "declined": return `${who} said not now`;
    case "expired": return "no answer";
    case "satisfied": case "never": return "";
  }
}

/** Its line in the talk. */
export function requestLine(event: "verification.requested" | "verification.answered", data: Verification, who: string, me: string): string {
  const what = data.action ? `: ${data.action.label}` : "";
  if (event === "verification.requested") return `${data.by.name === me ? "You" : data.by.name} asked ${who} to confirm who it is${what}`;
  if (data.status === "satisfied") return `${who} confirmed who it is${what}`;
  if (data.status === "declined") return `${who} said: not now`;
  return `${who} tried to confirm, but ${TRIED[data.lacks ?? "too_old"]}`;
}

const TRIED: Readonly<Record<Lack, string>> = { not_signed_in: "is not signed in", too_weak: "the sign-in is not strong enough", too_old: "the sign-in is too old" };
