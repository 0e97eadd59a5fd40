/** A customer's steps as both sides read them: one row a page or action, failures counted, the open page marked. */
import type { Step } from "./frames.ts";

export interface Failure { error: string | null; at: string }
export interface StepRow {
  id: string;
  title: string;
  path: string;
  status: "done" | "failed" | "now" | "started";
  failures: Failure[];
  /** The customer stands here now, also where it failed. */
  here: boolean;
  at: string;
}

/** "upload-receipt" as "Upload receipt"; a path stays a path; of a title, what says more than the site's own name. */
export function stepTitle(step: Pick<Step, "name" | "title" | "path">, site: string): string {
  if (step.title) return withoutSite(step.title, site);
  if (!step.name) return step.path;
  const words = step.name.replace(/[-_]+/g, " ").trim();
  return words ? words.charAt(0).toUpperCase() + words.slice(1) : step.name;
}

const identity = (step: Step): string => (step.name === undefined ? `path ${step.path}` : `name ${step.name}`);

/** A page's title without the site's own name at its end, which every page repeats. */
function withoutSite(title: string, site: string): string {
  const bare = title.endsWith(site) ? title.slice(0, -site.length).replace(/\s*[-|·:–—]\s*$/u, "") : title;
  return bare.trim() === "" || bare === title.slice(0, -site.length) ? title : bare;
}

export function journeyRows(steps: readonly Step[], present: boolean, site: string): StepRow[] {
  const rows: StepRow[] = [];
  for (const step of steps) addStep(rows, step, site);
  return rows.map((row, index) => withPlace(row, index === rows.length - 1, present));
}

/**
 * A step joins the row of the same step, a page's bare view gives way to the named step on that page, and a view of the
 * page that is the newest row already (a reload, a form shown again) says nothing new.
 */
function addStep(rows: StepRow[], step: Step, site: string): void {
  const last = rows[rows.length - 1];
  if (step.name === undefined && last !== undefined && last.path === step.path) return;
  const id = identity(step);
  const at = earlierRow(rows, id, step);
  const row = makeRow(step, id, at < 0 ? undefined : rows[at], site);
  if (at >= 0 && step.status !== "failed") rows[at] = row;
  else {
    if (at >= 0) rows.splice(at, 1);
    else if (step.name !== undefined && last?.id === `path ${step.path}`) rows.pop();
    rows.push(row);
  }
}

function makeRow(step: Step, id: string, earlier: StepRow | undefined, site: string): StepRow {
  const failure: Failure[] = step.status === "failed" ? [{ error: step.error ?? null, at: step.at }] : [];
  return {
    id,
    title: earlier?.title ?? stepTitle(step, site),
    path: step.path,
    status: step.status,
    failures: [...(earlier?.failures ?? []), ...failure],
    here: false,
    at: earlier?.at ?? step.at,
  };
}

/** A step goes on where it stands unless it was begun anew: a second "started" after others is a second visit. */
function earlierRow(rows: readonly StepRow[], id: string, step: Step): number {
  const last = rows.length - 1;
  if (rows[last]?.id === id) return last;
  if (step.status === "started") return -1;
  const wanted: readonly StepRow["status"][] = step.status === "failed" ? ["failed", "started"] : ["started", "failed"];
  return rows.findLastIndex((row) => row.id === id && wanted.includes(row.status));
}

/** A page that was opened and left is done; the last one is where the customer stands, as long as they are there. */
function withPlace(row: StepRow, isLast: boolean, present: boolean): StepRow {
  const here = isLast && present;
  if (row.status === "failed") return { ...row, here };
  if (here) return { ...row, here, status: "now" };
  return row.status === "started" && !isLast ? { ...row, status: "done" } : row;
}

/** "twice", "3 times"; nothing for once, which is what a reader assumes. */
export function timesWords(times: number): string {
  if (times < 2) return "";
  return times === 2 ? "twice" : `${times} times`;
}
