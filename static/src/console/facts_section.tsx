/** What is known, under where it comes from, and the place to add to it. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { IconEye, IconPencil, IconQuote, Seal } from "../shared/icons.tsx";
import { Text } from "../shared/text.tsx";
import { moment } from "../shared/time.ts";
import { useBoard, useMinutes } from "./context.tsx";
import { Copy } from "./copy.tsx";
import { groupFacts, valueWords } from "./facts.ts";
import type { FactGroup } from "./facts.ts";
import { LABEL_LIMIT, TooLong, VALUE_LIMIT, tooLong } from "./length.tsx";
import { memo } from "./memo.ts";
import { shortName, shortWithin } from "./people.ts";
import type { DeskHandoff, Fact, FactKey, Source } from "./wire.ts";
import { momentThere, zoneOf } from "./zones.ts";

export function FactsSection({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { desk, state } = useBoard();
  const begun = desk.drafts.of(handoff.id);
  // A fact that was begun is there again, without taking the focus from who comes back to something else.
  const [adding, setAdding] = useState<"asked" | "begun" | null>(begun.fact_label || begun.fact_value ? "begun" : null);
  const opener = useRef<HTMLButtonElement>(null);
  const facts = withStatement(handoff);
  const groups = useMemo(() => groupFacts(facts), [handoff.facts, handoff.statement]);
  const zone = zoneOf(handoff);
  const close = () => { setAdding(null); opener.current?.focus(); };
  return (
    <section class="pane__sec" aria-labelledby="pane-facts">
      <h3 class="pane__h"><span id="pane-facts">Facts</span><span class="meta num">{facts.length > 0 ? facts.length : ""}</span>
        <button type="button" class="btn btn--s btn--quiet" aria-expanded={adding !== null} ref={opener} onClick={() => setAdding(adding ? null : "asked")}>Add a fact</button>
      </h3>
      {facts.length === 0 && <p class="meta">Nothing is known yet.</p>}
      {groups.map((group) => <Group key={group.source} group={group} who={shortWithin(handoff.customer)} zone={zone} lit={state.lit.facts} />)}
      {adding && <AddFact handoff={handoff} takesFocus={adding === "asked"} onDone={close} />}
    </section>
  );
}

/** The statement is the first thing that was stated, wherever the record keeps it. */
export function withStatement({ facts, statement, opened_at }: DeskHandoff): readonly Fact[] {
  if (statement === null) return facts;
  return [{ key: "", label: "In own words", value: statement, source: "stated", at: opened_at }, ...facts];
}

const ICONS: Readonly<Record<Source, ComponentChildren>> = { verified: <Seal verified />, observed: <IconEye />, stated: <IconQuote />, desk: <IconPencil /> };

function headingWords(source: Source, who: string): string {
  switch (source) {
    case "verified": return "Verified";
    case "observed": return "Observed on the page";
    case "stated": return `Stated by ${who}`;
    case "desk": return "Added at the desk";
    default: return source satisfies never;
  }
}

interface GroupProps { group: FactGroup; who: string; zone: string | null; lit: readonly FactKey[] }

const Group = memo(({ group: { source, facts, at }, who, zone, lit: hits }: GroupProps): ComponentChildren => {
  const now = useMinutes();
  const isLit = ({ key }: Fact) => hits.some((lit) => lit.key === (key || "statement") && lit.source === source);
  return (
    <section class={`facts facts--${source}`}>
      <h4 class="facts__h">{ICONS[source]}{headingWords(source, who)}<span class="meta num">{moment(at, now)}{zone !== null && momentThere(at, zone, who)}</span></h4>
      <dl>
        {facts.map((fact) => (
          <div class={`fact${isLit(fact) ? " fact--hit" : ""}`} key={fact.key}><dt><Text text={fact.label} /></dt><dd><bdi><Text text={valueWords(fact.value)} /></bdi><Copy text={valueWords(fact.value)} what={fact.label} /></dd></div>
        ))}
      </dl>
    </section>
  );
});

function AddFact({ handoff, takesFocus, onDone }: { handoff: DeskHandoff; takesFocus: boolean; onDone(): void }): ComponentChildren {
  const { desk } = useBoard();
  const [{ fact_label: label, fact_value: value }, set] = useState(desk.drafts.of(handoff.id));
  const write = (change: { fact_label: string } | { fact_value: string }) => set(desk.drafts.change(handoff.id, change));
  const first = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => { if (takesFocus) first.current?.focus(); }, []);
  const ready = label.trim() !== "" && value.trim() !== "" && tooLong(label.trim(), LABEL_LIMIT) === null && tooLong(value.trim(), VALUE_LIMIT) === null;
  const save = async () => {
    if (!ready || !(await desk.addFact(handoff.id, label.trim(), value.trim()))) return first.current?.focus();
    const now = desk.drafts.of(handoff.id);
    // What was typed while it was on its way is another fact.
    if (now.fact_label === label && now.fact_value === value) { desk.drafts.change(handoff.id, { fact_label: "", fact_value: "" }); onDone(); }
  };
  return (
    <form class="add-fact" aria-label="Add a fact" onSubmit={(event) => { event.preventDefault(); void save(); }}
      onKeyDown={(event) => { if (event.key === "Escape") onDone(); }}>
      <div><label class="label" for="fact-label">What</label>
        <input class="input" id="fact-label" ref={first} aria-describedby="label-long" value={label} placeholder="Card" onInput={({ currentTarget }) => write({ fact_label: currentTarget.value })} />
        <TooLong text={label.trim()} limit={LABEL_LIMIT} id="label-long" /></div>
      <div><label class="label" for="fact-value">Is</label>
        <input class="input" id="fact-value" aria-describedby="value-long" value={value} placeholder="still with Maya" onInput={({ currentTarget }) => write({ fact_value: currentTarget.value })} />
        <TooLong text={value.trim()} limit={VALUE_LIMIT} id="value-long" /></div>
      <div class="seg">
        <button type="submit" class="btn btn--s btn--primary" aria-disabled={!ready}>Add fact</button>
        <button type="button" class="btn btn--s btn--quiet" onClick={onDone}>Not now</button>
        <span class="meta">{shortName(handoff.customer)} can see it too</span>
      </div>
    </form>
  );
}
