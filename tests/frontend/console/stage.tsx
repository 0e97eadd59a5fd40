/** The whole page in a document, with a wire and an API that the test holds: for tests of what is shown and pressed. */
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, vi } from "vitest";
import { App } from "../../../static/src/console/app.tsx";
import { Desk } from "../../../static/src/console/desk.ts";
import type { DeskOptions } from "../../../static/src/console/desk.ts";
import type { AgentSnapshot, CallView, CallbackView, DeskHandoff, EventFrame } from "../../../static/src/console/wire.ts";
import type { ConnectionOptions } from "../../../static/src/shared/connection.ts";
import { memory } from "../../../static/src/shared/storage.ts";
import { DESK, MAYA, MINE, NOW, STREAM, at, callback, handoff, snapshot } from "./cast.ts";

export let wire: ConnectionOptions<AgentSnapshot>;
export let root: HTMLElement;
export let desk: Desk;
export const callbacks = vi.fn<DeskOptions["callbacks"]>();
export const command = vi.fn<(cmd: string, fields?: Record<string, unknown>) => Promise<Record<string, unknown>>>();

/** Opens a fresh page before each test of the file, and clears it away after. */
export function useStage(): void {
  beforeEach(open);
  afterEach(close);
}

function open(): void {
  vi.useFakeTimers({ now: NOW });
  command.mockReset().mockResolvedValue({});
  callbacks.mockReset().mockResolvedValue({ mine: [], team: [] });
  desk = new Desk({
    getTicket: () => Promise.reject(new Error("unused")), older: () => Promise.resolve([]), destinations: () => Promise.resolve({ queues: [], agents: [] }), callbacks, storage: memory(),
    agentId: "ag_amira", connect: (options) => { wire = options; return { start() {}, stop() {}, retryNow() {}, command }; },
  });
  root = document.createElement("div");
  document.body.append(root);
  act(() => render(<App desk={desk} page={{ agentId: "ag_amira", agentName: "Amira", csrfCookie: "handoff_csrftoken", admin: null }} />, root));
}

function close(): void {
  act(() => render(null, root));
  root.remove();
  vi.unstubAllGlobals();
  Reflect.deleteProperty(document, "visibilityState");
  vi.useRealTimers();
}

export function welcome(more: Partial<AgentSnapshot>): void {
  act(() => {
    wire.onWelcome({ ev: "welcome", epoch: "e", heartbeat_seconds: 20, snapshot: snapshot(more), heads: { [MINE]: 0, [STREAM]: 0, [DESK]: 0 } });
    wire.onStatus?.("live");
  });
}
export function happens({ ev: _ev, ...frame }: EventFrame): void { act(() => wire.onEvent(frame, false)); }

export const find = (selector: string): HTMLElement => {
  const found = root.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`nothing matches ${selector}`);
  return found;
};
export const button = (words: string): HTMLElement => {
  const found = [...root.querySelectorAll("button")].find((one) => one.textContent?.trim().startsWith(words));
  if (!found) throw new Error(`no button says ${words}`);
  return found;
};
/** What the buttons of a part say, without their keys. */
export const buttons = (within = ".callbar"): string[] =>
  [...root.querySelectorAll(`${within} button`)].map((one) => [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.textContent).join("").trim());

export function press(key: string, more: KeyboardEventInit = {}, target: EventTarget = window): void {
  act(() => void target.dispatchEvent(new KeyboardEvent("keydown", { key: key.replace("Key", "").toLowerCase(), code: key, bubbles: true, cancelable: true, ...more })));
}
export const pass = (ms: number): Promise<void> => act(async () => { await vi.advanceTimersByTimeAsync(ms); });
export const settle = (): Promise<void> => pass(1);
export const sent = (cmd: string): (Record<string, unknown> | undefined)[] => command.mock.calls.filter(([name]) => name === cmd).map(([, fields]) => fields);
export const rendered = (): unknown[] => sent("call.control").filter((fields) => fields?.["action"] === "rendered");

export const byPhone = (one: CallView | null, more: Partial<DeskHandoff> = {}): DeskHandoff =>
  handoff({ channel: "phone", call: one, evidence: one?.evidence ?? null, caller_number: "+447700900001", facts: [{ key: "account", label: "Account", value: "..4821", source: "verified", at: at(0) }], ...more });
export const owed = (more: Partial<DeskHandoff> = {}, promise: Partial<CallbackView> = {}): DeskHandoff => handoff({ channel: "callback", evidence: "profile_number", callback: callback(promise), ...more });
export const jonas = (more: Partial<DeskHandoff> = {}): DeskHandoff => handoff({ id: "ho_9", customer: { ...MAYA, id: "cu_jonas", name: "Jonas Weber" }, connected_at: at(-500), ...more });
