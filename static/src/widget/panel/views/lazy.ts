/** Holds the views of `later.tsx` once they are there. */

type Later = typeof import("./later.tsx");

let loaded: Later | null = null;
let asked = false;

export const later = (): Later | null => loaded;

/** Asked for once the panel is at rest, long before anybody gets there. Without them the rest goes on. */
export function loadLater(then: () => void): void {
  if (asked) return;
  asked = true;
  import("./later.tsx").then(
    (views) => {
      loaded = views;
      then();
    },
    () => {
      asked = false;
    },
  );
}
