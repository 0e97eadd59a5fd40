/** Of which build this page is, and whether the server has gone on to another since: parts of that one would not fit. */

/** Put in by the build, which gives every part a name with it. */
declare const BUILD: string | undefined;

/** Asked after a part did not come. False where nobody answers: then it is the line. */
export const isOutdated = (): Promise<boolean> =>
  fetch(new URL("build.json", import.meta.url), { cache: "no-store" })
    .then((answer) => answer.json())
    .then(({ build }: { build?: unknown }) => typeof build === "string" && typeof BUILD === "string" && build !== BUILD)
    .catch(() => false);
