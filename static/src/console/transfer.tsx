/** Passing a talk on: to whom, and what the next one should not have to ask. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { IconAlert, IconCheck, IconUser, IconX } from "../shared/icons.tsx";
import { useModal } from "./asking.ts";
import { useBoard } from "./context.tsx";
import type { Destination } from "./desk.ts";
import { saves } from "./enter.ts";
import { Keys } from "./keys.tsx";
import { NOTE_LIMIT, TooLong, tooLong } from "./length.tsx";
import { customerWithin, shortName } from "./people.ts";
import type { DeskHandoff, Destinations } from "./wire.ts";

interface Option { to: Destination; meta: string; free: boolean }

/** People who are free now, then queues, then those who are not; the agent who asks is none of them. */
export function optionsOf({ agents, queues }: Destinations, me: string): Option[] {
  const people = agents.filter(({ id }) => id !== me).map(({ id, name, available }): Option => ({ to: { kind: "agent", id, name }, meta: available ? "free now" : "not free", free: available }));
  const lines = queues.map(({ key, name }): Option => ({ to: { kind: "queue", key, name }, meta: "queue", free: true }));
  return [...people.filter(({ free }) => free), ...lines, ...people.filter(({ free }) => !free)];
}

const keyOf = (to: Destination): string => (to.kind === "queue" ? `queue ${to.key}` : `agent ${to.id}`);

interface Passing {
  options: readonly Option[] | null;
  chosen: Destination | null;
  note: string;
  busy: boolean;
  trouble: string | null;
  choose(to: Destination): void;
  write(note: string): void;
  submit(): void;
}

/** What is passed on, and how where it is not this agent's own: then the note may be left out. */
type TransferProps = { onClose(): void } & (
  | { handoff: DeskHandoff; pass?: undefined }
  | { handoff: Pick<DeskHandoff, "id" | "customer">; pass: { by(to: Destination, note: string): Promise<string | null>; note_needed: boolean } }
);

function usePassing(props: TransferProps, onDone: () => void): Passing {
  const { handoff, pass } = props;
  const { desk, board } = useBoard();
  const [options, setOptions] = useState<readonly Option[] | null>(null);
  const [chosen, choose] = useState<Destination | null>(null);
  const [note, setNote] = useState(desk.drafts.of(handoff.id).transfer);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  useEffect(() => {
    desk.destinations().then((found) => setOptions(optionsOf(found, board.agent.id)), () => setTrouble("Queues and people could not be read just now. Close this and try again."));
  }, []);
  const write = (text: string) => { setNote(text); desk.drafts.change(handoff.id, { transfer: text }); };
  const submit = async () => {
    if (busy) return;
    if (!chosen) return setTrouble("Choose where it goes first.");
    if (!note.trim() && (pass?.note_needed ?? true)) return setTrouble("Write a note first: the next agent should not have to ask again.");
    const long = tooLong(note, NOTE_LIMIT);
    if (long !== null) return setTrouble(`The note is ${long}. It is kept.`);
    setBusy(true);
    const refused = await (props.pass ? props.pass.by(chosen, note) : desk.transfer(props.handoff, chosen, note));
    setBusy(false);
    if (refused === null) {
      desk.drafts.change(handoff.id, { transfer: "" });
      onDone();
    } else setTrouble(`${refused} Your note is kept.`);
  };
  return { options, chosen, note, busy, trouble, choose, write, submit: () => void submit() };
}

export function Transfer(props: TransferProps): ComponentChildren {
  const { handoff, onClose } = props;
  const dialog = useModal();
  const close = () => dialog.current?.close();
  const passing = usePassing(props, close);
  const { chosen, busy, trouble, submit } = passing;
  return (
    <dialog class="dlg" aria-labelledby="transfer-title" ref={dialog} onClose={onClose}>
      <form noValidate onSubmit={(event) => { event.preventDefault(); submit(); }}
        onKeyDown={(event) => { if (saves(event)) { event.preventDefault(); submit(); } }}>
        <div class="dlg__h"><h2 id="transfer-title">Transfer {customerWithin(handoff.customer)}</h2>
          <button type="button" class="btn btn--quiet btn--icon" aria-label="Close, Escape" onClick={close}><IconX /></button>
        </div>
        <div class="dlg__b">
          <Where passing={passing} />
          <Note passing={passing} />
          <p class="goes"><IconCheck /><span><b>Everything goes along:</b> who it is, steps, facts, the talk and its notes. {shortName(handoff.customer)} keeps the place and is told.</span></p>
          <div role="alert">{trouble && <p class="bad trouble"><IconAlert />{trouble}</p>}</div>
        </div>
        <div class="dlg__f">
          <button type="button" class="btn btn--quiet" onClick={close}>Cancel <Keys keys={["Esc"]} /></button>
          <button type="submit" class="btn btn--primary" aria-disabled={busy}>
            {busy ? "Passing on" : `Transfer${chosen ? ` to ${chosen.name}` : ""}`} <Keys keys={["Ctrl", "Enter"]} />
          </button>
        </div>
      </form>
    </dialog>
  );
}

function Where({ passing: { options, chosen, choose } }: { passing: Passing }): ComponentChildren {
  const list = useRef<HTMLDivElement>(null);
  // The dialog begins at its Close button, because nothing else is there until the answer comes.
  useEffect(() => { if (options && !document.activeElement?.closest(".dlg__b, .dlg__f")) list.current?.querySelector<HTMLInputElement>("input:not([disabled])")?.focus(); }, [options]);
  return (
    <fieldset>
      <legend class="label">To a person or a queue</legend>
      <div class="opts" ref={list}>
        {options === null && <p class="opt meta" role="status">Looking who is there</p>}
        {options?.map(({ to, meta, free }) => (
          <label key={keyOf(to)} class="opt">
            <input type="radio" name="to" class="opt__radio" disabled={!free} checked={chosen !== null && keyOf(chosen) === keyOf(to)} onChange={() => choose(to)} />
            {to.kind === "agent" ? <span class={free ? "dot" : "dot dot--off"} /> : <IconUser />}
            <span class="cut">{to.name}</span>
            <span class="meta">{meta}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Note({ passing: { chosen, note, write } }: { passing: Passing }): ComponentChildren {
  return (
    <div>
      <label class="label" for="transfer-note">Note for {chosen?.kind === "agent" ? chosen.name : "the next agent"} (agents only)</label>
      <textarea class="input" id="transfer-note" rows={3} required aria-required="true" aria-describedby="transfer-long" value={note} placeholder="What should the next agent not have to ask?"
        onInput={({ currentTarget }) => write(currentTarget.value)} />
      <TooLong text={note} limit={NOTE_LIMIT} id="transfer-long" />
    </div>
  );
}
