/** The desk, its state and the time, for every part of the page. */
import { createContext } from "preact";
import type { ComponentChildren } from "preact";
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
const Seconds = createContext(0);
const Minutes = createContext(0);

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const whole = (now: number, unit: number): number => Math.floor(now / unit) * unit;

/** The time stands apart: what is drawn two hundred times asks for no more of it than it shows. */
export function DeskProvider({ value, children }: { value: DeskPage; children: ComponentChildren }): ComponentChildren {
  return (
    <Context.Provider value={value}>
      <Seconds.Provider value={whole(value.now, SECOND_MS)}><Minutes.Provider value={whole(value.now, MINUTE_MS)}>{children}</Minutes.Provider></Seconds.Provider>
    </Context.Provider>
  );
}

/** The server's time, for a part that shows seconds and nothing else of the desk. */
export const useSeconds = (): number => useContext(Seconds);
/** The same for days and ages: it moves on once a minute. */
export const useMinutes = (): number => useContext(Minutes);

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

export function useClock(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), SECOND_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
