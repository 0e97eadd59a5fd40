/** Small pieces that several views share. */
import { texts } from "@texts/core";
import { Component, type ComponentChildren } from "preact";
import { IconAlert, IconMinus, IconOffline, IconRefresh } from "../../../shared/icons.tsx";
import { troubleWords } from "../../words.ts";
import type { Actions } from "../actions.ts";
import { told } from "../../language.ts";
import { isFleeting, type PanelState } from "../../state.ts";
import { attention, later, missing } from "./lazy.ts";

export interface ViewProps {
  state: PanelState;
  actions: Actions;
}

interface HeadProps extends ViewProps {
  sub?: string | undefined;
  /** Whom one talks with. */
  agent?: string | undefined;
  heading?: boolean;
  extra?: ComponentChildren;
}

/** A view: the head, and everything under it as the one main landmark. */
export function View({ children, ...head }: HeadProps & { children: ComponentChildren }) {
  const Recovered = attention()?.Recovered;
  return (
    <>
      <Head {...head} />
      <main class="rest">
        {head.state.session !== "refused" && <LineStrip {...head} />}
        {Recovered && <Recovered line={head.state.line} />}
        {children}
      </main>
    </>
  );
}

/** Whose help this is: by the site's own image, or by its name where the image does not come. */
class Logo extends Component<{ logo: string; name: string }, { isGone: boolean }> {
  render(): ComponentChildren {
    const { logo, name } = this.props;
    return this.state.isGone ? name : <img class="head__logo" src={logo} alt={name} onError={() => this.setState({ isGone: true })} />;
  }
}

function Head({ state, actions, sub, agent, heading, extra }: HeadProps) {
  const { site } = state;
  const name = agent ?? texts.help(site.name);
  return (
    <header class="head">
      {agent && (
        <span class="avatar" aria-hidden="true">
          {agent.charAt(0)}
        </span>
      )}
      <div class="grow">
        {heading ? (
          <h1 class="head__name" tabIndex={-1} data-focus>
            {name}
          </h1>
        ) : (
          <div class="head__name">{site.logo && !agent ? <Logo logo={site.logo} name={name} /> : name}</div>
        )}
        {sub && <span class="head__sub">{sub}</span>}
      </div>
      {extra}
      <button type="button" class="head__btn" aria-label={texts.minimise} onClick={actions.minimise}>
        <IconMinus large />
      </button>
    </header>
  );
}

/** The frame alone: what is written, and who one is, outlasts it. */
const reload = () => location.reload();

/** The state of the line, and of what did not come over it; it pushes the content down and covers nothing. */
function LineStrip({ state, actions }: ViewProps) {
  const { line, line_detail: detail, outbox, online } = state;
  if (missing === "outdated" || detail === "4426") return <Strip warn icon={<IconAlert />} words={texts.stopped["4426"]} press={texts.reload} onPress={reload} />;
  if (line === "stopped" && detail) {
    return <Strip warn icon={<IconAlert />} words={told(texts.stopped, detail) ?? texts.stopped.other} press={detail === "4409" ? texts.useHere : texts.tryAgain} onPress={actions.reconnect} />;
  }
  if (line !== "reconnecting") return missing && <Strip warn icon={<IconAlert />} words={texts.trouble.other} press={texts.reload} onPress={reload} />;
  const waiting = outbox.filter(({ status }) => status === "sending").length;
  const kept = waiting > 0 && texts.messagesWait(waiting);
  const words = (online ? [texts.lost, kept, texts.goOnWriting] : [texts.offline, kept, state.handoff ? texts.placeKept : texts.wordsKept]).filter(Boolean).join(" ");
  return <Strip warn={!online} icon={online ? <IconRefresh class="spin" /> : <IconOffline />} words={words} press={texts.tryNow} onPress={actions.reconnect} />;
}

interface StripProps {
  icon: ComponentChildren;
  words: string;
  warn?: boolean;
  press?: string;
  onPress?(): void;
}

/** What is the matter right now; it stays as long as it is so. */
export function Strip({ icon, words, warn, press, onPress }: StripProps) {
  return (
    <div class={warn ? "strip strip--warn" : "strip"} role="status">
      {icon}
      <span class="grow">{words}</span>
      {press && (
        <button type="button" class="btn btn--text" onClick={onPress}>
          {press}
        </button>
      )}
    </div>
  );
}

/** Without storage a stranger's session lives as long as this page, and nobody else can find the talk again. */
export function Stay({ state }: { state: PanelState }) {
  if (!isFleeting(state)) return null;
  return <Strip icon={<IconAlert />} words={texts.stayHere} />;
}

interface SureProps extends ViewProps {
  question: string;
  stay: string;
  go: string;
  docked?: boolean;
  onGo(): void;
}

/** Asks back before something is given up. */
export function Sure({ state, actions, question, stay, go, docked, onGo }: SureProps) {
  return (
    <div class={docked ? "ask ask--dock" : "ask"} role="group" aria-labelledby="sure">
      <h2 id="sure" tabIndex={-1}>{question}</h2>
      <div class="row">
        <button type="button" class="btn" onClick={() => actions.fill({ asking: false })}>
          {stay}
        </button>
        <button type="button" class="btn btn--bad" aria-disabled={state.busy} onClick={() => void (state.busy || onGo())}>
          {go}
        </button>
      </div>
    </div>
  );
}

export function Trouble({ state }: { state: PanelState }) {
  return (
    <div role="alert" class="trouble">
      {state.trouble && (
        <p class="strip strip--bad">
          <IconAlert />
          <span>{later()?.refusalWords(state) ?? troubleWords(state.trouble)}</span>
        </p>
      )}
    </div>
  );
}
