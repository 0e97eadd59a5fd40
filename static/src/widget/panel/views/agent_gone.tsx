/** The other side's line broke: what is safe, and how long their place is held. */
import { texts } from "@texts/attention";
import { Component, IconRefresh, locale, serverNow } from "./exports.ts";
import { Tick } from "./phone/tick.tsx";

const unit = (count: number, unit: "second" | "minute"): string =>
  new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "long" }).format(count);

/** "45 seconds", "3 minutes"; empty once it is over. */
export function durationWords(seconds: number): string {
  if (seconds <= 0) return "";
  return seconds <= 90 ? unit(Math.ceil(seconds), "second") : unit(Math.ceil(seconds / 60), "minute");
}

interface Gone {
  agent: string;
  /** When the next agent gets it, as far as the server has said. */
  until: string | null;
}

const wordsOf = ({ agent, until }: Gone): string => texts.agentDropped(agent, until === null ? "" : durationWords((Date.parse(until) - serverNow()) / 1000));

/** Who listens hears it once; who looks sees the time run. */
export class AgentGone extends Component<Gone> {
  readonly #first = wordsOf(this.props);

  render() {
    return (
      <div class="strip strip--warn">
        <IconRefresh class="spin" />
        <span class="vh" role="status">
          {this.#first}
        </span>
        <span class="grow" aria-hidden="true">
          <Tick>{() => wordsOf(this.props)}</Tick>
        </span>
      </div>
    );
  }
}
