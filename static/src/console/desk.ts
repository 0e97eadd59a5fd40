/** The desk's verbs: what an agent does here, each one command, and what comes back from the server. */
import { CommandError, Connection } from "../shared/connection.ts";
import type { ConnectionOptions } from "../shared/connection.ts";
import type { Entry as AnyEntry, EphemeralFrame } from "../shared/frames.ts";
import { Outbox } from "../shared/outbox.ts";
import type { OutboxItem } from "../shared/outbox.ts";
import type { AttachmentView } from "../shared/protocol.ts";
import type { KeyValue } from "../shared/storage.ts";
import { createStore } from "../shared/store.ts";
import { actionOf, isLive, isStuck, liveHandoff, waitsForRecord, whyNoDial } from "./call.ts";
import type { CallKey } from "./call.ts";
import { START, reduceDesk } from "./desk_state.ts";
import type { DeskAction, DeskState, View } from "./desk_state.ts";
import { clearFiles, dropFiles, hasFiles, restoreFiles } from "./files.ts";
import { Drafts } from "./drafts.ts";
import type { Neighbours } from "./drafts.ts";
import { Endings } from "./endings.ts";
import { factKey } from "./facts.ts";
import { missingBefore } from "./lines.ts";
import { shortName } from "./people.ts";
import { Ledger } from "./reask/ledger.ts";
import { FINISHED } from "./reducer.ts";
import { readEntry } from "./wire.ts";
import type { AgentSnapshot, Availability, CallAction, DeskHandoff, Destinations, DueCallbacks, Entry, Ephemeral, EventData, EventFrame, FactKey, Offer, Verdict } from "./wire.ts";
import { channelWithin, phoneRefusalWords, refusalWords } from "./words.ts";

/** The other side's "is writing" lasts longer than this, so more would only be noise. */
const TYPING_MS = 5_000;

type Line = Pick<Connection<AgentSnapshot>, "start" | "stop" | "retryNow" | "command"> & Partial<Pick<Connection<AgentSnapshot>, "forget">>;
export interface DeskOptions {
  getTicket: ConnectionOptions["getTicket"];
  storage: KeyValue;
  agentId: string;
  older(handoff: string, stream: string, before: number): Promise<AnyEntry[]>;
  destinations(): Promise<Destinations>;
  callbacks(): Promise<DueCallbacks>;
  /** The agent's other tabs; without them a tab learns of their words with its next welcome. */
  neighbours?: Neighbours;
  now?: () => number;
  /** How far this reader's clock is ahead of the server's, as the last answer told. */
  lead?: () => number;
  /** Another agent signed in at this browser: this page is not theirs. */
  onOther?: () => void;
  connect?: (options: ConnectionOptions<AgentSnapshot>) => Line;
}

/** Another time for a callback: so many minutes from now, or a window on the customer's clock. */
export type Later = { minutes: number } | { window: { date: string; from: string; to: string }; time_zone: string };

/** A queue or a person, as one chooses it. */
export type Destination = { kind: "queue"; key: string; name: string } | { kind: "agent"; id: string; name: string };

export class Desk {
  readonly store = createStore<DeskState, DeskAction>(reduceDesk, START);
  readonly drafts: Drafts;
  readonly reasks: Ledger;
  readonly endings: Endings;
  readonly destinations: DeskOptions["destinations"];
  readonly callbacks: DeskOptions["callbacks"];
  private readonly outbox: Outbox;
  private readonly line: Line;
  private readonly now: () => number;
  private readonly older: DeskOptions["older"];
  private readonly clockLead: DeskOptions["lead"];
  private historyLost = false;
  private readonly typedAt = new Map<string, number>();
  private readonly readTo = new Map<string, number>();
  /** Calls whose record was told to be on screen over this connection. */
  private readonly rendered = new Set<string>();
  private focused = 0;

