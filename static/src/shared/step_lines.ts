/** Steps that pile up between two messages are told in one line, so that they do not bury the talk. */
import type { Step } from "./frames.ts";

interface Told {
  readonly steps?: readonly Step[];
}

/** Takes the line that already tells steps out of the end of the story, as far back as `passes` lets one look, and gives its steps. */
export function takeSteps<L extends object>(lines: L[], passes: (line: L) => boolean): readonly Step[] {
  for (let at = lines.length - 1; at >= 0; at--) {
    const line = lines[at] as L & Told;
    if (!passes(line)) return [];
    if (!line.steps) continue;
    lines.splice(at, 1);
    return line.steps;
  }
  return [];
}

/** Nothing, ", and 1 more step", ", and 3 more steps". */
export const moreWords = (more: number): string => (more < 1 ? "" : `, and ${more} more ${more === 1 ? "step" : "steps"}`);
