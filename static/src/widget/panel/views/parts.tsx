/** Small pieces that several views share. */
import type { ComponentChildren } from "preact";
import { IconAlert, IconMinus, IconOffline, IconRefresh } from "../../../shared/icons.tsx";
import { troubleWords } from "../../words.ts";
import type { Actions } from "../actions.ts";
import { isFleeting, type PanelState } from "../../state.ts";
import { later } from "./lazy.ts";

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
  return (
    <>
      <Head {...head} />
      <main class="rest">
        {head.state.session !== "refused" && <LineStrip {...head} />}
        {children}
      </main>
    </>
  );
}

function Head({ state, actions, sub, agent, heading, extra }: HeadProps) {
  const name = agent ?? `${state.site.name} help`;
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
          <div class="head__name">{name}</div>
        )}
        {sub && <span class="head__sub">{sub}</span>}
      </div>
      {extra}
      <button type="button" class="head__btn" aria-label="Minimise help, keep my place" onClick={actions.minimise}>
        <IconMinus large />
      </button>
    </header>
  );
}

/** The state of the line; it pushes the content down and covers nothing. */
function LineStrip({ state, actions }: ViewProps) {
  const { line, line_detail: detail, outbox, online } = state;
  if (line === "stopped" && detail) {
    const press = detail !== "4426" && (detail === "4409" ? "Use it here" : "Try again");
    return <Strip warn icon={<IconAlert />} words={STOPPED[detail] ?? "The connection was closed. Your draft is kept."} press={press} onPress={actions.reconnect} />;
  }
  if (line !== "reconnecting") return null;
  const waiting = outbox.filter(({ status }) => status === "sending").length;
  const kept = waiting > 0 ? ` ${waiting === 1 ? "1 message waits" : `${waiting} messages wait`}.` : "";
  const words = online ? `Connection lost. Trying again.${kept} You can keep writing.` : `You’re offline.${kept} Your place is kept.`;
  return <Strip warn={!online} icon={online ? <IconRefresh class="spin" /> : <IconOffline />} words={words} press="Try now" onPress={actions.reconnect} />;
}

interface StripProps {
  icon: ComponentChildren;
  words: string;
  warn?: boolean;
  press?: string | false;
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

const STOPPED: Record<string, string> = {
  "4409": "This is open in too many other windows, so this one stopped.",
  "4426": "Help was updated. Reload the page to go on; nothing is lost.",
  auth: "Your sign-in ran out. Sign in on the page and go on here; your draft and your place are kept.",
};


/** Without storage a stranger's session lives as long as this page, and nobody else can find the talk again. */
export function Stay({ state }: { state: PanelState }) {
  if (!isFleeting(state)) return null;
  return <Strip icon={<IconAlert />} words="Stay on this page: this browser keeps nothing between pages." />;
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
