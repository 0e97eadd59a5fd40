/** The time an offer has left: as a number, as a part of the ring, and as what is said aloud. */

/** The ring's circumference in its own units: a circle of radius 18. */
export const RING = 113.1;

/** Never more than there was: the two clocks differ by a little. */
export function secondsLeft(offeredAt: string, expiresAt: string, now: number): number {
  const whole = Date.parse(expiresAt) - Date.parse(offeredAt);
  return Math.max(0, Math.ceil(Math.min(whole, Date.parse(expiresAt) - now) / 1000));
}

/** How much of the ring is used up, for `stroke-dashoffset`: 0 is full, RING is empty. */
export function ringOffset(offeredAt: string, expiresAt: string, now: number): number {
  const whole = Date.parse(expiresAt) - Date.parse(offeredAt);
  const left = whole > 0 ? (Date.parse(expiresAt) - now) / whole : 0;
  return Math.round((1 - Math.min(1, Math.max(0, left))) * RING * 10) / 10;
}

/** Heard twice and no more: a voice that counts every second hides what the customer says. Empty before the tenth second. */
export function spokenLeft(left: number): string {
  if (left > 10 || left <= 0) return "";
  return left > 5 ? "10 seconds left" : "5 seconds left";
}
