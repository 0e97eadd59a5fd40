/** The panel's views on a page, with the real store and actions behind them and a server that answers as it is told. */
import { render } from "preact";
import { afterEach, beforeAll, beforeEach, expect, vi } from "vitest";
import { ApiError } from "../../../static/src/shared/errors.ts";
import type { ChannelOption, Handoff, IntentOption, Slot } from "../../../static/src/shared/frames.ts";
import { memory } from "../../../static/src/shared/storage.ts";
import { createStore, type Store } from "../../../static/src/shared/store.ts";
import { Actions, type Parts } from "../../../static/src/widget/panel/actions.ts";
import { Memory } from "../../../static/src/widget/panel/memory.ts";
import { App } from "../../../static/src/widget/panel/views/app.tsx";
import { loadAttention, loadLater, loadPhone, loadStepup } from "../../../static/src/widget/panel/views/lazy.ts";
import { reduce } from "../../../static/src/widget/reducer.ts";
import type { Action, PanelState } from "../../../static/src/widget/state.ts";
import { callback, CONSENT, fresh, handoff, play, session } from "./cast.ts";

export const NUMBER = "+447700900001";
export const NOW = Date.parse("2026-11-27T10:00:00Z");
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
export const at = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString();
export const code = { number: "+442079460000", display: "+44 20 7946 0000", code: "48217036", tel: "tel:+442079460000,,,48217036", expires_at: new Date(NOW + 468_000).toISOString() };
export const slot = (from: number): Slot => ({ date: at(from).slice(0, 10), from: `from ${from}`, to: `to ${from}`, starts_at: at(from), ends_at: at(from + 20) });
export const calling = { number: NUMBER, consent: CONSENT, is_standard: false };

export const offer = (states: Partial<Record<string, ChannelOption["state"]>> = {}): IntentOption[] =>
  ["dispute-charge", "lost-card"].map((key) => ({
    key,
    label: key,
    channels: (["chat", "callback", "phone"] as const).map((channel) => {
      const state = states[channel] ?? "open";
      return { channel, state, estimate: { kind: "range" as const, low_seconds: 180, high_seconds: 300 }, ...(state === "closed" && { opens_at: at(1440) }) };
    }),
  }));

export class Stage {
  root: HTMLElement = document.createElement("div");
  store!: Store<PanelState, Action>;
  asked: { path: string; body: unknown }[] = [];
  /** What the page's provider is asked for; true: it gave a token. */
  readonly stepUp = vi.fn<(needs: object, answers?: true) => Promise<boolean>>();
  /** Whether the page has a provider. */
  identified = false;
  /** The browser keeps nothing. */
  fleeting = false;
  readonly replies = new Map<string, object | ApiError>();

  constructor() {
    beforeAll(() => Promise.all([loadPhone, loadLater, loadStepup, loadAttention].map((load) => new Promise<void>(load))));
    beforeEach(() => {
      vi.useFakeTimers({ now: NOW, toFake: ["Date", "setInterval", "clearInterval"] });
      this.asked = [];
      this.replies.clear();
      this.stepUp.mockReset().mockResolvedValue(true);
      this.reply("handoffs", handoff({ channel: "callback", callback: callback() }));
      this.reply("availability/slots", { time_zone: ZONE, slots: [slot(60), slot(80), slot(1500)] });
      this.root = document.body.appendChild(document.createElement("div"));
    });
    afterEach(() => {
      render(null, this.root);
      this.root.remove();
      vi.useRealTimers();
      vi.restoreAllMocks();
    });
  }

  reply(path: string, answer: object): void {
    this.replies.set(path, answer);
  }

  refuse(path: string, code: string, fields: Record<string, string> = {}): void {
    this.replies.set(path, new ApiError(409, code, "", null, null, fields));
  }

  show(...actions: Action[]): void {
    this.store = createStore(reduce, play({ ...fresh(), fleeting: this.fleeting }, { type: "intent", intent: "dispute-charge" }, ...actions));
    const talk = { held: false, record: () => undefined, markRecorded: () => undefined, typing: () => undefined, outbox: { clear: () => undefined } };
    const server = { call: (path: string, { body }: { body?: unknown } = {}) => this.#answer(path, body), stepUp: this.stepUp };
    const parts = { store: this.store, session: server, talk, host: { send: () => undefined }, memory: new Memory(memory()), identified: () => this.identified };
    const does = new Actions(parts as unknown as Parts);
    const draw = () => render(<App state={this.store.get()} actions={does} onRetry={() => undefined} />, this.root);
    this.store.watch(draw);
    draw();
  }

  start(states: Parameters<typeof offer>[0] = {}, change: object = {}): void {
    this.show(session({ intents: offer(states), calling, ...change }));
  }

  on(change: Partial<Handoff>, more: object = {}): void {
    this.show(session({ intents: offer(), calling, handoff: handoff(change), ...more }));
  }

  text = () => this.root.textContent?.replace(/\s+/g, " ") ?? "";
  heading = () => this.root.querySelector("h1")?.textContent?.replace(/\s+/g, " ");
  button = (name: string | RegExp) => this.#named<HTMLButtonElement>("button, a", name);
  radio = (name: string | RegExp) => this.#named<HTMLInputElement>("input[type=radio]", name);
  press = (name: string | RegExp) => this.button(name)!.click();
  pick = (name: string | RegExp) => this.radio(name)!.click();
  slots = () => [...this.root.querySelectorAll<HTMLInputElement>("[name=slot]")];
  posted = () => this.asked.at(-1);
  settled = () => vi.waitFor(() => expect(this.store.get().busy).toBe(false));

  #named<E extends HTMLElement>(tag: string, name: string | RegExp): E | undefined {
    return [...this.root.querySelectorAll<E>(tag)].find((one) => {
      const words = one.getAttribute("aria-label") ?? (one instanceof HTMLInputElement ? one.closest("label")?.textContent : one.textContent) ?? "";
      return typeof name === "string" ? words.startsWith(name) : name.test(words);
    });
  }

  #answer(path: string, body: unknown): Promise<unknown> {
    this.asked.push({ path, body });
    const reply = this.replies.get(path.split("?")[0] ?? "") ?? null;
    return reply instanceof ApiError ? Promise.reject(reply) : Promise.resolve(reply);
  }
}
