/** The panel's one reducer: snapshot, replay and live events come through the same door, in any order and more than once. */
import { serverNow } from "../shared/api.ts";
import type { Customer, CustomerEvents, CustomerSnapshot, Entry, EphemeralFrame, Estimate, EventOf, Handoff, Receipt, Recent } from "../shared/frames.ts";
import { merge } from "../shared/timeline.ts";
import { EMPTY, idOf, initial, OUT_OF_REACH, rankOf, streamOf, TALK, unsentWords, viewOf, type Action, type Draft, type Joined, type PanelState, type SessionOpened } from "./state.ts";

export function reduce(state: PanelState, action: Action): PanelState {
  const next = step(state, action);
  const moved = groundOf(next) !== groundOf(state);
  if (!moved && viewOf(next) === viewOf(state)) return next;
  const { asking, more, sheet } = EMPTY;
  return { ...next, form: { ...next.form, asking, more, ...(moved && { sheet }) } };
}

/** What the questions about a callback were opened on: once it is another, they are over. */
const groundOf = ({ handoff }: PanelState): string => `${handoff?.id} ${handoff?.channel} ${handoff?.state === "connected"}`;

function step(state: PanelState, action: Action): PanelState {
  switch (action.type) {
    case "session":
      return opened(state, action);
    case "welcome":
      return welcome(state, action.snapshot);
    case "event":
      return event(state, action.entry);
    case "ephemeral":
      return ephemeral(state, action.frame);
    case "opened":
      return settle(state, action.handoff);
    case "refused":
      return { ...state, session: "refused", trouble: action.code, busy: false };
    case "resync":
      return startAnew(state, action.lost);
    case "menu":
      return { ...state, intents: action.intents, draft: choose(state.draft, action.intents, state.page.intent) };
    default:
      return local(state, action);
  }
}

/** A restored log may be older than what is on screen, and its snapshot is the truth all the same. What was written here stays. */
function startAnew(state: PanelState, lost: boolean): PanelState {
  const before = { ...state, timeline: [] };
  return lost ? { ...before, receipt: null, read: 0, agent_read: 0, handoff: state.handoff && { ...state.handoff, version: 0, head: 0 } } : before;
}

type LocalAction = Exclude<
  Action,
  { type: "session" | "welcome" | "event" | "ephemeral" | "opened" | "refused" | "resync" | "menu" }
>;

/** What the page or the person in front of it did. */
function local(state: PanelState, action: LocalAction): PanelState {
  switch (action.type) {
    case "entries":
      return { ...state, page: { ...state.page, entries: addEntries(state.page.entries, action.entries) } };
    case "intent":
      return {
        ...state,
        page: { ...state.page, intent: action.intent },
        aside: action.intent ? null : state.aside,
        draft: choose({ ...state.draft, intent: null }, state.intents, action.intent),
      };
    case "draft": {
      const draft = { ...state.draft, ...action.change };
      return { ...state, draft: action.change.intent ? choose({ ...draft, channel: null }, state.intents, null) : draft };
    }
    case "form":
      return { ...state, form: { ...state.form, ...(action.change.comment && { about: aboutOf(state) }), ...action.change } };
    case "trouble":
      return { ...state, trouble: action.code, needs: action.needs ?? null, fields: action.fields ?? {}, busy: false };
    case "rated":
      return answered(state);
    case "read":
      return action.seq > state.read ? { ...state, read: action.seq } : state;
    case "again":
      return again(state, action.later);
    case "recalled":
      return { ...state, timeline: merge(state.timeline, action.entries) };
    case "wiped": {
      const { shown, online, fleeting, page } = state;
      return { ...initial(state.site), shown, online, fleeting, page: { ...page, entries: [] } };
    }
    case "shown":
    case "text":
    case "online":
    case "busy":
    case "outbox":
    case "receipt":
    case "surveying":
    case "aside":
    case "line":
    case "typing_over":
      return { ...state, ...fieldsOf(action) };
    default:
      return action satisfies never;
  }
}

