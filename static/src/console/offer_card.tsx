/** One timed proposal: large on an empty desk, a strip under the head of a talk. It never takes the focus. */
import type { ComponentChildren } from "preact";
import { Text } from "../shared/text.tsx";
import { elapsed } from "../shared/time.ts";
import { IconPhone } from "../shared/icons.tsx";
import { assuranceWords } from "./assurance.ts";
import { isSure } from "./call.ts";
import { useBoard } from "./context.tsx";
import { RING, ringOffset, secondsLeft, spokenLeft } from "./countdown.ts";
import { stepTitle, timesWords } from "../shared/journey.ts";
import { Keys } from "./keys.tsx";
import { shortWithin } from "./people.ts";
import { secondsSince } from "./rail.tsx";
import { Who } from "./who.tsx";
import type { Offer, Stopped, TransferView } from "./wire.ts";
import { ChannelIcon } from "./channel_icon.tsx";
import { From, Short, Sureness, answerWords, hasSureness } from "./offer_call.tsx";
import { channelWords } from "./words.ts";

export function OfferCard({ offer, docked }: { offer: Offer; docked: boolean }): ComponentChildren {
  return docked ? <Docked offer={offer} /> : <Large offer={offer} />;
}

function Ring({ offer }: { offer: Offer }): ComponentChildren {
  const { now } = useBoard();
  const left = secondsLeft(offer.offered_at, offer.expires_at, now);
  return (
    <>
      <div class="ring" role="timer" aria-label={`${left} seconds left`}>
        <svg viewBox="0 0 40 40" aria-hidden="true">
          <circle cx="20" cy="20" r="18" />
          <circle cx="20" cy="20" r="18" stroke-dasharray={RING} stroke-dashoffset={ringOffset(offer.offered_at, offer.expires_at, now)} />
        </svg>
        <b>{left}</b>
      </div>
      <span class="vh" role="status">{spokenLeft(left)}</span>
    </>
  );
}

function Large({ offer }: { offer: Offer }): ComponentChildren {
  const { handoff } = offer;
  const title = `offer-${offer.id}`;
  return (
    <section class="offer" aria-labelledby={title}>
      <div class="offer__top">
        <Ring offer={offer} />
        <div class="grow">
          <p class="meta offer__by"><ChannelIcon channel={handoff.channel} /><span>{handoff.call?.direction === "inbound" ? "Call" : `${channelWords(handoff.channel)} offered`} to you, {handoff.queue.name}, {handoff.site.name}<From handoff={handoff} /></span></p>
          <h1 class="offer__who" id={title}><Who customer={handoff.customer} sure={isSure(handoff.evidence)} /></h1>
          <p><b>{handoff.intent.label}</b></p>
        </div>
      </div>
      <Sureness handoff={handoff} />
      <Facts offer={offer} />
      {handoff.transfer && <PassedOn transfer={handoff.transfer} />}
      <p class="offer__brief"><Text text={handoff.brief} /></p>
      {handoff.statement && !quotes(handoff.brief, handoff.statement) && <p class="offer__brief offer__said"><q><Text text={handoff.statement} /></q></p>}
      <div class="offer__do">
        <Answers offer={offer} />
        <span class="grow" />
        <span class="meta">{answerWords(handoff)} If the ring runs out, {shortWithin(handoff.customer)} goes to the next agent, same place.</span>
      </div>
    </section>
  );
}

/** Another agent's word to this one stands on the paper of notes. */
function PassedOn({ transfer: { agent, note } }: { transfer: TransferView }): ComponentChildren {
  return <p class="offer__pass"><b>{agent.name} passes this to you:</b> <Text text={note} /></p>;
}

/** A brief ends with the statement, shortened if need be; nothing is shown twice. */
export function quotes(brief: string, statement: string): boolean {
  const from = brief.indexOf('Writes: "');
  return from >= 0 && brief.length - from > statement.length;
}

function Facts({ offer: { handoff } }: { offer: Offer }): ComponentChildren {
  const { now } = useBoard();
  const { customer } = handoff;
  return (
    <dl class="offer__grid">
      {!hasSureness(handoff) && <div><dt>{customer.verified ? "Verified" : "Not verified"}</dt><dd>{assuranceWords(customer, now)}</dd></div>}
      <div><dt>Stopped at</dt>{handoff.stopped_at ? <StoppedAt stopped={handoff.stopped_at} site={handoff.site.name} /> : <dd>nothing failed</dd>}</div>
      <div><dt>Waited</dt><dd class="num">{elapsed(secondsSince(handoff.enqueued_at, now))}</dd></div>
      <div><dt>Earlier</dt><dd>{customer.verified ? earlierWords(handoff.earlier) : "cannot be tied"}</dd></div>
    </dl>
  );
}

export function earlierWords(count: number): string {
  if (count === 0) return "first time";
  return count === 1 ? "1 handoff" : `${count} handoffs`;
}

function StoppedAt({ stopped, site }: { stopped: Stopped; site: string }): ComponentChildren {
  const times = timesWords(stopped.times);
  return (
    <dd class="bad">
      <Text text={stepTitle({ name: stopped.name, path: stopped.name, ...(stopped.title ? { title: stopped.title } : {}) }, site)} />{times && `, ${times}`}
      {stopped.error && <span class="code offer__code"><Text text={stopped.error} /></span>}
    </dd>
  );
}

function Docked({ offer }: { offer: Offer }): ComponentChildren {
  const { now } = useBoard();
  const { customer, intent, enqueued_at, transfer } = offer.handoff;
  const title = `offer-${offer.id}`;
  return (
    <section class="offer offer--dock" aria-labelledby={title}>
      <div class="offer__top">
        <Ring offer={offer} />
        <div class="grow">
          <h2 class="offer__who" id={title}><Who customer={customer} sure={isSure(offer.handoff.evidence)} /></h2>
          <p class="offer__by">
            <ChannelIcon channel={offer.handoff.channel} /><span class={hasSureness(offer.handoff) ? "" : "cut"}>{hasSureness(offer.handoff) ? <Short handoff={offer.handoff} /> : customer.verified ? assuranceWords(customer, now) : "not verified"}, {intent.label}, waited <span class="num">{elapsed(secondsSince(enqueued_at, now))}</span></span>
          </p>
        </div>
        <Answers offer={offer} short />
      </div>
      {transfer && <PassedOn transfer={transfer} />}
    </section>
  );
}

function Answers({ offer, short = false }: { offer: Offer; short?: boolean }): ComponentChildren {
  const { desk, state } = useBoard();
  const busy = state.answering === offer.id;
  const inbound = offer.handoff.call?.direction === "inbound";
  return (
    <>
      <button type="button" class="btn btn--primary" aria-disabled={busy} onClick={() => void desk.accept(offer)}>
        {inbound && <IconPhone />}{busy ? "Answering" : inbound ? "Answer" : "Accept"} <Keys keys={["Alt", "Enter"]} />
      </button>
      <button type="button" class="btn" aria-disabled={busy} onClick={() => void desk.decline(offer)}>
        Decline <Keys keys={["Alt", short ? "⌫" : "Backspace"]} />
      </button>
    </>
  );
}
