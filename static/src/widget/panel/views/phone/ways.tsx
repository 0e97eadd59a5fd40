/** From one way of talking to another: place and conversation stay. */
import { texts as core } from "@texts/core";
import { texts } from "@texts/phone";
import type { ChannelOption, Handoff } from "../../../../shared/frames.ts";
import { rankOf, type PanelState } from "../../../state.ts";
import { channelWords, IconCallback, IconChat, IconPhone, intentOf, waitWords } from "../exports.ts";
import type { ViewProps } from "../parts.tsx";

const WAYS = { chat: IconChat, callback: IconCallback, phone: IconPhone };
const wayWords = (channel: keyof typeof WAYS): string => ({ chat: texts.writeInstead, callback: texts.callbackInstead, phone: texts.phoneInstead })[channel];
type Way = ChannelOption & { channel: keyof typeof WAYS };

export function waysOf({ intents }: PanelState, handoff: Handoff | null): Way[] {
  const offered = intentOf(intents, handoff?.intent.key ?? null)?.channels ?? [];
  return offered.filter((one): one is Way => one.channel in WAYS && one.channel !== handoff?.channel);
}

/** The wait of this place in the line, not of somebody who comes now. */
function keptWords(handoff: Handoff | null, way: Way): string {
  if (way.state !== "open") return channelWords(way);
  if (handoff?.state === "connected") return texts.askedFirst(handoff.agent?.name ?? core.theAgent);
  if (handoff?.state !== "queued") return channelWords(way);
  return texts.keepsPlace(handoff.estimate?.kind === "unknown" ? "" : waitWords(handoff.estimate));
}

/** For the handoff on screen, or for the one that is booked. */
export function Ways({ state, actions, booked }: ViewProps & { booked?: Handoff }) {
  const handoff = booked ?? state.handoff;
  const go = (channel: Way["channel"]) => (channel === "callback" ? actions.fill({ sheet: { about: null } }) : void actions.post("channel", { channel }, booked?.id));
  return (
    <div class="stack">
      {waysOf(state, handoff).map((way) => {
        const Icon = WAYS[way.channel];
        const blocked = state.busy || rankOf(way) === 4;
        return (
          <button key={way.channel} type="button" class="list-btn" aria-disabled={blocked} onClick={() => blocked || go(way.channel)}>
            <Icon large />
            <span class="grow">
              <b>{wayWords(way.channel)}</b>
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
    <button type="button" class="head__btn" aria-label={texts.byPhone} aria-expanded={form.more} onClick={() => actions.fill({ more: !form.more })}>
      <IconPhone large />
    </button>
  );
}
