/** Left: what needs me. */
import type { ComponentChildren } from "preact";
import { stripInvisible } from "../shared/safe_url.ts";
import { elapsed } from "../shared/time.ts";
import { AvailabilityBox } from "./availability_box.tsx";
import { useBoard, useSeconds } from "./context.tsx";
import { Keys } from "./keys.tsx";
import { memo } from "./memo.ts";
import { MyHandoffs } from "./my_handoffs.tsx";
import { Practice } from "./practice.tsx";
import type { QueueRow } from "./wire.ts";

/** From here on a wait is shown as late. Queues' own service levels are not told to the desk. */
export const LATE_SECONDS = 60;

export function secondsSince(at: string, now: number): number {
  return Math.max(0, Math.floor((now - Date.parse(at)) / 1000));
}

export function Rail(): ComponentChildren {
  const { board } = useBoard();
  return (
    <aside class="rail" aria-label="Queue and my handoffs" tabIndex={-1} data-region>
      <AvailabilityBox />
      <Practice />
      <MyHandoffs />
      <Queues rows={board.queues} />
      <p class="rail__foot"><Keys keys={["Alt", "1"]} /> to <kbd class="kbd">9</kbd> my handoffs</p>
    </aside>
  );
}

const Queues = memo(({ rows }: { rows: readonly QueueRow[] }): ComponentChildren => {
  return (
    <section class="rail__sec" aria-labelledby="queues">
      <h2 class="sec-h" id="queues">Queues<span class="meta">mine</span></h2>
      {rows.length === 0 ? (
        <p class="meta">No queue is yours yet. Ask a supervisor to add you to one.</p>
      ) : (
        <table class="board">
          <thead><tr><th scope="col">Queue</th><th scope="col">Waiting</th><th scope="col">Oldest</th><th scope="col">Free</th></tr></thead>
          <tbody>{rows.map((row) => <Queue key={row.key} row={row} />)}</tbody>
        </table>
      )}
    </section>
  );
});

function Queue({ row }: { row: QueueRow }): ComponentChildren {
  return (
    <tr>
      <td><bdi>{stripInvisible(row.name)}</bdi></td>
      <td>{row.waiting}</td>
      <Oldest since={row.oldest_enqueued_at} />
      <td>{row.agents_available}</td>
    </tr>
  );
}

function Oldest({ since }: { since: string | null }): ComponentChildren {
  const now = useSeconds();
  const oldest = since === null ? null : secondsSince(since, now);
  return <td class={oldest !== null && oldest > LATE_SECONDS ? "warn" : ""}>{oldest === null ? "–" : elapsed(oldest)}</td>;
}