  constructor(options: DeskOptions) {
    const { storage, agentId, getTicket, older, destinations, callbacks, neighbours, now = () => Date.now(), connect = (wanted) => new Connection<AgentSnapshot>(wanted) } = options;
    this.now = now;
    this.older = older;
    this.clockLead = options.lead;
    this.destinations = destinations;
    this.callbacks = callbacks;
    this.drafts = new Drafts(storage, `handoff.drafts.${agentId}`, { keep: (draft) => this.line.command("draft.keep", { ...draft }), now, ...(neighbours && { neighbours }) });
    this.reasks = new Ledger(storage, `handoff.reasks.${agentId}`, (item) => this.line.command("reask.record", { ...item }));
    this.endings = new Endings((handoff) => this.endWaited(handoff), now);
    this.line = connect({
      getTicket,
      client: "console/1",
      onWelcome: ({ snapshot, heads }) => (options.onOther && snapshot.agent.id !== agentId ? this.stepAside(options.onOther) : this.welcomed(snapshot, heads)),
      onEvent: (event) => this.happened(event),
      onEphemeral: (frame) => this.passed(frame),
      onResync: (reason) => { this.historyLost = reason !== "too_old"; if (this.historyLost) this.outbox.doubt(); },
      onStatus: (status, detail) => this.turned(status, detail ?? null),
    });
    this.outbox = new Outbox({
      key: `handoff.outbox.${agentId}`, storage, send: (item) => this.deliver(item),
      onChange: (items) => this.dispatch({ type: "outbox", items }),
    });
  }

  start(): void { this.line.start(); }
  retryNow(): void { this.line.retryNow(); }

  /** Nothing is offered any more, and nothing of a customer stays behind on the machine of an agent who leaves. */
  leave(): void {
    if (this.store.get().board?.agent.availability.available) {
      // Sent before the socket closes; the agent is gone whether or not an answer comes.
      this.line.command("availability.set", { available: false, after_current: false, reason: "signed out" }).catch(() => undefined);
    }
    this.clear();
  }

  /** What one agent wrote is neither shown to the next nor sent in their name. */
  private stepAside(then: () => void): void {
    this.clear();
    then();
  }

  private clear(): void {
    this.line.stop();
    this.outbox.clear();
    clearFiles();
    this.drafts.clear();
    this.reasks.clear();
    this.endings.clear();
  }

  show(view: View): void { this.dispatch({ type: "shown", view }); }
  open(handoff: string): void { this.dispatch({ type: "opened", handoff }); }

  /** True once for each time a handoff was opened on purpose. */
  takesFocus(handoff: string): boolean {
    const { opened } = this.store.get();
    if (opened.handoff !== handoff || opened.times === this.focused) return false;
    this.focused = opened.times;
    return true;
  }

  dismissOffer(offer: string): void { this.receive({ ev: "dismissed", offer }); }
  dismissHandoff(handoff: string): void { this.receive({ ev: "dismissed", handoff }); }
  dismissRefusal(): void { this.dispatch({ type: "refused", text: null }); }

  async accept({ id, token, handoff }: Offer): Promise<void> {
    if (this.store.get().answering === id) return;
    this.dispatch({ type: "answering", offer: id, handoff: handoff.id });
    const result = await this.ask("offer.accept", { offer: id, token });
    if (typeof result?.handoff === "string") this.dispatch({ type: "expected", handoff: result.handoff });
    else this.dispatch({ type: "answering", offer: null });
  }

  async decline({ id, token }: Offer): Promise<void> {
    if (this.store.get().answering === id) return;
    this.dispatch({ type: "answering", offer: id });
    await this.ask("offer.decline", { offer: id, token });
    this.dispatch({ type: "answering", offer: null });
  }

  /** Resolves to whether the server took it. */
  async setAvailability({ available, reason, after_current }: Availability): Promise<boolean> {
    return null !== (await this.ask("availability.set", { available, after_current, ...(reason === null ? {} : { reason }) }));
  }

  /** Lights up in the pane what is about to be asked for. */
  light(handoff: string, facts: readonly FactKey[]): void {
    if (facts.length > 0 || this.store.get().lit.facts.length > 0) this.dispatch({ type: "lit", lit: { handoff, facts } });
  }

