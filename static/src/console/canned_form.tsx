/** Writing a canned reply: a new one, or a change that never goes over somebody else's. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useDesk } from "./context.tsx";
import { saves } from "./enter.ts";
import { cannedReplies, deleteReply, isStale, saveReply, whyNot } from "./knowledge_api.ts";
import type { Canned as Reply, CannedReplies } from "./knowledge_api.ts";
import { Keys } from "./keys.tsx";

interface Props { all: CannedReplies; reply: Reply | null; text: string; onDone(deleted?: Reply): void; onBack(): void }

/** For whom: "mine", "every", or a queue's key. */
const placeOf = (reply: Reply | null): string => (!reply || reply.mine ? "mine" : (reply.queues[0] ?? "every"));
const placed = (place: string, reply: Reply | null) => {
  if (place === "mine") return { mine: true, queues: [] };
  if (place === "every") return { mine: false, queues: [] };
  // What was for several queues stays so while its first is chosen.
  return { mine: false, queues: reply && !reply.mine && reply.queues.includes(place) ? reply.queues : [place] };
};

interface Written { shortcut: string; text: string; place: string }
/** What is begun, by the reply and the words it began with: leaving the list must not cost a word. */
const begun = new Map<string, Written>();

export function CannedForm({ all, reply, text: given, onDone, onBack }: Props): ComponentChildren {
  const { page } = useDesk();
  const [before, setBefore] = useState(reply);
  const key = `${reply?.id ?? ""} ${given}`;
  const [{ shortcut, text, place }, setWritten] = useState<Written>(begun.get(key) ?? { shortcut: reply?.shortcut ?? "", text: given, place: placeOf(reply) });
  const change = (part: Partial<Written>) => { const next = { shortcut, text, place, ...part }; begun.set(key, next); setWritten(next); };
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const first = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  const ready = shortcut.trim() !== "" && text.trim() !== "" && !busy;
  const attempt = async (work: () => Promise<unknown>, deleted?: Reply) => {
    setBusy(true);
    setTrouble(null);
    try {
      await work();
      begun.delete(key);
      onDone(deleted);
    } catch (error) {
      setTrouble(whyNot(error));
      if (isStale(error)) await readAnew();
      setBusy(false);
    }
  };
  /** Somebody else saved it: the next save knows theirs, and they are shown before it. */
  const readAnew = async () => {
    const now = (await cannedReplies().catch(() => all)).replies.find(({ id }) => id === before?.id);
    if (!now) return;
    setBefore(now);
    setTrouble(`${now.updated_by ?? "Somebody"} saved it meanwhile: “${now.text}”. Your words are kept here; Save puts them in its place.`);
  };
  const save = () => { if (ready) void attempt(() => saveReply(page, { shortcut: shortcut.trim().replace(/^\//, ""), text, language: before?.language ?? "", ...placed(place, before) }, before)); };
  return (
    <form class="canned__form" aria-label={reply ? "Edit a canned reply" : "New canned reply"} onSubmit={(event) => { event.preventDefault(); save(); }}
      onKeyDown={(event) => { if (saves(event)) { event.preventDefault(); save(); } }}>
      <div><label class="label" for="canned-shortcut">Shortcut</label>
        <input class="input" id="canned-shortcut" ref={first} maxLength={64} value={shortcut} placeholder="refund-days" onInput={({ currentTarget }) => change({ shortcut: currentTarget.value })} /></div>
      <div><label class="label" for="canned-place">For</label>
        <select class="input" id="canned-place" value={place} onChange={({ currentTarget }) => change({ place: currentTarget.value })}>
          <option value="mine">me alone</option>
          {all.queues.map(({ key, name }) => <option key={key} value={key}>everybody in {name}</option>)}
          {(all.every_queue || placeOf(reply) === "every") && <option value="every">everybody</option>}
        </select></div>
      <div class="canned__text"><label class="label" for="canned-text">Text</label>
        <textarea class="input" id="canned-text" rows={4} maxLength={4000} value={text} onInput={({ currentTarget }) => change({ text: currentTarget.value })} aria-describedby="canned-help" />
        <p class="meta" id="canned-help">Filled in when it is used: {"{customer.first_name}, {customer.name}, {agent.name}, {intent}, {site}, {fact:account}"}</p></div>
      <div role="alert">{trouble && <p class="bad">{trouble}</p>}</div>
      <div class="canned__foot">
        {before && <button type="button" class="btn btn--s btn--quiet" aria-disabled={busy} onClick={() => { if (!busy) void attempt(() => deleteReply(page, before), before); }}>Delete</button>}
        <span class="grow" />
        <button type="button" class="btn btn--s btn--quiet" onClick={onBack}>Back <Keys keys={["Esc"]} /></button>
        <button type="submit" class="btn btn--s btn--primary" aria-disabled={!ready}>Save <Keys keys={["Ctrl", "Enter"]} /></button>
      </div>
    </form>
  );
}
