/** One handoff that is read along: the talk as its agent has it, and what a supervisor may do in it. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconAlert, IconRight, IconTransfer, IconX } from "../../shared/icons.tsx";
import { Text } from "../../shared/text.tsx";
import { uuid7 } from "../../shared/uuid7.ts";
import { useAsking } from "../asking.ts";
import { useBoard } from "../context.tsx";
import { Conversation } from "../conversation.tsx";
import { sends } from "../enter.ts";
import { Keys } from "../keys.tsx";
import { customerName, shortName } from "../people.ts";
import { Transfer } from "../transfer.tsx";
import { Who } from "../who.tsx";
import type { DeskHandoff } from "../wire.ts";
import { Known } from "./record.tsx";

/** These take the phone's line along, which cannot change hands. */
const BY_PHONE = new Set(["phone", "callback"]);
const BEFORE = new Set(["queued", "offered"]);

export function Reading({ handoff, onGone }: { handoff: DeskHandoff; onGone(): void }): ComponentChildren {
  const { desk, board } = useBoard();
  const [trouble, setTrouble] = useState<string | null>(null);
  const passing = useAsking<true>();
  const head = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => head.current?.focus(), []);
  const { id, version, state, agent, channel } = handoff;
  const joined = board.joined.includes(id);
  const ask = async (cmd: string, more: Record<string, unknown> = {}): Promise<boolean> => {
    const refused = await desk.supervise(cmd, { handoff: id, ...more });
    setTrouble(refused);
    return refused === null;
  };
  const leave = () => void ask("handoff.unwatch").then((done) => { if (done) onGone(); });
  const takeOver = () => void ask("handoff.take_over", { version }).then((done) => { if (done) desk.open(id); });
  return (
    <section class="box reading" aria-label={`Reading along with ${customerName(handoff.customer)}`} onKeyDown={(event) => { if (event.key === "Escape" && !event.isComposing && !passing.asked) { event.stopPropagation(); leave(); } }}>
      <div class="mid__head">
        <div class="grow"><h2 class="mid__who" tabIndex={-1} ref={head}><Who customer={handoff.customer} /></h2><p class="meta">{whereWords(handoff)}{joined && ", and you"}</p></div>
        <button type="button" class="btn btn--quiet btn--icon" aria-label="Stop reading along, Escape" onClick={leave}><IconX /></button>
      </div>
      <div class="reading__do">
        {state === "connected" && <button type="button" class="btn btn--s" aria-pressed={joined} onClick={() => void ask(joined ? "handoff.leave" : "handoff.join")}>{joined ? "Leave the talk" : "Join"}</button>}
        {(state === "connected" || BEFORE.has(state)) && !BY_PHONE.has(channel) && <button type="button" class="btn btn--s" onClick={takeOver}>{agent ? "Take over" : "Take it"}</button>}
        {(state === "connected" || BEFORE.has(state)) && <button type="button" class="btn btn--s" onClick={() => passing.ask(true)}><IconTransfer />Reassign</button>}
      </div>
      <div role="alert">{trouble && <p class="strip"><IconAlert class="warn" />{trouble}</p>}</div>
      {handoff.brief && <p class="brief"><Text text={handoff.brief} /></p>}
      <details class="fold reading__known"><summary class="fold__s"><IconRight />What the agent need not ask</summary><Known handoff={handoff} /></details>
      <Conversation handoff={handoff} />
      <Say handoff={handoff} joined={joined} onWhisper={(text, client_id) => ask("handoff.whisper", { text, client_id })} />
      {passing.asked && <Transfer key={passing.time} handoff={handoff} onClose={passing.close} pass={{
        note_needed: state === "connected",
        by: (to, note) => desk.supervise("handoff.reassign", { handoff: id, version, note, ...(to.kind === "queue" ? { queue: to.key } : { agent: to.id }) }),
      }} />}
    </section>
  );
}

