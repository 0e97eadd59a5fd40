/** What is read again every few seconds while somebody looks. */
import { useEffect, useRef, useState } from "preact/hooks";

/** As often as the promise "live within 5 s" needs; the server counts once for all who ask. */
export const EVERY_MS = 5_000;

/** A hint is followed at most so often: on a busy floor one comes every second, to everybody who looks. */
export const HINTED_MS = 2_000;
/** And spread over as long: all of them heard of it in the same moment. */
const SPREAD_MS = 1_000;

export interface Polled<T> { found: T | null; trouble: boolean; again(): void }

/** `hint` changes where something may have happened that is told to nobody by itself: then it is read before its time. */
export function usePolled<T>(load: () => Promise<T>, key: string, hint?: unknown): Polled<T> {
  const [found, setFound] = useState<T | null>(null);
  const [trouble, setTrouble] = useState(false);
  const [asked, setAsked] = useState(0);
  const last = useRef({ hint, at: 0, read: () => {} });
  useEffect(() => {
    let gone = false;
    let [begun, told] = [0, 0];
    const read = () => {
      if (document.visibilityState === "hidden") return;
      last.current.at = Date.now();
      const mine = ++begun;
      // One that is overtaken is told nobody; one that is slow is, however many are under way behind it.
      const tell = (then: () => void) => { if (!gone && mine > told) { told = mine; then(); } };
      load().then((next) => tell(() => { setFound(next); setTrouble(false); }), () => tell(() => setTrouble(true)));
    };
    last.current.read = read;
    read();
    const timer = setInterval(read, EVERY_MS);
    document.addEventListener("visibilitychange", read);
    return () => { gone = true; clearInterval(timer); document.removeEventListener("visibilitychange", read); };
  }, [key, asked]);
  useEffect(() => {
    if (last.current.hint === hint) return undefined;
    last.current.hint = hint;
    const timer = setTimeout(() => last.current.read(), Math.max(Math.random() * SPREAD_MS, last.current.at + HINTED_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [hint]);
  return { found, trouble, again: () => setAsked((times) => times + 1) };
}
