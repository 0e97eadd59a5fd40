/** With an agent, or between two. */
import { IconClock, IconRefresh, IconX } from "../../../shared/icons.tsx";
import type { PanelState } from "../../state.ts";
import { waitWords } from "../../words.ts";
import { Composer } from "./composer.tsx";
import { Log } from "./log.tsx";
import { LineStrip, Trouble, View, type ViewProps } from "./parts.tsx";

const HERE: Record<NonNullable<PanelState["agent_line"]>, string> = {
  here: "Here now",
  away: "Away for a moment",
  reconnecting: "Connection lost a moment ago",
  signed_out: "Connection lost a moment ago",
};

/** The other side's line: what broke, what is safe, what comes next. */
function AgentStrip({ state: { handoff, agent_line: line } }: Pick<ViewProps, "state">) {
  const name = handoff?.agent?.name;
  if (handoff && handoff.state !== "connected") {
    const place = handoff.position === null ? "" : ` Place ${handoff.position}, ${waitWords(handoff.estimate)}.`;
    return (
      <div class="strip strip--warn" role="status">
        <IconClock />
        <span>{`The next free agent gets this with everything in it. Your place is kept.${place}`}</span>
      </div>
    );
  }
  if (!name || (line !== "reconnecting" && line !== "signed_out")) return null;
  return (
    <div class="strip strip--warn" role="status">
      <IconRefresh class="spin" />
      <span>{`${name}’s connection dropped. If it is not back within a minute, the next free agent gets this with everything in it. You’re first.`}</span>
    </div>
  );
}

function End({ state, actions }: ViewProps) {
  return (
    <div class="ask ask--dock" role="group" aria-labelledby="end">
      <h2 id="end">End this conversation?</h2>
      <div class="row">
        <button type="button" class="btn" onClick={() => actions.fill({ asking: false })}>
          Stay
        </button>
        <button type="button" class="btn btn--bad" aria-disabled={state.busy} onClick={() => void (state.busy || actions.end())}>
          End it
        </button>
      </div>
    </div>
  );
}

export function Talking({ state, actions }: ViewProps) {
  const ending = state.form.asking;
  const agent = state.handoff?.agent?.name;
  const connected = state.handoff?.state === "connected";
  return (
    <View
      head={{
        heading: true,
        name: agent ?? `${state.site.name} help`,
        sub: agent ? HERE[state.agent_line ?? "here"] : (state.handoff?.intent.label ?? ""),
        ...(agent && { initial: agent.charAt(0) }),
        onMinimise: actions.minimise,
        extra: connected && (
          <button type="button" class="head__btn" aria-label="End conversation" aria-expanded={ending} onClick={() => actions.fill({ asking: !ending })}>
            <IconX large />
          </button>
        ),
      }}
    >
      <LineStrip state={state} actions={actions} />
      <AgentStrip state={state} />
      <Trouble state={state} />
      {ending && connected && <End state={state} actions={actions} />}
      <Log state={state} actions={actions} />
      <Composer state={state} actions={actions} label="Write a message" />
    </View>
  );
}
