/** A customer's steps as an agent reads them: one row a page or action, failures counted, the open page marked. */
import type { Step } from "./wire.ts";

export interface Failure { error: string | null; at: string }
export interface StepRow {
  id: string;
  title: string;
  path: string;
  status: "done" | "failed" | "now" | "started";
  failures: Failure[];
  at: string;
}

/** "upload-receipt" as "Upload receipt"; a path stays a path. */
export function stepTitle(step: Pick<Step, "name" | "title" | "path">): string {
  if (step.title) return step.title;
  if (!step.name) return step.path;
  const words = step.name.replace(/[-_]+/g, " ").trim();
  return words ? words.charAt(0).toUpperCase() + words.slice(1) : step.name;
}

const identity = (step: Step): string => (step.name === undefined ? `path ${step.path}` : `name ${step.name}`);

export function journeyRows(steps: readonly Step[], present: boolean): StepRow[] {
  const rows: StepRow[] = [];
  for (const step of steps) addStep(rows, step);
  return rows.map((row, index) => withPlace(row, index === rows.length - 1, present));
}

/** A step joins the row before it when it is the same one going on; a failure also takes its earlier failures along. */
function addStep(rows: StepRow[], step: Step): void {
  const id = identity(step);
  const failure: Failure[] = step.status === "failed" ? [{ error: step.error ?? null, at: step.at }] : [];
  const at = earlierRow(rows, id, step.status === "failed");
  const earlier = at < 0 ? undefined : rows.splice(at, 1)[0];
  rows.push({
    id,
    title: stepTitle(step),
    path: step.path,
    status: step.status,
    failures: [...(earlier?.failures ?? []), ...failure],
    at: earlier?.at ?? step.at,
  });
}

function earlierRow(rows: readonly StepRow[], id: string, failed: boolean): number {
  const last = rows.length - 1;
  if (rows[last]?.id === id) return last;
  return failed ? rows.findLastIndex((row) => row.id === id && row.status === "failed") : -1;
}

/** A page that was opened and left is done; the last one is where the customer stands, as long as they are there. */
function withPlace(row: StepRow, isLast: boolean, present: boolean): StepRow {
  if (row.status === "failed") return row;
  if (isLast && present) return { ...row, status: "now" };
  return row.status === "started" && !isLast ? { ...row, status: "done" } : row;
}

/** "twice", "3 times"; nothing for once, which is what a reader assumes. */
export function timesWords(times: number): string {
  if (times < 2) return "";
  return times === 2 ? "twice" : `${times} times`;
}
