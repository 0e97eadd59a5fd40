/** A talk that is about to end, while that can still be undone. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { IconClock } from "../shared/icons.tsx";
import { useBoard } from "./context.tsx";
import { Keys } from "./keys.tsx";
import { shortName } from "./people.ts";
import type { DeskHandoff } from "./wire.ts";

/** Alt+Z takes an end back from anywhere. */
export const UNDO = "handoff:undo-end";

/** Until when the end of this talk can be undone; null while nobody ends it. */
export function useEndingUntil(handoff: string): number | null {
  const { desk } = useBoard();
  const [until, setUntil] = useState(desk.endings.until(handoff));
  useEffect(() => {
    const look = () => setUntil(desk.endings.until(handoff));
    look();
    return desk.endings.watch(look);
  }, [desk, handoff]);
  return until;
}

export function EndingStrip({ handoff, until }: { handoff: DeskHandoff; until: number }): ComponentChildren {
  const { desk, clock } = useBoard();
  useLayoutEffect(() => {
    const undo = () => void desk.endings.undo(handoff.id);
    document.addEventListener(UNDO, undo);
    return () => document.removeEventListener(UNDO, undo);
  }, [desk, handoff.id]);
  return (
    <div class="strip">
      <IconClock />
      <p class="grow"><span role="status">The talk is about to end. {shortName(handoff.customer)} has not been told yet.</span>
        <span class="num" aria-hidden="true"> {Math.max(1, Math.ceil((until - clock) / 1_000))} s</span></p>
      <button type="button" class="btn btn--s" onClick={() => desk.endings.undo(handoff.id)}>Undo <Keys keys={["Alt", "Z"]} /></button>
      <button type="button" class="btn btn--s btn--quiet" onClick={() => desk.endings.endNow(handoff.id)}>End now</button>
    </div>
  );
}
