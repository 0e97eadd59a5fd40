/** What each event of a handoff does to it on the board. */
import type { Board } from "./board.ts";
import type { DeskHandoff, Entry, EventFrame, EventType, Fact, FactKey, Who } from "./wire.ts";

type Frame<K extends EventType> = Extract<EventFrame, { type: K }>;

/** The server keeps as many steps of a journey. */
const STEPS_LIMIT = 50;

export function change(board: Board, id: string, edit: (handoff: DeskHandoff) => DeskHandoff): Board {
  if (board.watched.some((one) => one.id === id)) return { ...board, watched: board.watched.map((one) => (one.id === id ? edit(one) : one)) };
  if (!board.handoffs.some((one) => one.id === id)) return board;
  return { ...board, handoffs: board.handoffs.map((one) => (one.id === id ? edit(one) : one)) };
}

export function handoffChanged(board: Board, id: string, { data, at }: Frame<"handoff.changed">): Board {
  const { agent: owner, ...rest } = data;
  return change(board, id, (handoff) => {
    const agent = owner && (owner.name === board.agent.name ? { id: board.agent.id, name: owner.name } : { id: "", name: owner.name });
    const connected_at = data.state === "connected" && handoff.state !== "connected" ? at : handoff.connected_at;
    return { ...handoff, ...rest, agent, connected_at };
  });
}

export function messagePosted(board: Board, id: string, { data }: Frame<"message.posted">): Board {
  if (data.author.kind !== "customer") return board;
  const { [id]: _typing, ...typing } = board.typing;
  return { ...board, typing };
}

export function journeyRecorded(board: Board, id: string, { data }: Frame<"journey.recorded">): Board {
  return change(board, id, (handoff) => {
    // A page's late report goes where it belongs: steps stand in the order of the customer's clock.
    const steps = [...handoff.journey.steps, ...data.steps].sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1));
    return { ...handoff, journey: { steps: steps.slice(-STEPS_LIMIT) } };
  });
}

const sameFact = (a: FactKey, b: FactKey): boolean => a.key === b.key && a.source === b.source;

function withFact(facts: readonly Fact[], fact: Fact): readonly Fact[] {
  return facts.some((one) => sameFact(one, fact)) ? facts.map((one) => (sameFact(one, fact) ? fact : one)) : [...facts, fact];
}

/** What was taken back leaves the lines that told it, too, as it does in the server's log. */
export function forgetStruck(timeline: readonly Entry[], struck: readonly FactKey[]): readonly Entry[] {
  if (struck.length === 0) return timeline;
  return timeline.map((entry) => {
    if (entry.type !== "facts.changed") return entry;
    return { ...entry, data: { ...entry.data, added: entry.data.added.filter((fact) => !struck.some((key) => sameFact(key, fact))) } };
  });
}

export function factsChanged(board: Board, id: string, { data }: Frame<"facts.changed">): Board {
  return change(board, id, (handoff) => {
    const left = handoff.facts.filter((fact) => !data.struck.some((key) => sameFact(key, fact)));
    return { ...handoff, facts: data.added.reduce<readonly Fact[]>(withFact, left) };
  });
}

export function identityChanged(board: Board, id: string, { data }: Frame<"identity.changed">): Board {
  return change(board, id, (handoff) => ({
    ...handoff, customer: { ...handoff.customer, verified: data.verified, assurance: data.assurance, name: data.name },
  }));
}

export function callbackChanged(board: Board, id: string, { data }: Frame<"callback.changed">): Board {
  return change(board, id, (handoff) => ({ ...handoff, callback: data.callback }));
}

/** The whole number stays as long as it may be this call's; how sure one can be moves on with the call, whichever of the two events comes first. */
export function callChanged(board: Board, id: string, { data: { call } }: Frame<"call.changed">): Board {
  return change(board, id, (handoff) => {
    const same = handoff.caller_number !== null && call?.caller != null && handoff.caller_number.endsWith(call.caller.replace(/^\.+/, ""));
    const evidence = call && call.evidence !== handoff.call?.evidence ? call.evidence : handoff.evidence;
    return { ...handoff, call, evidence, caller_number: same ? handoff.caller_number : null };
  });
}

/** Each of the two events tells the request whole. */
export function verificationChanged(board: Board, id: string, { data }: Frame<"verification.requested"> | Frame<"verification.answered">): Board {
  return change(board, id, (handoff) => ({ ...handoff, verification: data }));
}

export function surveyAnswered(board: Board, id: string, { data }: Frame<"survey.answered">): Board {
  return change(board, id, (handoff) => ({ ...handoff, survey: data }));
}

export function briefingChanged(board: Board, id: string, { data }: Frame<"briefing.changed">): Board {
  return change(board, id, (handoff) => ({ ...handoff, ...data }));
}

export function wrapUpRecorded(board: Board, id: string, { data }: Frame<"wrap_up.recorded">): Board {
  return change(board, id, (handoff) => ({ ...handoff, wrap_up: { disposition: data.disposition, note: data.note } }));
}

/** Erasure leaves the record's bones: its id, state and the places in the log. */
export function erased(board: Board, id: string): Board {
  return change(board, id, (handoff) => ({
    ...handoff, statement: null, facts: [], history: [], brief: "", journey: { steps: [] }, verdicts: [], survey: null, wrap_up: null,
    evidence: null, callback: null, call: null, caller_number: null, verification: null,
    customer: { ...handoff.customer, name: null, verified: false, assurance: null },
    timeline: handoff.timeline.filter((entry) => entry.type === "handoff.changed" || entry.type === "erased"),
  }));
}

export function read(board: Board, id: string, who: Who, seq: number): Board {
  return change(board, id, (handoff) => ({ ...handoff, read: { ...handoff.read, [who]: Math.max(handoff.read[who], seq) } }));
}
