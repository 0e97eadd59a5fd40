/** Where a reply or a note is written. It is never disabled by a lost line, and never loses what is in it. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconChat, IconNote } from "../shared/icons.tsx";
import { ComposerTools } from "./composer_tools.tsx";
import { ComposingProvider, insertInto } from "./composing.tsx";
import type { Composing } from "./composing.tsx";
import { useBoard } from "./context.tsx";
import { TEXT_LIMIT } from "./drafts.ts";
import type { Draft, Mode } from "./drafts.ts";
import { sends } from "./enter.ts";
import { takeFiles, useHasFiles } from "./files.ts";
import { Keys } from "./keys.tsx";
import { shortName, shortWithin } from "./people.ts";
import { gapsIn } from "./placeholders.ts";
import { Strip } from "./reask/strip.tsx";
import { useGuard } from "./reask/use_guard.ts";
import type { DeskHandoff } from "./wire.ts";

export { TEXT_LIMIT, sends };
/** More than this at once is no message: the browser would be busy with it for seconds, and could not send it after all. */
export const PASTE_LIMIT = 100_000;
/** From here on what is left is counted. */
const NEAR = 3_600;
/** The customer's mark is renewed every 5 s while writing goes on. */
const WRITING_MS = 7_000;

/** Null while there is nothing to send; the reason while it may not be sent. */
export function refusalOf(text: string): string | null {
  if (text.length > TEXT_LIMIT) return `${counted(text.length - TEXT_LIMIT)} characters too long`;
  const [gap] = gapsIn(text);
  return gap === undefined ? null : `Fill in ${gap} first`;
}

const counted = (count: number): string => count.toLocaleString("en");

interface Writing { draft: Draft; change(change: Partial<Draft>): void; box: { current: HTMLTextAreaElement | null } }

function useDraft(handoff: string): Writing {
  const { desk, state } = useBoard();
  const [draft, setDraft] = useState(desk.drafts.of(handoff));
  const box = useRef<HTMLTextAreaElement>(null);
  // In the frame in which the talk appears: a letter typed at the sight of it is a letter of the reply.
  useLayoutEffect(() => {
    if (!desk.takesFocus(handoff)) return;
    setDraft(desk.drafts.of(handoff));
    box.current?.focus();
  }, [handoff, state.opened.times]);
  // Another tab or browser of the same agent wrote, and nothing waits here.
  useEffect(() => desk.drafts.watch((one) => { if (one === handoff) setDraft(desk.drafts.of(handoff)); }), [desk, handoff]);
  return { draft, box, change: (change) => setDraft(desk.drafts.change(handoff, change)) };
}

/** Alt+N reaches the composer from anywhere. */
export const TURN = "handoff:turn-composer";
/** And Alt+U. */
export const USE = "handoff:use-known";

export function Composer({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { desk } = useBoard();
  const writing = useDraft(handoff.id);
  const { draft, change, box } = writing;
  const turn = useTurn(handoff.id, writing);
  const text = draft[draft.mode];
  const guard = useGuard(handoff, draft.mode === "reply" ? text : "");
  const carries = useHasFiles(handoff.id) && draft.mode === "reply";
  const send = () => {
    if ((!text.trim() && !carries) || refusalOf(text)) return;
    if (draft.mode === "reply" && !guard.lets(text)) return;
    if (draft.mode === "note") desk.note(handoff.id, text);
    else desk.say(handoff.id, text, takeFiles(handoff.id));
    change({ [draft.mode]: "" });
    box.current?.focus();
  };
  const put = (words: string, from?: number, to?: number) => { if (box.current) insertInto(box.current, words, from, to); };
  const composing: Composing = { handoff, mode: draft.mode, text, insert: (words) => put(words), replace: put };
  // A note asks nobody.
  const use = () => { if (draft.mode === "reply") guard.use(put, text); };
  useOn(USE, use);
  const ask = () => { guard.insist(); send(); };
  return (
    <ComposingProvider value={composing}><div class={`comp${draft.mode === "note" ? " comp--note" : ""}`}>
      <Strip handoff={handoff} guard={guard} onUse={use} onAsk={ask} />
      <Tabs mode={draft.mode} onTurn={turn} handoff={handoff} />
      <Box handoff={handoff} writing={writing} onSend={send} />
    </div></ComposingProvider>
  );
}

/** Hears what a key asks for from anywhere. */
function useOn(name: string, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useLayoutEffect(() => {
    const listen = () => latest.current();
    document.addEventListener(name, listen);
    return () => document.removeEventListener(name, listen);
  }, [name]);
}

/** Reply and note are two boxes, so that undoing in one never brings up the words of the other. */
function useTurn(handoff: string, { draft, change, box }: Writing): (mode: Mode, focus?: boolean) => void {
  const { desk } = useBoard();
  const wanted = useRef(false);
  useLayoutEffect(() => {
    if (wanted.current) box.current?.focus();
    wanted.current = false;
  }, [draft.mode]);
  const turn = (mode: Mode, focus = true) => {
    wanted.current = focus && mode !== draft.mode;
    change({ mode });
    if (focus) box.current?.focus();
  };
  useOn(TURN, () => turn(desk.drafts.of(handoff).mode === "note" ? "reply" : "note"));
  return turn;
}

function Tabs({ mode, onTurn, handoff }: { mode: Mode; onTurn(mode: Mode, focus?: boolean): void; handoff: DeskHandoff }): ComponentChildren {
  const other: Mode = mode === "reply" ? "note" : "reply";
  const list = useRef<HTMLDivElement>(null);
  const tab = (which: Mode) => ({
    type: "button" as const, role: "tab" as const, class: "btn btn--s btn--quiet", "aria-selected": mode === which, tabIndex: mode === which ? 0 : -1,
    "aria-controls": "comp-box", onClick: () => onTurn(which),
  });
  const arrows = (event: KeyboardEvent) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    onTurn(other, false);
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
  const carries = useHasFiles(handoff.id);
  const text = draft[draft.mode];
  const label = note ? "Note, agents only" : `Reply to ${shortWithin(handoff.customer)}`;
  const write = (value: string) => {
    change({ [draft.mode]: value });
    if (!note && value.trim()) desk.typing(handoff.id);
  };
  const [refused, setRefused] = useState<string | null>(null);
  const bring = (event: ClipboardEvent | DragEvent) => {
    const words = ("clipboardData" in event ? event.clipboardData : event.dataTransfer)?.getData("text/plain") ?? "";
    setRefused(words.length > PASTE_LIMIT ? `That is ${counted(words.length)} characters; a message holds ${counted(TEXT_LIMIT)}. It was not put in and is still where you took it from.` : null);
    if (words.length > PASTE_LIMIT) event.preventDefault();
  };
  return (
    <div class="comp__box" id="comp-box" role="tabpanel" aria-label={note ? "Note" : "Reply"}>
      <label class="vh" for="comp-text">{label}</label>
      <textarea id="comp-text" key={draft.mode} rows={2} ref={box} value={text} placeholder={note ? "Only agents see this" : label}
        onInput={({ currentTarget }) => { setRefused(null); write(currentTarget.value); }} onPaste={bring} onDrop={bring}
        onKeyDown={(event) => { if (sends(event)) { event.preventDefault(); if (!event.repeat) onSend(); } }} />
      {refused && <p class="bad comp__refused" role="alert">{refused}</p>}
      <div class="comp__bar">
        <ComposerTools />
        <Length text={text} />
        <span class="grow" />
        <button type="button" class="btn btn--primary btn--s" aria-disabled={(!text.trim() && (note || !carries)) || refusalOf(text) !== null} onClick={onSend}>
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