/** Of an action that says the state's own fields. */
function fieldsOf<A extends { type: string }>({ type: _, ...fields }: A): Omit<A, "type"> {
  return fields;
}

function opened(state: PanelState, { customer, signed, intents, handoff, scheduled, calling, recent }: SessionOpened): PanelState {
  const next: PanelState = {
    ...state,
    session: "open",
    trouble: null,
    customer,
    signed,
    intents,
    scheduled,
    calling,
    recent,
    draft: choose(state.draft, intents, state.page.intent),
  };
  // Another page may have had a later talk meanwhile: what was begun about the one before is not about that.
  if (next.form.about !== aboutOf({ handoff, recent })) next.form = { ...next.form, comment: "" };
  return handoff ? begin(next, handoff) : { ...next, handoff: isAmong(scheduled, state.handoff) ? null : outOfReach(state, customer) };
}

/** Which talk is asked about. */
const aboutOf = ({ handoff, recent }: Pick<PanelState, "handoff" | "recent">) => (handoff ?? recent)?.id;

const isAmong = (handoffs: readonly Handoff[], one: Handoff | null): boolean => handoffs.some(({ id }) => id === one?.id);

/** A session that could not be renewed leaves the old customer's talk where this one cannot see it; it has not ended. */
function outOfReach({ customer: before, handoff }: PanelState, customer: Customer): Handoff | null {
  if (!handoff || !before || before.id === customer.id) return handoff;
  return { ...handoff, state: "closed", close_reason: OUT_OF_REACH };
}

/** The page's own intent, else the only one, is chosen before anybody asks; so is the channel that can answer first. */
function choose(draft: Draft, intents: PanelState["intents"], page: string | null): Draft {
  const wanted = [draft.intent, page, intents.length === 1 ? intents[0]?.key : null];
  const intent = wanted.map((key) => intents.find((one) => one.key === key)).find(Boolean);
  if (!intent) return { ...draft, intent: null };
  const offered = intent.channels;
  const kept = offered.find((one) => one.channel === draft.channel && rankOf(one) < 4);
  const channel = kept ?? [...offered].sort((one, other) => rankOf(one) - rankOf(other))[0];
  return { ...draft, intent: intent.key, channel: channel?.channel ?? draft.channel };
}

/** A booked one stands apart, also if it was on screen until now; any other that is open is the one on screen. */
function settle(state: PanelState, handoff: Handoff): PanelState {
  const known = [state.handoff, ...state.scheduled].find((one) => one?.id === handoff.id);
  if (known && isStale(known, handoff)) return { ...state, busy: false };
  const scheduled = state.scheduled.filter((one) => one.id !== handoff.id);
  if (handoff.state === "scheduled") {
    const here = known && known === state.handoff && { ...TALK, handoff: null };
    const { form } = state;
    // What was asked for, or asked about, is answered.
    const answered = !known || form.sheet?.about === handoff.id;
    return { ...state, form: answered ? EMPTY : form, ...here, scheduled: [...scheduled, handoff], busy: false, aside: known?.state === "scheduled" ? state.aside : false };
  }
  const rest = { ...state, scheduled };
  // A booking that is cancelled is gone; only what was on screen has an end to tell.
  return known?.state === "scheduled" && handoff.state === "closed" ? { ...rest, busy: false } : begin(rest, handoff);
}

/** Another handoff than the one on screen starts with nothing of the old one. */
function begin(state: PanelState, handoff: Handoff): PanelState {
  if (state.handoff?.id === handoff.id) return newer(state, handoff);
  const timeline = state.timeline.filter(({ stream }) => stream === streamOf(handoff));
  return { ...state, ...TALK, handoff, timeline, ...agentOf(handoff), joined: joinedOf(state, handoff) };
}

const agentOf = ({ agent_presence: agent_line, agent_until }: Handoff) => ({ agent_line, agent_until });