function whereWords({ state, agent, intent, queue }: DeskHandoff): string {
  if (state === "wrap_up") return `${intent.label}, ${agent?.name ?? "the agent"} wraps up`;
  return agent ? `${intent.label}, with ${agent.name}` : `${intent.label}, waiting in ${queue.name}`;
}

type Mode = "whisper" | "reply";

/** Kept like an agent's own drafts, so that another view or a broken line costs no word. */
function useWords(handoff: string): { texts: Readonly<Record<Mode, string>>; write(mode: Mode, words: string): void } {
  const { desk } = useBoard();
  const [{ reply, note }, set] = useState(desk.drafts.of(handoff));
  useEffect(() => desk.drafts.watch((one) => { if (one === handoff) set(desk.drafts.of(handoff)); }), [desk, handoff]);
  return { texts: { reply, whisper: note }, write: (mode, words) => set(desk.drafts.change(handoff, mode === "reply" ? { reply: words } : { note: words })) };
}

/** Two papers, as in the composer: a whisper is never mistaken for what the customer reads. */
function Say({ handoff, joined, onWhisper }: { handoff: DeskHandoff; joined: boolean; onWhisper(text: string, clientId: string): Promise<boolean> }): ComponentChildren {
  const { desk } = useBoard();
  const { texts, write } = useWords(handoff.id);
  const [wanted, setMode] = useState<Mode>("whisper");
  const mode: Mode = joined ? wanted : "whisper";
  // Whoever has joined means to write; the whisper is one press away.
  useEffect(() => setMode(joined ? "reply" : "whisper"), [joined]);
  const text = texts[mode];
  /** The whisper on its way; asked again it is the same one, so that it is told once. */
  const told = useRef<{ text: string; id: string; busy: boolean } | null>(null);
  const who = handoff.agent?.name ?? "the agent";
  if (mode === "whisper" && !handoff.agent) return <p class="box__b meta">Nobody has it yet, so there is nobody to whisper to.</p>;
  const whisper = async () => {
    if (told.current?.busy) return;
    const one = { text, id: told.current?.text === text ? told.current.id : uuid7(), busy: true };
    told.current = one;
    const done = await onWhisper(text, one.id);
    one.busy = false;
    if (!done) return;
    told.current = null;
    // What was typed while it was on its way stays.
    if (desk.drafts.of(handoff.id).note === one.text) write("whisper", "");
  };
  const send = () => {
    if (!text.trim()) return;
    if (mode === "whisper") return void whisper();
    desk.say(handoff.id, text);
    write("reply", "");
  };
  return (
    <form class={`comp${mode === "whisper" ? " comp--note" : ""}`} onSubmit={(event) => { event.preventDefault(); send(); }}>
      {joined && (
        <div class="comp__tabs" role="group" aria-label="Write to">
          <button type="button" class="btn btn--s" aria-pressed={mode === "reply"} onClick={() => setMode("reply")}>Reply to {shortName(handoff.customer)}</button>
          <button type="button" class="btn btn--s" aria-pressed={mode === "whisper"} onClick={() => setMode("whisper")}>Whisper to {who}</button>
        </div>
      )}
      <div class="comp__box">
        <textarea rows={2} maxLength={4000} value={text} aria-label={mode === "whisper" ? `Whisper to ${who}` : `Reply to ${shortName(handoff.customer)} as yourself`}
          placeholder={mode === "whisper" ? `Only ${who} reads this` : `${shortName(handoff.customer)} reads this under your name`}
          onInput={({ currentTarget }) => write(mode, currentTarget.value)}
          onKeyDown={(event) => { if (sends(event)) { event.preventDefault(); send(); } }} />
        <div class="comp__bar"><span class="grow" /><button type="submit" class="btn btn--primary btn--s" aria-disabled={text.trim() === ""}>{mode === "whisper" ? "Whisper" : "Send"} <Keys keys={["Enter"]} /></button></div>
      </div>
    </form>
  );
}
