/** What a press does: each is one request, its outcome in the state, its refusal in words. */
import { ApiError, CommandError, type SignInNeeds } from "../../shared/errors.ts";
import type { AttachmentView } from "../../shared/protocol.ts";
import type { AskedCallback, Entry, Handoff, IntentOption, Receipt, Source } from "../../shared/frames.ts";
import type { Store } from "../../shared/store.ts";
import { uuid7 } from "../../shared/uuid7.ts";
import { ended, viewOf, type Action, type Draft, type Form, type PanelState } from "../state.ts";
import { excess } from "../length.ts";
import { intentOf } from "../words.ts";
import type { Host } from "./host.ts";
import { context } from "./journey.ts";
import type { Memory } from "./memory.ts";
import type { Session } from "./session.ts";
import type { Talk } from "./talk.ts";

export interface Parts {
  store: Store<PanelState, Action>;
  session: Session;
  talk: Talk;
  host: Host;
  memory: Memory;
  /** Whether the page has a provider of tokens that could be asked. */
  identified?(): boolean;
}

/** Of a long talk its first part: 200 entries a page. */
const RECALLED_PAGES = 10;

/** Refusals that say the menu on screen is out of date. */
const MENU_CHANGED = new Set(["channel_closed", "channel_full", "channel_not_offered"]);

