/** A button that copies one value, and nothing around it. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { IconCheck, IconCopy } from "../shared/icons.tsx";
import { stripInvisible } from "../shared/safe_url.ts";

const SAID_MS = 2_000;
type Outcome = "copied" | "refused" | null;
const WORDS = { copied: "Copied", refused: "Not copied: select it and press Ctrl C" } as const;

export function Copy({ text, what }: { text: string; what: string }): ComponentChildren {
  const [outcome, setOutcome] = useState<Outcome>(null);
  useEffect(() => {
    if (outcome === null) return undefined;
    const timer = setTimeout(() => setOutcome(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  // What is drawn is what is copied: no override that turns the number around where it is pasted.
  const copy = () => void navigator.clipboard.writeText(stripInvisible(text)).then(() => setOutcome("copied"), () => setOutcome("refused"));
  return (
    <span class="copy">
      <button type="button" class="btn btn--quiet btn--icon copy__b" aria-label={`Copy: ${stripInvisible(what)}`} onClick={copy}>{outcome === "copied" ? <IconCheck class="ok" /> : <IconCopy />}</button>
      <span class={outcome === "refused" ? "copy__s bad" : "vh"} role="status">{outcome && WORDS[outcome]}</span>
    </span>
  );
}
