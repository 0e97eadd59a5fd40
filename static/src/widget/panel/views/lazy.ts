/** Holds the views that come in files of their own, once they are there. */
import { isOutdated } from "../../../shared/build.ts";

/** A file that did not come is asked for again after this time. */
const AGAIN_MS = 3_000;

/** Why a part is not there, while it is being asked for: the server has those of another build by now, or it did not come twice. */
export let missing: "" | "outdated" | "failed" = "";

/** Asked for once the panel is at rest, long before anybody gets there. Without them the start goes on. */
function lazy<T>(load: () => Promise<T>): [get: () => T | null, load: (then: () => void) => void] {
  let loaded: T | null = null;
  let asked = false;
  let failed = 0;
  return [
    () => loaded,
    (then) => {
      if (asked) return;
      asked = true;
      load().then(
        (views) => {
          loaded = views;
          if (failed) missing = "";
          then();
        },
        async () => {
          if (await isOutdated()) missing = "outdated";
          else if (failed++) missing = "failed";
          asked = false;
          setTimeout(then, AGAIN_MS);
        },
      );
    },
  ];
}

export type Later = typeof import("./later.tsx");
/** What nobody needs before the click. */
export const [later, loadLater] = lazy(() => import("./later.tsx"));
export type Phone = typeof import("./phone.tsx");
/** Callbacks and calls. */
export const [phone, loadPhone] = lazy(() => import("./phone.tsx"));
/** What is attached to messages. */
export const [files, loadFiles] = lazy(() => import("./files.tsx"));
/** What an agent asks to be confirmed. */
export const [stepup, loadStepup] = lazy(() => import("./stepup.tsx"));
/** The tone for those who look elsewhere. */
export const [attention, loadAttention] = lazy(() => import("./attention.tsx"));
/** What may help before anybody is asked. */
export const [articles, loadArticles] = lazy(() => import("./articles.tsx"));
