/** The conversation as lines: what was said, what was noted, what happened, and what is still on its way. */
import type { OutboxItem } from "../shared/outbox.ts";
import { methodWords } from "./assurance.ts";
import { callWords, callbackWords } from "./call_lines.ts";
import { valueWords } from "./facts.ts";
import type { Carried } from "./file_cards.tsx";
import { journeyRows, stepTitle } from "../shared/journey.ts";
import { moreWords, takeSteps } from "../shared/step_lines.ts";
import { remembered } from "./memo.ts";
import { shortName } from "./people.ts";
import type { DeskHandoff, Entry, EventData, Source, Step } from "./wire.ts";
import { requestLine } from "./verification.ts";
import { channelWithin, closeWords, dispositionWords, refusalWords } from "./words.ts";

export type Mark = { status: "sending" } | { status: "sent" } | { status: "read" } | { status: "failed"; why: string };
export type LineIcon = "user" | "route" | "pencil" | "flag" | "seal" | "star" | "check" | "transfer" | "x" | "phone" | "callback";
export type Line =
  | { kind: "said" | "note"; key: string; mine: boolean; who: string; text: string; at: string; head: boolean; mark: Mark | null; client_id: string | null; carried?: Carried; whisper?: boolean }
  | { kind: "system"; key: string; icon: LineIcon; text: string; at: string; steps?: readonly Step[] };
type Said = Extract<Line, { head: boolean }>;

/** Lines of one person within this time stand under one name. */
const RUN_MS = 120_000;

/** The lines of a part of the timeline, from one index up to another; what is still on its way stands after its end. */
export function conversationLines(handoff: DeskHandoff, me: string, outbox: readonly OutboxItem[], from = 0, to = handoff.timeline.length): Line[] {
  const { timeline } = handoff;
  const mine = to < timeline.length ? [] : outbox.filter((one) => one.handoff === handoff.id);
  const waiting = mine.filter(({ client_id }) => !timeline.some((entry) => clientIdOf(entry) === client_id));
  const lines = foldSteps(timeline.slice(from, to).flatMap((entry, index) => lineOf(entry, handoff, me, from + index)), handoff);
  return withHeads([...lines, ...waiting.map((one) => unsentLine(one, me))]);
}

export const unreadCount = remembered((handoff: DeskHandoff): number =>
  handoff.timeline.reduce((count, entry) => count + Number(entry.type === "message.posted" && entry.data.author.kind === "customer" && entry.seq > handoff.read.agent), 0));

/** Where the timeline's streams begin here, for those that began earlier. */
export const missingBefore = remembered(({ timeline }: DeskHandoff): { stream: string; before: number }[] => {
  const first = new Map<string, number>();
  for (const { stream, seq } of timeline) first.set(stream, Math.min(seq, first.get(stream) ?? seq));
  return [...first].filter(([, seq]) => seq > 1).map(([stream, before]) => ({ stream, before }));
});

/** When the customer began to wait for a word from us; null while it is their turn. */
export function waitingSince(handoff: DeskHandoff): string | null {
  let since: string | null = null;
  for (const entry of handoff.timeline) {
    if (entry.type !== "message.posted") continue;
    since = entry.data.author.kind === "customer" ? (since ?? entry.at) : null;
  }
  return since;
}

export function lastSaid(handoff: DeskHandoff): string | null {
  const last = handoff.timeline.findLast((entry) => entry.type === "message.posted");
  if (last?.type !== "message.posted") return null;
  return last.data.text || (last.data.attachments ?? []).map(({ name }) => name).join(", ");
}

function clientIdOf(entry: Entry): string | null {
  return entry.type === "message.posted" || entry.type === "note.added" ? entry.data.client_id : null;
}

const carriedBy = ({ attachments }: { attachments?: Carried["files"] }, handoff: string) => (attachments ? { carried: { handoff, files: attachments } } : {});

function unsentLine(one: OutboxItem, me: string): Said {
  const mark: Mark = one.status === "failed" ? { status: "failed", why: refusalWords(one.code ?? "failed") } : { status: one.status };
  const kind = one.kind === "note" ? "note" : "said";
  return { kind, key: one.client_id, mine: true, who: me, text: one.text, at: one.at, head: true, mark, client_id: one.client_id, ...carriedBy(one, one.handoff) };
}

