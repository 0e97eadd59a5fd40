/** Which handoff is open is where one is: Back returns to the one before, a reload stays. */
import type { Desk } from "./desk.ts";
import { liveHandoff } from "./call.ts";

export interface Places {
  current(): string | null;
  /** With `push` the former place can be gone back to. */
  go(handoff: string | null, how: "push" | "replace"): void;
  onBack(listener: () => void): void;
}

const NAME = /^#(ho_[A-Za-z0-9_-]+)$/;

export const browserPlaces: Places = {
  current: () => NAME.exec(location.hash)?.[1] ?? null,
  go(handoff, how) {
    const url = handoff === null ? `${location.pathname}${location.search}` : `#${handoff}`;
    if (how === "push") history.pushState(null, "", url);
    else history.replaceState(null, "", url);
  },
  onBack: (listener) => window.addEventListener("popstate", listener),
};

export function keepPlace(desk: Desk, places: Places = browserPlaces): void {
  const wanted = places.current();
  let started = false;
  const isMine = (id: string | null) => id !== null && (desk.store.get().board?.handoffs.some((one) => one.id === id) ?? false);
  places.onBack(() => {
    const handoff = places.current();
    // A place whose handoff has left this desk is passed over in silence: there is nothing to show.
    if (handoff !== null && isMine(handoff)) desk.open(handoff);
  });
  desk.store.watch(({ board, selected }) => {
    if (!board) return;
    if (!started) {
      started = true;
      // Whoever is on the line comes before where one was.
      if (wanted !== null && wanted !== selected && isMine(wanted) && !liveHandoff(board.handoffs)) return desk.open(wanted);
    }
    const here = places.current();
    if (here !== selected) places.go(selected, here !== null && selected !== null && isMine(here) ? "push" : "replace");
  });
}
