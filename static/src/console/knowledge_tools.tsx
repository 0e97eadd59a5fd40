/** The way from the composer to what is known already: canned replies over it, articles beside it. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconDoc, IconSearch } from "../shared/icons.tsx";
import { chunk } from "./chunk.ts";
import { useComposing } from "./composing.tsx";
import { Keys } from "./keys.tsx";
import { CANNED, INSERT, KNOWLEDGE } from "./knowledge_events.ts";
import type { DeskHandoff } from "./wire.ts";

export const useKnowledge = chunk(() => import("./knowledge.tsx"));

/** A slash at the start of an empty text is no text: it opens the list. */
export function opensCanned(event: Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey" | "isComposing" | "target">, text: string): boolean {
  const { key, altKey, ctrlKey, metaKey, isComposing, target } = event;
  return key === "/" && text === "" && !altKey && !ctrlKey && !metaKey && !isComposing && target instanceof HTMLElement && target.id === "comp-text";
}

/**
 * Whoever types `/hold` at once does not wait for a list: the text with one more key in it. Null: taken back; undefined: not for it; a
 * second slash is a slash.
 */
export function typedAhead(typed: string, { key, altKey, ctrlKey, metaKey, target }: Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey" | "target">): string | null | undefined {
  if (altKey || ctrlKey || metaKey || !(target instanceof HTMLElement) || target.id !== "comp-text") return undefined;
  if (key === "Escape" || (key === "Backspace" && typed === "")) return null;
  if (key === "Backspace") return typed.slice(0, -1);
  if (key === "Enter") return typed;
  return key.length === 1 ? typed + key : undefined;
}

export function KnowledgeTools(): ComponentChildren {
  const composing = useComposing();
  const [open, setOpen] = useState(false);
  const part = useKnowledge(open);
  /** What was typed between the slash and the list's own field; null: nobody waits for it. */
  const early = useRef<string | null>(null);
  const shut = () => { setOpen(false); early.current = null; };
  useLayoutEffect(shut, [composing.handoff.id]);
  useLayoutEffect(() => {
    const show = () => setOpen(true);
    const pressed = (event: KeyboardEvent) => {
      if (early.current === null) {
        // Of what was just typed the field knows before anything is drawn.
        if (!opensCanned(event, event.target instanceof HTMLTextAreaElement ? event.target.value : composing.text)) return;
        early.current = "";
        show();
      } else {
        const next = typedAhead(early.current, event);
        if (next === undefined) return;
        if (next === "/") composing.insert("/");
        if (next === null || next === "/") shut();
        else early.current = next;
      }
      event.preventDefault();
      event.stopPropagation();
    };
    const insert = (event: Event) => composing.insert(String((event as CustomEvent).detail));
    document.addEventListener("keydown", pressed, true);
    document.addEventListener(CANNED, show);
    document.addEventListener(INSERT, insert);
    return () => {
      document.removeEventListener("keydown", pressed, true);
      document.removeEventListener(CANNED, show);
      document.removeEventListener(INSERT, insert);
    };
  });
  useEffect(() => {
    if (part !== "failed" || early.current === null) return;
    composing.insert(`/${early.current}`);
    early.current = null;
  }, [part]);
  const taken = () => { const words = early.current ?? ""; early.current = null; return words; };
  // Back to where the words go, whatever the list was left by.
  const close = () => { shut(); document.getElementById("comp-text")?.focus(); };
  return (
    <>
      <button type="button" class="btn btn--s btn--quiet" aria-haspopup="dialog" aria-expanded={open} onClick={() => (open ? close() : setOpen(true))}>
        <IconDoc />Canned <Keys keys={["/"]} />
      </button>
      <button type="button" class="btn btn--s btn--quiet" onClick={() => document.dispatchEvent(new Event(KNOWLEDGE))}><IconSearch />Articles <Keys keys={["Alt", "K"]} /></button>
      {open && (typeof part === "string"
        ? <div class="canned"><p class="meta canned__say" role="status">{part === "failed" ? "Canned replies could not be loaded. Press again to try once more." : "Getting your canned replies"}</p></div>
        : <part.Canned composing={composing} taken={taken} onClose={close} />)}
    </>
  );
}

/** In the pane, under what is known of this customer: what is known in general. */
export function KnowledgeSection({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const [open, setOpen] = useState(false);
  const [asked, setAsked] = useState(0);
  const part = useKnowledge(open);
  useLayoutEffect(() => {
    const show = () => { setOpen(true); setAsked((times) => times + 1); };
    document.addEventListener(KNOWLEDGE, show);
    return () => document.removeEventListener(KNOWLEDGE, show);
  }, []);
  const turn = () => { setOpen(!open); setAsked(asked + 1); };
  return (
    <section class="pane__sec" aria-labelledby="pane-articles">
      <h3 class="pane__h"><span id="pane-articles">Articles</span>
        <button type="button" class="btn btn--s btn--quiet" aria-expanded={open} onClick={turn}>{open ? "Close" : "Find an article"}</button>
      </h3>
      {open && (typeof part === "string"
        ? <p class="meta" role="status">{part === "failed" ? "Articles could not be loaded. Close and open this to try once more." : "Getting the articles"}</p>
        : <part.Articles handoff={handoff} asked={asked} />)}
    </section>
  );
}
