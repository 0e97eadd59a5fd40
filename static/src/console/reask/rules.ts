/** All of the guard's rules and languages: loaded with the first word that is written. */
import type { Reask } from "./find_reasks.ts";
import { TABLES } from "./tables.ts";

export { readFor } from "./find_reasks.ts";
export { TABLES } from "./tables.ts";

/** Things of our own names need none beside their value. */
const NAMELESS = new Set(["name", "journey", "error", "statement", "intent"]);

/** What is known, as a sentence in place of the question, in the language it was asked in. */
export function answerWords(hits: readonly Reask[], isWithin: boolean): string {
  const language = hits[0]?.why.language ?? "en";
  const list = hits.map(({ key, label, value }) => (NAMELESS.has(key) ? value : `${labelWithin(label, language)} ${value}`)).join(", ");
  const words = (TABLES.find((table) => table.language === language)?.known ?? "{list}").replace("{list}", () => list);
  return isWithin && language !== "en" ? words.charAt(0).toLowerCase() + words.slice(1) : words;
}

/** German keeps its capitals; so does a word of capitals anywhere. */
export function labelWithin(label: string, language: string): string {
  return language === "de" || label.charAt(1) !== label.charAt(1).toLowerCase() ? label : label.charAt(0).toLowerCase() + label.slice(1);
}
