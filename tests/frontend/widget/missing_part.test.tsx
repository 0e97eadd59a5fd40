// @vitest-environment happy-dom
/** A part of another build does not fit this page: the panel says so and offers to load itself anew. */
import { afterEach, expect, test, vi } from "vitest";
import { Stage } from "./stage.tsx";

let failing = false;
vi.mock("../../../static/src/widget/panel/views/articles.tsx", async (original) => {
  if (failing) throw new Error("404");
  return original();
});

const lazy = await import("../../../static/src/widget/panel/views/lazy.ts");
const stage = new Stage();
afterEach(() => vi.unstubAllGlobals());

/** Until the panel is told to ask again, which it would be after three seconds. */
function miss(): Promise<void> {
  const wait = setTimeout;
  vi.stubGlobal("setTimeout", (what: () => void, ms = 0) => wait(what, ms === 3_000 ? 0 : ms));
  return new Promise<void>(lazy.loadArticles);
}
const serve = (build: string) => vi.stubGlobal("fetch", vi.fn(() => Promise.resolve(new Response(JSON.stringify({ build })))));

test("one miss is the line's; two are told; another build is told as what it is, until the part comes", async () => {
  expect(lazy.missing).toBe("");
  vi.stubGlobal("BUILD", "0123abcd");
  failing = true;
  serve("0123abcd");
  await miss();
  stage.start();
  expect([lazy.missing, stage.root.querySelector(".strip")]).toEqual(["", null]);
  await miss();
  stage.start();
  expect([lazy.missing, stage.text()]).toEqual(["failed", expect.stringContaining("That did not work, through nothing you did.")]);

  serve("89efcdab");
  await miss();
  const reload = vi.spyOn(location, "reload").mockImplementation(() => undefined);
  stage.start();
  expect([lazy.missing, stage.text()]).toEqual(["outdated", expect.stringContaining("Help was updated. Reload the page to go on; nothing is lost.")]);
  stage.press("Reload");
  expect(reload).toHaveBeenCalledOnce();

  failing = false;
  await new Promise<void>((resolve) => lazy.loadArticles(resolve));
  stage.start();
  expect([lazy.missing, stage.root.querySelector(".strip")]).toEqual(["", null]);
});
