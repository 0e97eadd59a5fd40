/** One short tone for an offer: heard in another room of the desk, silent until the reader has touched the page once. */

let audio: AudioContext | null = null;

/** Browsers let a page sound only after a gesture; without one there is nothing to wake. */
export function listenForGesture(): void {
  const wake = () => {
    audio ??= new AudioContext();
    void audio.resume();
  };
  document.addEventListener("pointerdown", wake, { once: true });
  document.addEventListener("keydown", wake, { once: true });
}

const SECONDS = 0.18;
const HERTZ = 660;
const LOUDNESS = 0.08;

export function chime(): void {
  if (!audio || audio.state !== "running") return;
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
