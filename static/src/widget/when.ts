/** Days and times on the clock of a named place, which need not be the reader's own. */
import { texts } from "@texts/phone";
import type { Slot } from "../shared/frames.ts";
import { dateWords, locale, relative } from "./language.ts";

export interface Span {
  starts_at: string;
  ends_at: string;
}

/** Where this device says it is. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** A zone that this browser does not know is told by the clock everybody knows. */
function known(zone: string): string {
  try {
    new Intl.DateTimeFormat(undefined, { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}

/** "London time" for Europe/London. */
export function zoneWords(zone: string): string {
  const [area, ...place] = known(zone).split("/");
  const name = place.at(-1)?.replaceAll("_", " ");
  if (!name || area === "Etc") return "UTC";
  // Generic: the same in summer and in winter, as the words of a day to come should be.
  const parts = new Intl.DateTimeFormat(locale(), { timeZone: known(zone), timeZoneName: "longGeneric" }).formatToParts();
  return texts.placeTime(name, parts.find(({ type }) => type === "timeZoneName")?.value ?? name);
}

/** The day in a calendar there, as 2026-11-27. */
export function dayIn(at: string | number, zone: string): string {
  const parts = new Intl.DateTimeFormat("en", { timeZone: known(zone), year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(new Date(at));
  const part = (type: string) => parts.find((one) => one.type === type)?.value;
  return `${part("year")}-${part("month")}-${part("day")}`;
}

export function timeIn(at: string, zone: string): string {
  return dateWords(at, { timeZone: known(zone), hour: "numeric", minute: "2-digit" });
}

/** A day has no hour: counted in UTC, no change of clocks makes it longer or shorter. */
const noon = (day: string): Date => new Date(`${day}T12:00:00Z`);

const daysAhead = (day: string, zone: string, now: number): number => Math.round((noon(day).getTime() - noon(dayIn(now, zone)).getTime()) / 86_400_000);

/** A day that has a name of its own, seen from today. */
export function isNear(day: string, zone: string, now: number): boolean {
  const ahead = daysAhead(day, zone, now);
  return ahead === 0 || ahead === 1;
}

/** "today", "tomorrow", else "Wed 2 Dec". */
export function dayWords(day: string, zone: string, now: number): string {
  if (isNear(day, zone, now)) return relative(daysAhead(day, zone, now), "day");
  return dateWords(noon(day), { timeZone: "UTC", weekday: "short", day: "numeric", month: "short" });
}

export const spanWords = ({ starts_at, ends_at }: Span, zone: string): string => `${timeIn(starts_at, zone)}–${timeIn(ends_at, zone)}`;

/** "today, 15:00–15:20". */
export function windowWords(window: Span, zone: string, now: number): string {
  return texts.inWindow(dayWords(dayIn(window.starts_at, zone), zone, now), spanWords(window, zone));
}

/** "today at about 15:32". */
export function aboutWords(at: string, zone: string, now: number): string {
  return texts.aboutTime(dayWords(dayIn(at, zone), zone, now), timeIn(at, zone));
}

export interface Day {
  date: string;
  slots: readonly Slot[];
}

/** The server says which day a window belongs to: it knows where the customer's midnight is. */
export function byDay(slots: readonly Slot[]): Day[] {
  const days = new Map<string, Slot[]>();
  for (const slot of [...slots].sort((one, other) => one.starts_at.localeCompare(other.starts_at))) days.set(slot.date, [...(days.get(slot.date) ?? []), slot]);
  return [...days].map(([date, open]) => ({ date, slots: open }));
}
