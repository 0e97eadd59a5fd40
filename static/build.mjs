// Builds static/dist and refuses a bundle that outgrew its budget.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const src = join(here, "src");
const dist = join(here, "dist");

/** Whatever the bundles are made of: two builds with the same mark are the same build. */
function markOf(sources) {
  const hash = createHash("sha256");
  for (const path of sources) hash.update(relative(here, path)).update("\0").update(readFileSync(path)).update("\0");
  return hash.digest("hex").slice(0, 8);
}

const filesIn = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));

const BUILD = markOf([...filesIn(src), fileURLToPath(import.meta.url), join(here, "../package-lock.json")].sort());

/** Parts carry the build in their names, so that a page never gets one that does not fit it; the files a page begins with keep theirs. */
const part = (file) => file.replace(/\.js$/, `-${BUILD}.js`);
const PART = /-[0-9a-f]{8}\.js(\.gz)?$/;

/** Where a release is built over others, a page that is open finds the parts of the one before, and of any for so long. */
const KEPT_MS = 24 * 60 * 60 * 1000;
const told = join(dist, "build.json");
const last = existsSync(told) ? JSON.parse(readFileSync(told, "utf8")) : {};
/** Built anew, it is still the one before that pages are of. */
const before = (last.build === BUILD ? last.before : last.build) ?? BUILD;

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
      elsewhere: Object.fromEntries(chunks.map(([name]) => [`${name}.tsx`, `./${part(named(name, language))}`])),
      language,
    },
    // These take from the panel what the panel has already.
    ...chunks.map(([name, budget]) => ({
      out: named(name, language),
      isPart: true,
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
      elsewhere: { ...Object.fromEntries(chunks.map(([name]) => [`${name}.tsx`, `./${part(`${name}.js`)}`])), "rules.ts": `./${part("reask.js")}` },
    },
    // Loaded with the first word an agent writes; pure rules, which borrow nothing.
    { out: "reask.js", isPart: true, entry: "console/reask/rules.ts", format: "esm", draws: false, budget: 16 * 1024 },
    ...chunks.map(([name, budget]) => ({ out: `${name}.js`, isPart: true, entry: `console/${name}.tsx`, format: "esm", budget, elsewhere: shared, jsx: "./console.js" })),
  ];
}

// Gzipped bytes. The loader runs on every page of a customer's site, the panel once a talk, the console once a working day.
const BUNDLES = [
  { out: "widget.js", entry: "widget/loader/main.ts", format: "iife", budget: 3 * 1024 },
  { out: "show.js", entry: "widget/loader/show.ts", format: "esm", draws: false, budget: 1024 },
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

async function bundle({ out, isPart, entry, format, budget, elsewhere = {}, jsx, draws = true, language }) {
  const file = join(dist, isPart ? part(out) : out);
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
    define: { BUILD: JSON.stringify(BUILD) },
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
// Told last: who asks finds the parts there already.
writeFileSync(told, `${JSON.stringify({ build: BUILD, before })}\n`);
for (const name of readdirSync(dist)) {
  const isPast = PART.test(name) && !name.includes(`-${BUILD}.`) && !name.includes(`-${before}.`);
  if (isPast && Date.now() - statSync(join(dist, name)).mtimeMs > KEPT_MS) rmSync(join(dist, name));
}
if (built.some(({ size, budget }) => size > budget)) process.exit(1);
