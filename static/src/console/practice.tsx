/** For trainees: the way to a simulated customer, at its place under the switch. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { request } from "../shared/api.ts";
import { ApiError } from "../shared/errors.ts";
import { useDesk } from "./context.tsx";
import { cookieValue } from "./page.ts";

const OURS = new Set(["channel_full", "channel_closed", "not_ready"]);

/** Here the server's own sentence says what is the matter. */
export function whyNobody(error: unknown): string {
  if (!(error instanceof ApiError)) return "It did not work just now. Try again.";
  if (error.code === "rate_limited") return "That was a lot of practice at once. Try again in a few minutes.";
  return OURS.has(error.code) ? error.message : "It did not work just now. Try again.";
}

export function Practice(): ComponentChildren {
  const { page, state } = useDesk();
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState("");
  const agent = state.board?.agent;
  const there = (state.board?.offers.length ?? 0) + (state.board?.handoffs.length ?? 0);
  // What was said of one who was awaited is over once somebody came, or left.
  useEffect(() => setSaid(""), [there]);
  if (!agent?.is_trainee) return null;
  const { available, after_current } = agent.availability;
  const isReady = available && !after_current;
  const start = async () => {
    if (busy) return;
    if (!isReady) return setSaid("Be available first: nothing is offered to you now.");
    setBusy(true);
    setSaid("");
    try {
      await request("/api/v1/desk/practice", { method: "POST", headers: { "X-CSRFToken": cookieValue(document.cookie, page.csrfCookie) } });
      setSaid("One stands in line, and is offered to a trainee who is free.");
    } catch (error) {
      setSaid(whyNobody(error));
    }
    setBusy(false);
  };
  return (
    <section class="rail__sec" aria-labelledby="practice">
      <h2 class="sec-h" id="practice">Practice</h2>
      <p class="meta">Simulated customers, who answer by a script. Nothing counts.</p>
      <button type="button" class="btn btn--s practice__go" aria-disabled={busy || !isReady} onClick={() => void start()}>{busy ? "A customer is on the way" : "Start practice"}</button>
      <p class="meta" role="status">{said}</p>
    </section>
  );
}
