/** Before the click: what it is about, how to talk, and what goes along. */
import { IconCallback, IconChat, IconFlag, IconPhone, Seal } from "../../../shared/icons.tsx";
import type { ChannelOption, IntentOption } from "../../../shared/frames.ts";
import { ended, rankOf, stepsOf, type PanelState } from "../../state.ts";
import { answerWords, channelWords, greeting, intentOf, openWords, reason } from "../../words.ts";
import { phone } from "./lazy.ts";
import { Trouble, View, type ViewProps } from "./parts.tsx";
import { Receipt } from "./receipt.tsx";

function Trust({ state }: Pick<ViewProps, "state">) {
  const verified = state.customer?.verified ?? false;
  return (
    <p class="trust">
      <Seal verified={verified} />
      {verified ? `You’re signed in.${state.needs ? "" : " Nothing to prove again."}` : "You’re not signed in. You can go on; the agent may ask who you are."}
    </p>
  );
}

function IntentPick({ intent, chosen, why, lead, onPick }: { intent: IntentOption; chosen: boolean; why: string; lead: boolean; onPick(): void }) {
  return (
    <label class={lead ? "pick" : "pick pick--chip"}>
      <input type="radio" name="intent" checked={chosen} onChange={onPick} {...(chosen && { "data-focus": true })} />
      {lead && <IconFlag large />}
      <span class="grow">
        {lead ? <b>{intent.label}</b> : intent.label}
        {lead && why && <small>{why}</small>}
      </span>
    </label>
  );
}

/** The page's own intent leads; the others wait one press further as soon as there are many of them. */
function Intents({ state, actions }: ViewProps) {
  const { intents, draft, page } = state;
  const leading = intentOf(intents, page.intent) ?? (intents.length === 1 ? intents[0] : undefined);
  const steps = stepsOf(page.entries);
  const others = intents.filter((intent) => intent !== leading);
  const few = !leading || state.form.more || others.length <= 3 || others.some(({ key }) => key === draft.intent);
  const pick = (key: string) => () => actions.draft({ intent: key });
  return (
    <fieldset class="stack">
      <legend class={leading ? "vh" : "head-s"}>What is it about?</legend>
      {leading && (
        <IntentPick intent={leading} chosen={draft.intent === leading.key} why={reason(steps, page.intent !== null, state.site.name)} lead onPick={pick(leading.key)} />
      )}
      {few ? (
        <div class="chips">
          {others.map((intent) => (
            <IntentPick key={intent.key} intent={intent} chosen={draft.intent === intent.key} why="" lead={false} onPick={pick(intent.key)} />
          ))}
        </div>
      ) : (
        <button type="button" class="btn btn--text" onClick={() => actions.fill({ more: true })}>
          It is about something else
        </button>
      )}
    </fieldset>
  );
}

const CHANNELS = {
  chat: { Icon: IconChat, name: "Chat" },
  callback: { Icon: IconCallback, name: "We call you" },
  phone: { Icon: IconPhone, name: "You call us" },
};
/** A newer server may offer what this page does not know. */
const isKnown = ({ channel }: ChannelOption): boolean => channel in CHANNELS;

function ChannelPick({ option, chosen, onPick }: { option: ChannelOption; chosen: boolean; onPick(): void }) {
  const { Icon, name } = CHANNELS[option.channel as keyof typeof CHANNELS];
  return (
    <label class="pick">
      <input type="radio" name="channel" checked={chosen} disabled={!chosen && rankOf(option) === 4} onChange={onPick} />
      <Icon large />
      <span class="grow">
        <b>{name}</b>
        <small>{channelWords(option)}</small>
      </span>
    </label>
  );
}

const CHAT: Record<ChannelOption["state"], string> = { open: "Start chat", unstaffed: "Wait in line", closed: "Leave a message", full: "Look again" };

/** What the button does, and what to know before it does. */
function startWords({ draft, customer }: PanelState, option: ChannelOption | undefined): { go: string; fine: string } {
  if (!draft.intent) return { go: CHAT.open, fine: "Choose what it is about first." };
  const { channel, state } = option ?? { channel: "chat", state: "open" };
  if (option && rankOf(option) === 4) return { go: CHAT.full, fine: `The line is ${state} right now. Your words are kept.` };
  if (channel !== "chat") return phone()?.START[channel] ?? { go: "One moment", fine: "" };
  return { go: CHAT[state], fine: state === "closed" ? answerWords(customer?.verified) : "" };
}

function Foot({ state, actions, option }: ViewProps & { option: ChannelOption | undefined }) {
  const { go, fine } = startWords(state, option);
  const blocked = !state.draft.intent || state.busy;
  const press = () => (option?.channel === "callback" ? actions.fill({ sheet: { about: null } }) : void (go === CHAT.full ? actions.look() : actions.start()));
  return (
    <div class="foot">
      {fine && (
        <p class="foot__fine" id="start-why">
          {fine}
        </p>
      )}
      <button
        type="submit"
        class="btn btn--primary"
        aria-disabled={blocked}
        aria-describedby={fine ? "start-why" : undefined}
        onClick={() => void (blocked || press())}
      >
        {state.busy ? "One moment" : go}
      </button>
    </div>
  );
}

export function Start({ state, actions }: ViewProps) {
  const channels = intentOf(state.intents, state.draft.intent)?.channels.filter(isKnown) ?? [];
  const option = channels.find(({ channel }) => channel === state.draft.channel);
  const message = option?.channel === "chat" && option.state === "closed";
  const words = message ? "Your message" : "Add it in your words (optional)";
  const calls = phone();
  return (
    <View state={state} actions={actions} sub={openWords(channels)}>
      <div class="body">
        <div>
          <h1 class="hello" tabIndex={-1}>
            {greeting(state.customer?.name)}
          </h1>
          <Trust state={state} />
        </div>
        <Trouble state={state} />
        {calls && <calls.BookedList state={state} actions={actions} />}
        <Intents state={state} actions={actions} />
        <div>
          <label class="vh" for="statement">
            {words}
          </label>
          <textarea
            class="input"
            id="statement"
            rows={state.draft.statement || message ? 3 : 1}
            maxLength={4000}
            placeholder={words}
            value={state.draft.statement}
            onInput={({ currentTarget }) => actions.draft({ statement: currentTarget.value })}
          />
        </div>
        {channels.length > 0 && (
          <fieldset class="stack">
            <legend class="head-s">How shall we talk?</legend>
            <div class={channels.length > 1 ? "tiles" : "stack"}>
              {channels.map((one) => (
                <ChannelPick key={one.channel} option={one} chosen={one === option} onPick={() => actions.draft({ channel: one.channel })} />
              ))}
            </div>
          </fieldset>
        )}
        <Receipt state={state} actions={actions} />
        {ended(state)?.ask && (
          <button type="button" class="btn btn--text" onClick={actions.survey}>
            How was your last talk?
          </button>
        )}
      </div>
      <Foot state={state} actions={actions} option={option} />
    </View>
  );
}
