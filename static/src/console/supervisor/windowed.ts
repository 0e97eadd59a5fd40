/** Of many rows only those near the eye are drawn: two hundred handoffs scroll like ten. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";

export interface Slice { from: number; to: number; above: number; below: number }

/** Which rows to draw, and how high what is left out above and below stands. */
export function sliceOf(total: number, { top, height, row, spare }: { top: number; height: number; row: number; spare: number }): Slice {
  const first = Math.max(0, Math.min(total, Math.floor(top / row) - spare));
  const from = first - (first % 2);
  const to = Math.min(total, Math.ceil((top + height) / row) + spare);
  return { from, to: Math.max(from, to), above: from * row, below: Math.max(0, total - Math.max(from, to)) * row };
}

const SPARE = 8;

export interface Windowed extends Slice { box: { current: HTMLDivElement | null }; onScroll(): void; reveal(index: number): void }

export function useWindowed(total: number, row: number): Windowed {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 0 });
  const look = () => {
    const one = box.current;
    if (one && (one.scrollTop !== seen.top || one.clientHeight !== seen.height)) setSeen({ top: one.scrollTop, height: one.clientHeight });
  };
  useLayoutEffect(look);
  const reveal = (index: number) => {
    const one = box.current;
    if (!one) return;
    if (index * row < one.scrollTop) one.scrollTop = index * row;
    else if ((index + 2) * row > one.scrollTop + one.clientHeight) one.scrollTop = (index + 2) * row - one.clientHeight;
    look();
  };
  // A box that was not laid out yet shows what a tall one would.
  return { ...sliceOf(total, { ...seen, height: seen.height || 30 * row, row, spare: SPARE }), box, onScroll: look, reveal };
}
