/** What a supervisor reads along, on the board. */
import type { Board, SnapshotLoaded } from "./board.ts";
import { keepHandoff } from "./wire.ts";
import type { EventData } from "./wire.ts";

type Watching = Pick<Board, "watched" | "joined">;

export function loadWatching({ watching = [], joined = [] }: SnapshotLoaded["snapshot"]): Watching {
  return { watched: watching.map(keepHandoff), joined };
}

export function handoffWatched(board: Board, { handoff, joined, heads }: EventData["handoff.watched"]): Board {
  return {
    ...board,
    watched: [...board.watched.filter(({ id }) => id !== handoff.id), keepHandoff(handoff)],
    joined: joined ? [...board.joined, handoff.id] : board.joined,
    heads: { ...board.heads, ...heads },
  };
}

export function handoffUnwatched(board: Board, id: string): Board {
  const heads = Object.fromEntries(Object.entries(board.heads).filter(([stream]) => stream !== `handoff/${id}` && stream !== `handoff/${id}/desk`));
  return { ...board, heads, watched: board.watched.filter((one) => one.id !== id), joined: board.joined.filter((one) => one !== id) };
}

/** Whether this supervisor writes in it, too. */
export function supervised(board: Board, id: string, { agent, act }: EventData["supervision.recorded"]): Board {
  if (agent.id !== board.agent.id || (act !== "joined" && act !== "left")) return board;
  const others = board.joined.filter((one) => one !== id);
  return { ...board, joined: act === "joined" ? [...others, id] : others };
}
