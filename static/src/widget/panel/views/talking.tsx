/** With an agent, or between two. */
import { texts } from "@texts/later";
import { IconX } from "../../../shared/icons.tsx";
import type { PanelState } from "../../state.ts";
import { Composer } from "./composer.tsx";
import { attention, IconClock, phone, Stay, Strip, Sure, Trouble, View, waitWords } from "./exports.ts";
import { Log } from "./log.tsx";
import type { ViewProps } from "./parts.tsx";

const isGone = (agent_line: PanelState["agent_line"]): boolean => agent_line !== null && agent_line !== "here";

/** While this side's line is away nobody here knows where the agent is. */
function presenceWords({ line, agent_line, online }: PanelState): string {
  if (line === "stopped" || (line === "live" && !online)) return "";
  if (line !== "live") return texts.reconnecting;
  return isGone(agent_line) ? texts.agentLost : texts.hereNow;
}

/** The other side's line: what broke, what is safe, what comes next. */
function AgentStrip({ state: { handoff, agent_line: line, agent_until } }: Pick<ViewProps, "state">) {
  const name = handoff?.agent?.name;
  if (handoff && handoff.state !== "connected") {
    const next = texts.between(handoff.state === "offered" ? texts.looking : texts.nextAgent);
    const words = handoff.position === null ? next : `${next} ${texts.placeAndWait(handoff.position, waitWords(handoff.estimate))}`;
    return <Strip warn icon={<IconClock />} words={words} />;
  }
  // Whoever is on the phone with somebody hears for themselves that they are there.
  const talks = handoff?.call?.status === "bridged" && !handoff.call.ended_at;
  if (!name || !isGone(line) || talks) return null;
  const Gone = attention()?.AgentGone;
  return Gone ? <Gone key={agent_until} agent={name} until={agent_until} /> : null;
}

export function Talking({ state, actions }: ViewProps) {
  const calls = phone();
  const ending = state.form.asking !== false;
  const agent = state.handoff?.agent?.name;
  const connected = state.handoff?.state === "connected";
  return (
    <View
      state={state}
      actions={actions}
      heading
      agent={agent}
      sub={agent ? presenceWords(state) : state.handoff?.intent.label}
      extra={
        <>
          {calls && <calls.WaysButton state={state} actions={actions} />}
          {connected && (
            <button type="button" class="head__btn" aria-label={texts.endTalk} aria-expanded={ending} onClick={() => actions.fill({ asking: !ending })}>
              <IconX large />
            </button>
          )}
        </>
      }
    >
      <Stay state={state} />
      <AgentStrip state={state} />
      <Trouble state={state} />
      {calls && <calls.Dock state={state} actions={actions} />}
      {ending && connected && <Sure state={state} actions={actions} docked question={texts.endTalkSure} stay={texts.stay} go={texts.endIt} onGo={actions.end} />}
      <Log state={state} actions={actions} />
      <Composer state={state} actions={actions} label={texts.write} />
    </View>
  );
}
