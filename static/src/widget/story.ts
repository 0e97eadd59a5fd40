/** The conversation as lines: messages, and what happened between them. */
import type { Call, CustomerEvents, Entry, EventOf, Fact, MessagePosted, Step } from "../shared/frames.ts";
import { idOf, type PanelState } from "./state.ts";
import { clock } from "../shared/time.ts";
import { stepTitle } from "../shared/journey.ts";
import { stepItems } from "./words.ts";
import { phone } from "./panel/views/lazy.ts";
import { moreWords, takeSteps } from "../shared/step_lines.ts";

export type Glyph = "user" | "transfer" | "refresh" | "route" | "lock" | "check" | "phone";
export type Line =
  | { kind: "message"; key: string; at: string; seq: number; message: MessagePosted }
  | { kind: "system"; key: string; glyph: Glyph; text: string; steps?: readonly Step[] };

type Known = Pick<PanelState, "timeline" | "site" | "joined" | "page">;
interface Story {
  site: string;
  agent: string | null;
  verified: boolean;
  /** The page of this device told it, since the handoff was met here: by a step's time, or a fact's key. */
  own: ReadonlySet<string>;
  lines: Line[];
}

export function tell({ timeline, site, joined, page }: Known): Line[] {
  const own = new Set(page.entries.filter(({ at }) => at > (joined?.until ?? "")).map(idOf));
  const story: Story = { site: site.name, agent: null, verified: joined?.verified ?? true, own, lines: [] };
  for (const entry of timeline) tellOne(story, entry);
  return story.lines;
}

function tellOne(story: Story, entry: Entry): void {
  const known = entry as EventOf<CustomerEvents>;
  const key = `${entry.stream}#${entry.seq}`;
  const say = (glyph: Glyph, text: string) => story.lines.push({ kind: "system", key, glyph, text });
  switch (known.type) {
    case "message.posted":
      if (known.data.id) story.lines.push({ kind: "message", key, at: entry.at, seq: entry.seq, message: known.data });
      return;
    case "handoff.changed":
      return tellChange(story, known.data, entry.at, say);
    case "journey.recorded":
      return tellSteps(story, known.data.steps ?? [], key);
    case "call.changed":
      return tellCall(known.data.call, say);
    case "facts.changed":
      return tellFacts(story, known.data.added ?? [], say);
    case "identity.changed":
      if (known.data.verified && !story.verified) say("lock", `You signed in. ${story.agent ?? "The agent"} can see who you are.`);
      story.verified = known.data.verified;
      return;
    default:
      return;
  }
}

/** An agent goes because another way, or another time, was chosen. */
const BY_CHOICE = new Set(["switch", "postpone", "retry_later"]);

type Say = (glyph: Glyph, text: string) => void;

function tellChange(story: Story, data: CustomerEvents["handoff.changed"], at: string, say: Say): void {
  const before = story.agent;
  const now = data.agent?.name ?? null;
  story.agent = now ?? (data.state === "wrap_up" ? before : null);
  if (data.state === "wrap_up" || data.state === "closed") {
    if (before || now) say("check", `The conversation ended at ${clock(at)}.`);
  } else if (BY_CHOICE.has(data.reason ?? "")) {
    // The person asked for it, and sees what comes next in its place.
  } else if (now && before && now !== before) say("transfer", `${before} passed you to ${now}, with your details and this conversation.`);
  else if (now && !before) say("user", `${now} joined at ${clock(at)}. Your details and steps are on screen.`);
  else if (!now && before) {
    if (data.reason === "transfer") say("transfer", `${before} is passing you on. The next agent gets all of this; nothing needs repeating.`);
    else say("refresh", `${before} ${data.reason === "lose_agent" ? "lost the connection" : "had to go"}. The next free agent gets this with everything in it; you keep your place.`);
  }
}

function tellCall(call: Call | null, say: Say): void {
  const words = phone()?.endWords(call);
  if (words) say("phone", words);
}

/** Signed facts come with the sign-in, which is told already. */
function tellFacts({ agent, own }: Story, added: readonly Fact[], say: Say): void {
  const labels = added.filter(({ source, key }) => source === "observed" && own.has(key)).map(({ label }) => label);
  if (agent && labels.length > 0) say("route", `Added for ${agent}: ${labels.join(", ")}.`);
}

/**
 * Before an agent is there, steps belong to the receipt; after, the person sees what was added of what they do here and now: one
 * line between two messages.
 */
function tellSteps({ agent, site, own, lines }: Story, recorded: readonly Step[], key: string): void {
  const added = recorded.filter(({ at }) => own.has(at));
  const step = added.at(-1);
  if (!agent || !step) return;
  const steps = [...takeSteps(lines, (line) => line.kind === "system" && (line.glyph === "route" || line.glyph === "lock")), ...added];
  const more = stepItems(steps, site).length - 1;
  const what = step.status === "failed" ? `“${stepTitle(step, site)}” did not work` : `you reached “${stepTitle(step, site)}”`;
  const text = `Added for ${agent}: ${what}${moreWords(more)}.`;
  lines.push({ kind: "system", key, glyph: "route", text, steps });
}
