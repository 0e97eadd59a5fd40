/** An article's plain text as paragraphs and lists, by the same rules as the server's own page; addresses become links, nothing becomes markup. */
import type { ComponentChildren } from "preact";
import { Text } from "./text.tsx";

type Kind = "p" | "ul" | "ol";
export interface Block { kind: Kind; lines: string[] }

const MARKS: readonly (readonly [Kind, RegExp])[] = [["ul", /^\s*[-*•]\s+(?=\S)/], ["ol", /^\s*\d{1,3}[.)]\s+(?=\S)/]];

function mark(line: string): readonly [Kind | null, string] {
  for (const [kind, sign] of MARKS) if (sign.test(line)) return [kind, line.replace(sign, "").trim()];
  return line.trim() ? ["p", line.trim()] : [null, ""];
}

/** An empty line parts paragraphs; lines that begin with `- ` or `1. ` are a list. */
export function blocks(text: string): Block[] {
  const found: Block[] = [];
  let before: Kind | null = null;
  for (const line of text.split(/\r?\n/)) {
    const [kind, words] = mark(line);
    if (kind !== null && kind === before) found.at(-1)?.lines.push(words);
    else if (kind !== null) found.push({ kind, lines: [words] });
    before = kind;
  }
  return found;
}

export function Prose({ text }: { text: string }): ComponentChildren {
  return (
    <div class="prose" dir="auto">
      {blocks(text).map(({ kind, lines }, place) =>
        kind === "p"
          ? <p key={place}>{lines.map((line, at) => <>{at > 0 && <br />}<Text text={line} /></>)}</p>
          : kind === "ul"
            ? <ul key={place}>{lines.map((line, at) => <li key={at}><Text text={line} /></li>)}</ul>
            : <ol key={place}>{lines.map((line, at) => <li key={at}><Text text={line} /></li>)}</ol>,
      )}
    </div>
  );
}
