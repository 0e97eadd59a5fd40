// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PageEntry, ToLoader, ToPanel } from "../../../static/src/widget/bridge.ts";

const HELP = "https://help.example";
type Page = typeof import("../../../static/src/widget/loader/panel.ts") & typeof import("../../../static/src/widget/loader/journey.ts");

let page: Page;
let frame: HTMLIFrameElement;
let told: ToPanel[];
const kept = () => JSON.parse(sessionStorage.getItem("handoff.steps") ?? "[]") as PageEntry[];

function say(message: ToLoader): void {
  window.dispatchEvent(new MessageEvent("message", { origin: HELP, source: frame.contentWindow, data: { handoff: frame.name, message } } as MessageEventInit));
}

afterEach(() => vi.restoreAllMocks());
beforeEach(async () => {
  sessionStorage.clear();
  document.body.replaceChildren();
  vi.resetModules();
  history.replaceState(null, "", "/overview");
  document.title = "Overview";
  page = { ...(await import("../../../static/src/widget/loader/panel.ts")), ...(await import("../../../static/src/widget/loader/journey.ts")) };
  page.mount(`${HELP}/widget.js`, { site: "harbour" });
  // The frame's own page is not part of this, so nothing that loads one stands in its place.
  const create = document.createElement.bind(document);
  vi.spyOn(document, "createElement").mockImplementation((tag: string) => create(tag === "iframe" ? "x-frame" : tag));
  page.show(true);
  frame = document.body.firstElementChild!.shadowRoot!.querySelector("x-frame")!;
  told = [];
  Object.defineProperty(frame, "contentWindow", { value: { postMessage: ({ message }: { message: ToPanel }) => told.push(message) } });
  frame.onload!(new Event("load"));
});

it("never takes our words in the page's title for a step of the journey", () => {
  page.addView();
  page.entitle({ title: "(1) Amira wrote" });
  history.pushState(null, "", "/cards");
  expect(page.addView()).toMatchObject({ path: "/cards", title: "Overview" });
  // A single-page app that names its new place meanwhile.
  history.pushState(null, "", "/cards/1");
  document.title = "Card 1";
  expect(page.addView()).toMatchObject({ path: "/cards/1", title: "Card 1" });
  page.entitle({ title: "(2) Amira wrote" });
  expect(document.title).toBe("(2) Amira wrote - Card 1");
  expect(page.addStep({ path: "/cards/1/block" })).toMatchObject({ title: "Card 1" });
  page.entitle({ title: "" });
  expect(document.title).toBe("Card 1");
});

describe("another person at the same page", () => {
  beforeEach(() => {
    page.addStep({ name: "secret", path: "/earlier" });
    page.addView();
    page.addFact({ key: "charge", value: "1" });
  });

  it("begins with the page that is open, and nothing of the last one", () => {
    page.identify(() => "a.b.c");
    say({ type: "wiped" });
    expect(kept()).toMatchObject([{ path: "/overview", title: "Overview", status: "started" }]);
    expect(told.at(-1)).toEqual({ type: "entries", entries: kept() });
  });

  it("begins with nothing after a logout", () => {
    page.identify(() => "a.b.c");
    page.logout();
    say({ type: "wiped" });
    expect([kept(), told.at(-1)]).toEqual([[], { type: "shown", shown: false, focus: false }]);
  });
});
