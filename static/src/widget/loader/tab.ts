/** The tab's memory of the panel, in the host page's sessionStorage. */
import type { Tab } from "../bridge.ts";
import { read, write } from "./storage.ts";

const KEY = "handoff.panel";

export let tab = read(KEY) as Tab | null;

export function remember(change: Tab | null): void {
  tab = change && { ...tab, ...change };
  write(KEY, tab);
}
