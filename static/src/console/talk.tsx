/** The middle while a handoff is open: who, the brief, the conversation, and where one writes. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { IconAlert, IconTransfer } from "../shared/icons.tsx";
import { Text } from "../shared/text.tsx";
import { elapsed } from "../shared/time.ts";
import { useAskedBy } from "./asking.ts";
import { isLive, isSure } from "./call.ts";
import { CallSection } from "./call_bar.tsx";
import { CHANNEL, ChannelSwitch } from "./channel_switch.tsx";
import { Composer } from "./composer.tsx";
import { useBoard } from "./context.tsx";
import { Conversation } from "./conversation.tsx";
import { EndingStrip, useEndingUntil } from "./ending_strip.tsx";
import { Keys } from "./keys.tsx";
import { shortName, shortWithin } from "./people.ts";
import { secondsSince } from "./rail.tsx";
import { Offers } from "./strips.tsx";
import { Transfer } from "./transfer.tsx";
import { Who } from "./who.tsx";
import type { Customer, DeskHandoff, Presence } from "./wire.ts";
import { WrapUp, WrapUpTime } from "./wrap_up.tsx";
import { channelWords, closeWords, dispositionWords } from "./words.ts";

/** Alt+E reaches the open talk from anywhere. */
export const END = "handoff:end-talk";
/** And Alt+T. */
export const TRANSFER = "handoff:transfer-talk";

