/** Holds the views that come in files of their own, once they are there. */

/** Asked for once the panel is at rest, long before anybody gets there. Without them the rest goes on. */
function lazy<T>(load: () => Promise<T>): [get: () => T | null, load: (then: () => void) => void] {
  let loaded: T | null = null;
  let asked = false;
  return [
    () => loaded,
    (then) => {
      if (asked) return;
      asked = true;
      load().then(
        (views) => {
          loaded = views;
          then();
        },
        () => {
          asked = false;
        },
      );
    },
  ];
}

/** What nobody needs at first sight. */
export const [later, loadLater] = lazy(() => import("./later.tsx"));
export type Phone = typeof import("./phone.tsx");
/** Callbacks and calls. */
export const [phone, loadPhone] = lazy(() => import("./phone.tsx"));
