// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from "vitest";
import type { ToLoader } from "../../../static/src/widget/bridge.ts";
import type { Embedding } from "../../../static/src/widget/loader/panel.ts";

const HELP = "https://help.example";
let frame: HTMLIFrameElement;
let button: HTMLButtonElement;

/** A page of the site with the loader in it, and the panel loaded once. */
async function mount(embedding: Partial<Embedding> = {}): Promise<void> {
  const page = await import("../../../static/src/widget/loader/panel.ts");
  page.mount(`${HELP}/widget.js`, { site: "harbour", ...embedding });
  const create = document.createElement.bind(document);
  vi.spyOn(document, "createElement").mockImplementation((tag: string) => create(tag === "iframe" ? "x-frame" : tag));
  page.show(true);
  const root = document.body.firstElementChild!.shadowRoot!;
  frame = root.querySelector("x-frame")!;
  button = root.querySelector("button")!;
  Object.defineProperty(frame, "contentWindow", { value: { postMessage: () => undefined } });
}
function say(message: ToLoader): void {
  window.dispatchEvent(new MessageEvent("message", { origin: HELP, source: frame.contentWindow, data: { handoff: frame.name, message } } as MessageEventInit));
}
const address = () => new URL((frame as unknown as { src: string }).src);

beforeEach(() => {
  vi.restoreAllMocks();
  vi.resetModules();
  sessionStorage.clear();
  document.body.replaceChildren();
  document.documentElement.lang = "";
  document.title = "Overview";
});

it.each([
  ["de-AT", {}, "Hilfe"],
  ["ar", {}, "مساعدة"],
  ["en-GB", {}, "Get help"],
  ["fr", {}, "Get help"],
  ["", {}, "Get help"],
  ["de", { lang: "es" }, "Ayuda"],
  ["de", { label: "Fragen?" }, "Fragen?"],
  ["de", { label: "" }, "Hilfe"],
])("on a page in %j with %o the button says %s", async (lang, embedding, words) => {
  document.documentElement.lang = lang;
  await mount(embedding);
  expect(button.textContent).toBe(words);
  expect(frame.title).toBe(words);
  expect([...address().searchParams]).toEqual([["site", "harbour"], ["lang", (embedding as Embedding).lang ?? lang]]);
});

it("says what came, and how much of it, until it is read", async () => {
  await mount();
  say({ type: "state", state: "connected", title: "Amira wrote", detail: "2 new messages" });
  say({ type: "unread", count: 2 });
  expect([button.querySelector("span")?.textContent, button.querySelector("b")?.textContent]).toEqual(["Amira wrote2 new messages", "2"]);
  say({ type: "unread", count: 0 });
  expect(button.querySelector("b")?.textContent).toBe("");
});

it("tells in the page's title how things stand, and gives the title back", async () => {
  await mount();
  say({ type: "title", title: "" });
  expect(document.title).toBe("Overview");
  say({ type: "title", title: "(1) Amira wrote" });
  expect(document.title).toBe("(1) Amira wrote - Overview");
  say({ type: "title", title: "(2) Amira wrote" });
  expect(document.title).toBe("(2) Amira wrote - Overview");
  say({ type: "title", title: "" });
  expect(document.title).toBe("Overview");
});

it("respects a page that changes its title itself", async () => {
  await mount();
  say({ type: "title", title: "Amira is here" });
  document.title = "3 of 4";
  say({ type: "title", title: "(1) Amira wrote" });
  expect(document.title).toBe("(1) Amira wrote - 3 of 4");
  document.title = "4 of 4";
  say({ type: "title", title: "" });
  expect(document.title).toBe("4 of 4");
});

it("listens to its own frame alone", async () => {
  await mount();
  const message = { type: "title", title: "Pwned" };
  for (const event of [
    { origin: "https://evil.example", source: frame.contentWindow, data: { handoff: frame.name, message } },
    { origin: HELP, source: window, data: { handoff: frame.name, message } },
    { origin: HELP, source: frame.contentWindow, data: { handoff: "guess", message } },
    { origin: HELP, source: frame.contentWindow, data: null },
  ]) window.dispatchEvent(new MessageEvent("message", event as MessageEventInit));
  expect(document.title).toBe("Overview");
});

it("shows the frame when the panel has spoken, and says when it does not: an error page in it would have no way out", async () => {
  vi.useFakeTimers();
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  await mount();
  frame.onload!(new Event("load"));
  expect([frame.hidden, button.hidden]).toEqual([true, false]);
  vi.advanceTimersByTime(10_000);
  expect(warn).toHaveBeenCalledWith("handoff:", "unreachable", "");
  say({ type: "remember", change: {} });
  expect([frame.hidden, button.hidden]).toEqual([false, true]);
  vi.useRealTimers();
});

it("is quiet about a panel that spoke in time", async () => {
  vi.useFakeTimers();
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  await mount();
  say({ type: "remember", change: {} });
  vi.advanceTimersByTime(60_000);
  expect(warn).not.toHaveBeenCalled();
  vi.useRealTimers();
});
