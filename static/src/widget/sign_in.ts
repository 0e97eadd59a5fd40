/** What is said about a sign-in and about what was signed, and why something is refused. */
import { texts } from "@texts/later";
import type { SignInNeeds } from "../shared/errors.ts";
import type { Assurance, Customer, Fact } from "../shared/frames.ts";
import { num, relative, told } from "./language.ts";
import { serverNow } from "./panel/views/exports.ts";
import type { PanelState } from "./state.ts";

/** "3 minutes ago", in the largest unit that fits. */
function agoWords(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return texts.justNow;
  if (minutes < 60) return relative(-minutes, "minute");
  return minutes < 1440 ? relative(-Math.floor(minutes / 60), "hour") : relative(-Math.floor(minutes / 1440), "day");
}

export function assuranceWords(assurance: Assurance, now = serverNow()): string {
  const how = assurance.amr.filter((method) => method !== "mfa" || assurance.amr.length === 1).map((method) => told(texts.methods, method) ?? method);
  const when = assurance.auth_time === null ? "" : agoWords(assurance.auth_time * 1000, now);
  return [how.join(" + "), when].filter(Boolean).join(texts.comma) || texts.justSignedIn;
}

/** What the sign-in lacks, what is safe, what comes next. */
export function needsWords({ acr_values, max_age }: SignInNeeds, customer: Customer | null, site: string, now = serverNow()): string {
  const assurance = customer?.assurance;
  if (!customer?.verified || !assurance) return `${texts.forSignedIn} ${texts.signInAgain}`;
  const weak = acr_values.length > 0 && !acr_values.includes(assurance.acr ?? "");
  const yours = assuranceWords(assurance, now);
  const wanted = weak ? texts.needsStronger(site, yours) : texts.needsFresher(site, Math.ceil((max_age ?? 0) / 60), yours);
  return `${wanted} ${texts.signInAgain}`;
}

export function refusalWords({ trouble, needs, customer, site }: Pick<PanelState, "trouble" | "needs" | "customer" | "site">): string | undefined {
  return needs ? needsWords(needs, customer, site.name) : told(texts.refused, trouble);
}

export function valueWords({ value }: Pick<Fact, "value">): string {
  if (typeof value === "boolean") return value ? texts.yes : texts.no;
  return value === null ? texts.none : typeof value === "number" ? num(value) : value;
}