  async end(handoff: string): Promise<boolean> {
    return null !== (await this.ask("handoff.end", { handoff }));
  }

  /** What has not gone out yet. */
  unsent(handoff: string): "words" | "file" | null {
    if (this.drafts.of(handoff).reply.trim() || this.store.get().outbox.some((item) => item.handoff === handoff && item.status !== "sent")) return "words";
    return hasFiles(handoff) ? "file" : null;
  }

  /** The seconds are over: whoever went on writing meanwhile has not finished. */
  private endWaited(handoff: string): void {
    if (this.store.get().board?.handoffs.find(({ id }) => id === handoff)?.state !== "connected") return;
    if (this.unsent(handoff) === null) void this.end(handoff);
    else this.dispatch({ type: "refused", text: "Something is not sent yet, so the talk goes on." });
  }

  async wrapUp(handoff: string, disposition: string, note: string): Promise<boolean> {
    return null !== (await this.ask("handoff.wrap_up", { handoff, disposition, ...(note.trim() ? { note } : {}) }));
  }

  /** Resolves to why it did not work, or to null. */
  async transfer({ id, version }: DeskHandoff, to: Destination, note: string): Promise<string | null> {
    const where = to.kind === "queue" ? { queue: to.key } : { agent: to.id };
    try {
      const { state } = await this.line.command("handoff.transfer", { handoff: id, ...where, note, version });
      this.dispatch({ type: "passed", handoff: id, passed: { to: to.name, asked: state === "offered" } });
      this.drafts.change(id, { transfer: "" });
      return null;
    } catch (error) {
      return whyNot(error);
    }
  }

  /** Asks the customer to confirm who they are, for what this line needs. */
  async askToConfirm({ id, version }: DeskHandoff, { key, acr_values, max_age }: Verdict): Promise<void> {
    await this.ask("verification.request", { handoff: id, action: key, version, ...(acr_values?.length && { acr_values }), ...(max_age != null && { max_age }) });
  }

  /** The record of a caller is on screen: only then the line opens. Told once, and again where a lost connection leaves it open whether it arrived. */
  recordShown({ id, call }: DeskHandoff): void {
    if (!waitsForRecord(call) || this.rendered.has(call.id)) return;
    this.rendered.add(call.id);
    this.line.command("call.control", { handoff: id, action: "rendered" }).catch(() => this.rendered.delete(call.id));
  }

  /** A key of the phone, for the call that is open or else the one that is on. */
  async press(key: CallKey): Promise<void> {
    const handoffs = this.store.get().board?.handoffs ?? [];
    const open = handoffs.find(({ id }) => id === this.store.get().selected);
    const handoff = open && isLive(open.call) ? open : liveHandoff(handoffs);
    const action = handoff && actionOf(handoff.call, key);
    if (action) await this.control(handoff.id, action);
  }

  /** Asks for a line that did not open once more; what opens it is the same word. */
  async openLine({ id, call }: DeskHandoff): Promise<void> {
    if (isStuck(call)) await this.control(id, "rendered");
  }

  async dial(handoff: DeskHandoff): Promise<void> {
    const { id, version, channel, state } = handoff;
    const { board, dials, line } = this.store.get();
    if (channel !== "callback" || state !== "connected" || dials[id]?.busy || whyNoDial(handoff, board?.handoffs ?? [], line.status === "live") !== null) return;
    this.dispatch({ type: "dialled", handoff: id, dial: { busy: true, trouble: null } });
    const trouble = await this.attempt("callback.dial", { handoff: id, version });
    this.dispatch({ type: "dialled", handoff: id, dial: { busy: false, trouble } });
  }

  /** Resolves to why it did not work, or to null. */
  reschedule({ id, version }: DeskHandoff, later: Later): Promise<string | null> {
    return this.attempt("callback.reschedule", { handoff: id, version, ...later });
  }

