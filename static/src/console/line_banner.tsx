/** The strip over the desk while the line is away; it says what is safe, and never takes anything from the reader. */
import type { ComponentChildren } from "preact";
import { IconCheck, IconOffline, IconRefresh } from "../shared/icons.tsx";
import { useDesk } from "./context.tsx";
import type { Line } from "./desk_state.ts";
import { SIGN_IN } from "./page.ts";

/** How long the good news stays. */
const BACK_MS = 3_000;
/** The server's grace for an agent who is gone; the strip warns with it and the server decides. */
const GRACE_SECONDS = 60;

export function hasBanner({ status, back_at }: Line, now: number): boolean {
  return status === "reconnecting" || status === "stopped" || (status === "live" && back_at !== null && now - back_at < BACK_MS);
}

/** What stands in the middle before there is anything to show. */
export function openingWords({ status }: Line): { title: string; text: string } {
  if (status === "stopped") return { title: "The desk is closed", text: "Nothing is offered to you here." };
  if (status === "reconnecting") return { title: "The desk is out of reach", text: "It opens by itself as soon as the connection is back." };
  return { title: "Opening the desk", text: "Your handoffs and queues are on their way." };
}

export function LineBanner({ now, isOutdated }: { now: number; isOutdated: boolean }): ComponentChildren {
  const { state } = useDesk();
  if (isOutdated && state.line.status !== "reconnecting") return <Stopped detail="4426" />;
  if (state.line.status === "live") {
    return <section class="banner banner--ok" aria-label="Connection"><IconCheck /><p class="grow" role="status"><b>Back.</b> Everything written meanwhile is on its way.</p></section>;
  }
  return state.line.status === "stopped" ? <Stopped detail={state.line.detail} /> : <Reconnecting gone={Math.floor((now - state.line.since) / 1000)} />;
}

function Reconnecting({ gone }: { gone: number }): ComponentChildren {
  const { desk, state } = useDesk();
  const left = GRACE_SECONDS - gone;
  const hasTalks = state.board !== null && state.board.handoffs.length > 0;
  const talks = !hasTalks ? "nothing is offered to you meanwhile." : left > 0 ? `your talks stay yours for ${left} s more, and customers are told.` : "your talks may be back in the line, and customers are told.";
  return (
    <section class="banner" aria-label="Connection">
      <IconOffline />
      <p class="grow"><b role="alert">Connection lost.</b> <span class="num">Gone for {Math.max(0, gone)} s.</span> What you write is kept; {talks}</p>
      <button type="button" class="btn btn--s" onClick={() => desk.retryNow()}>Try now</button>
    </section>
  );
}

interface Stop { what: string; todo: string; link: { href: string; text: string } }

function stopWords(detail: string | null): Stop {
  const again = { href: "", text: "Load again" };
  switch (detail) {
    case "auth": return { what: "You are signed out.", todo: "What you wrote is kept in this window.", link: { href: SIGN_IN, text: "Sign in again" } };
    case "4409": return { what: "The desk is open in too many windows.", todo: "This one was put to rest; the newest go on.", link: { ...again, text: "Use this one" } };
    case "4426": return { what: "There is a newer version of the desk.", todo: "What you wrote is kept.", link: again };
    default: return { what: "The desk is not connected.", todo: "What you wrote is kept.", link: again };
  }
}

function Stopped({ detail }: { detail: string | null }): ComponentChildren {
  const { what, todo, link } = stopWords(detail);
  return (
    <section class="banner" aria-label="Connection">
      {detail === "4426" ? <IconRefresh /> : <IconOffline />}
      <p class="grow" role="alert"><b>{what}</b> {todo}</p>
      <a class="btn btn--s" href={link.href}>{link.text}</a>
    </section>
  );
}
