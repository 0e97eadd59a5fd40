/** What the panel keeps once must not be in a chunk a second time: a copy would know nothing of it, least of all the server's time. */
import { basename, join } from "node:path";
import { build } from "esbuild";
import type { Plugin } from "esbuild";
import { expect, test } from "vitest";

const SRC = join(import.meta.dirname, "../../../static/src");
/** As static/build.mjs takes them from the panel. */
const PANEL = new Set(["exports.ts", "language.ts"]);
const asBuilt: Plugin = {
  name: "as built",
  setup({ onResolve }) {
    onResolve({ filter: /^@texts\// }, ({ path }) => (path === "@texts/core" ? { path: "panel", external: true } : { path: join(SRC, "widget/texts/en", `${basename(path)}.ts`) }));
    onResolve({ filter: /./ }, ({ path, kind }) => (kind !== "entry-point" && PANEL.has(basename(path)) ? { path: "panel", external: true } : undefined));
  },
};

test.each(["later", "phone", "files", "stepup", "attention", "articles"])("%s has no clock, line or label of its own", async (chunk) => {
  const { metafile } = await build({
    entryPoints: [join(SRC, "widget/panel/views", `${chunk}.tsx`)], bundle: true, write: false, metafile: true, format: "esm", target: "es2022", jsx: "transform", jsxFactory: "h", jsxFragment: "Fragment", logLevel: "silent", plugins: [asBuilt], outfile: "out.js",
  });
  const [out] = Object.values(metafile.outputs);
  const held = Object.entries(out?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path.replace(/.*static\/src\//, ""));
  expect(held.length).toBeGreaterThan(1);
  expect(held.filter((path) => ["shared/api.ts", "widget/brand.ts", "widget/panel/views/lazy.ts", "widget/panel/session.ts"].includes(path))).toEqual([]);
});
