/** What is read again every few seconds while somebody looks. */
import { useEffect, useRef, useState } from "preact/hooks";

/** As often as the promise "live within 5 s" needs; the server counts once for all who ask. */
export const EVERY_MS = 5_000;

/** A hint is followed at most so often: on a busy floor one comes every second, to everybody who looks. */
export const HINTED_MS = 2_000;

export interface Polled<T> { found: T | null; trouble: boolean; again(): void }

/** `hint` changes where something may have happened that is told to nobody by itself: then it is read before its time. */
export function usePolled<T>(load: () => Promise<T>, key: string, hint?: unknown): Polled<T> {
  const [found, setFound] = useState<T | null>(null);
  const [trouble, setTrouble] = useState(false);
  const [asked, setAsked] = useState(0);
  const last = useRef({ hint, at: 0 });
  useEffect(() => {
    let gone = false;
    const read = () => {
      if (document.visibilityState === "hidden") return;
      last.current.at = Date.now();
      load().then((next) => { if (!gone) { setFound(next); setTrouble(false); } }, () => { if (!gone) setTrouble(true); });
    };
    read();
    const timer = setInterval(read, EVERY_MS);
    document.addEventListener("visibilitychange", read);
    return () => { gone = true; clearInterval(timer); document.removeEventListener("visibilitychange", read); };
  }, [key, asked]);
  useEffect(() => {
    if (last.current.hint === hint) return undefined;
    last.current.hint = hint;
    const timer = setTimeout(() => setAsked((times) => times + 1), Math.max(0, last.current.at + HINTED_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [hint]);
  return { found, trouble, again: () => setAsked((times) => times + 1) };
}
