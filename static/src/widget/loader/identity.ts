/** Asks the page's own provider who is signed in; the token is held no longer than it takes to pass it on. */
import type { Need } from "../bridge.ts";

export type Provider = (need: Need) => unknown;
export interface Answer {
  token: string | null;
  error?: string;
}

const BUDGET_MS = 10_000;

/** 204, 401, an empty answer or anything that is not a compact JWS says: nobody is signed in. */
async function readAnswer(provider: Provider | null, need: Need): Promise<Answer> {
  try {
    let value = await provider!(need);
    if (value instanceof Response) value = value.ok && (await value.text());
    const token = String(value).trim();
    return { token: /^([\w-]+\.){2}[\w-]+$/.test(token) ? token : null };
  } catch {
    return { token: null, error: "identity_failed" };
  }
}

/** A provider that throws or takes too long has not said "nobody": nothing may be wiped for it. */
export const ask = (provider: Provider | null, need: Need): Promise<Answer> =>
  Promise.race([
    readAnswer(provider, need),
    new Promise<Answer>((resolve) => setTimeout(resolve, BUDGET_MS, { token: null, error: "identity_timeout" })),
  ]);
