/** The steps and facts of this tab, kept in the host page's own sessionStorage until a handoff takes them. */
import type { Scalar, Step } from "../../shared/frames.ts";
import type { PageEntry, PageFact } from "../bridge.ts";
import { redactPath, redactText } from "./redact.ts";
import { read, write } from "./storage.ts";

const KEY = "handoff.steps";

export interface GivenStep {
  name?: unknown;
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

const word = (value: unknown) => (value == null ? undefined : redactText(String(value)).slice(0, 200));

/** Each entry's time is its identity towards the panel, so two of them never share a millisecond. */
function keep(entry: object): PageEntry {
  const last = Date.parse(entries.at(-1)?.at ?? "") || 0;
  const kept = { ...entry, at: new Date(Math.max(Date.now(), last + 1)).toISOString() } as PageEntry;
  entries.push(kept);
  // At most 50. Steps may go; a fact was given on purpose and stays as long as there is a step to drop instead.
  if (entries.length > 50) entries.splice(Math.max(0, entries.findIndex((old) => !isFact(old))), 1);
  write(KEY, entries);
  return kept;
}

/** Nothing of the page's content is read: its address and its title are all. */
const describe = ({ name, status, error }: GivenStep) => ({
  name: word(name),
  path: redactPath(location.pathname),
  title: word(document.title || null),
  status: status == "done" || status == "failed" ? status : "started",
  error: word(error),
});

export const addStep = (given: GivenStep): PageEntry => keep(describe(given));

/** A view of the page that is already the newest step (a reload, a fragment) is not told twice. */
export function addView(): PageEntry | undefined {
  const view = describe({});
  const last = entries.findLast((entry): entry is Step => !isFact(entry));
  return last && !last.name && last.path === view.path && last.title === view.title ? undefined : keep(view);
}

/** Pages repeat their facts at every load; one that has not changed keeps its place and time. */
export function addFact({ key, label = key, value = null }: GivenFact): PageEntry | undefined {
  const name = word(key);
  const given = (typeof value === "string" ? redactText(value).slice(0, 4000) : value) as Scalar;
  const old = entries.findIndex((entry) => isFact(entry) && entry.key === name);
  if (old >= 0) {
    if ((entries[old] as PageFact).value === given) return;
    entries.splice(old, 1);
  }
  return keep({ key: name, label: word(label), value: given });
}
