/** A handoff that is over, to read: what was known, what was said and what came of it. Nothing can be changed. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Text } from "../../shared/text.tsx";
import { elapsed, moment } from "../../shared/time.ts";
import { merge } from "../../shared/timeline.ts";
import { useBoard, useMinutes } from "../context.tsx";
import { LineView } from "../conversation.tsx";
import { groupFacts, valueWords } from "../facts.ts";
import { conversationLines, missingBefore } from "../lines.ts";
import { olderEntries, readHandoff } from "../page.ts";
import { keepHandoff, readEntry } from "../wire.ts";
import type { DeskHandoff, Source } from "../wire.ts";
import { channelWords, closeWords, dispositionWords } from "../words.ts";

/** Pages of 200 lines that are read at once; a longer talk goes on at a press. */
const PAGES = 10;

/** With what came before its last lines. */
async function readWhole(handoff: DeskHandoff, pages: number): Promise<DeskHandoff> {
  let whole = handoff;
  for (let page = 0; page < pages; page++) {
    const missing = missingBefore(whole);
    if (missing.length === 0) break;
    const older = await Promise.all(missing.map(({ stream, before }) => olderEntries(whole.id, stream, before)));
    whole = { ...whole, timeline: merge(whole.timeline, older.flat().flatMap(readEntry)) };
  }
  return whole;
}

export function Record({ id }: { id: string }): ComponentChildren {
  const [handoff, setHandoff] = useState<DeskHandoff | null>(null);
  const [trouble, setTrouble] = useState(false);
  useEffect(() => {
    let gone = false;
    setHandoff(null);
    setTrouble(false);
    readHandoff(id).then((sent) => readWhole(keepHandoff(sent), PAGES)).then((found) => { if (!gone) setHandoff(found); }, () => { if (!gone) setTrouble(true); });
    return () => { gone = true; };
  }, [id]);
  if (trouble) return <p class="meta" role="status">It cannot be read. Perhaps it is not one of your queues’.</p>;
  if (!handoff) return <p class="meta" role="status">Opening</p>;
  return <Opened handoff={handoff} onMore={() => void readWhole(handoff, PAGES).then(setHandoff, () => setTrouble(true))} />;
}

function Opened({ handoff, onMore }: { handoff: DeskHandoff; onMore(): void }): ComponentChildren {
  const { board } = useBoard();
  const now = useMinutes();
  const { agent, channel, close_reason, connected_at, enqueued_at, opened_at, wrap_up, survey } = handoff;
  if (close_reason === "erased") return <p class="record__erased">This handoff was erased. That it was, when and how it ended is all that is left of it.</p>;
  const waited = connected_at && enqueued_at ? elapsed((Date.parse(connected_at) - Date.parse(enqueued_at)) / 1000) : null;
  return (
    <div class="record">
      <p class="meta">{channelWords(channel)}, {moment(opened_at, now)}{agent && `, with ${agent.name}`}{waited && `, waited ${waited}`}{survey && `, effort ${survey.effort} of 7`}</p>
      {wrap_up ? <p><b>{dispositionWords(wrap_up.disposition)}.</b>{wrap_up.note && <> <Text text={wrap_up.note} /></>}</p> : close_reason && <p>Closed: {closeWords(close_reason)}.</p>}
      {handoff.brief && <p class="brief"><Text text={handoff.brief} /></p>}
      <Known handoff={handoff} />
      {missingBefore(handoff).length > 0 && <p class="older"><button type="button" class="btn btn--s" onClick={onMore}>Earlier messages</button></p>}
      <ol class="flow__list record__lines" aria-label="What was said">{conversationLines(handoff, board.agent.name, []).map((line) => <LineView key={line.key} line={line} />)}</ol>
    </div>
  );
}

const FROM: Readonly<Record<Source, string>> = { verified: "Verified", observed: "Observed on the page", stated: "Stated", desk: "Added at the desk" };

/** Facts under where they come from, and why it went to whom. */
export function Known({ handoff: { facts, statement, why } }: { handoff: DeskHandoff }): ComponentChildren {
  return (
    <div class="known">
      {statement !== null && <p class="known__said"><q><Text text={statement} /></q></p>}
      {groupFacts(facts).map(({ source, facts: group }) => (
        <section key={source} class={`facts facts--${source}`}>
          <h4 class="facts__h">{FROM[source]}</h4>
          <dl>{group.map(({ key, label, value }) => <div key={key} class="fact"><dt><Text text={label} /></dt><dd><Text text={valueWords(value)} /></dd></div>)}</dl>
        </section>
      ))}
      {why.text.length > 0 && <section><h4 class="facts__h">Why this agent</h4><ul class="why">{why.text.map((line) => <li key={line}><Text text={line} /></li>)}</ul></section>}
    </div>
  );
}
