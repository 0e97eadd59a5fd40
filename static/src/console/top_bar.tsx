/** The bar that says which product this is, whether the line lives, and who is signed in. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { IconKeyboard } from "../shared/icons.tsx";
import { useDesk } from "./context.tsx";
import type { Line, View } from "./desk_state.ts";
import { FindButton, leads } from "./elsewhere.tsx";
import { Keys } from "./keys.tsx";
import { SoundSwitch } from "./sound_switch.tsx";
import { SECOND_FACTOR, SIGN_OUT, cookieValue } from "./page.ts";

export function lineWords({ status }: Line): { text: string; dot: string } {
  switch (status) {
    case "live": return { text: "Live", dot: "dot" };
    case "connecting": return { text: "Connecting", dot: "dot dot--off" };
    case "reconnecting": return { text: "Reconnecting", dot: "dot dot--warn" };
    case "stopped": return { text: "Not connected", dot: "dot dot--off" };
    default: return status satisfies never;
  }
}

export function TopBar({ onHelp }: { onHelp(): void }): ComponentChildren {
  const { page, state } = useDesk();
  const line = lineWords(state.line);
  return (
    <header class="top" tabIndex={-1} data-region>
      <div class="top__name">
        <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" aria-hidden="true">
          <path d="M3 6.5h9a4 4 0 0 1 0 8H8" /><path d="m11 11.5-3 3 3 3" />
        </svg>
        Handoff
      </div>
      <Views />
      <span class="grow" />
      {state.board?.agent.is_trainee && <span class="badge badge--accent" title="Simulated customers only; nothing here counts">Training</span>}
      <FindButton />
      <span class="live" role="status"><span class={line.dot} />{line.text}</span>
      <SoundSwitch />
      <button type="button" class="btn btn--quiet btn--icon" aria-label="Keyboard shortcuts, question mark" onClick={onHelp}><IconKeyboard /></button>
      <span class="me" title={page.agentName}>
        <span class="face" aria-hidden="true">{page.agentName.charAt(0).toUpperCase()}</span>
        <span class="me__name">{page.agentName}</span>
      </span>
      <a class="btn btn--quiet" href={SECOND_FACTOR}>Two-step sign-in</a>
      {page.admin !== null && <a class="btn btn--quiet" href={page.admin}>Admin</a>}
      <SignOut />
    </header>
  );
}

function Views(): ComponentChildren {
  const { desk, state } = useDesk();
  const view = (which: View, words: string, keys: ComponentChildren = null) => (
    <button type="button" aria-current={state.view === which ? "page" : undefined} onClick={() => desk.show(which)}>{words} {keys}</button>
  );
  return (
    <nav class="tabs" aria-label="Console">
      {view("desk", "Desk")}
      {view("callbacks", "Callbacks", <Keys keys={["Alt", "B"]} />)}
      {state.board && leads(state.board.agent) && <>{view("wallboard", "Wallboard")}{view("live", "Live list")}</>}
    </nav>
  );
}

function SignOut(): ComponentChildren {
  const { desk, page } = useDesk();
  const token = useRef<HTMLInputElement>(null);
  useEffect(() => { if (token.current) token.current.value = cookieValue(document.cookie, page.csrfCookie); });
  return (
    <form method="post" action={SIGN_OUT} onSubmit={() => desk.leave()}>
      <input ref={token} type="hidden" name="csrfmiddlewaretoken" />
      <button type="submit" class="btn btn--quiet">Sign out</button>
    </form>
  );
}
