/** The steps and facts of this tab, kept in the host page's own sessionStorage until a handoff takes them. */
import type { Scalar, Step } from "../../shared/frames.ts";
import type { PageEntry, PageFact } from "../bridge.ts";
import { redactPath, redactText } from "./redact.ts";
import { read, write } from "./storage.ts";

const KEY = "handoff.steps";

export interface GivenStep {
  name?: unknown;
  title?: unknown;
  path?: unknown;
  status?: unknown;
  error?: unknown;
}
export interface GivenFact {
  key?: unknown;
  label?: unknown;
  value?: unknown;
}

let entries = ([] as PageEntry[]).concat((read(KEY) as PageEntry[]) ?? []);

export const journey = () => entries;

export function forget(): void {
  entries = [];
  write(KEY, null);
}

const isFact = (entry: PageEntry): entry is PageFact => "key" in entry;

const newest = (name?: string) => entries.findLast((entry): entry is Step => !isFact(entry) && (!name || entry.name == name));

const drop = (old?: PageEntry) => (entries = entries.filter((entry) => entry != old));

const word = (value: unknown) => (value ? redactText(String(value)).slice(0, 200) : undefined);

/** Each entry's time is its identity towards the panel, so two of them never share a millisecond. */
function keep(entry: object): PageEntry {
  const last = Date.parse(entries.at(-1)?.at!) || 0;
  const kept = { ...entry, at: new Date(Math.max(Date.now(), last + 1)).toISOString() } as PageEntry;
  entries.push(kept);
  // At most 50. Steps may go; a fact was given on purpose and stays as long as there is a step to drop instead.
  if (entries.length > 50) drop(entries.find((old) => !isFact(old)) ?? entries[0]);
  write(KEY, entries);
  return kept;
}

/** What stands before the page's own title; a page that has changed it meanwhile has a new one of its own. */
let ours = "";

const pageTitle = () => document.title.replace(ours, "");

export function entitle({ title }: { title: string }): void {
  const own = pageTitle();
  document.title = (ours = title && title + " - ") + own;
}

/**
 * Nothing of the page's content is read: its address and its title are all. How a step went is often told by the page
 * that follows, so the step keeps the place where it began, and none takes its title from a page that happens to be open.
 */
function describe({ name, title, path, status, error }: GivenStep) {
  const called = word(name);
  const ended = status == "done" || status == "failed";
  const began = called && ended ? newest(called) : undefined;
  return {
    name: called,
    path: redactPath(String(path ?? began?.path ?? location.pathname).replace(/[?#].*/s, "")),
    title: word(title ?? (called ? began?.title : pageTitle())),
    status: ended ? status : "started",
    error: word(error),
  };
}

/** A step told again unchanged (a reload) is one step; failing again is another failure. */
export function addStep(given: GivenStep): PageEntry | undefined {
  const step = describe(given);
  const last = newest();
  if (last?.path == step.path && last.name == step.name && last.status == step.status && step.status != "failed") return;
  // The bare view of a page says less than the steps that have a name there.
  if (step.name) entries = entries.filter((entry) => isFact(entry) || entry.name || entry.path != step.path || entry.status == "failed");
  return keep(step);
}

/** A view of the page that is already the newest step (a reload, a fragment, a form shown again) is not told twice. */
export function addView(): PageEntry | undefined {
  const view = describe({});
  const last = newest();
  return last?.path == view.path && (last.name || last.title == view.title) ? undefined : keep(view);
}

/** Pages repeat their facts at every load; one that has not changed keeps its place and time. */
export function addFact({ key, label = key, value = null }: GivenFact): PageEntry | undefined {
  const name = word(key);
  const given = (typeof value == "string" ? redactText(value).slice(0, 4000) : value) as Scalar;
  const old = entries.find((entry): entry is PageFact => isFact(entry) && entry.key == name);
  if (old?.value === given) return;
  drop(old);
  return keep({ key: name, label: word(label), value: given });
}