export class Actions {
  readonly #parts: Parts;
  /** Kept until the answer came, so that a second press or a lost answer opens nothing twice. */
  #opening: string | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Without `callback`: by the channel that is chosen. */
  start = (callback?: AskedCallback): Promise<void> => {
    const { talk } = this.#parts;
    talk.held = true;
    return this.#attempt(() => this.#open(callback)).finally(() => {
      talk.held = false;
      void talk.record();
    });
  };

  cancel = (): Promise<void> => this.post("cancel");

  canSignIn = (): boolean => this.#parts.identified?.() ?? false;

  /** What an agent asks for; false: the page gave no sign-in. Refusals are the session's to tell. */
  confirm = (needs: SignInNeeds): Promise<boolean> => this.#parts.session.stepUp(needs, true).catch(() => false);

  end = (): Promise<void> => this.post("end");

  /** To the handoff on screen, or to the booked one of this id. */
  post = (path: string, body?: unknown, id?: string): Promise<void> => this.#attempt(() => this.#post(path, body, id));

  /** Null: it could not be read. */
  read = <T>(path: string): Promise<T | null> => this.#parts.session.call<T>(path).catch(() => null);

  aside = (aside: boolean): void => this.#parts.store.dispatch({ type: "aside", aside });

  rate(effort: number, comment: string): Promise<void> {
    return this.#attempt(async () => {
      await this.#post("survey", { effort, ...(comment.trim() && { comment: comment.trim() }) });
      this.#parts.store.dispatch({ type: "rated", rated: true });
    });
  }

  /** For a new need; `later` keeps the question about the last talk, one press away. */
  again(later = false): void {
    const { store, memory, talk } = this.#parts;
    store.dispatch({ type: "again", later });
    const { dismissed, draft, text } = store.get();
    memory.set({ dismissed, statement: draft.statement, struck: draft.struck, text });
    talk.outbox.clear();
    void this.#readMenu();
  }

  /** Who comes back to an end that was seen, or is told of a new need, has that first. */
  setAside(seen: boolean): void {
    const state = this.#parts.store.get();
    const ask = ended(state)?.ask;
    if (viewOf(state) === "ended" && (seen || ask)) this.again(ask);
  }

  /** What was written for a talk that is over by now goes along with the next need. */
  bringBack(): void {
    const { store, talk } = this.#parts;
    const { handoff, scheduled, outbox, text, draft } = store.get();
    if (handoff) return;
    const lost = outbox.filter((item) => item.status !== "sent" && !scheduled.some(({ id }) => id === item.handoff));
    const words = [draft.statement, ...lost.map((item) => item.text), text].map((one) => one.trim()).filter(Boolean);
    for (const { client_id } of lost) talk.outbox.settle(client_id);
    if (text || lost.length > 0) this.draft({ statement: words.join("\n") });
    if (text) this.write("");
  }

  /** The last talk, where this page was not there for it. */
  async recall(): Promise<void> {
    const { store } = this.#parts;
    const { handoff, recent, timeline } = store.get();
    const id = handoff?.id ?? recent?.id;
    for (let page = 0, after = timeline.length > 0 || !id ? null : 0; after !== null && page < RECALLED_PAGES; page++) {
      const told: { events: Entry[] } | null = await this.read(`handoffs/${id}/events?after=${after}`);
      if (told && (store.get().handoff ?? store.get().recent)?.id === id) store.dispatch({ type: "recalled", entries: told.events });
      after = told?.events.at(-1)?.seq ?? null;
    }
  }

  survey = (): void => this.#parts.store.dispatch({ type: "surveying", surveying: true });

  /** Is it still full, closed, that slow? */
  look = (): Promise<void> => this.#attempt(() => this.#readMenu());

  /** Before the click nothing has left this page; after it the server takes the fact out of the record. */
  strike(key: string, source: Source): void {
    const { store, memory } = this.#parts;
    const struck = [...new Set([...store.get().draft.struck, key])];
    memory.set({ struck });
    store.dispatch({ type: "draft", change: { struck } });
    if (store.get().handoff) void this.#attempt(() => this.#post("receipt/strike", { key, source }));
  }

  /** A megabyte would stop the page: it is not taken in, and said so. */
  tooMuch = (): void => this.#refuse("too_much");

  #refuse(code: string): void {
    this.#parts.store.dispatch({ type: "trouble", code });
  }

  #forgive(): void {
    const { trouble } = this.#parts.store.get();
    if (trouble === "too_much" || trouble === "too_long") this.#parts.store.dispatch({ type: "trouble", code: null });
  }

  draft(change: Partial<Draft>): void {
    this.#forgive();
    this.#parts.store.dispatch({ type: "draft", change });
    if (change.statement !== undefined) this.#parts.memory.set({ statement: change.statement });
  }

  fill(change: Partial<Form>): void {
    this.#parts.store.dispatch({ type: "form", change });
  }

  write(text: string): void {
    this.#forgive();
    this.#parts.store.dispatch({ type: "text", text });
    this.#parts.memory.set({ text });
    if (text) this.#parts.talk.typing();
  }

  send(attachments: readonly AttachmentView[] = []): void {
    if (excess(this.#parts.store.get().text) > 0) return this.#refuse("too_long");
    this.#parts.talk.send(this.#parts.store.get().text, attachments);
    this.write("");
  }

  retry(clientId: string): void {
    this.#parts.talk.outbox.retry(clientId);
  }

  reconnect = (): void => this.#parts.talk.retryNow();

  /** What comes from now on is unread, even before the page has hidden the frame. */
  minimise = (): void => {
    this.#parts.store.dispatch({ type: "shown", shown: false });
    this.#parts.host.send({ type: "minimise" });
  };

  async #attempt(work: () => Promise<void>): Promise<void> {
    const { store } = this.#parts;
    store.dispatch({ type: "trouble", code: null });
    store.dispatch({ type: "busy", busy: true });
    try {
      await work();
      store.dispatch({ type: "busy", busy: false });
    } catch (error) {
      const known = error instanceof ApiError || error instanceof CommandError;
      const { needs = null, fields = {} } = error instanceof ApiError ? error : {};
      store.dispatch({ type: "trouble", code: known ? error.code : "failed", needs, fields });
      if (known && MENU_CHANGED.has(error.code)) void this.#readMenu();
      if (!known) throw error;
    }
  }

  async #readMenu(): Promise<void> {
    const { store } = this.#parts;
    const answer = await this.read<{ intents: IntentOption[] }>("availability");
    if (answer) store.dispatch({ type: "menu", intents: answer.intents });
  }

  async #post(path: string, body?: unknown, booked?: string): Promise<void> {
    const { store, session } = this.#parts;
    const { handoff, recent } = store.get();
    const id = booked ?? handoff?.id ?? recent?.id;
    const answer = await session.call<Partial<Handoff> | null>(`handoffs/${id}/${path}`, { method: "POST", ...(body !== undefined && { body }) });
    // The event tells it too; while the socket is away this answer is all there is. What is gone by then stays gone.
    const { handoff: now, scheduled } = store.get();
    if (answer?.state && [now, ...scheduled].some((one) => one?.id === answer.id)) store.dispatch({ type: "opened", handoff: answer as Handoff });
  }

  async #open(callback?: AskedCallback): Promise<void> {
    const { store, session, memory, talk } = this.#parts;
    const { page, draft, customer } = store.get();
    if (excess(draft.statement) > 0) throw new CommandError("too_long");
    this.#opening ??= uuid7();
    const post = () => session.call<Handoff>("handoffs", { method: "POST", body: { client_id: this.#opening, ...this.#ask(callback) } });
    const handoff = await post().catch(async (error: unknown) => {
      if (!(error instanceof ApiError && error.needs)) throw error;
      await session.stepUp(error.needs);
      // Whoever signed in on the page meanwhile has not asked for this.
      return store.get().customer?.id === customer?.id ? post() : null;
    });
    this.#opening = null;
    if (!handoff) return;
    const last = page.entries.at(-1);
    if (last && !handoff.existing) talk.markRecorded({ handoff: handoff.id, until: last.at });
    memory.set({ statement: "", struck: draft.struck });
    talk.outbox.clear();
    store.dispatch({ type: "opened", handoff });
    const receipt = await this.read<Receipt>(`handoffs/${handoff.id}/receipt`);
    if (receipt && store.get().handoff?.id === handoff.id) store.dispatch({ type: "receipt", receipt });
  }

  #ask(callback?: AskedCallback): object {
    const { draft, intents, page } = this.#parts.store.get();
    const option = intentOf(intents, draft.intent)?.channels.find(({ channel }) => channel === draft.channel);
    const statement = draft.statement.trim();
    return {
      intent: draft.intent,
      channel: callback ? "callback" : draft.channel,
      ...(statement && { statement }),
      ...(callback ? { callback } : option?.state === "closed" && { leave: true }),
      journey: context(page.entries, draft.struck),
    };
  }
}
