/** What an identity token says, read for the receipt before a handoff exists; the server alone verifies it. */
import type { Fact, Scalar } from "../../shared/frames.ts";

type Given = Scalar | { label?: string; value?: Scalar };
type Claims = Record<string, string | undefined> & { facts?: Record<string, Given> };

/** Claims that the agent sees as facts, with the server's own labels. */
const CLAIMS = { email: "Email", phone_number: "Phone", locale: "Language", zoneinfo: "Time zone", sub: "Customer reference" };

function decode(part: string): Claims {
  const bytes = Uint8Array.from(atob(part.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Claims;
}

function named([key, given]: [string, Given]): [key: string, label: string, value: Scalar] {
  return typeof given === "object" && given !== null ? [key, given.label ?? key, given.value ?? null] : [key, key, given];
}

export function signedFacts(token: string, at = new Date().toISOString()): Fact[] {
  try {
    const claims = decode(token.split(".")[1] ?? "");
    const facts = Object.entries(claims.facts ?? {}).map(named);
    for (const [key, label] of Object.entries(CLAIMS)) {
      const value = claims[key];
      if (value !== undefined && !facts.some(([taken]) => taken === key)) facts.push([key, label, value]);
    }
    return facts.map(([key, label, value]) => ({ key, label, value, source: "verified", at }));
  } catch {
    return [];
  }
}
