/** The code that carries the record into a call: as it is read, and how long it still works. */
import { texts } from "@texts/phone";

/** What the server gives a code. */
const LIFE_SECONDS = 600;

/** "48217036" as two groups, for eyes and for reading aloud. */
export const groups = (code: string): [string, string] => [code.slice(0, 4), code.slice(4)];

/** Digit by digit, with a pause between the groups. */
export const spelled = (code: string): string => groups(code).map((group) => [...group].join(" ")).join(", ");

export function secondsLeft(expires_at: string, now: number): number {
  return Math.max(0, Math.ceil((Date.parse(expires_at) - now) / 1000));
}

/** Of 100, for the bar. */
export const share = (seconds: number): number => Math.min(100, Math.round((seconds / LIFE_SECONDS) * 100));

/** As a screen reader says it well. */
export const leftWords = (seconds: number): string => texts.timeLeft(Math.floor(seconds / 60), seconds % 60);
