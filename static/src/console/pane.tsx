/** Right: what one need not ask. */
import type { ComponentChildren } from "preact";
import { IconDoc, IconRight } from "../shared/icons.tsx";
import { Seal } from "../shared/icons.tsx";
import { Text } from "../shared/text.tsx";
import { assuranceWords } from "./assurance.ts";
import { isSure, standingOf, standingWords } from "./call.ts";
import type { Tone } from "./call.ts";
import { useBoard } from "./context.tsx";
import { Earlier } from "./earlier.tsx";
import { FactsSection } from "./facts_section.tsx";
import { JourneySection } from "./journey_section.tsx";
import { KnowledgeSection } from "./knowledge_tools.tsx";
import { customerName } from "./people.ts";
import { Verdicts } from "./verdicts.tsx";
import type { DeskHandoff } from "./wire.ts";

export function Pane({ handoff }: { handoff: DeskHandoff | null }): ComponentChildren {
  return (
    <aside class="pane" aria-label="What you need not ask" tabIndex={-1} data-region>
      {handoff ? (
        <div key={handoff.id}>
          <Identity handoff={handoff} />
          <JourneySection handoff={handoff} />
          <FactsSection handoff={handoff} />
          <KnowledgeSection handoff={handoff} />
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
  const { customer, evidence } = handoff;
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
      <Verdicts handoff={handoff} />
    </section>
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
