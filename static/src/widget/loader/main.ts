/** window.handoff: what a host page may say, in the order it said it. */
import { addFact, addStep, addView, type GivenFact, type GivenStep } from "./journey.ts";
import { choose, emit, fail, identify, logout, mount, on, pass, restore, show, type Embedding } from "./panel.ts";

type Api = ((...args: unknown[]) => void) & { q?: Iterable<unknown>[] };

const host = window as unknown as { handoff?: Api };

const commands: Record<string, ((given: never, listener: never) => unknown) | null> = {
  __proto__: null,
  identify,
  step: (given: GivenStep) => pass(addStep(given)),
  fact: (given: GivenFact) => pass(addFact(given)),
  open(given?: { intent?: unknown }) {
    if (given?.intent) choose(given.intent);
    show(true);
  },
  close: () => show(false),
  intent: choose,
  logout,
  on,
};

function run([name, ...given]: Iterable<unknown>): void {
  const command = commands[name as string];
  if (!command) return fail("unknown_command", name);
  try {
    command(...(given as [never, never]));
  } catch (error) {
    fail("invalid_request", error);
  }
}

function start({ src, dataset }: HTMLScriptElement): void {
  if (!dataset.site) return fail("site_missing");
  // Single-page apps set the title after the address.
  const moved = () => setTimeout(() => pass(addView()), 100);
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = (...args) => {
      original.apply(history, args);
      moved();
    };
  }
  addEventListener("popstate", moved);
  mount(src, dataset as unknown as Embedding);
  addView();
  const queued = host.handoff?.q;
  host.handoff = (...args) => run(args);
  queued?.map(run);
  restore();
  emit("ready");
}

const script = document.currentScript as HTMLScriptElement;
if (document.body) start(script);
else addEventListener("DOMContentLoaded", () => start(script));
