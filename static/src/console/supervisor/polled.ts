/** What is read again every few seconds while somebody looks. */
import { useEffect, useState } from "preact/hooks";

/** As often as the promise "live within 5 s" needs; the server counts once for all who ask. */
export const EVERY_MS = 5_000;

export interface Polled<T> { found: T | null; trouble: boolean; again(): void }

export function usePolled<T>(load: () => Promise<T>, key: string): Polled<T> {
  const [found, setFound] = useState<T | null>(null);
  const [trouble, setTrouble] = useState(false);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    let gone = false;
    const read = () => {
      if (document.visibilityState === "hidden") return;
      load().then((next) => { if (!gone) { setFound(next); setTrouble(false); } }, () => { if (!gone) setTrouble(true); });
    };
    read();
    const timer = setInterval(read, EVERY_MS);
    document.addEventListener("visibilitychange", read);
    return () => { gone = true; clearInterval(timer); document.removeEventListener("visibilitychange", read); };
  }, [key, asked]);
  return { found, trouble, again: () => setAsked((times) => times + 1) };
}
