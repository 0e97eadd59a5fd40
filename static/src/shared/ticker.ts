/** Calls back about once a second, also while the page is hidden. */

interface ScriptUrlPolicy {
  createScriptURL(url: string): unknown;
}
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): ScriptUrlPolicy;
}

const TICK_MS = 1_000;

let policy: ScriptUrlPolicy | undefined;

function workerUrl(): string {
  const url = new URL("timer.js", import.meta.url).href;
  const trusted = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  if (!trusted) return url;
  // The policy knows one address and returns it whatever it is asked for.
  policy ??= trusted.createPolicy("handoff-timer", { createScriptURL: () => url });
  return policy.createScriptURL(url) as string;
}

function interval(tick: () => void): () => void {
  const timer = setInterval(tick, TICK_MS);
  return () => clearInterval(timer);
}

/** Returns the function that stops it. */
export function startTicker(tick: () => void): () => void {
  try {
    const worker = new Worker(workerUrl());
    let stop = () => worker.terminate();
    worker.onmessage = tick;
    worker.onerror = () => {
      worker.terminate();
      stop = interval(tick);
    };
    return () => stop();
  } catch {
    return interval(tick);
  }
}
