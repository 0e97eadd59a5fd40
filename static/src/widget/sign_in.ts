/** What is said about a sign-in and about what was signed, and why something is refused. */
import type { SignInNeeds } from "../shared/errors.ts";
import type { Assurance, Customer, Fact } from "../shared/frames.ts";
import { ago } from "../shared/time.ts";
import type { PanelState } from "./state.ts";

const METHODS: Record<string, string> = {
  pwd: "password", otp: "code", mfa: "two factors", hwk: "security key", swk: "passkey", pin: "PIN", sms: "text message",
  face: "face", fpt: "fingerprint", sc: "smart card", tel: "phone call",
};

export function assuranceWords(assurance: Assurance, now = Date.now()): string {
  const how = assurance.amr.filter((method) => method !== "mfa" || assurance.amr.length === 1).map((method) => METHODS[method] ?? method);
  const when = assurance.auth_time === null ? "" : ago(assurance.auth_time * 1000, now);
  return [how.join(" + "), when].filter(Boolean).join(", ") || "signed in";
}

/** What the sign-in lacks, what is safe, what comes next. */
export function needsWords({ acr_values, max_age }: SignInNeeds, customer: Customer | null, site: string, now = Date.now()): string {
  const next = "Sign in again on the page, then try again here; your words are kept.";
  const assurance = customer?.assurance;
  if (!customer?.verified || !assurance) return `This is for people who are signed in. ${next}`;
  const weak = acr_values.length > 0 && !acr_values.includes(assurance.acr ?? "");
  const wanted = weak ? "a stronger sign-in" : `a sign-in of the last ${Math.ceil((max_age ?? 0) / 60)} min`;
  return `${site} asks for ${wanted} for this. Yours: ${assuranceWords(assurance, now)}. ${next}`;
}

/** Refusals that one meets further inside. */
const REFUSED: Record<string, string> = {
  channel_closed: "This has just closed. Nothing was sent; your words are kept.",
  channel_full: "The line is full right now. Nothing was sent; try again in a few minutes.",
  channel_not_offered: "That way of talking is not offered for this. Choose another one; your words are kept.",
  rate_limited: "That was a lot at once. Nothing is lost; wait a moment and try again.",
  context_too_large: "That is too much to take along. Take something back below and try again.",
  too_long: "That is too long. Shorten it a little; nothing is lost.",
  not_saved: "This could not be saved just now. Your words are kept; try again.",
  handoff_closed: "This conversation has ended. Your words are kept: start again and they go along.",
  illegal_transition: "That has just changed, so it was not done. What is here now is how it stands.",
};

export function refusalWords({ trouble, needs, customer, site }: Pick<PanelState, "trouble" | "needs" | "customer" | "site">): string | undefined {
  return needs ? needsWords(needs, customer, site.name) : REFUSED[trouble ?? ""];
}

export function valueWords({ value }: Pick<Fact, "value">): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value === null ? "none" : String(value);
}
