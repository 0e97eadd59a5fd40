/** The panel's language: its numbers, times and plurals, and values that stand in its sentences. */
import { serverNow } from "../shared/api.ts";
import { stripInvisible } from "../shared/safe_url.ts";

/**
 * The page is in the panel's language; of it the reader's own variant tells how they write a time. Without a page, as in a
 * test of a rule, the machine's own.
 */
export function locale(): string | undefined {
  const lang = globalThis.document?.documentElement.lang;
  if (!lang) return undefined;
  const base = (tag: string) => tag.split("-")[0];
  return [lang, ...navigator.languages].find((tag) => tag.includes("-") && base(tag) === base(lang)) ?? lang;
}

const made = new Map<string, Intl.DateTimeFormat>();

/** Making a format costs a hundred times what using it does. */
function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale()} ${JSON.stringify(options)}`;
  const known = made.get(key) ?? new Intl.DateTimeFormat(locale(), options);
  made.set(key, known);
  return known;
}

export const dateWords = (at: string | number | Date, options: Intl.DateTimeFormatOptions): string => format(options).format(new Date(at));

export const clock = (at: string | number): string => dateWords(at, { hour: "numeric", minute: "2-digit" });

/** "14:02" today, "Tue 14:02" within a week, else with the date. */
export function moment(at: string, now = serverNow()): string {
  if (new Date(at).toDateString() === new Date(now).toDateString()) return clock(at);
  const near = Math.abs(now - Date.parse(at)) < 6 * 86_400_000;
  return `${dateWords(at, near ? { weekday: "short" } : { day: "numeric", month: "short" })} ${clock(at)}`;
}

/** A place in the line may be told as a word, "50+", which stays as it is. */
export const num = (value: number | string): string => (typeof value === "number" ? new Intl.NumberFormat(locale()).format(value) : iso(value));

/** The form that this language has for this number: Arabic knows six, most know two. */
export function plural(count: number, forms: Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }): string {
  return forms[new Intl.PluralRules(locale()).select(count)] ?? forms.other;
}

/** "tomorrow", "3 minutes ago". */
export const relative = (count: number, unit: Intl.RelativeTimeFormatUnit): string => new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(count, unit);

export const isRtl = (): boolean => globalThis.document?.documentElement.dir === "rtl";

/** What might turn the order of a sentence around: Hebrew, Arabic and their kin in one that runs to the right; anything else in one that runs to the left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** A name, a code, somebody's words: as it is, and without a hold on what stands around it. */
export function iso(value: string | null | undefined): string {
  const bare = stripInvisible(value ?? "");
  return isRtl() || RIGHT_TO_LEFT.test(bare) ? `\u2068${bare}\u2069` : bare;
}

export function capital(words: string): string {
  return words.charAt(0).toLocaleUpperCase(locale()) + words.slice(1);
}

/** What a table of codes says to this one; undefined for a code it does not know. */
export const told = (table: Readonly<Record<string, string>>, code: string | null | undefined): string | undefined =>
  code && Object.hasOwn(table, code) ? table[code] : undefined;
