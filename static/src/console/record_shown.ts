/** Tells that the record of a caller is on screen; only then their line is opened. */
import { useLayoutEffect } from "preact/hooks";
import { waitsForRecord } from "./call.ts";
import { useDesk } from "./context.tsx";
import type { DeskHandoff } from "./wire.ts";

/** A page that counts as visible and is not painted all the same: a covered window, a locked screen. */
const UNPAINTED_MS = 250;

/** Calls back once what was just drawn can be seen. A hidden page is never painted: there, that it stands in the document has to do. */
export function afterPaint(seen: () => void): () => void {
  if (document.visibilityState === "hidden") {
    seen();
    return () => undefined;
  }
  let timer = setTimeout(() => { cancelAnimationFrame(frame); seen(); }, UNPAINTED_MS);
  // A frame's callbacks run before it is painted, a timer set in one runs after.
  const frame = requestAnimationFrame(() => {
    clearTimeout(timer);
    timer = setTimeout(seen);
  });
  return () => { cancelAnimationFrame(frame); clearTimeout(timer); };
}

/** Belongs into the part that draws all of the record: its effect runs when everything in it stands in the document. */
export function useRecordShown(handoff: DeskHandoff | null): void {
  const { desk, state } = useDesk();
  const call = handoff?.call ?? null;
  const waits = waitsForRecord(call);
  useLayoutEffect(() => {
    if (!handoff || !waits || state.line.status !== "live") return undefined;
    return afterPaint(() => desk.recordShown(handoff));
  }, [handoff?.id, call?.id, waits, state.line.status]);
}
