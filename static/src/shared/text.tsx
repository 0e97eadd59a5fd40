/** Other people's text: text nodes only, with links where an address is certain. */
import type { ComponentChildren } from "preact";
import { safeUrl, stripInvisible, type SafeUrl } from "./safe_url.ts";

export type Part = string | { shown: string; link: SafeUrl };

const ADDRESS = /\b(?:https?:\/\/|mailto:|tel:)[^\s<>"'\u2018-\u201f]+/gi;
/** A sentence's own punctuation is not part of the address; a closing bracket is, when it was opened inside. */
const TRAILING = /[.,;:!?\u2026]+$/;

function trim(found: string): string {
  const bare = found.replace(TRAILING, "");
  return bare.endsWith(")") && !bare.includes("(") ? bare.slice(0, -1).replace(TRAILING, "") : bare;
}

export function parts(raw: string): Part[] {
  const text = stripInvisible(raw);
  const found: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const shown = trim(match[0]);
    const link = safeUrl(shown);
    if (!link) continue;
    if (match.index > end) found.push(text.slice(end, match.index));
    found.push({ shown: show(shown, link), link });
    end = match.index + shown.length;
  }
  if (end < text.length) found.push(text.slice(end));
  return found;
}

/** A host that is not plain ASCII is shown as it resolves, so that a look-alike letter cannot pass for the real one. */
function show(raw: string, { href, external }: SafeUrl): string {
  return external && /[^\x21-\x7e]/.test(raw) ? href : raw;
}

export function Text({ text }: { text: string }): ComponentChildren {
  return parts(text).map((part, index) =>
    typeof part === "string" ? (
      part
    ) : (
      <a key={index} href={part.link.href} target="_blank" rel="noopener noreferrer nofollow">
        {part.shown}
        {part.link.external && !part.shown.includes(part.link.host) && <span class="host"> ({part.link.host})</span>}
      </a>
    ),
  );
}
