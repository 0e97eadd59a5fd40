// @vitest-environment happy-dom
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const WIDGET = join(import.meta.dirname, "../../../static/src/widget");
const TEXTS = join(WIDGET, "texts");
const OTHERS = ["de", "es", "ar"];
const chunks = readdirSync(join(TEXTS, "en")).map((file) => file.replace(".ts", ""));

type Value = string | ((...given: never[]) => string) | { [key: string]: Value };
type Leaf = Exclude<Value, { [key: string]: Value }>;

const catalogue = async (language: string, chunk: string) => ((await import(join(TEXTS, language, `${chunk}.ts`))) as { texts: Value }).texts;

function leaves(value: Value, path = ""): [string, Leaf][] {
  if (typeof value !== "object") return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path ? `${path}.${key}` : key));
}

/** What a language rightly says as English does: a name, an abbreviation, a punctuation mark, a value without words. */
const SAME: Readonly<Record<string, readonly string[]>> = {
  de: ["core.chat", "core.withMeanwhile", "later.comma", "later.wroteAt", "later.name", "later.methods.pin", "phone.inWindow"],
  es: ["core.withMeanwhile", "later.comma", "later.no", "later.wroteAt", "later.methods.pin", "phone.inWindow"],
  ar: [],
};

/** A number, or a word that no language would write by itself, so that it can be found again. */
const PROBES = ["Ωa", "Ωb", "Ωc"];
const COUNTS = [0, 1, 2, 3, 11, 100];

function say(leaf: Leaf, given: readonly (string | number | boolean)[]): string {
  return typeof leaf === "string" ? leaf : (leaf as (...given: unknown[]) => string)(...given);
}

/** Which of a text's values are numbers is in its declaration. */
function kinds(source: string, path: string): ("number" | "boolean" | "string")[] {
  const key = path.split(".").at(-1)?.replace(/\W/g, "\\$&");
  const declared = new RegExp(`[\\s{]["']?${key}["']?: \\(([^)]*)\\)`).exec(source)?.[1] ?? "";
  return declared.split(",").filter((one) => one.trim()).map((one) => (/: number/.test(one) ? "number" : /: boolean/.test(one) ? "boolean" : "string"));
}

beforeEach(() => document.documentElement.setAttribute("lang", "en"));
afterEach(() => {
  document.documentElement.removeAttribute("lang");
  document.documentElement.removeAttribute("dir");
});

