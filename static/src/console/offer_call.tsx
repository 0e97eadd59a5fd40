/** What an offer by phone says before anybody is on the line: how sure one can be, from which number or to which, and when it was promised. */
import type { ComponentChildren } from "preact";
import { assuranceWords } from "./assurance.ts";
import { maskedNumber, standingOf } from "./call.ts";
import { TONE_ICONS } from "./call_bar.tsx";
import { useBoard } from "./context.tsx";
import { TimeThere } from "./owed.tsx";
import { shortName, shortWithin } from "./people.ts";
import type { CallbackView, Customer, Offer, OfferedHandoff } from "./wire.ts";
import { isElsewhere, promiseWords, windowThere, windowWords } from "./zones.ts";

/** "from ..0001" of a caller; a callback's number stands with its time. */
export function From({ handoff: { call } }: { handoff: OfferedHandoff }): ComponentChildren {
  return call?.direction === "inbound" ? <>, from <bdi class="num">{call.caller ?? "a withheld number"}</bdi></> : null;
}

/** An offer as it is said aloud: what it is, who it is, and on the phone how sure one can be. */
export function spokenOffer({ handoff }: Offer): string {
  const calls = handoff.call?.direction === "inbound";
  const standing = standingOf(handoff.evidence, handoff.customer, 0);
  return `${calls ? "Call" : "Offer"}: ${handoff.brief}${standing ? ` ${standing.text}.` : ""} Alt Enter ${calls ? "answers" : "accepts"}.`;
}

/** What pressing the button does to somebody's phone. */
export function answerWords({ channel, call, customer }: OfferedHandoff): string {
  if (channel === "callback" && call === null) return "Nobody is rung until you press Call.";
  return call?.direction === "inbound" ? `${shortName(customer)} is on the line; it opens when the record is on screen.` : "";
}

/** Whether it says who may be on the line, or what was promised. */
export const hasSureness = ({ channel, evidence, callback }: OfferedHandoff): boolean => (channel === "phone" || channel === "callback") && (evidence !== null || callback !== null);

/** The evidence and the promise, in the words that a docked offer has room for. */
export function Short({ handoff }: { handoff: OfferedHandoff }): ComponentChildren {
  const { now } = useBoard();
  const standing = standingOf(handoff.evidence, handoff.customer, now);
  const window = handoff.callback?.window ?? null;
  return (
    <>
      {standing && <b class={standing.tone}>{standing.short}</b>}
      {window && <>{standing && ", "}promised <span class="num">{windowWords(window, now)}</span>, {promiseWords(window, now)}</>}
    </>
  );
}

export function Sureness({ handoff }: { handoff: OfferedHandoff }): ComponentChildren {
  if (!hasSureness(handoff)) return null;
  const { customer, callback } = handoff;
  return (
    <div class="offer__sure">
      <Evidence handoff={handoff} />
      {callback ? <Promised callback={callback} who={shortName(customer)} /> : <Carried handoff={handoff} />}
    </div>
  );
}

function Evidence({ handoff: { evidence, customer, callback } }: { handoff: OfferedHandoff }): ComponentChildren {
  const { now } = useBoard();
  const standing = standingOf(evidence, customer, now);
  if (!standing) return null;
  const { tone, text, signed, advice } = standing;
  return (
    <div>
      <p class="meta">{sureWords(customer, callback !== null)}</p>
      <p class="evid">{TONE_ICONS[tone]}<b>{text}</b></p>
      {callback && <p class="meta">{signed === null ? advice : `So it carries over: ${assuranceWords(customer, now)}`}</p>}
    </div>
  );
}

function sureWords(customer: Customer, called: boolean): string {
  if (customer.name === null) return called ? "Whose number it is" : "Who calls";
  return called ? `How sure the number is ${shortWithin(customer)}’s` : `How sure this caller is ${shortWithin(customer)}`;
}

/** What the evidence is worth before the first word. */
function Carried({ handoff: { evidence, customer } }: { handoff: OfferedHandoff }): ComponentChildren {
  const { now } = useBoard();
  const standing = standingOf(evidence, customer, now);
  if (!standing) return null;
  const carries = standing.signed !== null;
  return <div><p class="meta">{carries ? "So it carries over" : "What to mind"}</p><p><b>{carries ? assuranceWords(customer, now) : standing.advice}</b></p></div>;
}

function Promised({ callback: { number, window, time_zone }, who }: { callback: CallbackView; who: string }): ComponentChildren {
  const { now } = useBoard();
  const there = window !== null && isElsewhere(Date.parse(window.starts_at), time_zone);
  return (
    <div>
      <p class="meta">You call <bdi class="num">{maskedNumber(number)}</bdi></p>
      <p><b class="num">{window === null ? `When it is ${who}’s turn` : `Promised ${windowWords(window, now)}, ${promiseWords(window, now)}`}</b></p>
      <p class="meta num">{there && window && `${windowThere(window, time_zone)}; `}{who}’s time: <TimeThere zone={time_zone} /></p>
    </div>
  );
}
