/** What stands beside the writing may know of it, and how it puts words into it. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Mode } from "./drafts.ts";
import type { DeskHandoff } from "./wire.ts";

export interface Composing {
  handoff: DeskHandoff;
  mode: Mode;
  text: string;
  /** Puts words where the caret is, in place of what is selected; Ctrl+Z takes them out again. The focus goes back to the writing. */
  insert(words: string): void;
  /** As `insert`, in place of the characters from `from` up to `to`. */
  replace(words: string, from: number, to: number): void;
}

const Context = createContext<Composing | null>(null);
export const ComposingProvider = Context.Provider;

/** For buttons in the composer's bar and lists above it. */
export function useComposing(): Composing {
  const value = useContext(Context);
  if (!value) throw new Error("a part of the composer stands outside of it");
  return value;
}

type Box = Pick<HTMLTextAreaElement, "focus" | "setSelectionRange" | "setRangeText" | "selectionStart" | "selectionEnd" | "dispatchEvent">;

/** Typed in the browser's own way, because only that keeps its undo; where a browser refuses, set and told as input all the same. */
export function insertInto(box: Box, words: string, from = box.selectionStart, to = box.selectionEnd): void {
  box.focus();
  box.setSelectionRange(from, to);
  if (document.execCommand?.("insertText", false, words)) return;
  box.setRangeText(words, from, to, "end");
  box.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText", data: words }));
}
