/** Who is there, what they do and why, and how long; and the way to set somebody away. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { IconAlert, IconX } from "../../shared/icons.tsx";
import type { Floor, FloorAgent } from "../../shared/protocol.ts";
import { elapsed } from "../../shared/time.ts";
import { useAsking, useModal } from "../asking.ts";
import { useBoard, useSeconds } from "../context.tsx";
import { DOTS, conditionWords, share } from "./figures.ts";
import type { Polled } from "./polled.ts";

export function FloorBox({ found, trouble, again, occupancy }: Polled<Floor> & { occupancy: number | null }): ComponentChildren {
  const away = useAsking<FloorAgent>();
  const agents = found?.agents ?? [];
  return (
    <section class="box" aria-labelledby="wall-agents">
      <h2 class="box__h" id="wall-agents">Agents<span class="meta">{agents.length} here, occupancy {share(occupancy)} in the last hour</span></h2>
      {trouble && <p class="box__b warn" role="status">The agents could not be read just now.</p>}
      {found && agents.length === 0 && <p class="box__b meta">Nobody of these queues is signed in.</p>}
      <ul class="floor">{agents.map((agent) => <Agent key={agent.id} agent={agent} onAway={() => away.ask(agent)} />)}</ul>
      {away.asked && <SetAway key={away.time} agent={away.asked} onClose={() => { away.close(); again(); }} />}
    </section>
  );
}

function Agent({ agent, onAway }: { agent: FloorAgent; onAway(): void }): ComponentChildren {
  const { board } = useBoard();
  const now = useSeconds();
  const { id, name, condition, since, trainee } = agent;
  return (
    <li class="floor__row">
      <span class={DOTS[condition]} aria-hidden="true" />
      <span class="cut"><b>{name}</b>{trainee && <span class="badge">training</span>}</span>
      <span class="floor__what">{conditionWords(agent)}{since !== null && <span class="num meta"> {elapsed((now - Date.parse(since)) / 1000)}</span>}</span>
      {condition !== "away" && condition !== "disconnected" && id !== board.agent.id && <button type="button" class="btn btn--s btn--quiet" aria-label={`Set away: ${name}`} onClick={onAway}>Set away</button>}
    </li>
  );
}

/** What was written to whom and not sent, by the agent. */
const begun = new Map<string, string>();

function SetAway({ agent, onClose }: { agent: FloorAgent; onClose(): void }): ComponentChildren {
  const { desk } = useBoard();
  const dialog = useModal();
  const [reason, setReason] = useState(begun.get(agent.id) ?? "");
  const write = (words: string) => { begun.set(agent.id, words); setReason(words); };
  const [trouble, setTrouble] = useState<string | null>(null);
  const close = () => dialog.current?.close();
  const submit = async () => {
    if (!reason.trim()) return setTrouble("Give a reason: the agent reads it.");
    const refused = await desk.supervise("agent.set_away", { agent: agent.id, reason });
    if (refused === null) { begun.delete(agent.id); close(); }
    else setTrouble(refused);
  };
  return (
    <dialog class="dlg" aria-labelledby="away-title" ref={dialog} onClose={onClose}>
      <form noValidate onSubmit={(event) => { event.preventDefault(); void submit(); }}>
        <div class="dlg__h"><h2 id="away-title">Set {agent.name} away</h2><button type="button" class="btn btn--quiet btn--icon" aria-label="Close, Escape" onClick={close}><IconX /></button></div>
        <div class="dlg__b">
          <div><label class="label" for="away-reason">Reason, which {agent.name} reads</label>
            <input class="input" id="away-reason" maxLength={60} required value={reason} onInput={({ currentTarget }) => write(currentTarget.value)} /></div>
          <p class="meta">{agent.name} gets no more offers until they are available again. What they have in hand stays theirs.</p>
          <div role="alert">{trouble && <p class="bad trouble"><IconAlert />{trouble}</p>}</div>
        </div>
        <div class="dlg__f"><button type="button" class="btn btn--quiet" onClick={close}>Cancel</button><button type="submit" class="btn btn--primary">Set away</button></div>
      </form>
    </dialog>
  );
}
