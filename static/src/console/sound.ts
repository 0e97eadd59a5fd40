/** One short tone for an offer: heard in another room of the desk, silent until the reader has touched the page once. */
import { session } from "../shared/storage.ts";

let audio: AudioContext | null = null;

const KEY = "handoff.sound";
const kept = session(() => localStorage);

/** On, until somebody turns it off on this device. */
export const isSounding = (): boolean => kept.get(KEY) !== "off";
export function setSounding(on: boolean): void {
  if (on) kept.remove(KEY);
  else kept.set(KEY, "off");
  // The switch is a gesture, and what one turns on is heard.
  if (on) chime();
}

/** Browsers let a page sound only after a gesture; without one there is nothing to wake. */
export function listenForGesture(): void {
  const wake = () => {
    audio ??= new AudioContext();
    void audio.resume();
  };
  document.addEventListener("pointerdown", wake, { once: true });
  document.addEventListener("keydown", wake, { once: true });
}

/** Longer than any offer runs: a tab that is opened meanwhile stays silent as well. */
const HEARD_MS = 60_000;

/** Of an agent's tabs one sounds: the first that can takes the offer's lock and holds it until the others have asked. */
export function chimeOnce(offer: string): void {
  if (!isSounding() || audio?.state !== "running") return;
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  if (!locks) return chime();
  void locks.request(`handoff.sound.${offer}`, { ifAvailable: true }, (lock) => {
    if (!lock) return undefined;
    chime();
    return new Promise<void>((over) => setTimeout(over, HEARD_MS));
  });
}

const SECONDS = 0.18;
const HERTZ = 660;
const LOUDNESS = 0.08;

export function chime(): void {
  if (!isSounding() || !audio || audio.state !== "running") return;
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
