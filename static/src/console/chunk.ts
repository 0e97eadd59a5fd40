/** Parts of the desk that come in a file of their own, once somebody wants them. */
import { useEffect, useState } from "preact/hooks";

export type Loading<T> = T | "loading" | "failed";

/** The part once it is there; asked for when it is first wanted, and again after a failure when it is wanted anew. */
export function chunk<T extends object>(load: () => Promise<T>): (wanted: boolean) => Loading<T> {
  let loaded: T | null = null;
  return function useChunk(wanted) {
    const [state, setState] = useState<Loading<T>>(loaded ?? "loading");
    useEffect(() => {
      if (!wanted || loaded) return;
      let left = false;
      const tell = (found: Loading<T>) => { if (!left) setState(() => found); };
      tell("loading");
      load().then((found) => tell((loaded = found)), () => tell("failed"));
      return () => { left = true; };
    }, [wanted]);
    return loaded ?? state;
  };
}
