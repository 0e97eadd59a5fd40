/** Puts the panel together: state in the middle, the page on one side, the server on the other. */
import { render } from "preact";
import { refuseFiles } from "../../shared/file_events.ts";
import { session as sessionStore } from "../../shared/storage.ts";
import { createStore } from "../../shared/store.ts";
import { getHelp, nameLauncher } from "../brand.ts";
import { num } from "../language.ts";
import { reduce } from "../reducer.ts";
import { initial, unread, viewOf, type Action, type PanelState } from "../state.ts";
import type { PageEntry } from "../bridge.ts";
import { Actions } from "./actions.ts";
import { Host } from "./host.ts";
import { fits } from "./journey.ts";
import { Memory } from "./memory.ts";
import { createSpeaker, keepAtEnd } from "./presence.ts";
import { Session } from "./session.ts";
import { Talk } from "./talk.ts";
import { App } from "./views/app.tsx";
import { articles, attention, files, later, loadArticles, loadAttention, loadFiles, loadLater, loadPhone, loadStepup, phone, stepup } from "./views/lazy.ts";

export * from "./views/exports.ts";

const page = document.documentElement;
const { site = "", name = "", logo = "", origins = "[]" } = page.dataset;
const container = document.getElementById("panel");
const region = document.getElementById("spoken");

const storage = sessionStore();
const memory = new Memory(storage);
const store = createStore<PanelState, Action>(reduce, {
  ...initial({ key: site, name, logo }),
  text: memory.get().text ?? "",
  dismissed: memory.get().dismissed ?? null,
  joined: memory.get().joined ?? null,
  fleeting: !storage.lasts,
  online: navigator.onLine,
});
{
  const { comment = "", about, phone } = memory.get();
  store.dispatch({ type: "draft", change: memory.draft() });
  store.dispatch({ type: "form", change: { comment, about, booking: phone ? { phone } : {} } });
}

/** A sign-in takes no longer. */
const BACK_MS = 600_000;
const isAwaitedBack = () => (memory.get().back ?? 0) > Date.now();
let identified = false;
/** After a logout nothing is opened until somebody asks for help again. */
let resting = false;

const host = new Host(window, JSON.parse(origins) as string[], window.name, {
  hello({ entries, intent, shown, identity, tab, label }) {
    // The first word, at which the page shows the frame; until then nobody knows that this is not an error page.
    host.send({ type: "remember", change: {} });
    nameLauncher(label);
    identified = identity;
    owner = tab?.owner ?? null;
    if (tab?.recorded) memory.set({ recorded: tab.recorded });
    if (tab?.back) memory.set({ back: tab.back });
    take(entries);
    store.dispatch({ type: "intent", intent });
    store.dispatch({ type: "shown", shown });
    open();
  },
  entries({ entries }) {
    take(entries);
    void talk.record();
  },
  intent({ intent }) {
    store.dispatch({ type: "intent", intent });
    if (intent) actions.setAside(false);
  },
  shown({ shown, focus }) {
    store.dispatch({ type: "shown", shown });
    if (!shown) actions.setAside(true);
    if (shown && resting) open();
    if (shown && focus) takeFocus();
  },
  identity() {
    identified = true;
    open();
  },
  logout() {
    identified = false;
    resting = true;
    void session.logout().then(() => {
      if (store.get().shown) open();
    });
  },
});

/** The verified customer whose steps the page has gathered, as far as it was told. */
let owner: string | null = null;

const session = new Session({
  site,
  storage,
  embeddedBy: () => host.origin,
  identity(need) {
    if (!identified) return null;
    // Where the site opens a page of its own for it, the panel is there again on the way back.
    if (Object.keys(need).length > 0) {
      const back = Date.now() + BACK_MS;
      memory.set({ back });
      host.send({ type: "remember", change: { live: true, back } });
    }
    return host.need(need);
  },
  onOpened(opened, same) {
    const { id, verified } = opened.customer;
    if (owner !== null && verified && owner !== id) {
      forgetPage();
      store.dispatch({ type: "wiped" });
    }
    owner = verified ? id : owner;
    if (verified) memory.set({ back: 0 });
    host.send({ type: "remember", change: verified ? { owner, back: 0 } : { owner } });
    store.dispatch({ type: "session", ...opened });
    talk.start(same);
    actions.bringBack();
  },
  onRefused(code, message) {
    host.send({ type: "error", code, message });
    store.dispatch({ type: "refused", code });
  },
  onTokenRefused: (code, message) => host.send({ type: "error", code, message }),
  onWiped() {
    talk.stop();
    talk.outbox.clear();
    files()?.clear();
    memory.clear();
    forgetPage();
    store.dispatch({ type: "wiped" });
  },
});

