/** Above the writing: what is about to be asked and known already. It offers, and stands in nobody's way. */
import type { ComponentChildren } from "preact";
import { IconEye, IconPencil, IconQuote, Seal } from "../../shared/icons.tsx";
import { moment } from "../../shared/time.ts";
import { useBoard } from "../context.tsx";
import { Keys } from "../keys.tsx";
import { shortName } from "../people.ts";
import type { DeskHandoff, Source } from "../wire.ts";
import type { Reask } from "./find_reasks.ts";
import type { Guard } from "./use_guard.ts";

interface StripProps { handoff: DeskHandoff; guard: Guard; onUse(): void; onAsk(): void }

export function Strip({ handoff, guard: { hits, isHeld }, onUse, onAsk }: StripProps): ComponentChildren {
  const [first] = hits;
  return (
    <div role="status">
      {first && (
        <div class="guard">
          {ICONS[first.source]}
          <p class="grow" title={`Because of “${first.why.words}”`}>
            <b>{headWords(first.source, handoff)}</b> <Known hits={hits} />.{isHeld && <span class="guard__held"> Not sent yet: Enter again asks anyway.</span>}
          </p>
          <button type="button" class="btn btn--s" onClick={onUse}>Use it <Keys keys={["Alt", "U"]} /></button>
          <button type="button" class="btn btn--s btn--quiet" onClick={onAsk}>Ask anyway</button>
        </div>
      )}
    </div>
  );
}

const ICONS: Readonly<Record<Source, ComponentChildren>> = { verified: <Seal verified />, observed: <IconEye />, stated: <IconQuote />, desk: <IconPencil /> };

function headWords(source: Source, { customer, site }: DeskHandoff): string {
  switch (source) {
    case "verified": case "stated": return `${shortName(customer)} already gave this:`;
    case "observed": return `${site.name} already told this:`;
    case "desk": return "Already noted at the desk:";
    default: return source satisfies never;
  }
}

const SINCE: Readonly<Record<Source, string>> = { verified: "signed at", observed: "seen at", stated: "said at", desk: "added at" };

function Known({ hits }: { hits: readonly Reask[] }): ComponentChildren {
  const { now } = useBoard();
  return hits.map(({ key, source, label, value, at }, index) => (
    <span key={`${source} ${key}`}>{index > 0 && "; "}{labelWords(label)} <bdi>{shown(value)}</bdi>, {SINCE[source]} <span class="num">{moment(at, now)}</span></span>
  ));
}

const labelWords = (label: string): string => (label.charAt(1) === label.charAt(1).toLowerCase() ? label.charAt(0).toLowerCase() + label.slice(1) : label);
const SHOWN = 80;
/** The whole of it stands in the pane, lit up. */
const shown = (value: string): string => (value.length > SHOWN ? `${value.slice(0, SHOWN).trimEnd()}…` : value);
