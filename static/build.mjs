// Builds static/dist and refuses a bundle that outgrew its budget.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const src = join(here, "src");
const dist = join(here, "dist");

/** Each has a folder of catalogues in widget/texts; English is the one that decides which texts there are. */
const LANGUAGES = ["en", "de", "es", "ar"];

/** What the panel loads on demand, and the gzipped bytes each may weigh: an entry in widget/panel/views and a catalogue of the same name. */
const CHUNKS = { later: 12 * 1024, phone: 11 * 1024, files: 6 * 1024, stepup: 4 * 1024, attention: 2 * 1024, articles: 4 * 1024 };

const named = (name, language) => (language === "en" ? `${name}.js` : `${name}.${language}.js`);

/** The panel and its chunks with one language's texts in them, so that nobody loads words they do not read. */
function panelIn(language) {
  const panel = `./${named("panel", language)}`;
  const chunks = Object.entries(CHUNKS);
  return [
    {
      out: named("panel", language),
      entry: "widget/panel/main.tsx",
      format: "esm",
      budget: 25 * 1024,
      elsewhere: Object.fromEntries(chunks.map(([name]) => [`${name}.tsx`, `./${named(name, language)}`])),
      language,
    },
    // These take from the panel what the panel has already.
    ...chunks.map(([name, budget]) => ({
      out: named(name, language),
      entry: `widget/panel/views/${name}.tsx`,
      format: "esm",
      budget,
      elsewhere: { "exports.ts": panel, "language.ts": panel, "@texts/core": panel },
      jsx: panel,
      language,
    })),
  ];
}

/** What the console loads on demand, and the gzipped bytes each may weigh: an entry in static/src/console. */
const DESK_CHUNKS = { attachments: 5 * 1024, knowledge: 12 * 1024, supervisor: 14 * 1024 };

/** What `console/exports.ts` lends to them: modules that only one bundle may hold, or that it holds anyway. */
const DESK_SHARED = [
  "preact", "preact/hooks", "api.ts", "context.tsx", "errors.ts", "facts.ts", "files.ts", "icons.tsx", "keys.tsx", "page.ts", "people.ts", "safe_url.ts", "sizes.ts", "text.tsx", "time.ts", "words.ts",
  "conversation.tsx", "lines.ts", "strips.tsx", "timeline.ts", "transfer.tsx", "who.tsx", "wire.ts",
];

function desk() {
  const shared = Object.fromEntries(DESK_SHARED.map((name) => [name, "./console.js"]));
  const chunks = Object.entries(DESK_CHUNKS);
  return [
    {
      out: "console.js",
      entry: "console/main.tsx",
      format: "esm",
      budget: 80 * 1024,
      elsewhere: { ...Object.fromEntries(chunks.map(([name]) => [`${name}.tsx`, `./${name}.js`])), "rules.ts": "./reask.js" },
    },
    // Loaded with the first word an agent writes; pure rules, which borrow nothing.
    { out: "reask.js", entry: "console/reask/rules.ts", format: "esm", draws: false, budget: 16 * 1024 },
    ...chunks.map(([name, budget]) => ({ out: `${name}.js`, entry: `console/${name}.tsx`, format: "esm", budget, elsewhere: shared, jsx: "./console.js" })),
  ];
}

// Gzipped bytes. The loader runs on every page of a customer's site, the panel once a talk, the console once a working day.
const BUNDLES = [
  { out: "widget.js", entry: "widget/loader/main.ts", format: "iife", budget: 3 * 1024 },
  { out: "timer.js", entry: "shared/timer.worker.ts", format: "iife" },
  ...LANGUAGES.flatMap(panelIn),
  { out: "panel.css", entry: "styles/widget.css" },
  ...desk(),
  { out: "console.css", entry: "styles/console.css" },
  { out: "account.css", entry: "styles/account.css" },
];

/** Modules that another bundle holds are imported from it. */
function from(elsewhere) {
  return {
    name: "elsewhere",
    setup({ onResolve }) {
      onResolve({ filter: /./ }, ({ path, kind }) => {
        const file = elsewhere[path] ?? elsewhere[basename(path)];
        return file && kind !== "entry-point" ? { path: file, external: true } : undefined;
      });
    },
  };
}

/** `@texts/<chunk>` is that chunk's catalogue in the bundle's language. */
function textsIn(language) {
  return {
    name: "texts",
    setup({ onResolve }) {
      onResolve({ filter: /^@texts\// }, ({ path }) => ({ path: join(src, "widget/texts", language, `${basename(path)}.ts`) }));
    },
  };
}

async function bundle({ out, entry, format, budget, elsewhere = {}, jsx, draws = true, language }) {
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
    plugins: [from(elsewhere), ...(language ? [textsIn(language)] : [])],
    // Modules are UTF-8 by definition; the loader is a classic script on a page whose encoding is not ours.
    charset: format === "esm" ? "utf8" : "ascii",
    // Modules are strict by themselves; without this esbuild would add "use strict" to the loader as well.
    tsconfigRaw: {},
    ...(format ? { format, target: "es2022" } : {}),
    ...(format === "esm" && draws && !jsx ? { inject: [join(src, "shared/jsx.ts")] } : {}),
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
