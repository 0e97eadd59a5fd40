/** Figures as they are read: what is not known is a dash, never a nought. */
import type { Figures, FloorAgent, HalfHour } from "../../shared/protocol.ts";
import { elapsed } from "../../shared/time.ts";

const DASH = "–";

export const share = (value: number | null): string => (value === null ? DASH : `${Math.round(value * 100)} %`);
export const span = (seconds: number | null): string => (seconds === null ? DASH : elapsed(seconds));
export const score = (value: number | null): string => (value === null ? DASH : value.toFixed(1));
export const count = (value: number): string => value.toLocaleString();

/** What the page shows of each definition, in its order; the rest have places of their own. */
export const ROWS: readonly { key: string; of(figures: Figures): string }[] = [
  { key: "offered", of: ({ offered }) => count(offered) },
  { key: "service_level", of: ({ service_level }) => share(service_level) },
  { key: "asa", of: ({ asa_seconds }) => span(asa_seconds) },
  { key: "aht", of: ({ aht_seconds }) => span(aht_seconds) },
  { key: "abandonment", of: ({ abandonment, abandoned_short }) => `${share(abandonment)}${abandoned_short > 0 ? `, ${abandoned_short} short` : ""}` },
  { key: "occupancy", of: ({ occupancy }) => share(occupancy) },
  { key: "transfer_rate", of: ({ transfer_rate }) => share(transfer_rate) },
  { key: "reask_rate", of: ({ reask_rate }) => share(reask_rate) },
  { key: "context_delivered", of: ({ context_delivered }) => share(context_delivered) },
  { key: "effort", of: ({ effort, efforts }) => `${score(effort)}${efforts > 0 ? ` of 7, ${count(efforts)} answers` : ""}` },
  { key: "promised", of: ({ promises_kept, promised_seconds, actual_seconds }) =>
    promises_kept === null ? share(null) : `${share(promises_kept)}: told ${span(promised_seconds)}, was ${span(actual_seconds)}` },
  { key: "deflected", of: ({ deflected }) => count(deflected) },
];

/** Longer than this many times the half hours before it, a wait has risen. */
const RISEN = 1.5;
const SETTLED = 1.25;

/** Why the wait of one half hour is longer than before it, as far as its own figures tell. `waited`: by somebody who was not answered yet. */
export function whyRisen(halves: readonly HalfHour[], index: number, waited = 0): string[] {
  const [now, before] = [halves[index], usual(halves.slice(0, index))];
  if (!now || !before || Math.max(now.wait_seconds ?? 0, waited) < RISEN * Math.max(before.wait, 10)) return [];
  const reasons: string[] = [];
  if (now.agents < before.agents / SETTLED) reasons.push(`${score(before.agents - now.agents)} fewer agents available`);
  const came = now.arrivals / Math.max(before.arrivals, 1);
  if (came > SETTLED) reasons.push(came < 3 ? `${Math.round((came - 1) * 100)} % more came` : `${Math.round(came)} times as many came`);
  if (now.aht_seconds !== null && before.aht > 0 && now.aht_seconds > before.aht * SETTLED) reasons.push(`each took ${span(now.aht_seconds - before.aht)} longer`);
  return reasons.length > 0 ? reasons : ["nothing in these figures"];
}

interface Usual { wait: number; agents: number; arrivals: number; aht: number }

/** The mean of up to four half hours before. */
function usual(before: readonly HalfHour[]): Usual | null {
  const last = before.filter(({ wait_seconds }) => wait_seconds !== null).slice(-4);
  const mean = (of: (half: HalfHour) => number | null): number => {
    const known = last.map(of).filter((value) => value !== null);
    return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : 0;
  };
  if (last.length === 0) return null;
  return { wait: mean((half) => half.wait_seconds), agents: mean(({ agents }) => agents), arrivals: mean(({ arrivals }) => arrivals), aht: mean((half) => half.aht_seconds) };
}

const CONDITIONS: Readonly<Record<FloorAgent["condition"], string>> = {
  available: "Available", offered: "Being offered one", talking: "Talking", wrap_up: "Wrap-up", away: "Away", disconnected: "Disconnected",
};
export const DOTS: Readonly<Record<FloorAgent["condition"], string>> = {
  available: "dot", offered: "dot dot--busy", talking: "dot dot--busy", wrap_up: "dot dot--busy", away: "dot dot--off", disconnected: "dot dot--warn",
};

export function conditionWords({ condition, load, capacity, wrap_ups, reason, by_system }: FloorAgent): string {
  const held = load > 0 ? ` ${load} of ${capacity}${wrap_ups > 0 && condition === "talking" ? `, ${wrap_ups} in wrap-up` : ""}` : "";
  const why = reason ? `: ${reason}${by_system ? " (set by the system)" : ""}` : "";
  return `${CONDITIONS[condition]}${held}${why}`;
}
