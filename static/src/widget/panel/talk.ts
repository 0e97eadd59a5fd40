/** The live half of the panel: socket, outbox, read marks, and the page's steps as they happen. */
import { Connection } from "../../shared/connection.ts";
import { CommandError } from "../../shared/errors.ts";
import type { CustomerSnapshot, Entry, EphemeralFrame, Handoff, MessagePosted, Receipt, WelcomeFrame } from "../../shared/frames.ts";
import { Outbox } from "../../shared/outbox.ts";
import type { AttachmentView } from "../../shared/protocol.ts";
import type { KeyValue } from "../../shared/storage.ts";
import type { Store } from "../../shared/store.ts";
import type { Recorded } from "../bridge.ts";
import { messages, unread, type Action, type PanelState } from "../state.ts";
import { unrecorded } from "./journey.ts";
import type { Host } from "./host.ts";
import type { Memory } from "./memory.ts";
import type { Session } from "./session.ts";

/** At most one typing signal in this time, and how long one is believed. */
const TYPING_MS = 5_000;
const TYPING_SHOWN_MS = 6_500;
/** How far back what comes due is read. */
const RECALLED = 150;

export interface TalkParts {
  store: Store<PanelState, Action>;
  session: Session;
  host: Host;
  memory: Memory;
  storage: KeyValue;
}

export class Talk {
  readonly outbox: Outbox;
  #connection: Connection<CustomerSnapshot> | null = null;
  #typedAt = 0;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #recording = false;
  /** While a handoff is being opened its request carries the entries; its event may come before its answer. */
  held = false;

  readonly #parts: TalkParts;

  constructor(parts: TalkParts) {
    this.#parts = parts;
    this.outbox = new Outbox({
      key: "handoff.outbox",
      storage: parts.storage,
      send: ({ handoff, client_id, text, attachments }) => this.command("message.send", { handoff, client_id, text, attachments: attachments?.map(({ id }) => id) }),
      onChange: (outbox) => parts.store.dispatch({ type: "outbox", outbox }),
    });
  }

