/** Right: what one need not ask. */
import type { ComponentChildren } from "preact";
import { IconBlock, IconCheck, IconChat, IconClock, IconDoc, IconRight } from "../shared/icons.tsx";
import { Seal } from "../shared/icons.tsx";
import { Text } from "../shared/text.tsx";
import { moment } from "../shared/time.ts";
import { VERDICT_WORDS, assuranceWords } from "./assurance.ts";
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

function Identity({ handoff: { customer, verdicts, site } }: { handoff: DeskHandoff }): ComponentChildren {
  const { now } = useBoard();
  const words = assuranceWords(customer, now);
  return (
    <section class="pane__sec" aria-labelledby="pane-identity">
      <h2 class="vh" id="pane-identity">Identity</h2>
      <div class="who">
        <Seal verified={customer.verified} />
        <div class="grow">
          <p class="who__n"><bdi><Text text={customerName(customer)} /></bdi> <span class={customer.verified ? "badge badge--ok" : "badge"}>{customer.verified ? "Verified" : "Not verified"}</span></p>
          <p class="meta">{customer.verified ? `Signed by ${site.name}: ${words}` : `${words.charAt(0).toUpperCase()}${words.slice(1)}. Ask before you tell anything private.`}</p>
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
      <IconChat /><b class="cut">{past.intent.label}</b><span class="meta num">{moment(past.at, now)}</span>
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
