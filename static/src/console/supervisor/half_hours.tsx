/** The day by half hours: the wait beside what makes it. */
import type { ComponentChildren } from "preact";
import { IconRight } from "../../shared/icons.tsx";
import type { HalfHour } from "../../shared/protocol.ts";
import { clock } from "../../shared/time.ts";
import { score, span, whyRisen } from "./figures.ts";

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [640, 132, 44, 8, 20];

interface Scale { x(index: number): number; y(seconds: number): number; most: number }

export function scaleOf(halves: readonly HalfHour[]): Scale {
  const most = Math.max(60, ...halves.flatMap(({ wait_seconds, promised_seconds }) => [wait_seconds ?? 0, promised_seconds ?? 0]));
  const step = (WIDTH - LEFT - 8) / Math.max(1, halves.length - 1);
  return { most, x: (index) => LEFT + index * step, y: (seconds) => TOP + (1 - seconds / most) * (HEIGHT - TOP - BOTTOM) };
}

/** A gap where nobody was answered: a line across it would be made up. */
export function linesOf(values: readonly (number | null)[], { x, y }: Scale): string[] {
  const runs: string[][] = [[]];
  values.forEach((value, index) => {
    if (value === null) runs.push([]);
    else runs.at(-1)?.push(`${x(index).toFixed(1)},${y(value).toFixed(1)}`);
  });
  return runs.filter((run) => run.length > 0).map((run) => run.join(" "));
}

/** `oldest`: the seconds that who came first has been waiting by now. */
export function HalfHours({ halves, oldest }: { halves: readonly HalfHour[]; oldest: number | null }): ComponentChildren {
  if (halves.length === 0) return <p class="box__b meta">Nobody has come or worked today yet.</p>;
  return (
    <>
      <Chart halves={halves} />
      <StillWaiting halves={halves} oldest={oldest ?? 0} />
      <p class="box__b meta">Average wait of those answered in each half hour, from the click (or the promised time) on. No line where nobody was answered.</p>
      <details class="fold box__b">
        <summary class="fold__s"><IconRight />By half hour, with arrivals, agents and handle time</summary>
        <Rows halves={halves} />
      </details>
    </>
  );
}

/** A wait that rises has no average before somebody is answered; the one who waits longest tells it sooner. */
function StillWaiting({ halves, oldest }: { halves: readonly HalfHour[]; oldest: number }): ComponentChildren {
  const why = whyRisen(halves, halves.length - 1, oldest);
  if (oldest <= (halves.at(-1)?.wait_seconds ?? 0) || why.length === 0) return null;
  return <p class="box__b warn">Now: who came first has waited {span(oldest)}. Beside it: {why.join("; ")}.</p>;
}

function Chart({ halves }: { halves: readonly HalfHour[] }): ComponentChildren {
  const scale = scaleOf(halves);
  const risen = halves.findLastIndex((_, index) => whyRisen(halves, index).length > 0);
  const [first, last] = [halves[0], halves.at(-1)];
  return (
    <>
      <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label="Average wait by half hour; the table below holds the figures">
        {[0, scale.most / 2, scale.most].map((at) => (
          <g key={at}>
            <line class="ax" x1={LEFT} x2={WIDTH - 8} y1={scale.y(at)} y2={scale.y(at)} />
            <text x={LEFT - 6} y={scale.y(at) + 4} text-anchor="end">{span(at)}</text>
          </g>
        ))}
        {linesOf(halves.map(({ promised_seconds }) => promised_seconds), scale).map((points) => <polyline key={points} class="l2" points={points} />)}
        {linesOf(halves.map(({ wait_seconds }) => wait_seconds), scale).map((points) => <polyline key={points} class="l1" points={points} />)}
        {halves.map(({ at, wait_seconds }, index) => wait_seconds !== null && <circle key={at} class="b1" cx={scale.x(index)} cy={scale.y(wait_seconds)} r="2" />)}
        {risen >= 0 && <line class="mark" x1={scale.x(risen)} x2={scale.x(risen)} y1={TOP} y2={HEIGHT - BOTTOM} />}
        {first && <text x={LEFT} y={HEIGHT - 4}>{clock(first.at)}</text>}
        {last && halves.length > 1 && <text x={WIDTH - 8} y={HEIGHT - 4} text-anchor="end">{clock(last.at)}</text>}
      </svg>
      {risen >= 0 && halves[risen] && (
        <p class="box__b warn">{clock(halves[risen].at)}: the wait rose to {span(halves[risen].wait_seconds)}. Beside it: {whyRisen(halves, risen).join("; ")}.</p>
      )}
    </>
  );
}

function Rows({ halves }: { halves: readonly HalfHour[] }): ComponentChildren {
  return (
    <table class="tbl tbl--num">
      <caption class="vh">The day by half hour, the latest first</caption>
      <thead><tr>{["From", "Came", "Answered", "Left", "Average wait", "Was told", "Handle time", "Agents available", "Away", "Why longer"].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
      <tbody>
        {halves.map((half, index) => (
          <tr key={half.at}>
            <th scope="row">{clock(half.at)}</th>
            <td>{half.arrivals}</td><td>{half.answered}</td><td>{half.left}</td>
            <td>{span(half.wait_seconds)}</td><td>{span(half.promised_seconds)}</td><td>{span(half.aht_seconds)}</td>
            <td>{score(half.agents)}</td><td>{score(half.away)}</td>
            <td>{whyRisen(halves, index).join("; ")}</td>
          </tr>
        )).reverse()}
      </tbody>
    </table>
  );
}