/** Met on an earlier page of this device, or here and now. */
function joinedOf({ joined, page, customer }: PanelState, { id }: Handoff): Joined {
  return joined?.handoff === id ? joined : { handoff: id, until: page.entries.at(-1)?.at ?? "", verified: customer?.verified ?? false };
}

/** A replayed or late snapshot may be older than what the events already told. */
const isStale = (known: Handoff, { version, head }: Handoff): boolean => version < known.version || head < known.head;

function newer(state: PanelState, handoff: Handoff): PanelState {
  const stale = state.handoff && isStale(state.handoff, handoff);
  return stale ? state : { ...state, handoff, ...agentOf(handoff), busy: false };
}

function welcome(state: PanelState, snapshot: CustomerSnapshot): PanelState {
  const { customer, handoff, scheduled, recent, receipt, timeline } = snapshot;
  const base: PanelState = { ...state, session: "open", customer, scheduled, recent };
  if (!handoff) return { ...base, handoff: closedMeanwhile(state, snapshot) };
  const next = begin(base, handoff);
  return { ...next, receipt: receipt ?? next.receipt, timeline: merge(next.timeline, timeline) };
}

/** The handoff on screen is no longer open: the snapshot's `recent` says how it ended. */
function closedMeanwhile({ handoff }: PanelState, { recent, scheduled }: CustomerSnapshot): Handoff | null {
  if (!handoff || isAmong(scheduled, handoff)) return null;
  const ended = recent?.id === handoff.id ? { state: recent.state, close_reason: recent.close_reason } : { state: "closed" as const, close_reason: OUT_OF_REACH };
  return { ...handoff, ...ended, agent: handoff.agent };
}

/** An erasure leaves an entry's place and nothing in it. */
const isEmptied = ({ type, data }: Entry): boolean => type !== "session.changed" && Object.keys(data as object).length === 0;

function event(state: PanelState, entry: Entry): PanelState {
  if (isEmptied(entry)) return belongs(state, entry) ? { ...state, timeline: [], receipt: null } : state;
  const timeline = merge(state.timeline, [entry]);
  if (timeline === state.timeline) return state;
  const known = entry as EventOf<CustomerEvents>;
  const next = belongs(state, entry) ? { ...state, timeline } : state;
  switch (known.type) {
    case "handoff.opened":
      return settle(state, known.data.handoff);
    case "handoff.changed":
      return changed(next, entry, known.data);
    case "message.posted":
      return known.data.author?.kind === "agent" ? { ...next, agent_typing: false } : next;
    case "journey.recorded":
      return withReceipt(next, (receipt) => ({ ...receipt, steps: [...receipt.steps, ...(known.data.steps ?? [])] }));
    case "facts.changed":
      return withReceipt(next, (receipt) => factsChanged(receipt, known.data));
    case "identity.changed":
      return identityChanged(next, known.data);
    case "callback.changed":
      return amended(next, entry, known.data);
    case "call.changed":
      // A call that was not this person's has used their code up.
      return amended(next, entry, known.data.call?.claim === "not_mine" ? { ...known.data, phone: null } : known.data);
    case "survey.answered":
      return answered(next);
    // Their lines in the story are all they change.
    case "agent.joined":
    case "agent.left":
    case "session.changed":
    case "erased":
      return next;
    default:
      return newerServer(next, known);
  }
}

/** An event this page does not know yet stays in the timeline, where nothing shows it. */
function newerServer(state: PanelState, _: never): PanelState {
  return state;
}

/** What was said is the server's now, and nothing of it stays here. */
const answered = (state: PanelState): PanelState => ({ ...state, rated: true, form: { ...state.form, comment: "" } });

function belongs(state: PanelState, { stream }: Entry): boolean {
  return state.handoff !== null && stream === streamOf(state.handoff);
}

