/** When to come back after a socket closed, and when to stay away. */

const BASE_MS = 4_000;
const CAP_MS = 30_000;

/** Full jitter, so that a server that lost all its sockets is not met by all of them at once: n = 0 gives 0 to 4 s. */
export function retryDelay(attempt: number, random: () => number): number {
  return random() * Math.min(CAP_MS, BASE_MS * 2 ** attempt);
}

/** The server does not want this page back: refused, one of too many, too old. */
export const FINAL = new Set([4403, 4409, 4426]);
