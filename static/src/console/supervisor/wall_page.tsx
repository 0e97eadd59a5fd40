/** The wallboard: how it goes now, today and in the last hour, with what each figure means under it. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { IconAlert } from "../../shared/icons.tsx";
import type { Definition, QueueFigures, Wallboard } from "../../shared/protocol.ts";
import { clock, elapsed } from "../../shared/time.ts";
import { useDesk, useSeconds } from "../context.tsx";
import { floorAgents, wallboard } from "../page.ts";
import { ROWS, count, score, share, span } from "./figures.ts";
import { FloorBox } from "./floor_box.tsx";
import { HalfHours } from "./half_hours.tsx";
import { usePolled } from "./polled.ts";

export function WallPage(): ComponentChildren {
  const { state } = useDesk();
  const [queue, setQueue] = useState("");
  const { found, trouble } = usePolled(() => wallboard(queue), queue);
  // Whose line moves, or who could take one more, is pushed to every desk: the agents behind it have just changed.
  const floor = usePolled(floorAgents, "", JSON.stringify(state.board?.queues));
  return (
    <>
      <div class="pad__h">
        <h1 id="pad-title">Wallboard</h1>
        {found && <span class="meta">Today {clock(found.since)}–{clock(found.at)}, every 5 s</span>}
        <label class="pad__pick">Queues <select class="input" value={queue} onChange={({ currentTarget }) => setQueue(currentTarget.value)}>
          <option value="">all of mine</option>
          {found?.queues.map(({ key, name }) => <option key={key} value={key}>{name}</option>)}
        </select></label>
      </div>
      {trouble && <p class="strip" role="status"><IconAlert class="warn" />The figures could not be read just now. {found ? "These are the last ones." : ""}</p>}
      {found ? <Board board={found} floor={<FloorBox {...floor} occupancy={found.last_hour.occupancy} />} /> : !trouble && <p class="meta" role="status">Counting</p>}
    </>
  );
}

function Board({ board, floor }: { board: Wallboard; floor: ComponentChildren }): ComponentChildren {
  return (
    <>
      <Kpis board={board} />
      <div class="wall">
        <div class="col">
          <QueuesBox queues={board.queues} />
          <section class="box" aria-labelledby="wall-wait">
            <h2 class="box__h" id="wall-wait">Wait today<span class="meta">line: actual; dashed: what customers were told</span></h2>
            <HalfHours halves={board.half_hours} oldest={oldestOf(board)} />
          </section>
        </div>
        <div class="col">
          {floor}
          <FiguresBox board={board} />
        </div>
      </div>
    </>
  );
}

const textOf = (definitions: readonly Definition[], key: string): string => definitions.find((one) => one.key === key)?.text ?? "";

/** As of the last look. */
const oldestOf = ({ at, now: { oldest_enqueued_at } }: Wallboard): number | null => (oldest_enqueued_at === null ? null : Math.max(0, (Date.parse(at) - Date.parse(oldest_enqueued_at)) / 1000));

function Kpis({ board: { now, today, definitions } }: { board: Wallboard }): ComponentChildren {
  const clockNow = useSeconds();
  const oldest = now.oldest_enqueued_at === null ? null : Math.max(0, (clockNow - Date.parse(now.oldest_enqueued_at)) / 1000);
  const kpi = (label: string, value: string, more: string, key: string) => (
    <div class="kpi"><dt>{label}</dt><dd class="kpi__n">{value}{more && <small> {more}</small>}</dd><dd class="meta">{textOf(definitions, key)}</dd></div>
  );
  return (
    <dl class="box kpis">
      {kpi("Service level", share(today.service_level), "", "service_level")}
      {kpi("Oldest wait", oldest === null ? "–" : elapsed(oldest), "", "oldest")}
      {kpi("Waiting now", count(now.waiting), `${now.available} available`, "waiting")}
      {kpi("Re-asked", share(today.reask_rate), "", "reask_rate")}
      {kpi("Effort", score(today.effort), today.efforts > 0 ? "of 7" : "", "effort")}
    </dl>
  );
}

function QueuesBox({ queues }: { queues: readonly QueueFigures[] }): ComponentChildren {
  const now = useSeconds();
  return (
    <section class="box" aria-labelledby="wall-queues">
      <h2 class="box__h" id="wall-queues">Queues<span class="meta">service level: today, then the last hour</span></h2>
      <table class="tbl tbl--num">
        <thead><tr>{["Queue", "Waiting", "Oldest", "Agents busy", "Available", "Away", "Service level", "Last hour", "Left"].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>
          {queues.map(({ key, name, service_level_seconds, now: line, today, last_hour }) => {
            const oldest = line.oldest_enqueued_at === null ? null : (now - Date.parse(line.oldest_enqueued_at)) / 1000;
            return (
              <tr key={key}>
                <th scope="row">{name}</th>
                <td>{line.waiting}</td>
                <td class={oldest !== null && oldest > service_level_seconds ? "warn" : ""}>{span(oldest)}</td>
                <td>{line.talking}</td><td>{line.available}</td><td>{line.away}</td>
                <td>{share(today.service_level)}<small>in {service_level_seconds} s</small></td>
                <td>{share(last_hour.service_level)}</td><td>{count(today.abandoned)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function FiguresBox({ board: { today, last_hour, definitions } }: { board: Wallboard }): ComponentChildren {
  return (
    <section class="box" aria-labelledby="wall-figures">
      <h2 class="box__h" id="wall-figures">Figures<span class="meta">simulated handoffs are in none of them</span></h2>
      <table class="tbl tbl--num">
        <thead><tr><th scope="col">Figure</th><th scope="col">Today</th><th scope="col">Last hour</th></tr></thead>
        <tbody>
          {ROWS.map(({ key, of }) => {
            const { label = key, text = "" } = definitions.find((one) => one.key === key) ?? {};
            return <tr key={key}><th scope="row">{label}<small>{text}</small></th><td>{of(today)}</td><td>{of(last_hour)}</td></tr>;
          })}
        </tbody>
      </table>
    </section>
  );
}
