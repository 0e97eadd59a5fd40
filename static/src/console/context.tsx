/** The desk, its state and the time, for every part of the page. */
import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { Board } from "./board.ts";
import type { Desk } from "./desk.ts";
import type { DeskState } from "./desk_state.ts";
import type { Page } from "./page.ts";

export interface DeskPage {
  desk: Desk;
  page: Page;
  state: DeskState;
  /** The server's time as far as this reader can tell, moving on once a second. */
  now: number;
  /** This reader's own clock, for what was timed here. */
  clock: number;
}

const Context = createContext<DeskPage | null>(null);
export const DeskProvider = Context.Provider;

export function useDesk(): DeskPage {
  const value = useContext(Context);
  if (!value) throw new Error("a part of the desk stands outside of it");
  return value;
}

/** For parts that are only drawn once there is a board. */
export function useBoard(): DeskPage & { board: Board } {
  const value = useDesk();
  if (!value.state.board) throw new Error("a part of the board is drawn before there is one");
  return { ...value, board: value.state.board };
}

export function useDeskState(desk: Desk): DeskState {
  const [state, setState] = useState(desk.store.get());
  useEffect(() => {
    setState(desk.store.get());
    return desk.store.watch(setState);
  }, [desk]);
  return state;
}

const SECOND_MS = 1_000;

export function useClock(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), SECOND_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
