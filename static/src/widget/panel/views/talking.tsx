/** With an agent, or between two. */
import { IconClock, IconRefresh, IconX } from "../../../shared/icons.tsx";
import type { PanelState } from "../../state.ts";
import { waitWords } from "../../words.ts";
import { Composer } from "./composer.tsx";
import { phone } from "./lazy.ts";
import { Log } from "./log.tsx";
import { Stay, Strip, Sure, Trouble, View, type ViewProps } from "./parts.tsx";

const isGone = (agent_line: PanelState["agent_line"]): boolean => agent_line !== null && agent_line !== "here";

/** While this side's line is away nobody here knows where the agent is. */
function presenceWords({ line, agent_line, online }: PanelState): string {
  if (line === "stopped" || (line === "live" && !online)) return "";
  if (line !== "live") return "Reconnecting";
  return isGone(agent_line) ? "Connection lost a moment ago" : "Here now";
}

/** The other side's line: what broke, what is safe, what comes next. */
function AgentStrip({ state: { handoff, agent_line: line } }: Pick<ViewProps, "state">) {
  const name = handoff?.agent?.name;
  if (handoff && handoff.state !== "connected") {
    const place = handoff.position === null ? "" : ` Place ${handoff.position}, ${waitWords(handoff.estimate)}.`;
    const next = handoff.state === "offered" ? "An agent is looking at it now" : "The next free agent gets this with everything in it";
    return <Strip warn icon={<IconClock />} words={`${next}. Your place is kept.${place}`} />;
  }
  if (!name || !isGone(line)) return null;
  const words = `${name}’s connection dropped. If it is not back within a minute, the next free agent gets this with everything in it. You’re first.`;
  return <Strip warn icon={<IconRefresh class="spin" />} words={words} />;
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
            <button type="button" class="head__btn" aria-label="End conversation" aria-expanded={ending} onClick={() => actions.fill({ asking: !ending })}>
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
      {ending && connected && <Sure state={state} actions={actions} docked question="End this conversation?" stay="Stay" go="End it" onGo={actions.end} />}
      <Log state={state} actions={actions} />
      <Composer state={state} actions={actions} label="Write a message" />
    </View>
  );
}
