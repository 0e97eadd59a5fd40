/** The conversation as lines: messages, and what happened between them. */
import { texts } from "@texts/later";
import type { Call, CustomerEvents, Entry, EventOf, Fact, MessagePosted, Step } from "../shared/frames.ts";
import { idOf, type PanelState } from "./state.ts";
import { clock, iso } from "./language.ts";
import { stepTitle } from "../shared/journey.ts";
import { stepItems } from "./wait.ts";
import { phone, stepup } from "./panel/views/exports.ts";
import { takeSteps } from "../shared/step_lines.ts";

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
    case "agent.joined":
      say("user", texts.joinedToo(known.data.agent.name, clock(entry.at)));
      return;
    case "agent.left":
      say("user", texts.leftAgain(known.data.agent.name, clock(entry.at)));
      return;
    case "identity.changed":
      if (known.data.verified && !story.verified) say("lock", texts.signedInTo(story.agent));
      story.verified = known.data.verified;
      return;
    default: {
      const line = stepup()?.answerLine(entry, clock(entry.at));
      if (line) say(line.glyph, line.text);
    }
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
    if (before || now) say("check", texts.endedAt(clock(at)));
  } else if (BY_CHOICE.has(data.reason ?? "")) {
    // The person asked for it, and sees what comes next in its place.
  } else if (now && before && now !== before) say("transfer", texts.passed(before, now));
  else if (now && !before) say("user", texts.joined(now, clock(at)));
  else if (!now && before) {
    if (data.reason === "transfer") say("transfer", texts.passing(before));
    else say("refresh", data.reason === "lose_agent" ? texts.dropped(before) : texts.left(before));
  }
}

function tellCall(call: Call | null, say: Say): void {
  const words = phone()?.endWords(call);
  if (words) say("phone", words);
}

/** Signed facts come with the sign-in, which is told already. */
function tellFacts({ agent, own }: Story, added: readonly Fact[], say: Say): void {
  const labels = added.filter(({ source, key }) => source === "observed" && own.has(key)).map(({ label }) => label);
  if (agent && labels.length > 0) say("route", texts.added(agent, labels.map(iso).join(texts.comma)));
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
  const what = (step.status === "failed" ? texts.stepFailed : texts.stepReached)(stepTitle(step, site));
  const text = texts.added(agent, more > 0 ? texts.moreSteps(what, more) : what);
  lines.push({ kind: "system", key, glyph: "route", text, steps });
}