function lineOf(entry: Entry, handoff: DeskHandoff, me: string, index: number): Line[] {
  const key = `${entry.stream} ${entry.seq}`;
  if (entry.type === "message.posted") return [saidLine(entry, handoff, me, key)];
  if (entry.type === "note.added") {
    const { author, text, client_id, whisper } = entry.data;
    return [{ kind: "note", key: client_id ?? key, mine: author.name === me, who: author.name, text, at: entry.at, head: true, mark: null, client_id, ...(whisper && { whisper }) }];
  }
  if (entry.type === "transfer.recorded") return transferLines(entry, me, key);
  if (entry.type === "erased" && handoff.timeline[index - 1]?.type === "erased") return [];
  const happened = happening(entry, handoff, me, index);
  return happened ? [{ kind: "system", key, at: entry.at, ...happened }] : [];
}

function saidLine(entry: Extract<Entry, { type: "message.posted" }>, handoff: DeskHandoff, me: string, key: string): Said {
  const { author, text, client_id, original_at } = entry.data;
  const carried = carriedBy(entry.data, handoff.id);
  const mine = author.kind === "agent" && author.name === me;
  const mark: Mark | null = mine ? { status: entry.seq <= handoff.read.customer ? "read" : "sent" } : null;
  const who = author.kind === "customer" ? shortName(handoff.customer) : author.name;
  return { kind: "said", key: client_id ?? key, mine, who, text, at: original_at ?? entry.at, head: true, mark, client_id, ...carried };
}

/** Who passed it where, and on the paper of notes what they had to say. */
function transferLines({ data, at }: Extract<Entry, { type: "transfer.recorded" }>, me: string, key: string): Line[] {
  const { agent, queue, to_agent, note } = data;
  const mine = agent.name === me;
  const to = to_agent?.name ?? queue?.name ?? "another line";
  return [
    { kind: "system", key, icon: "transfer", text: `${mine ? "You" : agent.name} passed this to ${to}`, at },
    { kind: "note", key: `${key} note`, mine, who: agent.name, text: note, at, head: true, mark: null, client_id: null },
  ];
}

/** Steps between two messages are one line, even with facts or a sign-in among them: the newest, and how many more. */
function foldSteps(lines: readonly Line[], handoff: DeskHandoff): Line[] {
  const folded: Line[] = [];
  for (const line of lines) {
    if (line.kind !== "system" || !line.steps) { folded.push(line); continue; }
    const before = takeSteps(folded, (one) => one.kind === "system" && (one.steps !== undefined || one.icon === "pencil" || one.icon === "seal"));
    folded.push({ ...line, ...stepWords([...before, ...line.steps], shortName(handoff.customer), handoff.site.name) });
  }
  return folded;
}

type Happening = { icon: LineIcon; text: string; steps?: readonly Step[] } | null;

function happening(entry: Entry, handoff: DeskHandoff, me: string, index: number): Happening {
  const who = shortName(handoff.customer);
  switch (entry.type) {
    case "handoff.changed": return changedWords(entry.data, before(handoff, index), who, me);
    case "journey.recorded": return stepWords(entry.data.steps, who, handoff.site.name);
    case "facts.changed": return momentOf(handoff.timeline, index).some((one) => signedBy(one, entry)) ? null : factWords(entry.data, who);
    case "identity.changed": return identityWords(entry, handoff, index);
    case "call.changed": return withIcon("phone", callWords(handoff.timeline, index, who));
    case "callback.changed": return withIcon("callback", callbackWords(handoff.timeline, index));
    case "verification.requested": case "verification.answered": return { icon: "seal", text: requestLine(entry.type, entry.data, who, me) };
    case "survey.answered": return { icon: "star", text: `${who} rated the effort ${entry.data.effort} of 7` };
    case "offer.recorded": return offerWords(entry.data);
    case "wrap_up.recorded": return { icon: "check", text: `Wrapped up: ${dispositionWords(entry.data.disposition)}` };
    case "supervision.recorded": return { icon: entry.data.act === "reassigned" ? "transfer" : "user", text: supervisionWords(entry.data, me) };
    case "erased": return { icon: "x", text: "Erased" };
    default: return null;
  }
}

