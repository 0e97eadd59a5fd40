/** Small pieces that several views share. */
import type { ComponentChildren } from "preact";
import { IconAlert, IconMinus, IconOffline, IconRefresh } from "../../../shared/icons.tsx";
import { needsWords, troubleWords } from "../../words.ts";
import type { Actions } from "../actions.ts";
import type { PanelState } from "../../state.ts";

export interface ViewProps {
  state: PanelState;
  actions: Actions;
}

export interface HeadProps {
  name: string;
  sub: string;
  initial?: string;
  heading?: boolean;
  onMinimise(): void;
  extra?: ComponentChildren;
}

/** A view: the head, and everything under it as the one main landmark. */
export function View({ head, children }: { head: HeadProps; children: ComponentChildren }) {
  return (
    <>
      <Head {...head} />
      <main class="rest">{children}</main>
    </>
  );
}

function Head({ name, sub, initial, heading, onMinimise, extra }: HeadProps) {
  return (
    <header class="head">
      {initial && (
        <span class="avatar" aria-hidden="true">
          {initial}
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
      <button type="button" class="head__btn" aria-label="Minimise help, keep my place" onClick={onMinimise}>
        <IconMinus large />
      </button>
    </header>
  );
}

/** The state of the line; it pushes the content down and covers nothing. */
export function LineStrip({ state, actions }: ViewProps) {
  const { line, line_detail: detail, outbox, online } = state;
  if (line === "stopped" && detail) return <StoppedStrip detail={detail} actions={actions} />;
  if (line !== "reconnecting") return null;
  const waiting = outbox.filter(({ status }) => status === "sending").length;
  const kept = waiting > 0 ? ` ${waiting === 1 ? "1 message waits" : `${waiting} messages wait`}.` : "";
  return (
    <div class={`strip${online ? "" : " strip--warn"}`} role="status">
      {online ? <IconRefresh class="spin" /> : <IconOffline />}
      <span class="grow">{online ? `Connection lost. Trying again.${kept} You can keep writing.` : `You’re offline.${kept} Your place is kept.`}</span>
      <button type="button" class="btn btn--text" onClick={actions.reconnect}>
        Try now
      </button>
    </div>
  );
}

const STOPPED: Record<string, string> = {
  "4409": "This is open in too many other windows, so this one stopped.",
  "4426": "Help was updated. Reload the page to go on; nothing is lost.",
  auth: "Your sign-in ran out. Sign in on the page and go on here; your draft and your place are kept.",
};

function StoppedStrip({ detail, actions }: { detail: string; actions: Actions }) {
  return (
    <div class="strip strip--warn" role="status">
      <IconAlert />
      <span class="grow">{STOPPED[detail] ?? "The connection was closed. Your draft is kept."}</span>
      {detail !== "4426" && (
        <button type="button" class="btn btn--text" onClick={actions.reconnect}>
          {detail === "4409" ? "Use it here" : "Try again"}
        </button>
      )}
    </div>
  );
}

export function Trouble({ state }: { state: PanelState }) {
  return (
    <div role="alert" class="trouble">
      {state.trouble && (
        <p class="strip strip--bad">
          <IconAlert />
          <span>{state.needs ? needsWords(state.needs, state.customer, state.site.name) : troubleWords(state.trouble)}</span>
        </p>
      )}
    </div>
  );
}
