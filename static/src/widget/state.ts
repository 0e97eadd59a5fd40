/** What the panel knows, and the questions its views ask of it. */
import { serverNow } from "../shared/api.ts";
import type {
  Calling, ChannelName, ChannelOption, Customer, CustomerSnapshot, Entry, Estimate, EphemeralFrame, Fact, Handoff, IntentOption, MessagePosted,
  Receipt, Recent, Slot, Step,
} from "../shared/frames.ts";
import type { OutboxItem } from "../shared/outbox.ts";
import type { Status } from "../shared/connection.ts";
import type { SignInNeeds } from "../shared/errors.ts";
import type { PageEntry, PageFact, Recorded } from "./bridge.ts";

/** What the customer is about to ask for; survives until it is sent. */
export interface Draft {
  intent: string | null;
  /** Null: nothing is offered yet. */
  channel: ChannelName | null;
  statement: string;
  /** Keys of page facts taken back before the click; STEPS stands for the steps. */
  struck: readonly string[];
}
export const STEPS = " steps";

/** When and where to be called, as far as it is chosen. */
export interface Booking {
  /** Left out: the number that the site signed. */
  phone?: string;
  /** On its turn, in so many minutes, or in a window. */
  when?: "turn" | "window" | number;
  /** The day that is looked at, and the chosen window by its start. */
  day?: string;
  slot?: string;
  /** What can be booked, and for which intent. `open` is null where it could not be read. */
  slots?: { intent: string; open: readonly Slot[] | null };
}

export interface Form {
  /** The question before leaving or ending is open; with several bookings, for the one of this id. */
  asking: boolean | string;
  /** The other intents, or the other ways to talk, are unfolded. */
  more: boolean;
  /** The questions about a callback have the panel: for a new one, or about another time for the one of this id. */
  sheet: { about: string | null } | null;
  booking: Booking;
  effort: number | null;
  comment: string;
  /** The talk that the comment is about. */
  about?: string | undefined;
}
export const EMPTY: Form = { asking: false, more: false, sheet: null, booking: {}, effort: null, comment: "" };

/** How things stood when this device first met the handoff: what the page told until then, and who was signed in. */
export interface Joined extends Recorded {
  verified: boolean;
}

/** Whose help this is; the logo is an address on our own origin. */
export interface Site {
  key: string;
  name: string;
  logo?: string;
}

export interface PanelState {
  site: Site;
  shown: boolean;
  session: "opening" | "open" | "refused";
  customer: Customer | null;
  /** What the site signed, shown before a handoff can show it. */
  signed: readonly Fact[];
  intents: readonly IntentOption[];
  handoff: Handoff | null;
  /** Callbacks that are booked; they stand apart from the handoff on screen. */
  scheduled: readonly Handoff[];
  /** Null: nobody can be called here. */
  calling: Calling | null;
  /** True: the start, and not what is booked. Null: it depends on what the page is about. */
  aside: boolean | null;
  recent: Recent | null;
  timeline: readonly Entry[];
  receipt: Receipt | null;
  /** The estimate that was told before it grew. */
  promised: Estimate | null;
  line: Status;
  /** Why the line stopped for good. */
  line_detail: string | null;
  agent_line: "here" | "away" | "reconnecting" | "signed_out" | null;
  /** Until when the talk waits for an agent who is gone; null while that is not known. */
  agent_until: string | null;
  agent_typing: boolean;
  /** The agent has read, and this person has read, up to here in the handoff's stream. */
  agent_read: number;
  read: number;
  outbox: readonly OutboxItem[];
  page: { entries: readonly PageEntry[]; intent: string | null };
  draft: Draft;
  text: string;
  /** What is being answered. A question is closed with the view that asked it; what was begun of the survey stays until the next talk. */
  form: Form;
  busy: boolean;
  online: boolean;
  /** The code of the refusal to tell. */
  trouble: string | null;
  /** What is wrong with what was sent, by its name. */
  fields: Readonly<Record<string, string>>;
  /** What the sign-in lacks, when that is the trouble. */
  needs: SignInNeeds | null;
  /** The ended handoff the person is done with. */
  dismissed: string | null;
  rated: boolean;
  /** The person wants to answer about the last talk, which otherwise stands behind a new need. */
  surveying: boolean;
  joined: Joined | null;
  /** The browser keeps nothing for the panel. */
  fleeting: boolean;
}

export interface SessionOpened {
  customer: Customer;
  signed: readonly Fact[];
  intents: readonly IntentOption[];
  handoff: Handoff | null;
  scheduled: readonly Handoff[];
  calling: Calling | null;
  recent: Recent | null;
}

export type Action =
  | ({ type: "session" } & SessionOpened)
  | { type: "refused"; code: string }
  | { type: "welcome"; snapshot: CustomerSnapshot }
  | { type: "resync"; lost: boolean }
  | { type: "event"; entry: Entry }
  | { type: "ephemeral"; frame: EphemeralFrame }
  | { type: "typing_over"; agent_typing: false }
  | { type: "opened"; handoff: Handoff }
  | { type: "menu"; intents: readonly IntentOption[] }
  | { type: "receipt"; receipt: Receipt }
  | { type: "line"; line: Status; line_detail: string | null }
  | { type: "shown"; shown: boolean }
  | { type: "entries"; entries: readonly PageEntry[] }
  | { type: "intent"; intent: string | null }
  | { type: "outbox"; outbox: readonly OutboxItem[] }
  | { type: "draft"; change: Partial<Draft> }
  | { type: "text"; text: string }
  | { type: "form"; change: Partial<Form> }
  | { type: "busy"; busy: boolean }
  | { type: "online"; online: boolean }
  | { type: "trouble"; code: string | null; needs?: SignInNeeds | null; fields?: PanelState["fields"] }
  | { type: "read"; seq: number }
  | { type: "rated"; rated: true }
  | { type: "surveying"; surveying: true }
  | { type: "aside"; aside: boolean }
  | { type: "again"; later: boolean }
  /** What was said before this page came to it. */
  | { type: "recalled"; entries: readonly Entry[] }
  | { type: "wiped" };