function changed(state: PanelState, { stream }: Entry, data: CustomerEvents["handoff.changed"]): PanelState {
  const before = [state.handoff, ...state.scheduled].find((one) => one && streamOf(one) === stream);
  if (!before || !(data.version > before.version)) return state;
  const queued = data.state === "queued" || data.state === "offered";
  const place = queued ? {} : { position: null, estimate: null };
  // A code is never told in an event, nor when something comes due: what was known of them is over.
  const handoff = { ...before, ...data, ...place, phone: null, due_at: null };
  if (before !== state.handoff || data.state === "scheduled") return settle(state, handoff);
  return { ...state, handoff, agent_line: data.agent ? "here" : null, agent_typing: false };
}

/** What a snapshot holds already, its events do not take back. */
function amended(state: PanelState, { stream, seq }: Entry, change: Partial<Handoff>): PanelState {
  const amend = (one: Handoff): Handoff => (streamOf(one) === stream && seq > one.head ? { ...one, ...change, head: seq } : one);
  return { ...state, handoff: state.handoff && amend(state.handoff), scheduled: state.scheduled.map(amend) };
}

function withReceipt(state: PanelState, change: (receipt: Receipt) => Receipt): PanelState {
  return state.receipt ? { ...state, receipt: change(state.receipt) } : state;
}

const factId = ({ key, source }: { key: string; source: string }) => `${source} ${key}`;

function factsChanged(receipt: Receipt, { added = [], struck = [] }: Partial<CustomerEvents["facts.changed"]>): Receipt {
  const gone = new Set([...added, ...struck].map(factId));
  return { ...receipt, facts: [...receipt.facts.filter((fact) => !gone.has(factId(fact))), ...added] };
}

function identityChanged(state: PanelState, data: CustomerEvents["identity.changed"]): PanelState {
  const { assurance, name } = data;
  const customer = state.customer && { ...state.customer, ...data };
  return withReceipt({ ...state, customer }, (receipt) => ({ ...receipt, assurance, name }));
}

function ephemeral(state: PanelState, frame: EphemeralFrame): PanelState {
  if (!("handoff" in frame) || frame.handoff !== state.handoff?.id || ("who" in frame && frame.who === "customer")) return state;
  switch (frame.ev) {
    case "typing":
      return { ...state, agent_typing: true };
    case "presence":
      return { ...state, agent_line: frame.status, agent_until: frame.until ?? null };
    case "read":
      return { ...state, agent_read: Math.max(state.agent_read, frame.seq) };
    case "queue":
      return queue(state, state.handoff, frame);
    default:
      return frame satisfies never;
  }
}

const high = (estimate: Estimate | null) => estimate?.high_seconds ?? 0;

/** A wait that grew names the number it replaces, until it is back under it. */
function queue(state: PanelState, handoff: Handoff, frame: Extract<EphemeralFrame, { ev: "queue" }>): PanelState {
  const { position, estimate } = frame;
  const told = state.promised ?? handoff.estimate;
  const grew = high(told) > 0 && high(estimate) > high(told);
  return { ...state, handoff: { ...handoff, position, estimate }, promised: grew ? told : null };
}

function addEntries(old: PanelState["page"]["entries"], more: PanelState["page"]["entries"]): PanelState["page"]["entries"] {
  const keys = new Set(more.map(idOf));
  return [...old.filter((entry) => !keys.has(idOf(entry))), ...more];
}

/** The start for a new need. `later`: the question about the last talk stays, behind it, with what was begun of the answer. */
function again(state: PanelState, later: boolean): PanelState {
  const { handoff, recent, site, intents, page } = state;
  const draft = handoff ? choose({ ...initial(site).draft, statement: unsentWords(state) }, intents, page.intent) : state.draft;
  const next = { ...state, ...TALK, handoff: null, draft, text: "", aside: true };
  if (!later) return { ...next, timeline: [], dismissed: (handoff ?? recent)?.id ?? null };
  const { agent_read, form } = state;
  return { ...next, agent_read, form, recent: handoff ? justEnded(handoff) : recent };
}

const justEnded = (handoff: Handoff): Recent => ({ ...handoff, at: new Date(serverNow()).toISOString(), survey_due: true });