  /** A supervisor's command. Resolves to why it did not work, or to null. */
  supervise(cmd: string, fields: Record<string, unknown>): Promise<string | null> {
    return this.line.command(cmd, fields).then(() => null, whyNot);
  }

  async switchChannel({ id, version }: DeskHandoff, channel: string): Promise<string | null> {
    const refused = await this.attempt("channel.switch", { handoff: id, version, channel });
    if (refused === null) this.dispatch({ type: "passed", handoff: id, passed: { to: channelWithin(channel), asked: false } });
    return refused;
  }

  async addFact(handoff: string, label: string, value: string): Promise<boolean> {
    return null !== (await this.ask("fact.add", { handoff, key: factKey(label), label, value }));
  }

  say(handoff: string, text: string, attachments: readonly AttachmentView[] = []): void {
    if (text.trim() || attachments.length > 0) this.outbox.add(handoff, text.trim() ? text : "", "message", attachments);
  }
  note(handoff: string, text: string): void { this.outbox.add(handoff, text, "note"); }
  sayAgain(clientId: string): void { this.outbox.retry(clientId); }

  /** Takes a failed text back into the composer, where it can be changed or thrown away. */
  takeBack({ client_id, handoff, kind, text, attachments }: OutboxItem): void {
    const mode = kind === "note" ? "note" : "reply";
    const written = this.drafts.of(handoff)[mode];
    this.drafts.putBack(handoff, { mode, [mode]: written ? `${text}\n${written}` : text });
    if (attachments) restoreFiles(handoff, attachments);
    this.outbox.settle(client_id);
    // What was said as a supervisor goes back to where that is written.
    if (this.store.get().board?.handoffs.some(({ id }) => id === handoff)) this.open(handoff);
  }

  typing(handoff: string): void {
    const now = this.now();
    if (now - (this.typedAt.get(handoff) ?? -Infinity) < TYPING_MS) return;
    this.typedAt.set(handoff, now);
    // Nobody misses a typing mark that did not get through.
    this.line.command("typing", { handoff }).catch(() => undefined);
  }

  /** Tells the customer that everything up to here was on screen; asked again after a lost line. */
  read({ id, timeline, read }: DeskHandoff): void {
    const last = timeline.findLast((entry) => entry.type === "message.posted" && entry.data.author.kind === "customer");
    if (!last || last.seq <= read.agent || last.seq <= (this.readTo.get(id) ?? 0)) return;
    this.readTo.set(id, last.seq);
    this.line.command("message.read", { handoff: id, seq: last.seq }).then(
      () => this.receive({ ev: "read", handoff: id, who: "agent", seq: last.seq }),
      () => this.readTo.delete(id),
    );
  }

  /** Reads what was said before the desk's own beginning. */
  async readOlder(handoff: DeskHandoff): Promise<void> {
    try {
      const pages = await Promise.all(missingBefore(handoff).map(({ stream, before }) => this.older(handoff.id, stream, before)));
      this.receive({ ev: "older", handoff: handoff.id, entries: pages.flat().flatMap(readEntry) });
    } catch {
      this.dispatch({ type: "refused", text: "Earlier lines could not be read just now." });
    }
  }

  private dispatch(action: DeskAction): void { this.store.dispatch(action); }
  private receive(input: Ephemeral | Extract<DeskAction, { type: "received" }>["input"]): void {
    this.dispatch({ type: "received", input, now: this.now() });
  }

  private welcomed(snapshot: AgentSnapshot, heads: Record<string, number>): void {
    this.rendered.clear();
    this.receive({ ev: "snapshot", snapshot, heads, history_lost: this.historyLost, ...(this.clockLead && { lead: this.clockLead() }) });
    this.historyLost = false;
    this.drafts.load(snapshot.drafts ?? [], new Set(snapshot.handoffs.map(({ id }) => id)));
    for (const { timeline } of this.store.get().board?.handoffs ?? []) timeline.forEach((entry) => this.settle(entry));
  }

