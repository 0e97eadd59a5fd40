/** What a link in somebody else's text may be, and which host it really leads to. */

export interface SafeUrl {
  href: string;
  /** The real destination, in ASCII. */
  host: string;
  external: boolean;
}

/** Controls except tab and newline; bidi embeddings, overrides and isolates; zero-width characters that hide in hosts. */
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;
const WEB = new Set(["http:", "https:"]);
const DIRECT = new Set(["mailto:", "tel:"]);

export function stripInvisible(text: string): string {
  return text.replace(INVISIBLE, "");
}

export function safeUrl(raw: string): SafeUrl | null {
  let url: URL;
  try {
    url = new URL(stripInvisible(raw).trim());
  } catch {
    return null;
  }
  if (DIRECT.has(url.protocol)) return { href: url.href, host: url.pathname, external: false };
  // "https://bank.example@evil.example" reads like the bank, so an address with a user in it is no link at all.
  if (!WEB.has(url.protocol) || url.username || url.password || !url.hostname) return null;
  return { href: url.href, host: url.host, external: true };
}
