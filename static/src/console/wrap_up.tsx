/** The work after the talk: what came of it, and what the next agent should not have to ask. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { elapsed } from "../shared/time.ts";
import { likelyDisposition } from "./call.ts";
import { useBoard } from "./context.tsx";
import { saves } from "./enter.ts";
import { Keys } from "./keys.tsx";
import { NOTE_LIMIT, TooLong, tooLong } from "./length.tsx";
import { needsSince } from "./my_handoffs.tsx";
import { secondsSince } from "./rail.tsx";
import type { DeskHandoff } from "./wire.ts";
import { dispositionWords } from "./words.ts";

export function WrapUp({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { desk } = useBoard();
  const [outcome, setOutcome] = useState<string | null>(desk.drafts.of(handoff.id).outcome || likelyDisposition(handoff));
  const [note, setNote] = useState(desk.drafts.of(handoff.id).note);
  const [missing, setMissing] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const form = useRef<HTMLFormElement>(null);
  // The box that was written in went away with the talk. Not to an outcome: a word still being typed must not choose one.
  useLayoutEffect(() => { if (document.activeElement === document.body) form.current?.focus(); }, []);
  // Another tab or browser of the same agent wrote, and nothing waits here.
  useEffect(() => desk.drafts.watch((one) => { if (one === handoff.id) setNote(desk.drafts.of(handoff.id).note); }), [desk, handoff.id]);
  const write = (text: string) => { setNote(text); desk.drafts.change(handoff.id, { note: text }); };
  const choose = (code: string) => { setOutcome(code); desk.drafts.change(handoff.id, { outcome: code }); };
  const save = async () => {
    if (outcome === null) { setMissing(true); first.current?.focus(); return; }
    if (tooLong(note, NOTE_LIMIT) !== null) { field.current?.focus(); return; }
    if (await desk.wrapUp(handoff.id, outcome, note)) desk.drafts.change(handoff.id, { mode: "reply", reply: "", note: "", outcome: "" });
  };
  return (
    <form class="form form--wrap" aria-label="Wrap-up" tabIndex={-1} ref={form}
      onSubmit={(event) => { event.preventDefault(); void save(); }}
      onKeyDown={(event) => { if (saves(event)) { event.preventDefault(); void save(); } }}>
      <Outcome options={handoff.dispositions} chosen={outcome} missing={missing && outcome === null} first={first} onChoose={choose} />
      <div>
        <label class="label" for="wrap-note">Note for whoever is next (agents only)</label>
        <textarea class="input" id="wrap-note" rows={2} ref={field} aria-describedby="wrap-long" value={note} placeholder="What should the next agent not have to ask?"
          onInput={({ currentTarget }) => write(currentTarget.value)} />
        <TooLong text={note} limit={NOTE_LIMIT} id="wrap-long" />
      </div>
      <div class="seg">
        <button type="submit" class="btn btn--primary">Save and be free <Keys keys={["Ctrl", "Enter"]} /></button>
        <span class="meta">The note is kept as you type.</span>
      </div>
    </form>
  );
}

interface OutcomeProps { options: readonly string[]; chosen: string | null; missing: boolean; first: { current: HTMLInputElement | null }; onChoose(code: string): void }

function Outcome({ options, chosen, missing, first, onChoose }: OutcomeProps): ComponentChildren {
  return (
    <fieldset>
      <legend class="label">Outcome</legend>
      <div class="seg">
        {options.map((code, index) => (
          <label key={code} class="btn pick">
            <input type="radio" name="outcome" class="pick__radio" value={code} checked={chosen === code} ref={index === 0 ? first : null} onChange={() => onChoose(code)} />
            {dispositionWords(code)}
          </label>
        ))}
      </div>
      {missing && <p class="bad" role="alert">Choose what came of it first.</p>}
    </fieldset>
  );
}

export function WrapUpTime({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { now } = useBoard();
  const since = needsSince(handoff);
  return <span class="badge"><span class="wrap-t">Wrap-up{since !== null && ` ${elapsed(secondsSince(since, now))}`}</span></span>;
}
