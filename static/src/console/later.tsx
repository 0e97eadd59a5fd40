/** Another time for a callback, on the customer's clock. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { IconAlert, IconX } from "../shared/icons.tsx";
import { moment } from "../shared/time.ts";
import { useModal } from "./asking.ts";
import { useBoard } from "./context.tsx";
import type { Later as LaterTime } from "./desk.ts";
import { Keys } from "./keys.tsx";
import { customerWithin, shortName } from "./people.ts";
import type { CallbackView, DeskHandoff } from "./wire.ts";
import { cityOf, clockIn, instantIn, isElsewhere, laterDay, wallIn } from "./zones.ts";
import type { Wall } from "./zones.ts";

/** As long as the windows that customers pick. */
const WINDOW_MINUTES = 20;
const MINUTE_MS = 60_000;

type Choice = "quarter" | "hour" | "tomorrow" | "pick";

/** A window from this time on; null where it would go on into the next day. */
export function windowFrom({ date, time }: Wall): { date: string; from: string; to: string } | null {
  const end = new Date(Date.parse(`${date}T${time}:00.000Z`) + WINDOW_MINUTES * MINUTE_MS).toISOString();
  return end.slice(0, 10) === date ? { date, from: time, to: end.slice(11, 16) } : null;
}

/** Tomorrow at the time that was promised, or else at the time it is now, from the next full window on. */
export function tomorrow({ window, time_zone }: CallbackView, now: number): Wall {
  const step = WINDOW_MINUTES * MINUTE_MS;
  const from = window === null ? Math.ceil(now / step) * step : Date.parse(window.starts_at);
  return { date: laterDay(wallIn(now, time_zone).date, 1), time: wallIn(from, time_zone).time };
}

/** What is sent for a choice, or why it cannot be. */
export function laterOf(choice: Choice, wall: Wall, callback: CallbackView, now: number): LaterTime | string {
  if (choice === "quarter") return { minutes: 15 };
  if (choice === "hour") return { minutes: 60 };
  const picked = choice === "tomorrow" ? tomorrow(callback, now) : wall;
  const at = instantIn(picked, callback.time_zone);
  if (!picked.date || !picked.time) return "Choose a day and a time first.";
  if (at === null) return `The clocks in ${cityOf(callback.time_zone)} skip this time. Choose another.`;
  if (at <= now) return "This time is over. Choose a later one.";
  const window = windowFrom(picked);
  return window === null ? "This is too close to midnight. Choose an earlier time." : { window, time_zone: callback.time_zone };
}

interface LaterProps { handoff: DeskHandoff; callback: CallbackView; onClose(): void }

/** As far ahead as a callback can be put. */
const DAYS_AHEAD = 7;

/** The same moment without a promised window: minutes from now, for a time at which no window is offered. */
export function minutesUntil({ window, time_zone }: Extract<LaterTime, { time_zone: string }>, now: number): number | null {
  const at = instantIn({ date: window.date, time: window.from }, time_zone);
  return at === null || at <= now ? null : Math.ceil((at - now) / MINUTE_MS);
}

interface Choosing {
  choice: Choice;
  wall: Wall;
  busy: boolean;
  trouble: string | null;
  /** What can be tried instead where the window was refused. */
  instead: LaterTime | null;
  choose(choice: Choice): void;
  write(wall: Partial<Wall>): void;
  submit(later?: LaterTime): void;
}

function useChoosing({ handoff, callback }: LaterProps, onDone: () => void): Choosing {
  const { desk, now } = useBoard();
  const [choice, choose] = useState<Choice>("quarter");
  const [wall, setWall] = useState<Wall>(tomorrow(callback, now));
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [instead, setInstead] = useState<LaterTime | null>(null);
  const forget = () => { setTrouble(null); setInstead(null); };
  const submit = async (later: LaterTime | string) => {
    if (busy) return;
    forget();
    if (typeof later === "string") return setTrouble(later);
    setBusy(true);
    const refused = await desk.reschedule(handoff, later);
    setBusy(false);
    if (refused === null) return onDone();
    setTrouble(refused);
    const minutes = "window" in later ? minutesUntil(later, now) : null;
    if (minutes !== null) setInstead({ minutes });
  };
  return {
    choice, wall, busy, trouble, instead,
    choose: (which) => { forget(); choose(which); },
    write: (part) => { forget(); setWall({ ...wall, ...part }); },
    submit: (later) => void submit(later ?? laterOf(choice, wall, callback, now)),
  };
}

