/** The desk as a whole: four regions that never move, and the keys between them. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { IconHeadset } from "../shared/icons.tsx";
import { useAsking } from "./asking.ts";
import { toggled } from "./availability_box.tsx";
import { bindings } from "./bindings.ts";
import { inPlace, serverNow } from "./board.ts";
import { LATER } from "./call_bar.tsx";
import { Callbacks } from "./callbacks_view.tsx";
import { CHANNEL } from "./channel_switch.tsx";
import { useOutdated } from "./chunk.ts";
import { TURN, USE } from "./composer.tsx";
import { DeskProvider, useClock, useDesk, useDeskState } from "./context.tsx";
import type { Desk } from "./desk.ts";
import { selectedHandoff } from "./desk_state.ts";
import { UNDO } from "./ending_strip.tsx";
import { Help } from "./help.tsx";
import { CANNED, KNOWLEDGE } from "./knowledge_events.ts";
import { Elsewhere, lead } from "./elsewhere.tsx";
import { MAC } from "./keys.tsx";
import { LineBanner, hasBanner, openingWords } from "./line_banner.tsx";
import type { Page } from "./page.ts";
import { spokenOffer } from "./offer_call.tsx";
import { Pane } from "./pane.tsx";
import { Rail } from "./rail.tsx";
import { useRecordShown } from "./record_shown.ts";
import { Rest } from "./rest.tsx";
import { isWriting, shortcutOf, takesBackWord, writesSign } from "./shortcuts.ts";
import type { Shortcut } from "./shortcuts.ts";
import { chimeOnce } from "./sound.ts";
import { Offers } from "./strips.tsx";
import { END, TRANSFER, Talk } from "./talk.tsx";
import { titleOf } from "./title.ts";
import { TopBar } from "./top_bar.tsx";
import { lineToAsk } from "./verification.ts";

export function App({ desk, page }: { desk: Desk; page: Page }): ComponentChildren {
  const state = useDeskState(desk);
  // An event may come between two ticks; a clock behind it would show a wait of less than nothing.
  const clock = Math.max(useClock(), state.line.since);
  const help = useAsking<true>();
  const now = serverNow(state.board, clock);
  useShortcuts(desk, () => help.ask(true));
  const isOutdated = useOutdated();
  const banner = isOutdated || hasBanner(state.line, clock);
  return (
    <DeskProvider value={{ desk, page, state, now, clock }}>
      <div class={`desk${banner ? " desk--banner" : ""}`}>
        <TopBar onHelp={() => help.ask(true)} />
        {banner && <LineBanner now={clock} isOutdated={isOutdated} />}
        {!state.board ? <Opening /> : state.view === "callbacks" ? <><Rail /><Callbacks /></> : state.view !== "desk" ? <Elsewhere view={state.view} /> : <Columns />}
        <OfferSaid />
      </div>
      {help.asked && <Help key={help.time} onClose={help.close} />}
    </DeskProvider>
  );
}

function Columns(): ComponentChildren {
  const { state } = useDesk();
  const handoff = selectedHandoff(state);
  useRecordShown(handoff);
  const main = useRef<HTMLElement>(null);
  // What had the focus may have left with its handoff; the keyboard goes on from here, not from the top of the page.
  const before = useRef(state.selected);
  useLayoutEffect(() => {
    if (before.current !== null && state.selected === null && document.activeElement === document.body) main.current?.focus();
    before.current = state.selected;
  }, [state.selected]);
  return (
    <>
      <Rail />
      <main class="mid" tabIndex={-1} data-region ref={main}>
        {handoff ? <Talk key={handoff.id} handoff={handoff} /> : <><Offers docked={false} />{state.board?.offers.length === 0 && <Rest />}</>}
      </main>
      <Pane handoff={handoff} />
    </>
  );
}

function Opening(): ComponentChildren {
  const { state } = useDesk();
  const { title, text } = openingWords(state.line);
  return <main class="mid mid--all" tabIndex={-1} data-region><div class="rest"><IconHeadset /><h1>{title}</h1><p>{text}</p></div></main>;
}

/** A new offer is told to those who do not look: politely aloud, in the window's title, and with a tone. */
function OfferSaid(): ComponentChildren {
  const { state } = useDesk();
  const offer = state.board?.offers[0] ?? null;
  const title = titleOf(state.board);
  useEffect(() => { if (offer) chimeOnce(offer.id); }, [offer?.id]);
  useEffect(() => { document.title = title; }, [title]);
  return <p class="vh" role="status">{offer ? spokenOffer(offer) : ""}</p>;
}

function useShortcuts(desk: Desk, onHelp: () => void): void {
  const latest = useRef(onHelp);
  latest.current = onHelp;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const writing = isWriting(event.target);
      const shortcut = shortcutOf(event, writing, bindings.get());
      if (!shortcut || takesBackWord(event, writing, MAC) || writesSign(event, writing, MAC) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      perform(desk, shortcut, latest.current);
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [desk]);
}

function perform(desk: Desk, shortcut: Shortcut, onHelp: () => void): void {
  const { board } = desk.store.get();
  const offer = [...(board?.offers ?? [])].sort((a, b) => (a.expires_at < b.expires_at ? -1 : 1))[0];
  switch (shortcut.do) {
    case "accept": if (offer) void desk.accept(offer); return;
    case "decline": if (offer) void desk.decline(offer); return;
    case "availability": if (board) void desk.setAvailability(toggled(board.agent.availability)); return;
    case "open": return openPlace(desk, shortcut.place);
    case "note": document.dispatchEvent(new Event(TURN)); return;
    case "use": document.dispatchEvent(new Event(USE)); return;
    case "canned": document.dispatchEvent(new Event(CANNED)); return;
    case "articles": document.dispatchEvent(new Event(KNOWLEDGE)); return;
    case "end": document.dispatchEvent(new Event(END)); return;
    case "undo": document.dispatchEvent(new Event(UNDO)); return;
    case "transfer": document.dispatchEvent(new Event(TRANSFER)); return;
    case "confirm": return askOpen(desk);
    case "channel": document.dispatchEvent(new Event(CHANNEL)); return;
    case "later": document.dispatchEvent(new Event(LATER)); return;
    case "press": void desk.press(shortcut.key); return;
    case "dial": return dialOpen(desk);
    case "callbacks": return desk.show(desk.store.get().view === "callbacks" ? "desk" : "callbacks");
    case "wallboard": case "live": return lead(desk, shortcut.do);
    case "find": return desk.show("find");
    case "region": return nextRegion(shortcut.back);
    case "help": return onHelp();
    default: return shortcut satisfies never;
  }
}

function dialOpen(desk: Desk): void {
  const { view } = desk.store.get();
  const handoff = selectedHandoff(desk.store.get());
  if (handoff && view === "desk") void desk.dial(handoff);
}

/** Alt+V asks for the line where a confirmation helps. */
function askOpen(desk: Desk): void {
  const handoff = selectedHandoff(desk.store.get());
  const line = handoff && lineToAsk(handoff, serverNow(desk.store.get().board, Date.now()));
  if (handoff && line) void desk.askToConfirm(handoff, line);
}

function openPlace(desk: Desk, place: number): void {
  const { board } = desk.store.get();
  const handoff = board && inPlace(board.handoffs)[place];
  if (handoff) desk.open(handoff.id);
}

function nextRegion(back: boolean): void {
  const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")];
  const here = regions.findIndex((region) => region.contains(document.activeElement));
  const next = back ? (here <= 0 ? regions.length - 1 : here - 1) : (here + 1) % regions.length;
  regions[next]?.focus();
}
