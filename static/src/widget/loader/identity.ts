/** Asks the page's own provider who is signed in; the token is held no longer than it takes to pass it on. */
import type { Need } from "../bridge.ts";

export type Provider = (need: Need) => unknown;
export interface Answer {
  token: string | null;
  error?: string;
}

/**
 * 204, 401, an empty answer or anything that is not a compact JWS says: nobody is signed in. A provider that throws has not
 * said so, and nothing may be wiped for it; nor has one that takes too long, for which the panel keeps the time.
 */
export async function ask(provider: Provider | null, need: Need): Promise<Answer> {
  try {
    let value = await provider!(need);
    if ((value as Response | null)?.text) value = (value as Response).ok && (await (value as Response).text());
    const token = String(value).trim();
    return { token: /^([\w-]+\.){2}[\w-]+$/.test(token) ? token : null };
  } catch {
    return { token: null, error: "identity_failed" };
  }
}
