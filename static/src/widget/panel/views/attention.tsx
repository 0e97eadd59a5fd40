/** A tone for those who look elsewhere: off until somebody turns it on, kept for the tab. It comes in a file of its own. */
import { texts } from "@texts/attention";
import { IconBell } from "../../../shared/icons.tsx";
import type { Status } from "../../../shared/connection.ts";
import { session } from "../../../shared/storage.ts";
import { Component, IconCheck } from "./exports.ts";

export { AgentGone } from "./agent_gone.tsx";

const KEY = "handoff.sound";
/** Never more often, whatever comes. */
const PAUSE_MS = 5_000;
const SECONDS = 0.2;
const HERTZ = 520;
const LOUDNESS = 0.06;

const kept = session();
let audio: AudioContext | undefined;
let last = -Infinity;

export const isOn = (): boolean => kept.get(KEY) === "on";

/** Browsers let a page sound only after a gesture of its reader in it. */
function wake(): void {
  if (!isOn()) return;
  audio ??= new AudioContext();
  void audio.resume();
}
for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, wake);

export function turn(on: boolean): void {
  if (on) kept.set(KEY, "on");
  else kept.remove(KEY);
  wake();
  if (on) sound();
}

/** Something came. Whoever looks at the page sees it. */
export function ring(now = Date.now()): void {
  if (!isOn() || document.visibilityState !== "hidden" || now - last < PAUSE_MS) return;
  last = now;
  sound();
}

function sound(): void {
  if (!audio) return;
  const tone = audio.createOscillator();
  const gain = audio.createGain();
  const from = audio.currentTime;
  tone.frequency.value = HERTZ;
  gain.gain.setValueAtTime(LOUDNESS, from);
  gain.gain.exponentialRampToValueAtTime(0.001, from + SECONDS);
  tone.connect(gain).connect(audio.destination);
  tone.start(from);
  tone.stop(from + SECONDS);
}

/** How long good news is news. */
const RECOVERED_MS = 3_000;

/** The line is back: said for a moment, and gone. */
export class Recovered extends Component<{ line: Status }, { shown: boolean }> {
  override state = { shown: false };
  #over: ReturnType<typeof setTimeout> | undefined;

  override componentDidUpdate({ line: before }: { line: Status }): void {
    const { line } = this.props;
    if (before === line) return;
    clearTimeout(this.#over);
    const shown = before === "reconnecting" && line === "live";
    if (shown) this.#over = setTimeout(() => this.setState({ shown: false }), RECOVERED_MS);
    if (shown !== this.state.shown) this.setState({ shown });
  }

  override componentWillUnmount(): void {
    clearTimeout(this.#over);
  }

  render() {
    return (
      this.state.shown && (
        <div class="strip strip--ok" role="status">
          <IconCheck />
          <span class="grow">{texts.recovered}</span>
        </div>
      )
    );
  }
}

/** The tone is heard as it is turned on, so that one knows what to listen for. */
export class SoundSwitch extends Component {
  render() {
    const on = isOn();
    const press = () => {
      turn(!on);
      this.forceUpdate();
    };
    return (
      <button type="button" class="btn btn--text center" role="switch" aria-checked={on} onClick={press}>
        <IconBell />
        {on ? texts.soundOn : texts.soundOff}
      </button>
    );
  }
}
