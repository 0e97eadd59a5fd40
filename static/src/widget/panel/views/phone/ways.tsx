/** From one way of talking to another: place and conversation stay. */
import type { ChannelOption, Handoff } from "../../../../shared/frames.ts";
import { rankOf, type PanelState } from "../../../state.ts";
import { intentOf } from "../../../words.ts";
import { channelWords, IconCallback, IconChat, IconPhone, waitWords } from "../exports.ts";
import type { ViewProps } from "../parts.tsx";

const WAYS = {
  chat: { Icon: IconChat, words: "Write instead" },
  callback: { Icon: IconCallback, words: "Have us call you instead" },
  phone: { Icon: IconPhone, words: "Call us instead" },
};
type Way = ChannelOption & { channel: keyof typeof WAYS };

export function waysOf({ intents }: PanelState, handoff: Handoff | null): Way[] {
  const offered = intentOf(intents, handoff?.intent.key ?? null)?.channels ?? [];
  return offered.filter((one): one is Way => one.channel in WAYS && one.channel !== handoff?.channel);
}

/** The wait of this place in the line, not of somebody who comes now. */
function keptWords(handoff: Handoff | null, way: Way): string {
  if (way.state !== "open") return channelWords(way);
  if (handoff?.state === "connected") return `${handoff.agent?.name ?? "The agent"} is asked first; this conversation goes along`;
  if (handoff?.state !== "queued") return channelWords(way);
  return `keeps your place${handoff.estimate?.kind === "unknown" ? "" : `, ${waitWords(handoff.estimate)}`}`;
}

/** For the handoff on screen, or for the one that is booked. */
export function Ways({ state, actions, booked }: ViewProps & { booked?: Handoff }) {
  const handoff = booked ?? state.handoff;
  const go = (channel: Way["channel"]) => (channel === "callback" ? actions.fill({ sheet: { about: null } }) : void actions.post("channel", { channel }, booked?.id));
  return (
    <div class="stack">
      {waysOf(state, handoff).map((way) => {
        const { Icon, words } = WAYS[way.channel];
        const blocked = state.busy || rankOf(way) === 4;
        return (
          <button key={way.channel} type="button" class="list-btn" aria-disabled={blocked} onClick={() => blocked || go(way.channel)}>
            <Icon large />
            <span class="grow">
              <b>{words}</b>
              <small>{keptWords(handoff, way)}</small>
            </span>
          </button>
        );
      })}
    </div>
  );
}

/** In a chat the other ways wait behind one button of the head. */
export function WaysButton({ state, actions }: ViewProps) {
  const { handoff, form } = state;
  if (handoff?.state !== "connected" || handoff.channel !== "chat" || waysOf(state, handoff).length === 0) return null;
  return (
    <button type="button" class="head__btn" aria-label="Go on by phone" aria-expanded={form.more} onClick={() => actions.fill({ more: !form.more })}>
      <IconPhone large />
    </button>
  );
}
