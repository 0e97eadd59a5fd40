/** Parts of the desk that come in a file of their own, once somebody wants them. */
import { useEffect, useState } from "preact/hooks";
import { isOutdated } from "../shared/build.ts";
import { createStore } from "../shared/store.ts";

export type Loading<T> = T | "loading" | "failed";

/** True once the server has the parts of another build: this page's own are gone, and those do not fit it. */
export const outdated = createStore<boolean, boolean>((_, found) => found, false);

/** Called where a part did not come. */
export const partMissed = (): void => void isOutdated().then((found) => { if (found) outdated.dispatch(true); });

export function useOutdated(): boolean {
  const [is, setIs] = useState(outdated.get());
  useEffect(() => outdated.watch(setIs), []);
  return is;
}

/**
 * The part once it is there; asked for when it is first wanted, and again after a failure when it is wanted anew. `againMs`: as long as it is
 * wanted it is also asked for by itself, for a part that shows nothing one could press.
 */
export function chunk<T extends object>(load: () => Promise<T>, againMs?: number): (wanted: boolean) => Loading<T> {
  let loaded: T | null = null;
  return function useChunk(wanted) {
    const [state, setState] = useState<Loading<T>>(loaded ?? "loading");
    useEffect(() => {
      if (!wanted || loaded) return;
      let left = false;
      const tell = (found: Loading<T>) => { if (!left) setState(() => found); };
      let timer: ReturnType<typeof setTimeout> | undefined;
      const ask = () => void load().then((found) => tell((loaded = found)), () => {
        tell("failed");
        partMissed();
        if (againMs !== undefined && !left) timer = setTimeout(ask, againMs);
      });
      tell("loading");
      ask();
      return () => { left = true; clearTimeout(timer); };
    }, [wanted]);
    return loaded ?? state;
  };
}
