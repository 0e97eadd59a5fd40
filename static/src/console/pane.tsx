/** Right: what one need not ask. */
import type { ComponentChildren } from "preact";
import { IconBlock, IconCheck, IconClock, IconDoc, IconRight } from "../shared/icons.tsx";
import { Seal } from "../shared/icons.tsx";
import { Text } from "../shared/text.tsx";
import { moment } from "../shared/time.ts";
import { VERDICT_WORDS, assuranceWords } from "./assurance.ts";
import { isSure, standingOf, standingWords } from "./call.ts";
import type { Tone } from "./call.ts";
import { ChannelIcon } from "./channel_icon.tsx";
import { useBoard } from "./context.tsx";
import { FactsSection } from "./facts_section.tsx";
import { JourneySection } from "./journey_section.tsx";
import { customerName } from "./people.ts";
import type { DeskHandoff, PastHandoff, Verdict, VerdictWord } from "./wire.ts";
import { dispositionWords, closeWords } from "./words.ts";

export function Pane({ handoff }: { handoff: DeskHandoff | null }): ComponentChildren {
  return (
    <aside class="pane" aria-label="What you need not ask" tabIndex={-1} data-region>
      {handoff ? (
        <div key={handoff.id}>
          <Identity handoff={handoff} />
          <JourneySection handoff={handoff} />
          <FactsSection handoff={handoff} />
          <Earlier handoff={handoff} />
          <Why lines={handoff.why.text} />
        </div>
      ) : (
        <div class="rest"><IconDoc /><p>Open a handoff to see who it is, how sure you can be, what they did and what is known.</p></div>
      )}
    </aside>
  );
}

/** On the phone it counts what speaks for the voice; in a chat it is the page itself that talks. */
function identityWords({ customer, site, evidence }: DeskHandoff, now: number): string {
  const standing = standingOf(evidence, customer, now);
  if (standing) return standingWords(standing);
  const words = assuranceWords(customer, now);
  return customer.verified ? `Signed by ${site.name}: ${words}` : `${words.charAt(0).toUpperCase()}${words.slice(1)}. Ask before you tell anything private.`;
}

function badgeOf({ verified }: DeskHandoff["customer"], tone: Tone): { class: string; text: string } {
  if (tone === "bad") return { class: "badge badge--bad", text: "Not the caller" };
  if (!verified) return { class: "badge", text: "Not verified" };
  return tone === "ok" ? { class: "badge badge--ok", text: "Verified" } : { class: "badge badge--warn", text: "Not confirmed" };
}

function Identity({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { now } = useBoard();
  const { customer, verdicts, evidence } = handoff;
  const badge = badgeOf(customer, standingOf(evidence, customer, now)?.tone ?? "ok");
  return (
    <section class="pane__sec" aria-labelledby="pane-identity">
      <h2 class="vh" id="pane-identity">Identity</h2>
      <div class="who">
        <Seal verified={customer.verified && isSure(evidence)} />
        <div class="grow">
          <p class="who__n"><bdi><Text text={customerName(customer)} /></bdi> <span class={badge.class}>{badge.text}</span></p>
          <p class="meta">{identityWords(handoff, now)}</p>
        </div>
      </div>
      {verdicts.length > 0 && <ul class="verdicts">{verdicts.map((one) => <VerdictRow key={one.key} verdict={one} />)}</ul>}
    </section>
  );
}

const VERDICT_MARKS: Readonly<Record<VerdictWord, { icon: ComponentChildren; tone: string }>> = {
  enough: { icon: <IconCheck class="ok" />, tone: "ok" },
  ask_again: { icon: <IconClock class="warn" />, tone: "warn" },
  not_here: { icon: <IconBlock />, tone: "meta" },
};

function VerdictRow({ verdict: { label, verdict } }: { verdict: Verdict }): ComponentChildren {
  const { icon, tone } = VERDICT_MARKS[verdict];
  return <li class="verdict">{icon}<span>{label}</span><small class={tone}>{VERDICT_WORDS[verdict]}</small></li>;
}

function Earlier({ handoff: { history, customer } }: { handoff: DeskHandoff }): ComponentChildren {
  return (
    <section class="pane__sec" aria-labelledby="pane-earlier">
      <h3 class="pane__h" id="pane-earlier">Earlier<span class="meta">{history.length > 0 ? history.length : ""}</span></h3>
      {history.length === 0
        ? <p class="meta">{customer.verified ? "First time. There is no earlier handoff of this customer." : "This customer is not verified, so nothing earlier may be tied to them."}</p>
        : history.map((past) => <Past key={past.id} past={past} />)}
    </section>
  );
}

function Past({ past }: { past: PastHandoff }): ComponentChildren {
  const { now } = useBoard();
  const outcome = past.disposition ? dispositionWords(past.disposition) : past.close_reason ? `Closed: ${closeWords(past.close_reason)}` : "Still open";
  return (
    <div class="past">
      <ChannelIcon channel={past.channel} /><b class="cut">{past.intent.label}</b><span class="meta num">{moment(past.at, now)}</span>
      <p>{outcome}.{past.note && <> <Text text={past.note} /></>}</p>
    </div>
  );
}

function Why({ lines }: { lines: readonly string[] }): ComponentChildren {
  if (lines.length === 0) return null;
  return (
    <section class="pane__sec">
      <details class="fold" open>
        <summary class="pane__h"><IconRight />Why you, why now</summary>
        <ol class="why">{lines.map((line, index) => <li key={index}>{line}</li>)}</ol>
      </details>
    </section>
  );
}
