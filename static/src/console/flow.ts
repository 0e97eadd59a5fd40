/** A talk of any length in a page of one size: which part of it is drawn, and where in it the reader is. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useBoard } from "./context.tsx";
import type { Desk } from "./desk.ts";
import { missingBefore } from "./lines.ts";
import type { DeskHandoff, Entry } from "./wire.ts";

/** How much is added at a time, and how much stands in the page at most: the end that is further from the reader goes. */
export const PAGE = 100;
export const LIMIT = 500;
/** Nearer to the end than this, the reader is following and new lines are scrolled to. */
const FOLLOWING_PX = 80;
/** Nearer to what is not drawn than this, it is drawn. */
const NEAR_PX = 300;

export interface Span { from: number; to: number }
/** Who has scrolled up stays where they are: from which entry on is drawn, and which was the last when they left the end. */
export interface Pin { top: string; last: string }

const placeOf = ({ stream, seq }: Entry): string => `${stream}#${seq}`;
const indexOf = (timeline: readonly Entry[], place: string): number => timeline.findIndex((entry) => placeOf(entry) === place);

export function spanOf(timeline: readonly Entry[], pin: Pin | null): Span {
  const from = pin === null ? -1 : indexOf(timeline, pin.top);
  if (from < 0) return { from: Math.max(0, timeline.length - PAGE), to: timeline.length };
  return { from, to: Math.min(timeline.length, from + LIMIT) };
}

/** What was said since the reader left the end. */
export function unseenCount(timeline: readonly Entry[], pin: Pin | null): number {
  if (pin === null) return 0;
  return timeline.slice(indexOf(timeline, pin.last) + 1).filter(({ type }) => type === "message.posted").length;
}

function pinAt(timeline: readonly Entry[], from: number, last: string | null): Pin | null {
  const [top, end] = [timeline[Math.max(0, from)], timeline.at(-1)];
  return top && end ? { top: placeOf(top), last: last ?? placeOf(end) } : null;
}

export interface Flow {
  box: { current: HTMLDivElement | null };
  span: Span;
  pinned: boolean;
  unseen: number;
  loading: boolean;
  /** Null where the talk begins. */
  earlier: (() => void) | null;
  newest(): void;
  onScroll(): void;
}

export function useFlow(handoff: DeskHandoff): Flow {
  const { desk, state } = useBoard();
  const { timeline } = handoff;
  const [pin, setPin] = useState<Pin | null>(null);
  const [loading, setLoading] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const span = spanOf(timeline, pin);
  const newest = () => setPin(null);
  useKeptPlace(box, pin);
  const unsent = state.outbox.filter((item) => item.handoff === handoff.id).length;
  useNewOwn(unsent, newest);
  const whole = span.from === 0 && missingBefore(handoff).length === 0;
  const earlier = () => {
    if (loading) return;
    if (span.from > 0) return setPin(pinAt(timeline, span.from - PAGE, pin?.last ?? null));
    setLoading(true);
    setPin(pinAt(timeline, 0, pin?.last ?? null));
    void readEarlier(desk, handoff, span, pin).then((next) => { setPin(next); setLoading(false); });
  };
  const onScroll = () => {
    const at = box.current;
    if (!at) return;
    const below = at.scrollHeight - at.scrollTop - at.clientHeight;
    const cut = span.to < timeline.length;
    if (below < NEAR_PX && cut) setPin(pinAt(timeline, span.from + PAGE, pin?.last ?? null));
    else if (below < FOLLOWING_PX) setPin(null);
    else if (at.scrollTop < NEAR_PX && !whole) earlier();
    else if (pin === null) setPin(pinAt(timeline, span.from, null));
  };
  return { box, span, pinned: pin !== null, unseen: unseenCount(timeline, pin), loading, earlier: whole ? null : earlier, newest, onScroll };
}

/** Reads a page that is not here yet, and says from where on the talk is drawn then. */
async function readEarlier(desk: Desk, handoff: DeskHandoff, { from }: Span, pin: Pin | null): Promise<Pin | null> {
  const first = handoff.timeline[from];
  const last = handoff.timeline.at(-1);
  await desk.readOlder(handoff);
  const now = desk.store.get().board?.handoffs.find(({ id }) => id === handoff.id)?.timeline;
  if (!now || !first || !last) return pin;
  return pinAt(now, indexOf(now, placeOf(first)) - PAGE, pin?.last ?? placeOf(last));
}

/** Who writes looks at the end. */
function useNewOwn(unsent: number, newest: () => void): void {
  const before = useRef(unsent);
  useEffect(() => {
    if (unsent > before.current) newest();
    before.current = unsent;
  }, [unsent]);
}

/** Before every drawing and after it, because a mark or a strip changes heights as well as a line does: at the end, or with the line that was on top where it was. */
function useKeptPlace(flow: { current: HTMLDivElement | null }, pin: Pin | null): void {
  const held = flow.current && pin !== null ? topLine(flow.current) : null;
  useLayoutEffect(() => {
    const box = flow.current;
    if (!box) return;
    if (pin === null) box.scrollTop = box.scrollHeight;
    else if (held?.line.isConnected) box.scrollTop += heightOf(held.line, box) - held.height;
  });
}

const heightOf = (line: HTMLElement, box: HTMLElement): number => line.offsetTop - box.offsetTop;

function topLine(box: HTMLElement): { line: HTMLElement; height: number } | null {
  for (const line of box.querySelectorAll<HTMLElement>("ol > li")) {
    const height = heightOf(line, box);
    if (height + line.offsetHeight > box.scrollTop) return { line, height };
  }
  return null;
}
