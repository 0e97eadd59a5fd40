/** A call at the head of its talk: how it stands, how sure one can be of who is on the line, and what can be done to it. */
import type { ComponentChildren } from "preact";
import { IconAlert, IconCheck, IconClock, IconHangUp, IconMicOff, IconPause, IconPhone } from "../shared/icons.tsx";
import { elapsed } from "../shared/time.ts";
import { useAskedBy } from "./asking.ts";
import { actionOf, isLive, isStuck, standingOf, statusWords, talkSeconds, whyNoDial } from "./call.ts";
import type { CallKey, Tone } from "./call.ts";
import { useBoard } from "./context.tsx";
import { Keys } from "./keys.tsx";
import { Later } from "./later.tsx";
import { Owed } from "./owed.tsx";
import { shortName, shortWithin } from "./people.ts";
import type { CallView, DeskHandoff } from "./wire.ts";

/** Alt+R reaches the open talk from anywhere. */
export const LATER = "handoff:callback-later";

/** A call that is over stays at the head of the talk as long as the talk goes by phone. */
export function hasCall({ call, callback, channel }: DeskHandoff): boolean {
  return isLive(call) || (channel === "callback" && (call !== null || callback !== null)) || (channel === "phone" && call !== null);
}

export function CallSection({ handoff, onEnd }: { handoff: DeskHandoff; onEnd(): void }): ComponentChildren {
  const later = useAskedBy(LATER, canBeLater(handoff));
  if (!hasCall(handoff)) return null;
  return (
    <section class="call" aria-label="Call">
      <div class="callbar">
        <Now handoff={handoff} />
        <div class="callbar__do" role="group" aria-label="Call controls">
          {isLive(handoff.call) ? <Controls handoff={handoff} call={handoff.call} /> : handoff.state === "connected" && <Next handoff={handoff} onLater={() => later.ask(true)} onEnd={onEnd} />}
        </div>
      </div>
      <Trouble handoff={handoff} />
      <StandingRow handoff={handoff} />
      {handoff.state === "connected" && handoff.channel === "callback" && handoff.callback && <Owed handoff={handoff} callback={handoff.callback} />}
      {later.asked && handoff.callback && <Later key={later.time} handoff={handoff} callback={handoff.callback} onClose={later.close} />}
    </section>
  );
}

const canBeLater = ({ state, channel, callback, call }: DeskHandoff): boolean => state === "connected" && channel === "callback" && callback !== null && !isLive(call);

/** How it stands is said once; the time beside it moves on in silence. */
function Now({ handoff: { call, customer, caller_number } }: { handoff: DeskHandoff }): ComponentChildren {
  const { now } = useBoard();
  const seconds = call && talkSeconds(call, now);
  const from = call?.direction === "inbound" ? (caller_number ?? call.caller ?? "a withheld number") : null;
  return (
    <p class={`callbar__now${call && isLive(call) ? " callbar__now--live" : ""}`}>
      <IconPhone />
      <span>
        <b role="status">{call ? statusWords(call, shortName(customer)) : `Nobody is rung until you call ${shortWithin(customer)}`}</b>
        {seconds !== null && <span class="num"> <span class="vh">{isLive(call) ? "for" : "after"} </span>{elapsed(seconds)}</span>}
        {from !== null && <span class="meta"> from <bdi class="num">{from}</bdi></span>}
      </span>
    </p>
  );
}

function Controls({ handoff, call }: { handoff: DeskHandoff; call: CallView }): ComponentChildren {
  const { desk } = useBoard();
  return (
    <>
      {isStuck(call) && <button type="button" class="btn btn--primary" onClick={() => void desk.openLine(handoff)}><IconPhone />Open the line again</button>}
      <Control call={call} press="voicemail" words="That is voicemail" letter="G" />
      <Control call={call} press="mute" pressed={call.is_muted} words="Mute" icon={<IconMicOff />} letter="M" shown />
      <Control call={call} press="hold" pressed={call.is_held} words="Hold" icon={<IconPause />} letter="H" shown />
      <Control call={call} press="hang_up" words="Hang up" icon={<IconHangUp />} letter="X" />
    </>
  );
}

interface ControlProps { call: CallView; press: CallKey; words: string; letter: string; shown?: boolean; icon?: ComponentChildren; pressed?: boolean }

/** A key that the provider or the moment does not know is not there. A switch keeps its name and says whether it is pressed. */
function Control({ call, press, words, letter, shown, icon, pressed }: ControlProps): ComponentChildren {
  const { desk } = useBoard();
  if (actionOf(call, press) === null) return null;
  return (
    <button type="button" class={press === "hang_up" ? "btn btn--bad" : "btn"} aria-pressed={pressed} aria-keyshortcuts={`Alt+${letter}`} onClick={() => void desk.press(press)}>
      {icon}{words}{shown && <> <Keys keys={["Alt", letter]} /></>}
    </button>
  );
}

/** After a call, or before the first: call, later, or write up what came of it. */
function Next({ handoff, onLater, onEnd }: { handoff: DeskHandoff; onLater(): void; onEnd(): void }): ComponentChildren {
  const { desk, board, state } = useBoard();
  const called = handoff.call !== null;
  const owed = handoff.channel === "callback" && handoff.callback !== null;
  const busy = state.dials[handoff.id]?.busy ?? false;
  const why = owed ? whyNoDial(handoff, board.handoffs, state.line.status === "live") : null;
  return (
    <>
      {why !== null && <span class="meta" id="no-dial">{why}</span>}
      {called && <button type="button" class={owed ? "btn" : "btn btn--primary"} onClick={onEnd}>Wrap up {!owed && <Keys keys={["Alt", "E"]} />}</button>}
      {owed && <button type="button" class="btn" onClick={onLater}>Later <Keys keys={["Alt", "R"]} /></button>}
      {owed && (
        <button type="button" class="btn btn--primary" aria-disabled={busy || why !== null} aria-describedby={why === null ? undefined : "no-dial"} onClick={() => void desk.dial(handoff)}>
          <IconPhone />{busy ? "Dialling" : called ? "Call again" : `Call ${shortWithin(handoff.customer)}`} <Keys keys={["C"]} />
        </button>
      )}
    </>
  );
}

function Trouble({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { state } = useBoard();
  const trouble = isLive(handoff.call) ? null : (state.dials[handoff.id]?.trouble ?? null);
  return <div role="alert">{trouble !== null && <p class="standing standing--bad"><IconAlert class="bad" /><span><b>Nobody was rung.</b> {trouble}</span></p>}</div>;
}

export const TONE_ICONS: Readonly<Record<Tone, ComponentChildren>> = { ok: <IconCheck class="ok" />, warn: <IconClock class="warn" />, bad: <IconAlert class="bad" /> };

function StandingRow({ handoff: { evidence, call, customer } }: { handoff: DeskHandoff }): ComponentChildren {
  const { now } = useBoard();
  const standing = standingOf(evidence ?? call?.evidence ?? null, customer, now);
  if (!standing) return null;
  const { tone, text, signed, advice } = standing;
  return (
    <p class={`standing standing--${tone}`}>
      {TONE_ICONS[tone]}
      <span>
        <b role="status">{text}</b>{signed !== null && <span>; {signed}</span>}{advice !== null && <>. {advice}</>}
        {isLive(call) && call.claim === "asked" && <span class="meta"> The page is asked whether this call is {shortName(customer)}’s.</span>}
      </span>
    </p>
  );
}