  private happened(event: AnyEntry): void {
    for (const entry of readEntry(event)) {
      this.receive({ ...entry, ev: "event" } as EventFrame);
      this.settle(entry);
      this.goOn(entry);
    }
    this.forgetRendered();
    if (event.type === "handoff.unassigned") this.forgetGone(event.data as EventData["handoff.unassigned"]);
    if (event.type === "handoff.unwatched") this.forgetWatched(event.data as EventData["handoff.unwatched"]);
  }

  /** The same call may come to this desk again, and then waits for its record again. */
  private forgetRendered(): void {
    const waiting = new Set((this.store.get().board?.handoffs ?? []).flatMap(({ call }) => (waitsForRecord(call) ? [call.id] : [])));
    for (const id of this.rendered) if (!waiting.has(id)) this.rendered.delete(id);
  }

  /** Of what left the desk only words stay that its agent may still want: unsent ones, in a talk that is not over. */
  private forgetGone({ id, reason }: EventData["handoff.unassigned"]): void {
    this.line.forget?.([`handoff/${id}`, `handoff/${id}/desk`]);
    this.typedAt.delete(id);
    this.readTo.delete(id);
    this.drafts.close(id, FINISHED.has(reason));
    dropFiles(id);
    this.endings.undo(id);
  }

  /** Nobody comes back to what was written beside a talk that is over; an own one has its words still. */
  private forgetWatched({ id, reason }: EventData["handoff.unwatched"]): void {
    if (!this.store.get().board?.handoffs.some((one) => one.id === id)) this.drafts.close(id, reason === "closed");
  }

  private settle(entry: Entry): void {
    if ((entry.type === "message.posted" || entry.type === "note.added") && entry.data.client_id) this.outbox.settle(entry.data.client_id);
  }

  /** Whoever writes while their talk is about to be ended has more to say; what left the desk is not ours to end. */
  private goOn(entry: Entry): void {
    if (entry.type === "handoff.unassigned") this.endings.undo(entry.data.id);
    const handoff = entry.type === "message.posted" && entry.data.author.kind === "customer" && this.store.get().board?.handoffs.find(({ id }) => entry.stream === `handoff/${id}`);
    if (handoff && this.endings.undo(handoff.id)) this.dispatch({ type: "refused", text: `${shortName(handoff.customer)} wrote again, so the talk goes on.` });
  }

  private passed(frame: EphemeralFrame): void {
    if (frame.ev !== "signal") this.receive(frame as Ephemeral);
  }

  private turned(status: DeskState["line"]["status"], detail: string | null): void {
    this.dispatch({ type: "line", status, detail, now: this.now() });
    if (status !== "live") return;
    void this.outbox.flush();
    void this.reasks.flush();
  }

  private deliver({ kind, handoff, client_id, text, attachments }: OutboxItem): Promise<unknown> {
    return this.line.command(kind === "note" ? "note.add" : "message.send", { handoff, client_id, text, ...(attachments && { attachments: attachments.map(({ id }) => id) }) });
  }

  private async control(handoff: string, action: CallAction): Promise<void> {
    this.dispatch({ type: "refused", text: await this.attempt("call.control", { handoff, action }) });
  }

  /** Resolves to why it did not work, or to null. */
  private async attempt(cmd: string, fields: Record<string, unknown>): Promise<string | null> {
    try {
      await this.line.command(cmd, fields);
      return null;
    } catch (error) {
      return error instanceof CommandError ? phoneRefusalWords(error.code, error.message, error.fields) : whyNot(error);
    }
  }

  /** A refusal is shown in words and answers null; nothing the agent wrote depends on it. */
  private async ask(cmd: string, fields: Record<string, unknown>): Promise<Record<string, unknown> | null> {
    try {
      const result = await this.line.command(cmd, fields);
      this.dismissRefusal();
      return result;
    } catch (error) {
      this.dispatch({ type: "refused", text: whyNot(error) });
      return null;
    }
  }
}

const whyNot = (error: unknown): string => (error instanceof CommandError ? refusalWords(error.code, error.message) : "It did not work. Nothing was changed.");