/** What begins anew with every talk. */
export const TALK = {
  receipt: null,
  promised: null,
  agent_line: null,
  agent_until: null,
  agent_typing: false,
  agent_read: 0,
  read: 0,
  form: EMPTY,
  busy: false,
  trouble: null,
  fields: {},
  rated: false,
  surveying: false,
} as const;

export function initial(site: Site): PanelState {
  return {
    ...TALK,
    site,
    shown: false,
    session: "opening",
    customer: null,
    signed: [],
    intents: [],
    handoff: null,
    scheduled: [],
    calling: null,
    aside: null,
    recent: null,
    timeline: [],
    line: "connecting",
    line_detail: null,
    outbox: [],
    page: { entries: [], intent: null },
    draft: { intent: null, channel: null, statement: "", struck: [] },
    text: "",
    online: true,
    needs: null,
    dismissed: null,
    joined: null,
    fleeting: false,
  };
}

export type ViewName = "opening" | "refused" | "start" | "booked" | "callback" | "arrived" | "calling" | "waiting" | "talking" | "ended";

export function streamOf(handoff: { id: string }): string {
  return `handoff/${handoff.id}`;
}

export const isFact = (entry: PageEntry): entry is PageFact => "key" in entry;

export const stepsOf = (entries: readonly PageEntry[]) => entries.filter((entry): entry is Step => !isFact(entry));

/** A page's fact is told again under its key; no two of its steps share a time. */
export const idOf = (entry: PageEntry) => (isFact(entry) ? entry.key : entry.at);

export interface Posted extends Entry {
  data: MessagePosted;
}

export function messages(state: PanelState): Posted[] {
  return state.timeline.filter((entry): entry is Posted => entry.type === "message.posted" && "id" in (entry.data as object));
}

/** What was written here and has not come back in the log yet. */
export function waitingItems({ outbox, timeline, handoff }: PanelState): OutboxItem[] {
  const back = new Set(timeline.map(({ data }) => (data as { client_id?: string | null }).client_id));
  return outbox.filter((item) => item.handoff === handoff?.id && !back.has(item.client_id));
}

/** What was written and never reached anybody goes along when one starts again. */
export function unsentWords(state: PanelState): string {
  const kept = waitingItems(state).filter(({ status }) => status !== "sent");
  return [...kept.map(({ text }) => text), state.text].map((text) => text.trim()).filter(Boolean).join("\n");
}

/** Without storage a stranger's talk lives as long as this page. */
export function isFleeting({ fleeting, customer }: PanelState): boolean {
  return fleeting && !customer?.verified;
}

export function hasTalked(state: PanelState): boolean {
  return messages(state).some(({ data }) => data.author.kind === "agent");
}

const ENDED = new Set(["wrap_up", "closed"]);
/** A talk that ended longer ago than this is not asked about when the panel opens. */
const ASK_MS = 30 * 60_000;

/** This side's own close reason. */
export const OUT_OF_REACH = "out_of_reach";

export interface Ended {
  reason: string | null;
  /** Whether the question of effort makes sense. */
  ask: boolean;
}

const TALKED = new Set([null, "resolved", "customer_left"]);

export function ended(state: PanelState, now = serverNow()): Ended | null {
  const { handoff, recent, dismissed, rated } = state;
  if (handoff) {
    if (!ENDED.has(handoff.state)) return null;
    const { close_reason: reason } = handoff;
    return { reason, ask: TALKED.has(reason) && !rated };
  }
  if (!recent?.survey_due || recent.id === dismissed || now - Date.parse(recent.at) > ASK_MS) return null;
  return { reason: recent.close_reason, ask: !rated };
}

/** Whether the page's own call is asked about: nothing else matters then. */
const isAsked = ({ call }: Handoff): boolean => call?.claim === "asked" && !call.ended_at;

const isBooked = ({ scheduled, aside, page }: PanelState): boolean =>
  scheduled.length > 0 && !(aside ?? (page.intent !== null && scheduled.every(({ intent }) => intent.key !== page.intent)));

export function viewOf(state: PanelState): ViewName {
  const { session, handoff, surveying, form } = state;
  if (session !== "open") return session;
  if ((handoff ?? surveying) && ended(state)) return "ended";
  if (handoff && isAsked(handoff)) return "arrived";
  if (form.sheet) return "callback";
  if (!handoff) return isBooked(state) ? "booked" : "start";
  if (handoff.state === "awaiting_call") return "calling";
  return handoff.state === "connected" || (handoff.channel === "chat" && hasTalked(state)) ? "talking" : "waiting";
}

/** How near a channel is to an answer; the last rank is no choice now. A window can be booked while nobody can call at once. */
export function rankOf({ channel, state }: ChannelOption): 0 | 1 | 2 | 3 | 4 {
  if (state === "open") return 0;
  if (state === "unstaffed") return 1;
  if (channel === "callback") return 2;
  return channel === "chat" && state === "closed" ? 3 : 4;
}

export function unread(state: PanelState): number {
  return state.handoff ? messages(state).filter(({ data, seq }) => data.author.kind === "agent" && seq > state.read).length : 0;
}
