/** Times where the customer is: what their clock says, the windows they were promised, and the moments these mean. */
import { clock, moment } from "../shared/time.ts";
import type { DeskHandoff, TimeWindow } from "./wire.ts";

/** From eight to nine in the evening a call is expected; outside of it a reader is told, and the server decides. */
const DAY_BEGINS = 8;
const DAY_ENDS = 21;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A local day and time, as the fields of a form and the protocol write them. */
export interface Wall { date: string; time: string }

interface Formats { timeZone: string | undefined; wall: Intl.DateTimeFormat; clock: Intl.DateTimeFormat }
/** Making one costs more than a hundred uses of it. */
const made = new Map<string, Formats>();

/** A zone that this browser does not know is the reader's own. */
function formatsOf(zone: string): Formats {
  const known = made.get(zone) ?? makeFormats(knownZone(zone));
  made.set(zone, known);
  return known;
}

function makeFormats(timeZone: string | undefined): Formats {
  const wall = new Intl.DateTimeFormat("en-GB", { timeZone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" });
  return { timeZone, wall, clock: new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", timeZone }) };
}

function knownZone(zone: string): string | undefined {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return undefined;
  }
}

export function wallIn(at: number, zone: string): Wall {
  const part = Object.fromEntries(formatsOf(zone).wall.formatToParts(at).map(({ type, value }) => [type, value]));
  return { date: `${part["year"]}-${part["month"]}-${part["day"]}`, time: `${part["hour"]}:${part["minute"]}` };
}

const utc = ({ date, time }: Wall): number => Date.parse(`${date}T${time}:00.000Z`);

/** Null for what is no time at all, and for one that the clocks there skip. Of a time that comes twice, the first. */
export function instantIn(wall: Wall, zone: string): number | null {
  const wanted = utc(wall);
  if (Number.isNaN(wanted)) return null;
  // No zone is further than a day from UTC, and a change of the clocks lies on one side of the moment or the other.
  const offsets = [wanted - DAY_MS, wanted + DAY_MS].map((near) => utc(wallIn(near, zone)) - Math.floor(near / MINUTE_MS) * MINUTE_MS);
  const found = offsets.map((offset) => wanted - offset).filter((at) => utc(wallIn(at, zone)) === wanted);
  return found.length === 0 ? null : Math.min(...found);
}

export function laterDay(date: string, days: number): string {
  return new Date(Date.parse(`${date}T12:00:00.000Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

const readersZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** By how much the clock there differs from the reader's is what counts, not what the zone is called. */
export function isElsewhere(at: number, zone: string): boolean {
  return formatsOf(zone).timeZone !== undefined && utc(wallIn(at, zone)) !== utc(wallIn(at, readersZone()));
}

/** "Paris", "Buenos Aires": people name a place, not a zone. */
export const cityOf = (zone: string): string => (zone.split("/").at(-1) ?? zone).replace(/_/g, " ");

export function clockIn(at: number | string, zone: string): string {
  return formatsOf(zone).clock.format(new Date(at));
}

/** Where the customer is, as far as anybody said: with the callback, or as a fact. */
export function zoneOf({ callback, facts }: Pick<DeskHandoff, "callback" | "facts">): string | null {
  const said = facts.find(({ key }) => ZONE_KEYS.has(key))?.value;
  const zone = callback?.time_zone ?? (typeof said === "string" ? said : null);
  return zone === null || formatsOf(zone).timeZone === undefined ? null : zone;
}

const ZONE_KEYS: ReadonlySet<string> = new Set(["zoneinfo", "time_zone", "time-zone", "timezone"]);

/** ", 15:02 for Maya" beside the reader's own time; nothing where both clocks say the same. */
export function momentThere(at: string, zone: string, who: string): string {
  return isElsewhere(Date.parse(at), zone) ? `, ${clockIn(at, zone)} for ${who}` : "";
}

/** What to mind about the hour there; null when it is a time at which one is called. */
export function quietWords(now: number, zone: string): "early" | "late" | null {
  const hour = Number(wallIn(now, zone).time.slice(0, 2));
  if (hour < DAY_BEGINS) return "early";
  return hour >= DAY_ENDS ? "late" : null;
}

/** "15:00–15:20", with the day when it is not today. */
export function windowWords({ starts_at, ends_at }: TimeWindow, now: number): string {
  return `${moment(starts_at, now)}–${clock(ends_at)}`;
}

/** The same window on the customer's clock: "16:00–16:20 Paris". */
export function windowThere({ starts_at, ends_at }: TimeWindow, zone: string): string {
  return `${clockIn(starts_at, zone)}–${clockIn(ends_at, zone)} ${cityOf(zone)}`;
}

/** "less than a minute", "4 min", "3 h", "2 days". */
export function spanWords(ms: number): string {
  const minutes = Math.floor(ms / MINUTE_MS);
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h`;
  return `${Math.floor(hours / 24)} days`;
}

/** How a promised window stands: ahead, open, or over. */
export function promiseWords({ starts_at, ends_at }: TimeWindow, now: number): string {
  const [from, to] = [Date.parse(starts_at), Date.parse(ends_at)];
  if (now < from) return `in ${spanWords(from - now)}`;
  return now <= to ? "now" : `over by ${spanWords(now - to)}`;
}
