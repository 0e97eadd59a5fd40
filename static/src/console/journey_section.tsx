/** What the customer did, newest last, with what failed counted and the open page marked. */
import type { ComponentChildren } from "preact";
import { Text } from "../shared/text.tsx";
import { clock, moment } from "../shared/time.ts";
import { useBoard } from "./context.tsx";
import { journeyRows, timesWords } from "../shared/journey.ts";
import type { Failure, StepRow } from "../shared/journey.ts";
import type { DeskHandoff } from "./wire.ts";

export function JourneySection({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { board, now } = useBoard();
  const { steps } = handoff.journey;
  const here = handoff.state !== "closed" && (board.presence[handoff.id]?.status ?? handoff.presence) === "here";
  const rows = journeyRows(steps, here, handoff.site.name);
  return (
    <section class="pane__sec" aria-labelledby="pane-journey">
      <h3 class="pane__h" id="pane-journey">Journey<span class="meta num">{spanWords(rows, now)}</span></h3>
      {rows.length === 0
        ? <p class="meta">{handoff.site.name} sent no steps. You may have to ask what happened.</p>
        : <ol class="steps">{rows.map((row) => <StepView key={`${row.id} ${row.at}`} row={row} />)}</ol>}
    </section>
  );
}

function spanWords(rows: readonly StepRow[], now: number): string {
  const first = rows[0];
  const last = rows[rows.length - 1];
  if (!first || !last) return "";
  const until = last.failures[last.failures.length - 1]?.at ?? last.at;
  const end = clock(until);
  const start = moment(first.at, now);
  return `${start === end ? start : `${start}–${end}`}${last.here ? ", this page now" : ""}`;
}

const ROW_CLASS: Readonly<Record<StepRow["status"], string>> = { done: " step--done", failed: " step--fail", now: " step--now", started: "" };

function StepView({ row }: { row: StepRow }): ComponentChildren {
  const times = row.failures.length;
  return (
    <li class={`step${ROW_CLASS[row.status]}`}>
      <span class="step__dot" />
      <b><Text text={row.title} />{row.status === "failed" && `: failed${timesWords(times) ? ` ${timesWords(times)}` : ""}`}</b>
      <span class="meta num">{row.here ? "now" : clock(row.at)}</span>
      {times > 0 && <FailureLine failures={row.failures} settled={row.status !== "failed"} />}
    </li>
  );
}

/** "FILE_TOO_LARGE, 14:01 and 14:02": each error once, with the times it came. */
function FailureLine({ failures, settled }: { failures: readonly Failure[]; settled: boolean }): ComponentChildren {
  const errors = [...new Set(failures.map((failure) => failure.error))];
  return (
    <>
      {settled && <p>Failed{timesWords(failures.length) ? ` ${timesWords(failures.length)}` : ""} before</p>}
      {errors.map((error) => (
        <p key={error}>{error !== null && <span class="code"><Text text={error} /></span>}{error !== null && ", "}
          <span class="num">{listWords(failures.filter((failure) => failure.error === error).map((failure) => clock(failure.at)))}</span></p>
      ))}
    </>
  );
}

export function listWords(items: readonly string[]): string {
  const all = [...new Set(items)];
  const last = all.pop() ?? "";
  return all.length === 0 ? last : `${all.join(", ")} and ${last}`;
}
