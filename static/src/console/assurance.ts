/** How sure one can be of a customer, in words an agent reads at a glance. */
import { ago } from "../shared/time.ts";
import type { Assurance, Customer, VerdictWord } from "./wire.ts";

/** Authentication method references of RFC 8176, as people name them. `mfa` and `mca` count methods that stand beside them. */
const METHODS: Readonly<Record<string, string>> = {
  pwd: "password", pin: "PIN", otp: "code", sms: "text message", tel: "phone call", hwk: "security key", swk: "passkey", pop: "key",
  fpt: "fingerprint", face: "face", iris: "iris", retina: "retina", vbm: "voice", sc: "smart card", kba: "known answers", wia: "Windows sign-in",
  user: "presence", geo: "place", rba: "risk check",
};
const COUNTING = new Set(["mfa", "mca"]);

/** "password + code"; names without a word stay as the site wrote them; null when the site told nothing. */
export function methodWords(assurance: Assurance | null): string | null {
  if (!assurance) return null;
  const named = assurance.amr.filter((name) => !COUNTING.has(name)).map((name) => METHODS[name] ?? name);
  if (named.length > 0) return [...new Set(named)].join(" + ");
  if (assurance.amr.length > 0) return "two methods";
  return assurance.acr === null ? null : `level ${assurance.acr}`;
}

/** "password + code, 3 min ago". The age is counted here, from the reader's clock. */
export function assuranceWords(customer: Customer, now: number): string {
  if (!customer.verified) return "nobody signed who this is";
  const { assurance } = customer;
  const how = methodWords(assurance) ?? "how is not told";
  const since = assurance?.auth_time ?? null;
  return since === null ? how : `${how}, ${ago(since * 1000, now)}`;
}

export const VERDICT_WORDS: Readonly<Record<VerdictWord, string>> = {
  enough: "enough",
  ask_again: "ask to confirm",
  not_here: "not here",
};