export function Later(props: LaterProps): ComponentChildren {
  const { handoff, onClose } = props;
  const dialog = useModal();
  const close = () => dialog.current?.close();
  const choosing = useChoosing(props, close);
  return (
    <dialog class="dlg" aria-labelledby="later-title" ref={dialog} onClose={onClose}>
      <form noValidate onSubmit={(event) => { event.preventDefault(); choosing.submit(); }}>
        <div class="dlg__h"><h2 id="later-title">Call {customerWithin(handoff.customer)} later</h2>
          <button type="button" class="btn btn--quiet btn--icon" aria-label="Close, Escape" onClick={close}><IconX /></button>
        </div>
        <div class="dlg__b">
          <Times {...props} choosing={choosing} />
          <p class="meta">{shortName(handoff.customer)} is told the new time. The handoff leaves your desk and comes back into the line when it is due.</p>
          <div role="alert">{choosing.trouble !== null && <p class="bad trouble"><IconAlert />{choosing.trouble}</p>}</div>
          <Instead choosing={choosing} />
        </div>
        <div class="dlg__f">
          <button type="button" class="btn btn--quiet" onClick={close}>Cancel <Keys keys={["Esc"]} /></button>
          <button type="submit" class="btn btn--primary" aria-disabled={choosing.busy}>{choosing.busy ? "Setting the time" : "Call then"}</button>
        </div>
      </form>
    </dialog>
  );
}

/** An agent may agree on a time that no window is offered for; what is lost is said. */
function Instead({ choosing: { instead, busy, submit } }: { choosing: Choosing }): ComponentChildren {
  if (instead === null) return null;
  return (
    <p class="later__instead">
      <button type="button" class="btn" aria-disabled={busy} onClick={() => submit(instead)}>Call from then on, without a window</button>
      <span class="meta">No end is promised, and it keeps no place ahead.</span>
    </p>
  );
}

function Times({ callback, choosing: { choice, wall, choose, write } }: LaterProps & { choosing: Choosing }): ComponentChildren {
  const { now } = useBoard();
  const zone = callback.time_zone;
  const next = tomorrow(callback, now);
  const nextAt = instantIn(next, zone);
  const option = (which: Choice, words: string, meta: string) => (
    <label class="opt opt--time">
      <input type="radio" name="later" class="opt__radio" checked={choice === which} onChange={() => choose(which)} />
      <span>{words}</span><span class="meta num">{meta}</span>
    </label>
  );
  return (
    <fieldset>
      <legend class="label">When, on the clock of {cityOf(zone)} (now {clockIn(now, zone)})</legend>
      <div class="opts">
        {option("quarter", "In 15 minutes", clockIn(now + 15 * MINUTE_MS, zone))}
        {option("hour", "In 1 hour", clockIn(now + 60 * MINUTE_MS, zone))}
        {option("tomorrow", "Tomorrow, same time", nextAt === null ? next.time : clockIn(nextAt, zone))}
        {option("pick", "Another time", "")}
      </div>
      {choice === "pick" && <Pick wall={wall} zone={zone} onWrite={write} />}
    </fieldset>
  );
}

function Pick({ wall, zone, onWrite }: { wall: Wall; zone: string; onWrite(part: Partial<Wall>): void }): ComponentChildren {
  const { now } = useBoard();
  const at = instantIn(wall, zone);
  return (
    <div class="later__pick">
      <div><label class="label" for="later-date">Day</label>
        <input class="input" type="date" id="later-date" min={wallIn(now, zone).date} max={laterDay(wallIn(now, zone).date, DAYS_AHEAD)} value={wall.date} onInput={({ currentTarget }) => onWrite({ date: currentTarget.value })} /></div>
      <div><label class="label" for="later-time">From</label>
        <input class="input" type="time" id="later-time" step={300} value={wall.time} onInput={({ currentTarget }) => onWrite({ time: currentTarget.value })} /></div>
      <p class="meta" role="status">{at !== null && isElsewhere(at, zone) && `${moment(new Date(at).toISOString(), now)} on your clock`}</p>
    </div>
  );
}