export function Talk({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const ending = useEnding(handoff);
  const talking = handoff.state === "connected";
  const passing = useAskedBy(TRANSFER, talking);
  const switching = useAskedBy(CHANNEL, talking);
  useReading(handoff);
  return (
    <>
      <Head handoff={handoff} isEnding={ending.until !== null} onEnd={ending.ask} onTransfer={() => passing.ask(true)} onSwitch={() => switching.ask(true)} />
      {ending.asked && <EndAnyway why={ending.why} onEnd={ending.end} onStay={ending.stay} />}
      {ending.until !== null && <EndingStrip handoff={handoff} until={ending.until} />}
      <Offers docked />
      <CallSection handoff={handoff} onEnd={ending.ask} />
      {handoff.brief && <p class="brief"><Text text={handoff.brief} /></p>}
      <Conversation handoff={handoff} />
      <Whereabouts handoff={handoff} />
      {handoff.state === "wrap_up" ? <WrapUp handoff={handoff} /> : <Composer handoff={handoff} />}
      {passing.asked && <Transfer key={passing.time} handoff={handoff} onClose={passing.close} />}
      {switching.asked && <ChannelSwitch key={switching.time} handoff={handoff} onClose={switching.close} />}
    </>
  );
}

/** What is on screen in a page that is looked at was read. */
function useReading(handoff: DeskHandoff): void {
  const { desk, state } = useBoard();
  const read = () => { if (document.visibilityState === "visible" && document.hasFocus()) desk.read(handoff); };
  useEffect(read, [handoff, state.line.status]);
  useEffect(() => {
    window.addEventListener("focus", read);
    document.addEventListener("visibilitychange", read);
    return () => {
      window.removeEventListener("focus", read);
      document.removeEventListener("visibilitychange", read);
    };
  });
}

interface Ending { asked: boolean; why: string; until: number | null; ask(): void; end(): void; stay(): void }

/** Ending asks back only while something written would stay unsent, or somebody is on the line. Null: nothing to ask. */
function whyAsk({ customer, call }: DeskHandoff, unsent: "words" | "file" | null): string | null {
  if (isLive(call)) return `${shortName(customer)} is still on the line. Ending hangs up.`;
  if (unsent === "file") return "A file you chose is not sent yet.";
  return unsent && "Something you wrote is not sent yet.";
}

function useEnding(handoff: DeskHandoff): Ending {
  const { desk } = useBoard();
  const [asked, setAsked] = useState(false);
  const until = useEndingUntil(handoff.id);
  const end = () => { setAsked(false); void desk.end(handoff.id); };
  const find = () => whyAsk(handoff, desk.unsent(handoff.id));
  const why = find();
  const ask = () => {
    if (handoff.state !== "connected") return;
    // Looked up anew: what is being typed does not draw the head again.
    // Whose call is over knows already; there is nothing to take back.
    if (find() === null) { if (handoff.channel === "chat") desk.endings.ask(handoff.id); else end(); }
    else { desk.endings.undo(handoff.id); setAsked(true); }
  };
  useLayoutEffect(() => {
    document.addEventListener(END, ask);
    return () => document.removeEventListener(END, ask);
  });
  // A question whose reason has gone (the caller hung up, the message went out) goes with it.
  useEffect(() => { if (why === null) setAsked(false); }, [why]);
  return { asked: asked && handoff.state === "connected", why: why ?? "", until: handoff.state === "connected" ? until : null, ask, end, stay: () => setAsked(false) };
}

function EndAnyway({ why, onEnd, onStay }: { why: string; onEnd(): void; onStay(): void }): ComponentChildren {
  return (
    <div class="strip" role="alert">
      <IconAlert class="warn" /><p class="grow">{why}</p>
      <button type="button" class="btn btn--s" onClick={onStay}>Go on</button>
      <button type="button" class="btn btn--s" onClick={onEnd}>End anyway</button>
    </div>
  );
}

interface HeadProps { handoff: DeskHandoff; isEnding: boolean; onEnd(): void; onTransfer(): void; onSwitch(): void }

function Head({ handoff, isEnding, onEnd, onTransfer, onSwitch }: HeadProps): ComponentChildren {
  const talking = handoff.state === "connected";
  return (
    <div class="mid__head">
      <div class="grow">
        <h1 class="mid__who"><Who customer={handoff.customer} sure={isSure(handoff.evidence)} /></h1>
        <p class="meta cut">{talking ? <TalkTimes handoff={handoff} /> : endedWords(handoff)}</p>
      </div>
      {handoff.state === "wrap_up" && <WrapUpTime handoff={handoff} />}
      {talking && !isLive(handoff.call) && <button type="button" class="btn" onClick={onSwitch}>Channel <Keys keys={["Alt", "S"]} /></button>}
      {talking && <button type="button" class="btn" onClick={onTransfer}><IconTransfer />Transfer <Keys keys={["Alt", "T"]} /></button>}
      {talking && <button type="button" class="btn" onClick={onEnd}>{isEnding ? "End now" : "End"} <Keys keys={["Alt", "E"]} /></button>}
    </div>
  );
}

function TalkTimes({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { now } = useBoard();
  const { intent, channel, connected_at, enqueued_at } = handoff;
  const waited = connected_at && enqueued_at ? Math.max(0, (Date.parse(connected_at) - Date.parse(enqueued_at)) / 1000) : null;
  return (
    <>
      {intent.label}, {channelWords(channel).toLowerCase()} <span class="num">{connected_at && elapsed(secondsSince(connected_at, now))}</span>
      {waited !== null && <>, waited <span class="num">{elapsed(waited)}</span></>}
    </>
  );
}

/** What came of it is the agent's to say; until then only that it is over. */
export function endedWords({ intent, state, close_reason, wrap_up, customer }: DeskHandoff): string {
  if (wrap_up) return `${intent.label}: ${dispositionWords(wrap_up.disposition)}`;
  if (close_reason === "customer_left") return `${intent.label}, ${shortWithin(customer)} left`;
  if (close_reason === "resolved" || state === "wrap_up") return `${intent.label}, the talk ended`;
  return close_reason === null ? intent.label : `${intent.label}, ended: ${closeWords(close_reason)}`;
}

function presenceWords(status: Presence, customer: Customer, channel: string): string | null {
  // Who calls need not be at the page.
  if (channel === "phone" || channel === "callback") return status === "here" ? null : `${shortName(customer)} is not at the page. What you write is kept and shown there.`;
  const [who, within] = [shortName(customer), shortWithin(customer)];
  switch (status) {
    case "here": return null;
    case "away": return `${who} is away. What you write is kept and shown when ${within} is back.`;
    case "reconnecting": return `${who} lost the connection. What you write is kept and shown when ${within} is back.`;
    case "signed_out": return `${who} signed out. The talk ends by itself unless ${within} comes back.`;
    default: return status satisfies never;
  }
}

function Whereabouts({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { board, clock } = useBoard();
  const { status, since } = board.presence[handoff.id] ?? { status: handoff.presence, since: null };
  const words = handoff.state === "connected" ? presenceWords(status, handoff.customer, handoff.channel) : null;
  // The words are said once; the time beside them moves on in silence.
  return (
    <p class="whereabouts meta">
      <span role="status">{words}</span>
      {words && since !== null && handoff.channel === "chat" && <span class="num" aria-hidden="true">{` Gone for ${elapsed((clock - since) / 1000)}.`}</span>}
    </p>
  );
}
