/** Everything open in a supervisor's queues: to look over, to read along, and to decide who takes it. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconAlert } from "../../shared/icons.tsx";
import type { LiveHandoff } from "../../shared/protocol.ts";
import { elapsed } from "../../shared/time.ts";
import { useBoard, useSeconds } from "../context.tsx";
import { liveHandoffs } from "../page.ts";
import { customerName } from "../people.ts";
import { Who } from "../who.tsx";
import { channelWords } from "../words.ts";
import { narrowed, sinceOf, sorted, stateWords } from "./live_rows.ts";
import type { Column, Order } from "./live_rows.ts";
import { usePolled } from "./polled.ts";
import { Reading } from "./reading.tsx";
import { useWindowed } from "./windowed.ts";

const ROW = 36;
const COLUMNS: readonly { key: Column; name: string }[] = [
  { key: "customer", name: "Customer" }, { key: "state", name: "State" }, { key: "intent", name: "Intent" }, { key: "channel", name: "Channel" }, { key: "time", name: "Time" }, { key: "agent", name: "Agent" },
];

export function LivePage(): ComponentChildren {
  const { desk, board } = useBoard();
  const { found, trouble, again } = usePolled(liveHandoffs, "");
  const [reading, setReading] = useState<string | null>(board.watched[0]?.id ?? null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const open = board.watched.find(({ id }) => id === reading) ?? null;
  const read = async (id: string) => {
    setReading(id);
    setRefusal(board.watched.some((one) => one.id === id) ? null : await desk.supervise("handoff.watch", { handoff: id }));
  };
  return (
    <>
      <div class="pad__h"><h1 id="pad-title">Live list</h1><span class="meta">{found ? `${found.handoffs.length} open; reading along is shown to the agent and kept` : ""}</span></div>
      {trouble && <p class="strip" role="status"><IconAlert class="warn" />The list could not be read just now. {found ? "This is the last one." : ""}</p>}
      <div role="alert">{refusal && <p class="strip"><IconAlert class="warn" />{refusal}</p>}</div>
      <div class={`live-grid${open ? " live-grid--two" : ""}`}>
        {found ? <List handoffs={found.handoffs} reading={reading} onRead={(id) => void read(id)} /> : !trouble && <p class="meta" role="status">Looking</p>}
        {open && <Reading key={open.id} handoff={open} onGone={() => { setReading(board.watched.find(({ id }) => id !== open.id)?.id ?? null); again(); }} />}
      </div>
    </>
  );
}

interface ListProps { handoffs: readonly LiveHandoff[]; reading: string | null; onRead(id: string): void }

function List({ handoffs, reading, onRead }: ListProps): ComponentChildren {
  const [filter, setFilter] = useState({ text: "", state: "", queue: "" });
  const [order, setOrder] = useState<Order>({ by: "time", down: false });
  const [at, setAt] = useState(0);
  const rows = sorted(narrowed(handoffs, filter), order);
  const here = Math.min(at, Math.max(0, rows.length - 1));
  const view = useWindowed(rows.length, ROW);
  const body = useRef<HTMLTableSectionElement>(null);
  const moved = useRef(false);
  useEffect(() => {
    if (moved.current) body.current?.querySelector<HTMLElement>('tr[tabindex="0"]')?.focus();
    moved.current = false;
  });
  // Whoever has just come, with the page itself in focus, need not tab to the first row.
  useLayoutEffect(() => {
    const begin = (event: KeyboardEvent) => {
      if (event.key !== "ArrowDown" || !(event.target instanceof HTMLElement && event.target.matches("main"))) return;
      event.preventDefault();
      body.current?.querySelector<HTMLElement>('tr[tabindex="0"]')?.focus();
    };
    window.addEventListener("keydown", begin);
    return () => window.removeEventListener("keydown", begin);
  }, []);
  const keys = (event: KeyboardEvent) => {
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: rows.length - 1, PageDown: here + 10, PageUp: here - 10 }[event.key];
    if (event.key === "Enter" && rows[here] && event.target instanceof HTMLTableRowElement) { event.preventDefault(); onRead(rows[here].id); }
    if (to === undefined || rows.length === 0) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(rows.length - 1, to));
    moved.current = true;
    view.reveal(next);
    setAt(next);
  };
  const sort = (by: Column) => setOrder(order.by === by ? { by, down: !order.down } : { by, down: false });
  return (
    <section class="box live-box" aria-label="Open handoffs">
      <Filter handoffs={handoffs} filter={filter} count={rows.length} onChange={setFilter} />
      <div class="live-scroll" ref={view.box} onScroll={view.onScroll}>
        <table class="tbl tbl--fixed" aria-rowcount={rows.length + 1}>
          <caption class="vh">Open handoffs. Arrow keys move, Enter reads along.</caption>
          <thead><tr aria-rowindex={1}>
            {COLUMNS.map(({ key, name }) => (
              <th key={key} scope="col" aria-sort={order.by === key ? (order.down ? "descending" : "ascending") : "none"}>
                <button type="button" class="sort" onClick={() => sort(key)}>{name}{order.by === key && <span aria-hidden="true">{order.down ? " ↓" : " ↑"}</span>}</button>
              </th>
            ))}
            <th scope="col"><span class="vh">Do</span></th>
          </tr></thead>
          <tbody ref={body} onKeyDown={keys}>
            {view.above > 0 && <Spare height={view.above} />}
            {rows.slice(view.from, view.to).map((one, index) => (
              <Row key={one.id} one={one} place={view.from + index} reached={view.from + index === here} read={one.id === reading} onReach={setAt} onRead={onRead} />
            ))}
            {view.below > 0 && <Spare height={view.below} />}
          </tbody>
        </table>
        {rows.length === 0 && <p class="box__b meta">{handoffs.length === 0 ? "Nothing is open in your queues." : "Nothing open matches."}</p>}
      </div>
    </section>
  );
}

/** As high as the rows that are not drawn. */
const Spare = ({ height }: { height: number }): ComponentChildren => <tr class="spare" aria-hidden="true"><td colSpan={COLUMNS.length + 1}><svg width="1" height={height} /></td></tr>;

