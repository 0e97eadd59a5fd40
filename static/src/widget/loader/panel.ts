/** The frame as the host page sees it: made once, spoken to through the bridge, answered from a fixed table. */
import { envelope, fromPeer, type ToLoader, type ToPanel } from "../bridge.ts";
import { ask, type Provider } from "./identity.ts";
import { addView, forget, journey } from "./journey.ts";
import { createLauncher, type Launcher } from "./launcher.ts";
import { remember, tab } from "./tab.ts";

type Listener = (detail: unknown) => void;
type Handlers = { [T in ToLoader["type"]]: (message: Extract<ToLoader, { type: T }>) => void };

const nonce = String(crypto.getRandomValues(new Uint32Array(4)));
const listeners: [name: string, listener: Listener][] = [];
let origin: string;
let address: string;
let launcher: Launcher;
let frame: HTMLIFrameElement | undefined;
let ready = false;
let leaving = false;
let open = false;
let focusing = false;
let provider: Provider | null = null;
let intent: string | null = null;

export const on = (name: string, listener: Listener) => listeners.push([name, listener]);
export const emit = (name: string, detail?: unknown) => listeners.forEach(([wanted, listener]) => wanted === name && listener(detail));

export function fail(code: string, message: unknown = ""): void {
  console.warn("handoff:", code, message);
  emit("error", { code, message });
}

export function tell(message: ToPanel): void {
  if (ready) frame?.contentWindow!.postMessage(envelope(nonce, message), origin);
}

function onload(): void {
  ready = true;
  // A frame that had the focus before its page came has lost it to nobody.
  launcher.show(open, focusing);
  if (leaving) tell({ type: "logout" });
  tell({ type: "hello", entries: journey(), intent, shown: open, identity: !!provider, tab });
}

const load = () => (frame = launcher.load({ name: nonce, onload, src: address }));

export function show(wanted: boolean, focus = true): void {
  if (wanted) load();
  if (wanted === open) return;
  open = wanted;
  launcher.show(open, (focusing = focus) && ready);
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

const handlers: Handlers & { __proto__: null } = {
  __proto__: null,
  async need({ id, need }) {
    tell({ type: "token", id, ...(await ask(provider, need)) });
  },
  state({ state, title, detail }) {
    launcher.label(title, detail);
    remember({ live: !!state && state !== "closed" });
    emit("state", { state });
  },
  unread({ count }) {
    launcher.unread(count);
    emit("unread", { count });
  },
  error: ({ code, message }) => fail(code, message),
  minimise: () => show(false),
  remember: ({ change }) => remember(change),
  wiped() {
    wipe();
    // Somebody else is at the screen, and where they are is theirs. After a logout nobody is.
    if (!provider) return;
    addView();
    tell({ type: "entries", entries: journey() });
  },
};

export function mount(src: string, site: string, brand: string): void {
  ({ origin, href: address } = new URL("/widget/frame?site=" + encodeURIComponent(site), src));
  launcher = createLauncher(brand, () => show(true));
  addEventListener("message", (event) => {
    const message = fromPeer<ToLoader>(event, { origin, source: frame?.contentWindow, nonce });
    if (message) (handlers[message.type] as ((message: ToLoader) => void) | undefined)?.(message);
  });
}

/** A talk that was open on the page before comes back as it was, without taking the focus. */
export function restore(): void {
  if (!tab?.live) return;
  load();
  show(!!tab.open, false);
}
