/** Calls that are owed: mine and the team's, the first due first. Nobody is dialled from here; a due one is offered like any handoff. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconCallback } from "../shared/icons.tsx";
import { clock } from "../shared/time.ts";
import { maskedNumber, outcomeWords } from "./call.ts";
import { useBoard, useMinutes, useSeconds } from "./context.tsx";
import { memo } from "./memo.ts";
import { Offers } from "./strips.tsx";
import { Who } from "./who.tsx";
import type { DueCallback, DueCallbacks } from "./wire.ts";
import { cityOf, clockIn, isElsewhere, spanWords, windowThere, windowWords } from "./zones.ts";

const EVERY_MS = 30_000;

interface Reading { lists: DueCallbacks | null; trouble: boolean }

/** Read again every half minute, and whenever a handoff of this desk moved. */
function useCallbacks(): Reading {
  const { desk, board } = useBoard();
  const [lists, setLists] = useState<DueCallbacks | null>(null);
  const [trouble, setTrouble] = useState(false);
  const moved = [...board.handoffs.map(({ id, version, state }) => `${id} ${version} ${state}`), ...board.offers.map(({ id }) => id)].join();
  useEffect(() => {
    let gone = false;
    const read = () => desk.callbacks().then(
      (found) => { if (!gone) { setLists(found); setTrouble(false); } },
      () => { if (!gone) setTrouble(true); },
    );
    void read();
    const timer = setInterval(() => void read(), EVERY_MS);
    return () => { gone = true; clearInterval(timer); };
  }, [desk, moved]);
  return { lists, trouble };
}

/** When it is due, and what is being done about it. */
export function dueWords({ state, due_at, agent }: DueCallback, now: number): { text: string; late: boolean } {
  switch (state) {
    case "queued": return { text: "in line", late: false };
    case "offered": return { text: "being offered", late: false };
    case "connected": return { text: agent ? `with ${agent.name}` : "being called", late: false };
    case "wrap_up": return { text: "wrap-up", late: false };
    default: return scheduledWords(due_at, now);
  }
}

function scheduledWords(due_at: string | null, now: number): { text: string; late: boolean } {
  if (due_at === null) return { text: "scheduled", late: false };
  const ahead = Date.parse(due_at) - now;
  return ahead > 0 ? { text: `due in ${spanWords(ahead)}`, late: false } : { text: "due now", late: true };
}

