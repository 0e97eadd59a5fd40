/** Before the click: what it is about, how to talk, and what goes along. */
import { texts } from "@texts/core";
import { IconCallback, IconChat, IconFlag, IconPhone, Seal } from "../../../shared/icons.tsx";
import type { ChannelOption, IntentOption } from "../../../shared/frames.ts";
import { ended, rankOf, stepsOf, type PanelState } from "../../state.ts";
import { greeting } from "../../brand.ts";
import { overflows } from "../../length.ts";
import { answerWords, channelWords, intentOf, nobodyWords, openWords, reason } from "../../words.ts";
import { articles, later, phone, stepup } from "./lazy.ts";
import { Trouble, View, type ViewProps } from "./parts.tsx";
import { Receipt } from "./receipt.tsx";

function Trust({ state }: Pick<ViewProps, "state">) {
  const verified = state.customer?.verified ?? false;
  return (
    <p class="trust">
      <Seal verified={verified} />
      {!verified ? texts.notSignedIn : state.needs ? texts.signedIn : `${texts.signedIn} ${texts.nothingToProve}`}
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
      <legend class={leading ? "vh" : "head-s"}>{texts.about}</legend>
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
          {texts.aboutElse}
        </button>
      )}
    </fieldset>
  );
}

const CHANNELS = { chat: IconChat, callback: IconCallback, phone: IconPhone };
/** A newer server may offer what this page does not know. */
const isKnown = ({ channel }: ChannelOption): boolean => channel in CHANNELS;

function ChannelPick({ option, chosen, onPick }: { option: ChannelOption; chosen: boolean; onPick(): void }) {
  const channel = option.channel as keyof typeof CHANNELS;
  const Icon = CHANNELS[channel];
  return (
    <label class="pick">
      <input type="radio" name="channel" checked={chosen} disabled={!chosen && rankOf(option) === 4} onChange={onPick} />
      <Icon large />
      <span class="grow">
        <b>{texts[channel]}</b>
        <small>{channelWords(option)}</small>
      </span>
    </label>
  );
}

const chatWords = (state: ChannelOption["state"]): string => ({ open: texts.startChat, unstaffed: texts.waitInLine, closed: texts.leaveMessage, full: texts.lookAgain })[state];

/** What the button does, and what to know before it does. */
function startWords({ draft, customer }: PanelState, option: ChannelOption | undefined): { go: string; fine: string; look?: boolean } {
  if (!draft.intent) return { go: texts.startChat, fine: texts.aboutFirst };
  const { channel, state } = option ?? { channel: "chat", state: "open" };
  if (option && rankOf(option) === 4) return { go: texts.lookAgain, fine: state === "closed" ? texts.closedNow : texts.fullNow, look: true };
  if (channel !== "chat") return phone()?.startWords(channel) ?? { go: texts.busy, fine: "" };
  return { go: chatWords(state), fine: state === "closed" ? answerWords(customer?.verified) : "" };
}

function Foot({ state, actions, option }: ViewProps & { option: ChannelOption | undefined }) {
  const { go, fine, look } = startWords(state, option);
  const blocked = !state.draft.intent || state.busy;
  const press = () => (option?.channel === "callback" ? actions.fill({ sheet: { about: null } }) : void (look ? actions.look() : actions.start()));
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
        {state.busy ? texts.busy : go}
      </button>
    </div>
  );
}

export function Start({ state, actions }: ViewProps) {
  const known = articles();
  if (known?.isReading()) return <known.Reader state={state} actions={actions} />;
  const channels = intentOf(state.intents, state.draft.intent)?.channels.filter(isKnown) ?? [];
  const option = channels.find(({ channel }) => channel === state.draft.channel);
  const message = option?.channel === "chat" && option.state === "closed";
  const words = message ? texts.yourMessage : texts.yourWords;
  const calls = phone();
  const Room = later()?.Room;
  const nobody = channels.length > 0 && !channels.some(({ state: now }) => now === "open");
  const SignIn = !state.customer?.verified && actions.canSignIn() && stepup()?.SignInFirst;
  return (
    <View state={state} actions={actions} sub={openWords(channels)}>
      <div class="body">
        <div>
          <h1 class="hello" tabIndex={-1}>
            {nobody ? nobodyWords(channels, state.customer?.name) : greeting(state.customer?.name)}
          </h1>
          <Trust state={state} />
        </div>
        <Trouble state={state} />
        {SignIn && <SignIn state={state} actions={actions} />}
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
            placeholder={words}
            value={state.draft.statement}
            onBeforeInput={(event) => {
              if (!overflows(event, event.currentTarget)) return;
              event.preventDefault();
              actions.tooMuch();
            }}
            onInput={({ currentTarget }) => actions.draft({ statement: currentTarget.value })}
          />
          {Room && <Room text={state.draft.statement} />}
        </div>
        {known && <known.Offered state={state} actions={actions} />}
        {channels.length > 0 && (
          <fieldset class="stack">
            <legend class="head-s">{nobody ? texts.canDo : texts.howToTalk}</legend>
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
            {texts.lastTalk}
          </button>
        )}
      </div>
      <Foot state={state} actions={actions} option={option} />
    </View>
  );
}
