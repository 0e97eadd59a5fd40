/** Find a handoff that is over, and read it where it stands. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconAlert, IconRight } from "../../shared/icons.tsx";
import { ApiError } from "../../shared/errors.ts";
import type { FoundHandoff } from "../../shared/protocol.ts";
import { moment } from "../../shared/time.ts";
import { useBoard, useMinutes } from "../context.tsx";
import { findHandoffs } from "../page.ts";
import { Who } from "../who.tsx";
import { channelWords, closeWords, dispositionCode, dispositionWords } from "../words.ts";
import { Record } from "./record.tsx";

type Asked = Readonly<Record<"text" | "words" | "intent" | "disposition" | "queue" | "from" | "to", string>>;
/** What is written stays while one looks at something else. */
let kept: Asked | null = null;
const NOTHING: Asked = { text: "", words: "", intent: "", disposition: "", queue: "", from: "", to: "" };

interface Search { found: readonly FoundHandoff[] | null; next: string | null; trouble: string | null; search(asked: Asked): void; more(): void }

function useSearch(): Search {
  const [found, setFound] = useState<readonly FoundHandoff[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const asked = useRef(NOTHING);
  const round = useRef(0);
  const read = async (after: string, before: readonly FoundHandoff[]) => {
    const mine = ++round.current;
    try {
      const page = await findHandoffs({ ...asked.current, disposition: dispositionCode(asked.current.disposition), after });
      // An answer that was overtaken by another search is no answer.
      if (mine !== round.current) return;
      setFound([...before, ...page.handoffs]);
      setNext(page.next);
      setTrouble(null);
    } catch (error) {
      if (mine === round.current) setTrouble(error instanceof ApiError && error.status === 429 ? "Too many searches at once. Try again in a moment." : "It could not be looked for just now. Try again.");
    }
  };
  return { found, next, trouble, search: (now) => { asked.current = now; void read("", []); }, more: () => void read(next ?? "", found ?? []) };
}

export function FindPage(): ComponentChildren {
  const { board } = useBoard();
  const [asked, set] = useState(kept ?? NOTHING);
  const setAsked = (now: Asked) => { kept = now; set(now); };
  const { found, next, trouble, search, more } = useSearch();
  const first = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => { first.current?.focus(); search(asked); }, []);
  const field = (name: keyof Asked, label: string, more: Record<string, unknown> = {}) => (
    <label>{label} <input class="input" value={asked[name]} maxLength={100} onInput={({ currentTarget }) => setAsked({ ...asked, [name]: currentTarget.value })} {...more} /></label>
  );
  return (
    <>
      <div class="pad__h"><h1 id="pad-title">Find a handoff</h1><span class="meta">What is over in your queues, the latest first. Opening one is kept on record.</span></div>
      <form class="box find-form" role="search" onSubmit={(event) => { event.preventDefault(); search(asked); }}>
        {field("text", "Customer’s name, or id", { ref: first, type: "search" })}
        {field("words", "Said in the talk", { type: "search", title: "Looked for in the latest 2,000 that match the rest" })}
        <label>Queue <select class="input" value={asked.queue} onChange={({ currentTarget }) => setAsked({ ...asked, queue: currentTarget.value })}>
          <option value="">any</option>{board.queues.map(({ key, name }) => <option key={key} value={key}>{name}</option>)}
        </select></label>
        {field("disposition", "Outcome")}
        {field("from", "From", { type: "date" })}
        {field("to", "To", { type: "date" })}
        <button type="submit" class="btn btn--primary">Find</button>
        <button type="button" class="btn btn--quiet" onClick={() => { setAsked(NOTHING); search(NOTHING); first.current?.focus(); }}>Clear</button>
      </form>
      <div role="alert">{trouble && <p class="strip"><IconAlert class="warn" />{trouble}</p>}</div>
      <p class="meta" role="status">{found === null ? "Looking" : found.length === 0 ? "Nothing was found." : `${found.length}${next ? " and more" : ""} found`}</p>
      {found !== null && found.length > 0 && <ul class="box found">{found.map((one) => <Result key={one.id} one={one} />)}</ul>}
      {next !== null && <button type="button" class="btn" onClick={more}>More</button>}
    </>
  );
}

function Result({ one }: { one: FoundHandoff }): ComponentChildren {
  const [open, setOpen] = useState(false);
  const now = useMinutes();
  const { id, customer, intent, channel, agent, disposition, close_reason, closed_at } = one;
  const outcome = close_reason === "erased" ? "Erased" : disposition ? dispositionWords(disposition) : closeWords(close_reason ?? "");
  return (
    <li class="found__row">
      <button type="button" class="found__open" aria-expanded={open} onClick={() => setOpen(!open)}>
        <IconRight /><span class="tbl__who"><Who customer={customer} /></span><span class="cut">{intent.label}, {channelWords(channel).toLowerCase()}</span>
        <span class="cut">{outcome}</span><span class="cut meta">{agent?.name ?? ""}</span><span class="meta num">{moment(closed_at, now)}</span>
      </button>
      {open && <div class="found__in"><p class="meta num">{id}</p><Record id={id} /></div>}
    </li>
  );
}