/** The first due first; what has no time of its own stands in line already. */
export function byDue(list: readonly DueCallback[]): DueCallback[] {
  const key = ({ due_at, id }: DueCallback): string => `${due_at ?? ""} ${id}`;
  return [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

type Side = "mine" | "team";

/** As many rows as a tall window shows are drawn at once; the rest follow, so many a frame, and hold up nobody's press. */
const AT_ONCE = 30;

function useGrowing(length: number): number {
  const [drawn, setDrawn] = useState(AT_ONCE);
  useEffect(() => {
    if (drawn >= length) return undefined;
    const frame = requestAnimationFrame(() => setDrawn(drawn + AT_ONCE));
    return () => cancelAnimationFrame(frame);
  }, [drawn, length]);
  return drawn;
}

export function Callbacks(): ComponentChildren {
  const { board } = useBoard();
  const { lists, trouble } = useCallbacks();
  const [side, setSide] = useState<Side>("mine");
  const main = useRef<HTMLElement>(null);
  useLayoutEffect(() => main.current?.focus(), []);
  const pick = (which: Side, words: string) => (
    <button type="button" class="btn btn--s" aria-pressed={side === which} onClick={() => setSide(which)}>{words}{lists && <> <span class="num">{lists[which].length}</span></>}</button>
  );
  return (
    <main class="pad" tabIndex={-1} data-region ref={main} aria-labelledby="callbacks-title">
      {(board.offers.length > 0 || board.ended.length > 0 || board.lost.length > 0) && <div class="pad__offers"><Offers docked /></div>}
      <div class="pad__h">
        <h1 id="callbacks-title">Callbacks</h1>
        <div class="seg" role="group" aria-label="Show">{pick("mine", "Mine")}{pick("team", "The team’s")}</div>
        <span class="meta">Times are yours; theirs beside it when different</span>
      </div>
      {trouble && <p class="warn" role="status">Callbacks could not be read just now. They are asked for again by themselves.</p>}
      {lists && <div class="box">{lists[side].length === 0 ? <Empty side={side} other={lists[side === "mine" ? "team" : "mine"].length} /> : <Table key={side} side={side} list={byDue(lists[side])} />}</div>}
      {!lists && !trouble && <p class="meta" role="status">Reading what is owed</p>}
      <p class="meta">A due callback goes through the line like any handoff, at the place it kept, and is offered to you. Nobody is dialled twice: one live call for each handoff.</p>
    </main>
  );
}

function Empty({ side, other }: { side: Side; other: number }): ComponentChildren {
  const elsewhere = other === 0 ? "" : side === "mine" ? ` The team has ${other}.` : ` You have ${other}.`;
  return (
    <div class="rest"><IconCallback /><h2>{side === "mine" ? "You owe no call" : "The team owes no call"}</h2>
      <p>Whoever asks to be called stands here until it is done.{elsewhere}</p></div>
  );
}

const COLUMNS: readonly string[] = ["Due", "Customer", "About", "Promised", "Time there", "Attempts", "Knows them"];

/** Up, Down, Home and End go from row to row; Enter opens what is on this desk. */
function Table({ side, list }: { side: Side; list: readonly DueCallback[] }): ComponentChildren {
  const { desk, board } = useBoard();
  const [at, setAt] = useState(0);
  const body = useRef<HTMLTableSectionElement>(null);
  const mine = new Set(board.handoffs.map(({ id }) => id));
  const drawn = useGrowing(list.length);
  const here = Math.min(at, list.length - 1);
  const go = (row: number) => {
    const next = Math.max(0, Math.min(list.length - 1, row));
    setAt(next);
    (body.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  const keys = (event: KeyboardEvent) => {
    const rows: Readonly<Record<string, number>> = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: list.length - 1 };
    const row = rows[event.key];
    const open = event.key === "Enter" && board.handoffs.find(({ id }) => id === list[here]?.id);
    if (row === undefined && !open) return;
    event.preventDefault();
    if (row !== undefined) go(row);
    else if (open) desk.open(open.id);
  };
  return (
    <table class="tbl">
      <caption class="vh">{side === "mine" ? "Callbacks I owe" : "Callbacks the team owes"}, the first due first</caption>
      <thead><tr>{COLUMNS.map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
      <tbody ref={body} onKeyDown={keys}>{list.slice(0, drawn).map((one, index) => (
        <Row key={one.id} one={one} reached={index === here} place={index} onReach={setAt} mine={mine.has(one.id)} me={board.agent.id} />
      ))}</tbody>
    </table>
  );
}

interface RowProps { one: DueCallback; reached: boolean; place: number; onReach(place: number): void; mine: boolean; me: string }

const Row = memo(({ one, reached, place, onReach, mine, me }: RowProps): ComponentChildren => {
  const now = useMinutes();
  const { callback, customer, agent } = one;
  return (
    <tr tabIndex={reached ? 0 : -1} onFocus={() => onReach(place)}>
      <Due one={one} mine={mine} />
      <td><span class="tbl__who"><Who customer={customer} /></span><small class="num"><bdi>{maskedNumber(callback.number)}</bdi>{callback.is_edited && <span class="warn">, edited: ask first</span>}</small></td>
      <td class="nowrap">{one.intent.label}<small>{one.queue.name}</small></td>
      <td class="num nowrap"><Window one={one} /></td>
      <td class="num nowrap">{clockIn(now, callback.time_zone)}{isElsewhere(now, callback.time_zone) && ` ${cityOf(callback.time_zone)}`}</td>
      <td class="num nowrap">{callback.attempts} of {callback.attempts_limit}{callback.last_outcome !== null && <small>{outcomeWords(callback.last_outcome)}</small>}</td>
      <td>{agent?.id === me ? "you" : (agent?.name ?? "nobody yet")}</td>
    </tr>
  );
});

function Due({ one, mine }: { one: DueCallback; mine: boolean }): ComponentChildren {
  const { text, late } = dueWords(one, useSeconds());
  const { due_at, state } = one;
  return <td class={late ? "num nowrap warn" : "num nowrap"}><b>{mine ? "on your desk" : text}</b>{due_at !== null && state === "scheduled" && <small>{clock(due_at)}</small>}</td>;
}

function Window({ one: { callback: { window, time_zone } } }: { one: DueCallback }): ComponentChildren {
  const now = useMinutes();
  if (window === null) return <>in turn</>;
  return <>{windowWords(window, now)}{isElsewhere(Date.parse(window.starts_at), time_zone) && <small>{windowThere(window, time_zone)}</small>}</>;
}