interface FilterProps { handoffs: readonly LiveHandoff[]; filter: { text: string; state: string; queue: string }; count: number; onChange(filter: FilterProps["filter"]): void }

function Filter({ handoffs, filter, count, onChange }: FilterProps): ComponentChildren {
  const states = [...new Set(handoffs.map(({ state }) => state))].sort();
  const queues = [...new Map(handoffs.map(({ queue }) => [queue.key, queue.name]))];
  return (
    <div class="live-filter" role="search">
      <label>Customer, intent or agent <input class="input" type="search" value={filter.text} onInput={({ currentTarget }) => onChange({ ...filter, text: currentTarget.value })} /></label>
      <label>State <select class="input" value={filter.state} onChange={({ currentTarget }) => onChange({ ...filter, state: currentTarget.value })}>
        <option value="">any</option>{states.map((state) => <option key={state} value={state}>{stateWords(state)}</option>)}
      </select></label>
      <label>Queue <select class="input" value={filter.queue} onChange={({ currentTarget }) => onChange({ ...filter, queue: currentTarget.value })}>
        <option value="">any</option>{queues.map(([key, name]) => <option key={key} value={key}>{name}</option>)}
      </select></label>
      <span class="meta num" role="status">{count} shown</span>
    </div>
  );
}

interface RowProps { one: LiveHandoff; place: number; reached: boolean; read: boolean; onReach(place: number): void; onRead(id: string): void }

function Row({ one, place, reached, read, onReach, onRead }: RowProps): ComponentChildren {
  const { board } = useBoard();
  const mine = one.agent?.id === board.agent.id;
  return (
    <tr tabIndex={reached ? 0 : -1} aria-rowindex={place + 2} aria-selected={read} onFocus={() => { if (!reached) onReach(place); }}>
      <td><span class="tbl__who"><Who customer={one.customer} />{one.simulated && <span class="badge">practice</span>}</span></td>
      <td>{stateWords(one.state)}</td>
      <td class="cut">{one.intent.label}</td>
      <td>{channelWords(one.channel)}</td>
      <td class="num"><Time one={one} /></td>
      <td class="cut">{mine ? "you" : (one.agent?.name ?? "nobody yet")}</td>
      <td>{!mine && <button type="button" class="btn btn--s" tabIndex={reached ? 0 : -1} aria-label={`${read ? "Reading" : "Read"} along with ${customerName(one.customer)}`} onClick={() => onRead(one.id)}>{read ? "Reading along" : "Read along"}</button>}</td>
    </tr>
  );
}

function Time({ one }: { one: LiveHandoff }): ComponentChildren {
  const now = useSeconds();
  const since = sinceOf(one);
  return <>{since === null ? "–" : elapsed((now - Date.parse(since)) / 1000)}</>;
}
