/** Builds that come after each other in one folder. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "build-"));
  mkdirSync(join(home, "static/src/console/reask"), { recursive: true });
  cpSync(join(ROOT, "static/build.mjs"), join(home, "static/build.mjs"));
  cpSync(join(ROOT, "static/src/icon.svg"), join(home, "static/src/icon.svg"));
  cpSync(join(ROOT, "package-lock.json"), join(home, "package-lock.json"));
  symlinkSync(join(ROOT, "node_modules"), join(home, "node_modules"));
});
afterEach(() => rmSync(home, { recursive: true }));

const dist = (name = "") => join(home, "static/dist", name);
const parts = () => readdirSync(dist()).filter((name) => /^reask-[0-9a-f]{8}\.js$/.test(name));

/** Its mark. */
function build(source: string): string {
  writeFileSync(join(home, "static/src/console/reask/rules.ts"), source);
  execFileSync(process.execPath, [join(home, "static/build.mjs")]);
  return (JSON.parse(readFileSync(dist("build.json"), "utf8")) as { build: string }).build;
}
function age(mark: string): void {
  const long = Date.now() / 1000 - 3 * 24 * 60 * 60;
  for (const end of ["js", "js.gz"]) utimesSync(dist(`reask-${mark}.${end}`), long, long);
}

test("the parts of the build before stay, however old and however often it is built anew; those before it go after a day", () => {
  const first = build("export const one = 1;");
  age(first);
  const second = build("export const one = 2;");
  expect(build("export const one = 2;")).toBe(second);
  expect(parts().sort()).toEqual([`reask-${first}.js`, `reask-${second}.js`].sort());
  const third = build("export const one = 3;");
  expect(parts().sort()).toEqual([`reask-${second}.js`, `reask-${third}.js`].sort());
  expect(readdirSync(dist()).filter((name) => name.includes(first))).toEqual([]);
  const fourth = build("export const one = 4;");
  // A day is not over.
  expect(parts().sort()).toEqual([`reask-${second}.js`, `reask-${third}.js`, `reask-${fourth}.js`].sort());
});