const talk = new Talk({ store, session, host, memory, storage });
const actions = new Actions({ store, session, talk, host, memory, identified: () => identified });

function take(entries: PageEntry[]): void {
  for (const entry of entries) if (!fits(entry)) host.send({ type: "error", code: "invalid_request", message: "A fact was left out for its key or value." });
  store.dispatch({ type: "entries", entries: entries.filter(fits) });
}

function open(): void {
  resting = false;
  session.open(isAwaitedBack() || undefined).catch(() => undefined);
}

/** Another customer's steps must not travel with this one's need. */
function forgetPage(): void {
  owner = null;
  host.send({ type: "wiped" });
}

let told = "";
/** What somebody who looks elsewhere has heard of already. */
let called = { count: 0, wants: "" };
function tellHost(state: PanelState): void {
  const count = unread(state);
  const words = phone()?.launcherWords(state, count) ?? { title: getHelp(), detail: "" };
  const { handoff } = state;
  const title = document.hidden && handoff ? `${count ? `(${num(count)}) ` : ""}${words.title}` : "";
  const now = JSON.stringify([handoff?.state, words, count, title]);
  if (now === told || state.session === "opening") return;
  told = now;
  const wants = [handoff?.state === "connected", viewOf(state) === "arrived", stepup()?.askedWords(state)].join();
  if (count > called.count || wants !== called.wants) attention()?.ring();
  called = { count, wants };
  host.send({ type: "title", title });
  // To the page, "nothing is open" says not to load the panel on the next one; and this one may be left after any message.
  if (!handoff && isAwaitedBack()) host.send({ type: "remember", change: { live: true } });
  else host.send({ type: "state", state: handoff?.state ?? null, ...words });
  host.send({ type: "unread", count });
}

function takeFocus(): void {
  const find = (what: string) => container?.querySelector<HTMLElement>(what);
  (find("#sure") ?? find("[data-focus]") ?? find("h1"))?.focus();
}

const SILENT = { text: "", urgent: false };
const speak = region && createSpeaker(region);
/** The views in which the conversation is in sight. */
const SHOWING = new Set(["waiting", "talking", "ended"]);
let place = "";
let written = 0;
function draw(): void {
  const state = store.get();
  if (!container) return;
  files()?.start({ session, talk, draw: plan });
  articles()?.start({ session, store, memory, draw: plan });
  keepAtEnd(container, state.outbox.length > written, () => render(<App state={state} actions={actions} onRetry={open} />, container));
  written = state.outbox.length;
  if (state.session === "open" && !state.customer?.verified) loadStepup(plan);
  if (state.session === "open") for (const load of [loadLater, loadPhone, ...(state.handoff ? [loadStepup, loadAttention, loadFiles] : [loadArticles])]) load(plan);
  speak?.(later()?.spoken(state) ?? SILENT);
  const view = viewOf(state);
  const here = `${view} ${state.handoff?.channel} ${state.form.asking}`;
  const changed = place !== here;
  place = here;
  // A view, or a button that asks back, that went away took the focus with it; nobody else's focus is ever taken.
  if (changed && state.shown && document.hasFocus() && document.activeElement === document.body) takeFocus();
  if (state.shown && SHOWING.has(view) && document.visibilityState === "visible") talk.markRead();
  const { comment, about, booking: { phone } } = state.form;
  if ((memory.get().comment ?? "") !== comment || memory.get().phone !== phone) memory.set({ comment, about, phone });
  if (state.joined && state.joined !== memory.get().joined) memory.set({ joined: state.joined });
  tellHost(store.get());
}

function wire(): void {
  store.dispatch({ type: "online", online: navigator.onLine });
  const { session: opened, trouble, online } = store.get();
  if (online && opened === "refused" && trouble === "unreachable") open();
}

let planned = false;
function plan(): void {
  if (planned) return;
  planned = true;
  queueMicrotask(() => {
    planned = false;
    draw();
  });
}

store.watch(plan);
for (const type of ["online", "offline"]) addEventListener(type, wire);
document.addEventListener("visibilitychange", plan);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) actions.minimise();
});
refuseFiles(window);
host.listen();
draw();
