/** Canned replies over the composer: typed for, chosen with the arrows, put in with their gaps filled. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconPencil } from "../shared/icons.tsx";
import { CannedForm } from "./canned_form.tsx";
import type { Composing } from "./composing.tsx";
import { useDesk } from "./context.tsx";
import { Keys } from "./keys.tsx";
import { cannedReplies, noteUse, undeleteReply, whyNot } from "./knowledge_api.ts";
import type { Canned as Reply, CannedReplies } from "./knowledge_api.ts";
import { matching, movedBy } from "./listbox.ts";
import { fill, gapsIn, knownOf } from "./placeholders.ts";
import { theirsFirst } from "./theirs_first.ts";

/** Kept from one opening to the next, so that the list is there at once; what was deleted can be brought back. */
let kept: CannedReplies | null = null;
let deleted: Reply | null = null;

/** `taken`: what was typed before there was a field for it. */
interface Props { composing: Composing; taken(): string; onClose(): void }

export function Canned({ composing, taken, onClose }: Props): ComponentChildren {
  const { page } = useDesk();
  const [all, setAll] = useState(kept);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [editing, setEditing] = useState<{ reply: Reply | null; text: string } | null>(null);
  const take = (found: CannedReplies) => { kept = found; setAll(found); };
  const read = () => cannedReplies().then(take, (error) => setTrouble(whyNot(error)));
  useEffect(() => void read(), []);
  const done = (gone: Reply | null = null) => { if (gone) deleted = gone; setEditing(null); void read(); };
  const undo = async () => {
    if (!deleted) return;
    try {
      await undeleteReply(page, deleted);
      deleted = null;
      await read();
    } catch (error) {
      setTrouble(whyNot(error));
    }
  };
  const escape = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    if (editing) setEditing(null);
    else onClose();
  };
  return (
    <div class="canned" role="dialog" aria-label="Canned replies" onKeyDown={escape}>
      {trouble && <p class="canned__say bad" role="alert">{trouble}</p>}
      {deleted && !editing && <p class="canned__say" role="status">Deleted /{deleted.shortcut}. <button type="button" class="btn btn--s" onClick={() => void undo()}>Undo</button></p>}
      {editing && all
        ? <CannedForm all={all} reply={editing.reply} text={editing.text} onDone={done} onBack={() => setEditing(null)} />
        : <Choosing all={all} composing={composing} taken={taken} onClose={onClose} onEdit={(reply) => setEditing({ reply, text: reply?.text ?? composing.text })} />}
    </div>
  );
}

function Choosing({ all, composing, taken, onClose, onEdit }: Props & { all: CannedReplies | null; onEdit(reply: Reply | null): void }): ComponentChildren {
  const { page } = useDesk();
  const [typed, setTyped] = useState(taken);
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  // In the same breath as the field is drawn: not a key may fall between.
  useLayoutEffect(() => field.current?.focus(), []);
  const found = theirsFirst(matching(all?.replies ?? [], typed), composing.handoff);
  const chosen = found[Math.min(at, found.length - 1)];
  useEffect(() => { if (chosen) document.getElementById(`canned-${chosen.id}`)?.scrollIntoView?.({ block: "nearest" }); }, [chosen?.id]);
  const known = knownOf(composing.handoff, page.agentName);
  const insert = (reply: Reply) => {
    onClose();
    composing.insert(fill(reply.text, known));
    // Nobody waits for the count.
    noteUse(page, reply).catch(() => undefined);
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.isComposing || event.keyCode === 229) return;
    const next = movedBy(event.key, Math.min(at, found.length - 1), found.length);
    if (next !== null) { event.preventDefault(); setAt(next); return; }
    if (event.key === "Enter") { event.preventDefault(); if (chosen) insert(chosen); return; }
    // A slash is taken back as it was typed, and a second one is a slash.
    if (event.key === "Backspace" && typed === "") { event.preventDefault(); onClose(); }
    if (event.key === "/" && typed === "") { event.preventDefault(); onClose(); composing.insert("/"); }
  };
  return (
    <>
      <input class="input canned__find" type="text" role="combobox" aria-label="Find a canned reply" aria-expanded="true" aria-controls="canned-list" aria-autocomplete="list" ref={field}
        aria-activedescendant={chosen ? `canned-${chosen.id}` : undefined} autocomplete="off" value={typed} placeholder="Type to find, Enter puts it in"
        onInput={({ currentTarget }) => { setTyped(currentTarget.value); setAt(0); }} onKeyDown={pressed} />
      <ul class="canned__list" role="listbox" id="canned-list" aria-label="Canned replies">
        {found.map((reply) => (
          <li key={reply.id} id={`canned-${reply.id}`} role="option" aria-selected={reply === chosen} onMouseDown={(event) => event.preventDefault()} onClick={() => insert(reply)}>
            <b class="cut">/{reply.shortcut}</b><Preview text={fill(reply.text, known)} /><span class="meta">{whose(reply)}</span>
          </li>
        ))}
      </ul>
      {all && found.length === 0 && <p class="canned__say meta" role="status">{all.replies.length === 0 ? "There are none yet. Save what you wrote as the first." : "Nothing fits. Escape goes back to your reply."}</p>}
      <div class="canned__foot">
        <span class="meta" role="status">{chosen && gapsIn(fill(chosen.text, known)).length > 0 ? `Not known here: ${gapsIn(fill(chosen.text, known)).join(", ")}` : ""}</span>
        <span class="grow" />
        {chosen?.editable && <button type="button" class="btn btn--s btn--quiet" onClick={() => onEdit(chosen)}><IconPencil />Edit /{chosen.shortcut}</button>}
        <button type="button" class="btn btn--s btn--quiet" aria-disabled={!all} onClick={() => { if (all) onEdit(null); }}>{composing.text.trim() ? "Save what I wrote" : "Write a new one"}</button>
        <button type="button" class="btn btn--s btn--quiet" onClick={onClose}>Close <Keys keys={["Esc"]} /></button>
      </div>
    </>
  );
}

const Preview = ({ text }: { text: string }): ComponentChildren => <span class="cut grow" dir="auto">{text.replace(/\s+/g, " ")}</span>;

const whose = ({ mine, queues, language }: Reply): string => [mine ? "mine" : queues.length > 0 ? queues.join(", ") : "everybody’s", language].filter(Boolean).join(", ");
