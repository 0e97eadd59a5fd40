// @vitest-environment happy-dom
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ApiError } from "../../../static/src/shared/errors.ts";
import { memory as emptyStorage } from "../../../static/src/shared/storage.ts";
import { createStore } from "../../../static/src/shared/store.ts";
import type { Store } from "../../../static/src/shared/store.ts";
import { Memory } from "../../../static/src/widget/panel/memory.ts";
import { context } from "../../../static/src/widget/panel/journey.ts";
import { Offered, Reader, isReading } from "../../../static/src/widget/panel/views/articles.tsx";
import { forget, searchWords, start } from "../../../static/src/widget/panel/views/articles/shelf.ts";
import { reduce } from "../../../static/src/widget/reducer.ts";
import { initial } from "../../../static/src/widget/state.ts";
import type { Action, PanelState } from "../../../static/src/widget/state.ts";
import { handoff } from "./cast.ts";

const HITS = [{ id: "ar_1", title: "Refunds", excerpt: "Two days.", language: "en" }, { id: "ar_2", title: "<b>Charges</b>", excerpt: "x", language: "en" }];
const PAGE = { id: "ar_1", title: "Refunds", body: "Two days.\n\n- <img src=x onerror=alert(1)>", language: "en", useful: null };

const chat = { channel: "chat" as const, state: "open" as const, estimate: { kind: "soon" as const } };
const fresh = (): Store<PanelState, Action> =>
  createStore<PanelState, Action>(reduce, {
    ...initial({ key: "harbour", name: "Harbour Bank", logo: "" }), session: "open",
    intents: ["dispute-charge", "lost-card"].map((key) => ({ key, label: key, channels: [chat] })),
  });

let root: HTMLElement;
let store: Store<PanelState, Action>;
let memory: Memory;
let asked: { path: string; body?: unknown }[];
let articles: typeof HITS;
const minimise = vi.fn();

function call(path: string, { body }: { body?: unknown } = {}): Promise<unknown> {
  asked.push({ path, ...(body !== undefined && { body }) });
  if (path.startsWith("articles?")) return Promise.resolve({ articles });
  if (path.startsWith("articles/ar_1")) return Promise.resolve(PAGE);
  return path.startsWith("articles/ar_") ? Promise.reject(new ApiError(503, "not_saved", "x")) : Promise.resolve(null);
}

function draw(): void {
  start({ session: { call: call as never }, store, memory, draw });
  const props = { state: store.get(), actions: { minimise } as never };
  render(isReading() ? <Reader {...props} /> : <Offered {...props} />, root);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  forget();
  asked = [];
  articles = HITS;
  memory = new Memory(emptyStorage());
  store = fresh();
  store.watch(draw);
  root = document.body.appendChild(document.createElement("div"));
});
afterEach(() => {
  render(null, root);
  root.remove();
  vi.useRealTimers();
});

const rest = async (ms = 0) => { await vi.advanceTimersByTimeAsync(ms); await vi.advanceTimersByTimeAsync(1); };
const pick = (change: Partial<PanelState["draft"]>) => store.dispatch({ type: "draft", change });
const press = (words: string) => [...root.querySelectorAll("button")].find((one) => one.textContent?.includes(words))?.click();
const told = (path: string) => asked.filter((one) => one.path === path).map(({ body }) => body);

describe("what is offered", () => {
  test("follows the choice at once and the words when they rest", async () => {
    draw();
    await rest(5_000);
    expect(asked).toEqual([]);
    pick({ intent: "dispute-charge" });
    await rest();
    expect(asked.map(({ path }) => path)).toEqual([expect.stringMatching(/^articles\?intent=dispute-charge&q=&language=/)]);
    expect(root.textContent).toContain("May this help?");
    expect(root.querySelectorAll(".may__row")).toHaveLength(2);
    expect(root.querySelector(".may__row b b")).toBe(null);
    for (const statement of ["I was cha", "I was charged twi", "I was charged twice"]) { pick({ statement }); await rest(300); }
    expect(asked).toHaveLength(1);
    // Nothing jumps while the words are looked up.
    expect(root.querySelectorAll(".may__row")).toHaveLength(2);
    await rest(700);
    expect(asked).toHaveLength(2);
    expect(asked[1]?.path).toContain("q=was+charged+twice");
  });

  test("is nothing where nothing fits, and nothing where it could not be asked", async () => {
    articles = [];
    pick({ intent: "lost-card" });
    await rest();
    expect(root.textContent).toBe("");
    pick({ intent: "dispute-charge" });
    expect(root.textContent).toBe("");
  });

  test("of what was typed only plain words leave the page", () => {
    expect(searchWords("My card 4929 1234 5678 9012 (maya@example.com) was charged, twice! https://x.example/?a=1 charged")).toBe("card was charged twice");
    expect(searchWords("Geld zurück für Überweisung")).toBe("Geld zurück für Überweisung");
    expect(searchWords("بطاقة مفقودة")).toBe("بطاقة مفقودة");
    expect(searchWords(Array.from({ length: 40 }, (_, n) => `word${"abcdefghijklmnopqrstuvwxyz"[n % 26]}${"abcdefghijklmnopqrstuvwxyz"[n >> 3]}`).join(" ")).split(" ")).toHaveLength(12);
  });
});