function supervisionWords({ agent, act, to }: EventData["supervision.recorded"], me: string): string {
  const [who, is] = agent.name === me ? ["You", "are"] : [agent.name, "is"];
  switch (act) {
    case "watching": return `${who} ${is} reading along`;
    case "stopped": return `${who} stopped reading along`;
    case "joined": return `${who} joined, and can write to the customer`;
    case "left": return `${who} left the talk`;
    case "took_over": return `${who} took over`;
    case "reassigned": return `${who} gave this to ${to ?? "somebody else"}`;
    default: return act satisfies never;
  }
}

const withIcon = (icon: LineIcon, text: string | null): Happening => (text === null ? null : { icon, text });

function before(handoff: DeskHandoff, index: number): EventData["handoff.changed"] | null {
  for (let at = index - 1; at >= 0; at--) {
    const entry = handoff.timeline[at];
    if (entry?.type === "handoff.changed") return entry.data;
  }
  return null;
}

function changedWords(data: EventData["handoff.changed"], was: EventData["handoff.changed"] | null, who: string, me: string): Happening {
  if (was && data.channel !== was.channel) return { icon: "transfer", text: `Switched from ${channelWithin(was.channel)} to ${channelWithin(data.channel)}, the place is kept` };
  if (data.state !== was?.state) return stateWords(data, was?.state ?? null, who, me);
  return data.intent.key === was.intent.key ? null : { icon: "route", text: `Now about: ${data.intent.label}` };
}

function stateWords(data: EventData["handoff.changed"], was: string | null, who: string, me: string): Happening {
  const joined = data.agent?.name === me ? "You" : (data.agent?.name ?? "An agent");
  switch (data.state) {
    case "connected": return { icon: "user", text: `${joined} joined` };
    case "wrap_up": return { icon: "check", text: data.close_reason === "customer_left" ? `${who} left` : "The talk ended" };
    // "resolved" only says that the talk was ended; the outcome is the wrap-up's.
    case "closed": return { icon: "check", text: data.close_reason && data.close_reason !== "resolved" ? `Closed: ${closeWords(data.close_reason)}` : "Closed" };
    case "queued": return queuedWords(data, was, who);
    // What is owed, and when, is the callback's own line.
    case "scheduled": case "awaiting_call": return was === null ? askedWords(data, who) : null;
    default: return null;
  }
}

function queuedWords(data: EventData["handoff.changed"], was: string | null, who: string): Happening {
  if (was === "connected") return backWords(data.reason, who);
  if (was === "scheduled") return { icon: "callback", text: "The callback came due" };
  return was === null ? askedWords(data, who) : null;
}

const askedWords = (data: EventData["handoff.changed"], who: string): Happening => ({ icon: "flag", text: `${who} asked for help: ${data.intent.label}` });

/** A transfer has a line of its own. */
function backWords(reason: string | undefined, who: string): Happening {
  if (reason === "transfer") return null;
  if (reason === "lose_agent") return { icon: "transfer", text: `The agent’s connection was lost; ${who} is back in the line, at the same place` };
  return { icon: "transfer", text: "Back in the line, at the same place" };
}

function stepWords(steps: readonly Step[], who: string, site: string): Happening {
  const step = steps[steps.length - 1];
  if (!step) return null;
  const title = stepTitle(step, site);
  const more = moreWords(journeyRows(steps, false, site).length - 1);
  if (step.status === "failed") return { icon: "flag", text: `${title} failed${step.error ? ` (${step.error})` : ""}${more}`, steps };
  return { icon: "route", text: `${who} ${step.status === "done" ? "finished" : "went on to"} ${title}${more}`, steps };
}

type Identified = Extract<Entry, { type: "identity.changed" }>;
/** What one sign-in changes comes as several events; within this time they are one moment. */
const MOMENT_MS = 1_000;

