// Builds static/dist and refuses a bundle that outgrew its budget.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const src = join(here, "src");
const dist = join(here, "dist");

// Gzipped bytes. The loader runs on every page of a customer's site, the panel once a talk, the console once a working day.
const BUNDLES = [
  { out: "widget.js", entry: "widget/loader/main.ts", format: "iife", budget: 3 * 1024 },
  { out: "timer.js", entry: "shared/timer.worker.ts", format: "iife" },
  { out: "panel.js", entry: "widget/panel/main.tsx", format: "esm", budget: 25 * 1024, elsewhere: { "later.tsx": "./later.js", "phone.tsx": "./phone.js" } },
  // These take from the panel what the panel has already; their own share comes when the panel is at rest.
  { out: "later.js", entry: "widget/panel/views/later.tsx", format: "esm", budget: 3 * 1024, elsewhere: { "exports.ts": "./panel.js" }, jsx: "./panel.js" },
  { out: "phone.js", entry: "widget/panel/views/phone.tsx", format: "esm", budget: 8 * 1024, elsewhere: { "exports.ts": "./panel.js" }, jsx: "./panel.js" },
  { out: "panel.css", entry: "styles/widget.css" },
  { out: "console.js", entry: "console/main.tsx", format: "esm", budget: 80 * 1024 },
  { out: "console.css", entry: "styles/console.css" },
  { out: "account.css", entry: "styles/account.css" },
];

/** Modules that another bundle holds are imported from it. */
function from(elsewhere) {
  return {
    name: "elsewhere",
    setup({ onResolve }) {
      onResolve({ filter: /./ }, ({ path, kind }) => {
        const file = elsewhere[basename(path)];
        return file && kind !== "entry-point" ? { path: file, external: true } : undefined;
      });
    },
  };
}

async function bundle({ out, entry, format, budget, elsewhere = {}, jsx }) {
  const file = join(dist, out);
  await build({
    entryPoints: [join(src, entry)],
    outfile: file,
    bundle: true,
    minify: true,
    legalComments: "none",
    logLevel: "warning",
    jsx: "transform",
    jsxFactory: "h",
    jsxFragment: "Fragment",
    plugins: [from(elsewhere)],
    // Modules are strict by themselves; without this esbuild would add "use strict" to the loader as well.
    tsconfigRaw: {},
    ...(format ? { format, target: "es2022" } : {}),
    ...(format === "esm" && !jsx ? { inject: [join(src, "shared/jsx.ts")] } : {}),
    ...(jsx ? { banner: { js: `import{Fragment,h}from"${jsx}";` } } : {}),
  });
  // The server hands out the compressed sibling where a browser takes it.
  const packed = gzipSync(readFileSync(file), { level: 9 });
  writeFileSync(`${file}.gz`, packed);
  const size = packed.length;
  return { out, size, budget: budget ?? Infinity };
}

mkdirSync(dist, { recursive: true });
copyFileSync(join(src, "icon.svg"), join(dist, "icon.svg"));
const built = await Promise.all(BUNDLES.filter(({ entry }) => existsSync(join(src, entry))).map(bundle));
for (const { out, size, budget } of built) {
  const limit = budget === Infinity ? "" : ` of ${budget}`;
  console.log(`${out.padEnd(12)} ${String(size).padStart(6)}${limit} bytes gzipped${size > budget ? "  OVER BUDGET" : ""}`);
}
if (built.some(({ size, budget }) => size > budget)) process.exit(1);