  /** `same`: the customer is the one of the socket that lives, so it only changes its ticket. */
  start(same: boolean): void {
    const { store, session } = this.#parts;
    if (same && this.#connection && store.get().line !== "stopped") return this.#connection.renew();
    this.stop();
    this.#connection = new Connection<CustomerSnapshot>({
      client: "panel/1",
      getTicket: () => session.ticket(),
      onWelcome: (frame) => this.#welcome(frame),
      onEvent: (entry, replayed) => this.#event(entry, replayed),
      onEphemeral: (frame) => this.#ephemeral(frame),
      onResync: (reason) => this.#restart(reason !== "too_old"),
      onStatus: (status, detail) => {
        store.dispatch({ type: "line", line: status, line_detail: detail ?? null });
        if (status === "live") this.#caughtUp();
      },
      onAuthLost: () => session.renew(),
    });
    this.#connection.start();
  }

  stop(): void {
    this.#connection?.stop();
    this.#connection = null;
  }

  retryNow(): void {
    if (this.#parts.store.get().line === "stopped") this.start(false);
    else this.#connection?.retryNow();
  }

  command(cmd: string, fields: Record<string, unknown>): Promise<Record<string, unknown>> {
    return this.#connection?.command(cmd, fields) ?? Promise.reject(new CommandError("not_connected"));
  }

  send(text: string, attachments: readonly AttachmentView[] = []): void {
    const { handoff } = this.#parts.store.get();
    if (handoff && (text.trim() || attachments.length > 0)) this.outbox.add(handoff.id, text.trim() ? text : "", "message", attachments);
  }

  typing(): void {
    const { handoff } = this.#parts.store.get();
    const now = Date.now();
    if (handoff?.state !== "connected" || now - this.#typedAt < TYPING_MS) return;
    this.#typedAt = now;
    this.command("typing", { handoff: handoff.id }).catch(() => undefined);
  }

  /** Everything on screen is read; called when it is in sight. */
  markRead(): void {
    const { store, memory } = this.#parts;
    const state = store.get();
    const last = messages(state).at(-1);
    if (!state.handoff || !last || last.seq <= state.read) return;
    const tellsSomething = unread(state) > 0;
    store.dispatch({ type: "read", seq: last.seq });
    memory.set({ read: { handoff: state.handoff.id, seq: last.seq } });
    if (tellsSomething) this.command("message.read", { handoff: state.handoff.id, seq: last.seq }).catch(() => undefined);
  }

  /** Adds to the open handoff what the page told since; the mark moves only after the ack. */
  async record(): Promise<void> {
    const { store, memory } = this.#parts;
    const state = store.get();
    const added = unrecorded(state, memory.get());
    if (!added || this.held || this.#recording || state.line !== "live") return;
    this.#recording = true;
    try {
      await this.command("journey.record", { handoff: added.recorded.handoff, ...added.context });
      this.markRecorded(added.recorded);
    } catch (error) {
      const code = error instanceof CommandError ? error.code : "failed";
      // A refused step must not be offered again with every later one.
      if (code !== "connection_lost" && code !== "not_connected") this.markRecorded(added.recorded);
    } finally {
      this.#recording = false;
    }
  }

  markRecorded(recorded: Recorded): void {
    this.#parts.memory.set({ recorded });
    this.#parts.host.send({ type: "remember", change: { recorded } });
  }

  #welcome({ snapshot }: WelcomeFrame<CustomerSnapshot>): void {
    const { store, memory } = this.#parts;
    store.dispatch({ type: "welcome", snapshot });
    const { read } = memory.get();
    if (read && read.handoff === snapshot.handoff?.id) store.dispatch({ type: "read", seq: read.seq });
    for (const entry of snapshot.timeline) this.#settle(entry);
    void this.#complete();
  }

  /** A log that lost its history counts anew: marks by its old numbers mean nothing, and what it may have lost is told again. */
  #restart(lost: boolean): void {
    const { store, memory } = this.#parts;
    if (lost) {
      memory.set({ read: undefined, recorded: undefined });
      this.outbox.doubt();
    }
    store.dispatch({ type: "resync", lost });
  }

  #event(entry: Entry, replayed: boolean): void {
    if (replayed && entry.type === "handoff.opened") return;
    const { store } = this.#parts;
    const { scheduled } = store.get();
    store.dispatch({ type: "event", entry });
    this.#settle(entry);
    const { handoff } = store.get();
    if (handoff && scheduled.some(({ id }) => id === handoff.id)) void this.#recall(handoff);
    if (entry.type === "handoff.opened") void this.record();
    void this.#complete();
  }

  /** No event carries a code, nor when what was put off comes due. */
  async #complete(): Promise<void> {
    const { store, session } = this.#parts;
    const { handoff, scheduled } = store.get();
    for (const one of handoff ? [handoff, ...scheduled] : scheduled) {
      if (one.state === "awaiting_call" ? one.phone : one.state !== "scheduled" || one.due_at) continue;
      const answer = await session.call<Handoff>(`handoffs/${one.id}`).catch(() => null);
      if (answer) store.dispatch({ type: "opened", handoff: answer });
    }
  }

  /** A booked one that comes due is on screen with what was said and given before. */
  async #recall({ id, head }: Handoff): Promise<void> {
    const { store, session } = this.#parts;
    const read = <T>(path: string) => session.call<T>(`handoffs/${id}/${path}`).catch(() => null);
    const [told, receipt] = await Promise.all([read<{ events: Entry[] }>(`events?after=${Math.max(0, head - RECALLED)}`), read<Receipt>("receipt")]);
    if (store.get().handoff?.id !== id) return;
    if (told) store.dispatch({ type: "recalled", entries: told.events });
    if (receipt) store.dispatch({ type: "receipt", receipt });
  }

  #settle({ type, data }: Entry): void {
    const { client_id } = data as MessagePosted;
    if (type === "message.posted" && client_id) this.outbox.settle(client_id);
  }

  #ephemeral(frame: EphemeralFrame): void {
    this.#parts.store.dispatch({ type: "ephemeral", frame });
    if (frame.ev !== "typing") return;
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => this.#parts.store.dispatch({ type: "typing_over", agent_typing: false }), TYPING_SHOWN_MS);
  }

  #caughtUp(): void {
    void this.outbox.flush();
    void this.record();
  }
}
