/** Everything the page shows: the board, the line to the server, what is unsent and what is open. */
import type { Status } from "../shared/connection.ts";
import type { OutboxItem } from "../shared/outbox.ts";
import { inPlace } from "./board.ts";
import type { Board } from "./board.ts";
import { liveHandoff } from "./call.ts";
import { reduce } from "./reducer.ts";
import type { Input } from "./reducer.ts";
import type { DeskHandoff, FactKey } from "./wire.ts";

export interface Line { status: Status; detail: string | null; since: number; /** When it came back after a break; null while it never broke. */ back_at: number | null }

/** To whom it went, or to which channel, and whether somebody is asked now or it waits in their line. */
export interface Passed { to: string; asked: boolean }

/** A press of "Call": on its way, or why nobody was rung. */
export interface Dial { busy: boolean; trouble: string | null }

export type View = "desk" | "callbacks" | "wallboard" | "live" | "find";

export interface DeskState {
  board: Board | null;
  line: Line;
  outbox: readonly OutboxItem[];
  view: View;
  selected: string | null;
  /** The handoff opened last on purpose, and how many were: only then its composer takes the focus. */
  opened: { handoff: string | null; times: number };
  /** The offer whose answer is on its way. */
  answering: string | null;
  /** The handoff that is accepted here and is to be opened when it comes, which may be before the answer does. */
  expected: string | null;
  /** Where this page passed handoffs to. */
  passed: Readonly<Record<string, Passed>>;
  dials: Readonly<Record<string, Dial>>;
  /** What the writing is about to ask for: those facts light up. */
  lit: { handoff: string; facts: readonly FactKey[] };
  /** A refusal that has no place of its own. */
  refusal: string | null;
}

export type DeskAction =
  | { type: "received"; input: Input; now: number }
  | { type: "line"; status: Status; detail: string | null; now: number }
  | { type: "outbox"; items: readonly OutboxItem[] }
  | { type: "opened"; handoff: string }
  | { type: "answering"; offer: string | null; handoff?: string }
  | { type: "expected"; handoff: string }
  | { type: "passed"; handoff: string; passed: Passed }
  | { type: "dialled"; handoff: string; dial: Dial }
  | { type: "shown"; view: View }
  | { type: "lit"; lit: DeskState["lit"] }
  | { type: "refused"; text: string | null };

export const START: DeskState = {
  board: null, line: { status: "connecting", detail: null, since: 0, back_at: null }, outbox: [], view: "desk", selected: null, opened: { handoff: null, times: 0 },
  answering: null, expected: null, passed: {}, dials: {}, lit: { handoff: "", facts: [] }, refusal: null,
};

export function reduceDesk(state: DeskState, action: DeskAction): DeskState {
  switch (action.type) {
    case "received": return select(withoutGone({ ...state, board: reduce(state.board, action.input, action.now) }, action.input), state);
    case "line": return { ...state, line: nextLine(state.line, action) };
    case "outbox": return { ...state, outbox: action.items };
    case "opened": return opened(state, action.handoff);
    case "answering": return { ...state, answering: action.offer, expected: action.handoff ?? null };
    case "expected": return isOpened(state, action.handoff) ? { ...state, answering: null } : select({ ...state, expected: action.handoff, answering: null }, state);
    case "passed": return { ...state, passed: { ...state.passed, [action.handoff]: action.passed } };
    case "dialled": return { ...state, dials: { ...state.dials, [action.handoff]: action.dial } };
    case "shown": return { ...state, view: action.view };
    case "lit": return { ...state, lit: action.lit };
    case "refused": return { ...state, refusal: action.text };
    default: return action satisfies never;
  }
}

/** What was passed on is known as long as a strip may speak of it. */
function withoutGone(state: DeskState, input: Input): DeskState {
  if (input.ev !== "dismissed" && !(input.ev === "event" && input.type === "handoff.unassigned")) return state;
  const shown = new Set([...(state.board?.handoffs ?? []).map(({ id }) => id), ...(state.board?.lost ?? []).map(({ handoff }) => handoff.id)]);
  const keep = <T>(kept: Readonly<Record<string, T>>): Record<string, T> => Object.fromEntries(Object.entries(kept).filter(([id]) => shown.has(id)));
  return { ...state, passed: keep(state.passed), dials: keep(state.dials) };
}

function nextLine(line: Line, { status, detail, now }: Extract<DeskAction, { type: "line" }>): Line {
  const came_back = status === "live" && line.status === "reconnecting";
  return { status, detail, since: line.status === status ? line.since : now, back_at: came_back ? now : status === "live" ? line.back_at : null };
}

/** The focus is where the talk was opened to be, and whoever moved it since is not called back. */
const isOpened = (state: DeskState, handoff: string): boolean => state.expected === null && state.selected === handoff && state.opened.handoff === handoff;

function opened(state: DeskState, handoff: string): DeskState {
  return { ...state, view: "desk", selected: handoff, opened: { handoff, times: state.opened.times + 1 } };
}

/**
 * What was accepted here opens, and so does the first that comes to an empty desk. What left the desk leaves it empty: were another talk to take its place under the
 * reader's hands, the rest of a sentence would go to another customer.
 */
function select(state: DeskState, before: DeskState): DeskState {
  const handoffs = state.board?.handoffs ?? [];
  const has = (id: string | null): boolean => handoffs.some((one) => one.id === id);
  if (state.expected !== null && has(state.expected)) return { ...opened(state, state.expected), expected: null, answering: null };
  if (has(state.selected)) return state;
  // Whoever is on the phone comes first: their line may wait for the record to be on screen.
  if (before.board === null) return { ...state, selected: (liveHandoff(handoffs) ?? inPlace(handoffs)[0])?.id ?? null };
  const known = new Set(before.board.handoffs.map((one) => one.id));
  const came = before.selected === null ? handoffs.find((one) => !known.has(one.id)) : undefined;
  return { ...state, selected: came?.id ?? null };
}

export function selectedHandoff(state: DeskState): DeskHandoff | null {
  return state.board?.handoffs.find((one) => one.id === state.selected) ?? null;
}
