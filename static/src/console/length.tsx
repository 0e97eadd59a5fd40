/** How long something may be: nothing that is pasted is cut, what is too much is said, and sending waits. */
import type { ComponentChildren } from "preact";

export const NOTE_LIMIT = 4_000;
export const VALUE_LIMIT = 4_000;
export const LABEL_LIMIT = 80;

/** Null while it fits. */
export function tooLong(text: string, limit: number): string | null {
  const over = text.length - limit;
  return over > 0 ? `${over.toLocaleString("en")} ${over === 1 ? "character" : "characters"} too long` : null;
}

/** The words are put in once, so that a reader hears them when it comes to that, and not at every key. */
export function TooLong({ text, limit, id }: { text: string; limit: number; id: string }): ComponentChildren {
  const words = tooLong(text, limit);
  return <p class="too-long" id={id}>{words && <span class="bad num">{words}. Nothing was cut.</span>}<span class="vh" role="status">{words && `Too long: ${limit.toLocaleString("en")} characters at most.`}</span></p>;
}
