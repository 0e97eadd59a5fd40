// @vitest-environment happy-dom
/** A part that the server has of another build by now: the desk says so, goes on, and offers to load itself. */
import { act } from "preact/test-utils";
import { expect, test, vi } from "vitest";
import { handoff } from "./cast.ts";
import { button, desk, find, root, settle, useStage, welcome } from "./stage.tsx";

vi.mock("../../../static/src/console/supervisor.tsx", () => { throw new Error("404"); });

useStage();

const serve = (build: string) => vi.stubGlobal("fetch", vi.fn(() => Promise.resolve(new Response(JSON.stringify({ build })))));
const missPage = async () => {
  act(() => desk.show("find"));
  await vi.waitFor(async () => { await settle(); expect(root.textContent).toContain("This page could not be loaded"); });
  await settle();
};

test("a page that did not come for the line is no newer version", async () => {
  vi.stubGlobal("BUILD", "0123abcd");
  serve("0123abcd");
  welcome({ handoffs: [handoff()] });
  await missPage();
  expect(root.querySelector(".banner")).toBeNull();
});

test("a newer version is told over the whole desk, which goes on with what is written", async () => {
  vi.stubGlobal("BUILD", "0123abcd");
  serve("89efcdab");
  welcome({ handoffs: [handoff()] });
  await missPage();
  await vi.waitFor(async () => { await settle(); expect(find(".banner").textContent).toContain("There is a newer version of the desk. What you wrote is kept."); });
  expect(find(".banner a").getAttribute("href")).toBe("");
  act(() => desk.show("desk"));
  expect(button("Send")).toBeTruthy();
});
