/** Where a reply or a note is written. It is never disabled by a lost line, and never loses what is in it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { IconChat, IconNote } from "../shared/icons.tsx";
import { useBoard } from "./context.tsx";
import type { Draft, Mode } from "./drafts.ts";
import { Keys } from "./keys.tsx";
import { shortName, shortWithin } from "./people.ts";
import type { DeskHandoff } from "./wire.ts";

export const TEXT_LIMIT = 4_000;
/** From here on what is left is counted. */
const NEAR = 3_600;
/** The customer's mark is renewed every 5 s while writing goes on. */
const WRITING_MS = 7_000;

/** Enter sends, Shift+Enter is a new line, and an Enter that confirms an input method's suggestion is neither. */
export function sends(event: Pick<KeyboardEvent, "key" | "shiftKey" | "altKey" | "ctrlKey" | "metaKey" | "isComposing">): boolean {
  return event.key === "Enter" && !event.shiftKey && !event.altKey && !event.ctrlKey && !event.metaKey && !event.isComposing;
}

/** Null while there is nothing to send; the reason while it may not be sent. */
export function refusalOf(text: string): string | null {
  return text.length > TEXT_LIMIT ? `${text.length - TEXT_LIMIT} characters too long` : null;
}

interface Writing { draft: Draft; change(change: Partial<Draft>): void; box: { current: HTMLTextAreaElement | null } }

function useDraft(handoff: string): Writing {
  const { desk, state } = useBoard();
  const [draft, setDraft] = useState(desk.drafts.of(handoff));
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (!desk.takesFocus(handoff)) return;
    setDraft(desk.drafts.of(handoff));
    box.current?.focus();
  }, [handoff, state.opened.times]);
  return { draft, box, change: (change) => setDraft(desk.drafts.change(handoff, change)) };
}

/** Alt+N reaches the composer from anywhere. */
export const TURN = "handoff:turn-composer";

export function Composer({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { desk } = useBoard();
  const writing = useDraft(handoff.id);
  const { draft, change, box } = writing;
  const turn = (mode: Mode) => { change({ mode }); box.current?.focus(); };
  useEffect(() => {
    const listen = () => turn(desk.drafts.of(handoff.id).mode === "note" ? "reply" : "note");
    document.addEventListener(TURN, listen);
    return () => document.removeEventListener(TURN, listen);
  }, [handoff.id]);
  const text = draft[draft.mode];
  const send = () => {
    if (!text.trim() || refusalOf(text)) return;
    if (draft.mode === "note") desk.note(handoff.id, text);
    else desk.say(handoff.id, text);
    change({ [draft.mode]: "" });
    box.current?.focus();
  };
  return (
    <div class={`comp${draft.mode === "note" ? " comp--note" : ""}`}>
      <Tabs mode={draft.mode} onTurn={turn} handoff={handoff} />
      <Box handoff={handoff} writing={writing} onSend={send} />
    </div>
  );
}

function Tabs({ mode, onTurn, handoff }: { mode: Mode; onTurn(mode: Mode): void; handoff: DeskHandoff }): ComponentChildren {
  const other: Mode = mode === "reply" ? "note" : "reply";
  const list = useRef<HTMLDivElement>(null);
  const tab = (which: Mode) => ({
    type: "button" as const, role: "tab" as const, class: "btn btn--s btn--quiet", "aria-selected": mode === which, tabIndex: mode === which ? 0 : -1,
    "aria-controls": "comp-box", onClick: () => onTurn(which),
  });
  const arrows = (event: KeyboardEvent) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    onTurn(other);
    list.current?.querySelector<HTMLElement>(`[aria-selected="false"]`)?.focus();
  };
  return (
    <div class="comp__tabs">
      <div class="comp__tabs" role="tablist" aria-label="What you write" ref={list} onKeyDown={arrows}>
        <button {...tab("reply")}><IconChat />Reply</button>
        <button {...tab("note")}><IconNote />Note <Keys keys={["Alt", "N"]} /></button>
      </div>
      <span class="grow" />
      <Beside mode={mode} handoff={handoff} />
    </div>
  );
}

function Beside({ mode, handoff }: { mode: Mode; handoff: DeskHandoff }): ComponentChildren {
  const { board, clock } = useBoard();
  const who = shortName(handoff.customer);
  if (mode === "note") return <span class="meta">{who} never sees a note</span>;
  const typed = board.typing[handoff.id];
  return typed !== undefined && clock - typed < WRITING_MS ? <span class="meta">{who} is writing…</span> : null;
}

function Box({ handoff, writing: { draft, change, box }, onSend }: { handoff: DeskHandoff; writing: Writing; onSend(): void }): ComponentChildren {
  const { desk } = useBoard();
  const note = draft.mode === "note";
  const text = draft[draft.mode];
  const label = note ? "Note, agents only" : `Reply to ${shortWithin(handoff.customer)}`;
  const write = (value: string) => {
    change({ [draft.mode]: value });
    if (!note && value.trim()) desk.typing(handoff.id);
  };
  return (
    <div class="comp__box" id="comp-box" role="tabpanel" aria-label={note ? "Note" : "Reply"}>
      <label class="vh" for="comp-text">{label}</label>
      <textarea id="comp-text" rows={2} ref={box} value={text} placeholder={note ? "Only agents see this" : label}
        onInput={({ currentTarget }) => write(currentTarget.value)}
        onKeyDown={(event) => { if (sends(event)) { event.preventDefault(); onSend(); } }} />
      <div class="comp__bar">
        <Length text={text} />
        <span class="grow" />
        <button type="button" class="btn btn--primary btn--s" aria-disabled={!text.trim() || refusalOf(text) !== null} onClick={onSend}>
          {note ? "Add note" : "Send"} <Keys keys={["Enter"]} />
        </button>
      </div>
    </div>
  );
}

function Length({ text }: { text: string }): ComponentChildren {
  const refusal = refusalOf(text);
  if (refusal) return <span class="bad comp__len" role="status">{refusal}</span>;
  return text.length > NEAR ? <span class="meta comp__len num">{TEXT_LIMIT - text.length} left</span> : null;
}