describe("an article", () => {
  async function read(): Promise<void> {
    draw();
    pick({ intent: "dispute-charge" });
    await rest();
    root.querySelector<HTMLElement>("#article-ar_1")?.click();
    await rest();
  }

  test("opens in the panel, as text, and goes back to where it was opened", async () => {
    await read();
    expect(root.querySelector("h1")?.textContent).toBe("Refunds");
    expect(root.querySelector("img")).toBe(null);
    expect(root.querySelector("li")?.textContent).toBe("<img src=x onerror=alert(1)>");
    expect(document.activeElement?.id).toBe("reader");
    press("Back");
    expect(root.querySelectorAll(".may__row")).toHaveLength(2);
    expect(document.activeElement?.id).toBe("article-ar_1");
  });

  test("goes along as a fact that can be taken back, also after the next page", async () => {
    await read();
    const { page, draft } = store.get();
    expect(context(page.entries, draft.struck).facts).toEqual([{ key: "article.ar_1", label: "Read before asking", value: "Refunds" }]);
    expect(context(page.entries, ["article.ar_1"]).facts).toEqual([]);
    forget();
    store = fresh();
    draw();
    expect(context(store.get().page.entries, []).facts).toHaveLength(1);
    store.dispatch({ type: "opened", handoff: handoff() });
    draw();
    expect(told("articles/went-on")).toEqual([{ article: "ar_1", intent: "dispute-charge" }]);
    expect(memory.get().articles).toBe(undefined);
  });

  test("is nothing of the person who comes after: not on screen, not on record, not counted", async () => {
    await read();
    store.dispatch({ type: "wiped" });
    draw();
    expect([isReading(), memory.get().articles]).toEqual([false, undefined]);
    store.dispatch({ type: "opened", handoff: handoff() });
    draw();
    expect(told("articles/went-on")).toEqual([]);
  });

  test("that comes after its reader has gone is left", async () => {
    draw();
    pick({ intent: "dispute-charge" });
    await rest();
    root.querySelector<HTMLElement>("#article-ar_1")?.click();
    store.dispatch({ type: "wiped" });
    await rest();
    expect([store.get().page.entries, memory.get().articles, isReading()]).toEqual([[], undefined, false]);
  });

  test("that solved it is told once, and is not counted as one that did not", async () => {
    await read();
    press("This solved it");
    expect(root.textContent).toContain("Thank you for telling us");
    expect(told("articles/solved")).toEqual([{ article: "ar_1", intent: "dispute-charge" }]);
    press("Close");
    expect(minimise).toHaveBeenCalledOnce();
    expect(isReading()).toBe(false);
    store.dispatch({ type: "opened", handoff: handoff() });
    draw();
    expect(told("articles/went-on")).toEqual([]);
  });

  test("that did not is left for the start, and the agent is told when there is one", async () => {
    await read();
    press("I still need help");
    expect(isReading()).toBe(false);
    expect(told("articles/went-on")).toEqual([]);
    store.dispatch({ type: "opened", handoff: handoff() });
    draw();
    draw();
    expect(told("articles/went-on")).toHaveLength(1);
  });

  test("that could not be read says so, and can be tried again", async () => {
    draw();
    pick({ intent: "dispute-charge" });
    await rest();
    root.querySelector<HTMLElement>("#article-ar_2")?.click();
    await rest();
    expect(root.querySelector("h1")?.textContent).toBe("This can’t be shown right now");
    expect(store.get().page.entries).toEqual([]);
    press("Try again");
    await rest();
    expect(asked.filter(({ path }) => path.startsWith("articles/ar_2"))).toHaveLength(2);
  });
});
