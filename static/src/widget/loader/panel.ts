/** The frame as the host page sees it: made once, spoken to through the bridge, answered from a fixed table. */
import type { PageEntry, ToLoader, ToPanel } from "../bridge.ts";
import { ask, type Provider } from "./identity.ts";
import { addView, entitle, forget, journey } from "./journey.ts";
import { createLauncher, type Launcher } from "./launcher.ts";
import { remember, tab } from "./tab.ts";

type Listener = (detail: unknown) => void;
type Handlers = { [T in ToLoader["type"]]: (message: Extract<ToLoader, { type: T }>) => void };

const nonce = crypto.getRandomValues(new Uint32Array(4)).join();
const listeners: [name: string, listener: Listener][] = [];
let origin: string;
let address: string;
let launcher: Launcher;
let frame: HTMLIFrameElement | undefined;
let ready = false;
/** Until the panel has spoken the button stays: a browser's error page in a frame would have no way out. */
let heard = false;
let leaving = false;
let open = false;
let focusing = false;
let provider: Provider | null = null;
let intent: string | null = null;
let label: string | undefined;

export const on = (name: string, listener: Listener) => listeners.push([name, listener]);
export const emit = (name: string, detail?: unknown) => listeners.map(([wanted, listener]) => wanted == name && listener(detail));

export function fail(code: string, message: unknown = ""): void {
  console.warn("handoff:", code, message);
  emit("error", { code, message });
}

export function tell(message: ToPanel): void {
  if (ready) frame!.contentWindow!.postMessage({ handoff: nonce, message }, origin);
}

export const pass = (entry: PageEntry | undefined) => entry && tell({ type: "entries", entries: [entry] });

function onload(): void {
  ready = true;
  if (leaving) tell({ type: "logout" });
  tell({ type: "hello", entries: journey(), intent, shown: open, identity: !!provider, tab, label });
}

function load(): void {
  if (frame) return;
  frame = launcher.load({ name: nonce, onload, src: address });
  // Where the page allows no second script of ours, it goes without: that does nothing to the page.
  import(/* @vite-ignore */ origin + "/widget/show.js").then((part) => part.show(frame), isNaN);
  setTimeout(() => heard || fail("unreachable"), 1e4);
}

export function show(wanted: boolean, focus = true): void {
  if (wanted) load();
  if (wanted == open) return;
  open = wanted;
  focusing = focus;
  if (heard) launcher.show(open, focus);
  remember({ open });
  tell({ type: "shown", shown: open, focus });
  emit(open ? "open" : "close");
}

export function identify(given: Provider): void {
  provider = given;
  tell({ type: "identity" });
}

export function choose(key: unknown): void {
  intent = key ? String(key) : null;
  tell({ type: "intent", intent });
}

function wipe(): void {
  forget();
  remember(null);
}

/** A frame that was open in this tab may hold a session even when this page has not loaded it yet. */
export function logout(): void {
  provider = intent = null;
  leaving = !ready;
  tell({ type: "logout" });
  if (tab) load();
  wipe();
  show(false, false);
}

const handlers: Handlers = {
  async need({ id, need }) {
    tell({ type: "token", id, ...(await ask(provider, need)) });
  },
  state({ state, title, detail }) {
    launcher.label(title, detail);
    remember({ live: state && state != "closed" });
    emit("state", { state });
  },
  unread({ count }) {
    launcher.unread(count);
    emit("unread", { count });
  },
  title: entitle,
  error: ({ code, message }) => fail(code, message),
  minimise: () => show(false),
  remember: ({ change }) => remember(change),
  wiped() {
    wipe();
    // Somebody else is at the screen, and where they are is theirs. After a logout nobody is.
    if (provider) pass(addView());
  },
};

/** The button's first words; what the panel says comes after, in all its languages. */
const WORDS: Record<string, string> = { de: "Hilfe", es: "Ayuda", ar: "مساعدة" };

export interface Embedding {
  site: string;
  brand?: string | undefined;
  lang?: string | undefined;
  label?: string | undefined;
}

/** In the language that the script's tag says, or the page. */
export function mount(src: string, { site, brand = "#0b5563", lang = document.documentElement.lang, label: given }: Embedding): void {
  label = given;
  ({ origin, href: address } = new URL("/widget/frame?" + new URLSearchParams({ site, lang }), src));
  launcher = createLauncher(brand, label || WORDS[lang.slice(0, 2)] || "Get help", () => show(true));
  // The three marks of `fromPeer`, and in `tell` its envelope, written out: here the other side is known from the start.
  addEventListener("message", ({ origin: from, source, data }) => {
    if (from != origin || source != frame?.contentWindow || data?.handoff != nonce) return;
    const { message } = data as { message: ToLoader };
    if (!heard) launcher.show(open, focusing);
    heard = true;
    (handlers[message.type] as ((message: ToLoader) => void) | undefined)?.(message);
  });
}

/** A talk that was open on the page before comes back as it was, without taking the focus. */
export function restore(): void {
  if (!tab?.live) return;
  load();
  show(!!tab.open, false);
}