/** What stands in the timeline within a moment of one entry: a talk of ten thousand lines is not searched for it. */
function momentOf(timeline: readonly Entry[], index: number): readonly Entry[] {
  const at = Date.parse(timeline[index]?.at ?? "");
  const near = (one: Entry | undefined): boolean => one !== undefined && Math.abs(Date.parse(one.at) - at) <= MOMENT_MS;
  let [from, to] = [index, index + 1];
  while (near(timeline[from - 1])) from--;
  while (near(timeline[to])) to++;
  return timeline.slice(from, to);
}

/** The facts that came with a sign-in, and nothing else did. */
function signedBy(identity: Entry, facts: Extract<Entry, { type: "facts.changed" }>): boolean {
  const { added, struck } = facts.data;
  const signed = added.length > 0 && struck.length === 0 && added.every(({ source }) => source === "verified");
  const together = Math.abs(Date.parse(facts.at) - Date.parse(identity.at)) <= MOMENT_MS;
  return signed && together && identity.type === "identity.changed" && identity.data.verified;
}

/** Who signs in the same way on another device tells nothing new. */
function identityWords(entry: Identified, { timeline, customer }: DeskHandoff, index: number): Happening {
  const { verified, assurance, name } = entry.data;
  if (!verified) return { icon: "seal", text: `${shortName(customer)} is not verified any more` };
  const count = momentOf(timeline, index).reduce((sum, one) => sum + (one.type === "facts.changed" && signedBy(entry, one) ? one.data.added.length : 0), 0);
  const how = methodWords(assurance);
  const known = timeline.slice(0, index).findLast((one) => one.type === "identity.changed");
  if (count === 0 && known?.type === "identity.changed" && known.data.verified && methodWords(known.data.assurance) === how) return null;
  const facts = count > 0 ? `; ${count} ${count === 1 ? "fact" : "facts"} signed` : "";
  return { icon: "seal", text: `${shortName({ name })} signed in${how ? `: ${how}` : ""}${facts}` };
}

const ADDED_BY: Readonly<Record<Source, string>> = { verified: "Signed", observed: "Seen on the page", stated: "Stated", desk: "Added at the desk" };

function factWords({ added, struck }: EventData["facts.changed"], who: string): Happening {
  const fact = added[0];
  if (fact) {
    const more = added.length > 1 ? ` and ${added.length - 1} more` : "";
    return { icon: "pencil", text: `${ADDED_BY[fact.source]}: ${fact.label} ${valueWords(fact.value)}${more}` };
  }
  const first = struck[0];
  if (!first) return null;
  const keys = struck.map((one) => one.key.replace(/[-_]+/g, " ")).join(", ");
  return { icon: "x", text: first.source === "verified" ? `No longer signed: ${keys}` : `${who} took back: ${keys}` };
}

function offerWords({ agent, status }: EventData["offer.recorded"]): Happening {
  if (status === "declined") return { icon: "transfer", text: `${agent.name} declined` };
  return status === "timed_out" ? { icon: "transfer", text: `${agent.name} missed the offer` } : null;
}

/** The name stands over the first line of a run; the mark stands under its last. */
function withHeads(lines: Line[]): Line[] {
  return lines.map((line, index) => {
    if (line.kind === "system") return line;
    const follows = continues(lines[index - 1], line);
    const goesOn = continues(line, lines[index + 1]);
    const settled = line.mark?.status === "sent" || line.mark?.status === "read";
    return { ...line, head: !follows, mark: goesOn && settled && sameMark(line, lines[index + 1]) ? null : line.mark };
  });
}

function continues(one: Line | undefined, next: Line | undefined): boolean {
  if (!one || !next || one.kind === "system" || next.kind === "system") return false;
  return one.kind === next.kind && one.whisper === next.whisper && one.who === next.who && one.mine === next.mine && Date.parse(next.at) - Date.parse(one.at) < RUN_MS;
}

function sameMark(one: Said, next: Line | undefined): boolean {
  return next !== undefined && next.kind !== "system" && next.mark?.status === one.mark?.status;
}
