/** What became of offers and handoffs, said in words that stay until they are put away. */
import type { ComponentChildren } from "preact";
import { IconAlert, IconCheck, IconClock, IconTransfer, IconX } from "../shared/icons.tsx";
import { moment } from "../shared/time.ts";
import type { EndedOffer, LostHandoff } from "./board.ts";
import { outcomeWords } from "./call.ts";
import { useBoard } from "./context.tsx";
import type { Passed } from "./desk_state.ts";
import { OfferCard } from "./offer_card.tsx";
import { customerName, customerWithin, shortName } from "./people.ts";
import { shutWords } from "./words.ts";

interface Strip { icon: ComponentChildren; title: string; text: string; away?: boolean }

export function endWords({ offer, status }: EndedOffer): Strip {
  const who = customerWithin(offer.handoff.customer);
  const short = shortName(offer.handoff.customer);
  switch (status) {
    case "accepted": return { icon: <IconCheck class="ic--l ok" />, title: `${customerName(offer.handoff.customer)} is yours`, text: "Opening, with everything known." };
    case "timed_out": return { icon: <IconClock class="ic--l warn" />, title: `You missed ${who}`, text: `${short} goes to the next agent, at the same place.`, away: true };
    case "declined": return { icon: <IconTransfer class="ic--l" />, title: `You declined ${who}`, text: "The place is kept." };
    case "withdrawn": return { icon: <IconX class="ic--l" />, title: `The offer of ${who} was withdrawn`, text: `${short} left the line or was taken. Nothing to do.` };
    case "agent_lost": return { icon: <IconAlert class="ic--l warn" />, title: `The offer of ${who} ended`, text: "The connection was gone, so it went to the next agent." };
    case "pending": case "unknown":
      return { icon: <IconX class="ic--l" />, title: `The offer of ${who} is over`, text: "It ended while the connection was away. The place is kept." };
    default: return status satisfies never;
  }
}

/** Offers and what became of them: the first one large where nothing else is open. */
export function Offers({ docked }: { docked: boolean }): ComponentChildren {
  const { board } = useBoard();
  const soonest = [...board.offers].sort((a, b) => (a.expires_at < b.expires_at ? -1 : 1));
  return (
    <>
      {soonest.map((offer, index) => <OfferCard key={offer.id} offer={offer} docked={docked || index > 0} />)}
      {board.ended.map((ended) => <Ended key={ended.offer.id} ended={ended} />)}
      {board.lost.map((lost) => <Lost key={lost.handoff.id} lost={lost} />)}
      <Refusal />
    </>
  );
}

function Ended({ ended }: { ended: EndedOffer }): ComponentChildren {
  const { desk, board } = useBoard();
  const { icon, title, text, away } = endWords(ended);
  const goAway = () => void desk.setAvailability({ available: false, reason: null, after_current: false });
  return (
    <Notice icon={icon} title={title} text={text} onClose={() => desk.dismissOffer(ended.offer.id)}>
      {away && board.agent.availability.available && <button type="button" class="btn btn--s" onClick={goAway}>Be away now</button>}
    </Notice>
  );
}

/** What the agent did is good news; what happened to them is told with its reason. */
export function goneWords({ handoff: { customer, callback }, reason }: LostHandoff, passed: Passed | undefined, now: number): Strip {
  const [who, short] = [customerName(customer), shortName(customer)];
  const again = callback?.next_at ?? null;
  if ((reason === "retry_later" || reason === "postpone") && again !== null && Date.parse(again) > now) {
    const missed = reason === "retry_later" && callback?.last_outcome ? ` (${outcomeWords(callback.last_outcome)})` : "";
    return { icon: <IconClock class="ic--l" />, title: `${who} is called later${missed}`, text: `The next call is ${moment(again, now)}. It comes back into the line by itself.` };
  }
  if (reason === "switch" && passed) return { icon: <IconCheck class="ic--l ok" />, title: `You switched ${customerWithin(customer)} to ${passed.to}`, text: `The place is kept, and ${short} comes back to you first.` };
  if (reason !== "transfer" || !passed) return { icon: <IconTransfer class="ic--l warn" />, title: `${who} is no longer on your desk`, text: shutWords(reason) };
  const next = passed.asked ? `${passed.to} is asked now, with your note and the whole talk.` : "Your note and the whole talk go along.";
  return { icon: <IconCheck class="ic--l ok" />, title: `You passed ${customerWithin(customer)} to ${passed.to}`, text: `${next} ${short} keeps the place.` };
}

function Lost({ lost }: { lost: LostHandoff }): ComponentChildren {
  const { desk, state, now } = useBoard();
  const { id } = lost.handoff;
  return <Notice {...goneWords(lost, state.passed[id], now)} onClose={() => desk.dismissHandoff(id)} />;
}

function Refusal(): ComponentChildren {
  const { desk, state } = useBoard();
  if (state.refusal === null) return null;
  return <Notice icon={<IconAlert class="ic--l warn" />} title="That did not work" text={state.refusal} onClose={() => desk.dismissRefusal()} />;
}

interface NoticeProps { icon: ComponentChildren; title: string; text: string; onClose(): void; children?: ComponentChildren }

function Notice({ icon, title, text, onClose, children }: NoticeProps): ComponentChildren {
  return (
    <section class="offer offer--dock" role="status">
      <div class="offer__top">
        {icon}
        <div class="grow"><p class="offer__who">{title}</p><p>{text}</p></div>
        {children}
        <button type="button" class="btn btn--quiet btn--icon btn--s" aria-label={`Put away: ${title}`} onClick={onClose}><IconX /></button>
      </div>
    </section>
  );
}