describe.each(chunks)("the catalogue %s", (chunk) => {
  const source = readFileSync(join(TEXTS, "en", `${chunk}.ts`), "utf8");

  it.each(OTHERS)("says in %s everything that English says, and no more", async (language) => {
    const [english, other] = [leaves(await catalogue("en", chunk)), leaves(await catalogue(language, chunk))];
    expect(other.map(([path]) => path).sort()).toEqual(english.map(([path]) => path).sort());
    for (const [path, leaf] of other) expect([path, typeof leaf]).toEqual([path, typeof english.find(([known]) => known === path)?.[1]]);
  });

  it.each(["en", ...OTHERS])("uses every value it is given, in %s", async (language) => {
    document.documentElement.lang = language;
    for (const [path, leaf] of leaves(await catalogue(language, chunk))) {
      if (typeof leaf === "string") continue;
      const asked = kinds(source, path);
      expect([path, asked.length > 0]).toEqual([path, true]);
      const values = asked.map((kind, index) => (kind === "number" ? 10 + 7 * (index + 1) : kind === "boolean" ? true : (PROBES[index] ?? "")));
      const said = say(leaf, values).replace(/[^\p{L}\p{N} ]/gu, "");
      const missing = values.filter((value) => typeof value !== "boolean" && !said.includes(String(value)));
      // A zone is told by its city in English, by its name elsewhere.
      expect([path, missing.length <= (path === "placeTime" ? 1 : 0)]).toEqual([path, true]);
      expect(say(leaf, values)).not.toMatch(/undefined|null|NaN|\[object/);
    }
  });

  it.each(["en", ...OTHERS])("has a sound form for every number, in %s", async (language) => {
    document.documentElement.lang = language;
    for (const [path, leaf] of leaves(await catalogue(language, chunk))) {
      const asked = typeof leaf === "string" ? [] : kinds(source, path);
      if (!asked.includes("number")) continue;
      for (const count of COUNTS) {
        const said = say(leaf, asked.map((kind) => (kind === "number" ? count : kind === "boolean" ? false : "Ω")));
        expect([path, count, /\S/.test(said), /undefined|NaN/.test(said)]).toEqual([path, count, true, false]);
      }
    }
  });

  it.each(OTHERS)("is translated, in %s", async (language) => {
    const english = new Map(leaves(await catalogue("en", chunk)));
    const same = leaves(await catalogue(language, chunk)).filter(([path, leaf]) => {
      const before = english.get(path);
      const given = [...PROBES, ...PROBES];
      return before !== undefined && say(leaf, given) === say(before, given);
    });
    const allowed = SAME[language] ?? [];
    expect(same.map(([path]) => `${chunk}.${path}`).filter((path) => !allowed.includes(path))).toEqual([]);
  });
});

it("lists nothing as the same that is not", async () => {
  for (const language of OTHERS) {
    for (const listed of SAME[language] ?? []) {
      const [chunk = "", ...path] = listed.split(".");
      const [one, other] = await Promise.all(["en", language].map(async (each) => new Map(leaves(await catalogue(each, chunk))).get(path.join("."))));
      expect([listed, one !== undefined && other !== undefined && say(one, PROBES) === say(other, PROBES)]).toEqual([listed, true]);
    }
  }
});

it("Arabic has its own word for one, two, a few, many", async () => {
  document.documentElement.lang = "ar";
  const { items } = (await catalogue("ar", "core")) as unknown as { items(count: number): string };
  expect([0, 1, 2, 3, 11, 100].map(items)).toEqual(["لا شيء", "معلومة واحدة", "معلومتان", "3 معلومات", "11 معلومة", "100 معلومة"]);
});

it("isolates a name that could turn a sentence around, and takes away what hides in it", async () => {
  const { isHere } = (await catalogue("en", "later")) as unknown as { isHere(agent: string): string };
  expect([isHere("Amira"), isHere("أميرة"), isHere("A\u202emira")]).toEqual(["Amira is here.", "\u2068أميرة\u2069 is here.", "Amira is here."]);
  document.documentElement.dir = "rtl";
  expect(isHere("Amira")).toBe("\u2068Amira\u2069 is here.");
});

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((one) => {
    const path = join(folder, one.name);
    if (one.isDirectory()) return path === TEXTS ? [] : files(path);
    return /\.tsx?$/.test(one.name) ? [path] : [];
  });
}

/** Comments say what they like; a warning to the page's developer is theirs, not a customer's. */
const bare = (source: string) => source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
const FOR_MACHINES = /^(Enter|Escape|Content-Type|Accept|Authorization|Bearer|Retry|Date|UTC|Etc)\b|btn|pick|strip|tick|msg--/;
const FOR_DEVELOPERS = /message: "[^"]*"/g;

/** Words as a person reads them: what begins like a sentence, words around a value, or any words between two tags. */
function sentences(source: string, hasTags = true): string[] {
  const literals = bare(source).replace(FOR_DEVELOPERS, "").matchAll(/(["'`])((?:\\.|(?!\1)[^\\\n])*)\1/g);
  const between = hasTags ? bare(source).matchAll(/>\s*([A-Z][a-z’]+(?: [\w’]+)*[^<>{}();=]*?)\s*</g) : [];
  const isText = (text: string) => /^[A-Z][a-z’]+([ ,.:?]|$)/.test(text) || /\} [a-z’]{2,}|[a-z’]{2,} \$\{/.test(text);
  const quoted = [...literals].map(([, , text = ""]) => text).filter((text) => isText(text) && !FOR_MACHINES.test(text));
  return [...quoted, ...[...between].map(([, text = ""]) => text)];
}

it("finds a sentence where one is", () => {
  expect(sentences('const a = "Get help";\n<p>\n  Help is here\n</p>; label={`Take back: ${x}`}')).toEqual(["Get help", "Take back: ${x}", "Help is here"]);
});

it("says nothing outside the catalogues", () => {
  const outside = files(WIDGET)
    .filter((path) => !path.includes("/loader/"))
    .flatMap((path) => sentences(readFileSync(path, "utf8"), path.endsWith("x")).map((text) => `${path.slice(WIDGET.length + 1)}: ${text}`));
  expect(outside).toEqual([]);
});
