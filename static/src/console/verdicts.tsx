/** What may be done for this customer, a line an action; the one button stands where it helps. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { IconBlock, IconCheck, IconClock } from "../shared/icons.tsx";
import { VERDICT_WORDS } from "./assurance.ts";
import { useBoard } from "./context.tsx";
import { Keys } from "./keys.tsx";
import { askedState, lackWords, lineToAsk, requestFor, requestWords, verdictNow } from "./verification.ts";
import type { DeskHandoff, Verdict, VerdictWord } from "./wire.ts";

const MARKS: Readonly<Record<VerdictWord, { icon: ComponentChildren; tone: string }>> = {
  enough: { icon: <IconCheck class="ok" />, tone: "ok" },
  ask_again: { icon: <IconClock class="warn" />, tone: "warn" },
  not_here: { icon: <IconBlock />, tone: "meta" },
};

export function Verdicts({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { now } = useBoard();
  if (handoff.verdicts.length === 0) return null;
  const keyed = lineToAsk(handoff, now)?.key;
  return (
    <>
      <ul class="verdicts">
        {handoff.verdicts.map((one) => <Row key={one.key} verdict={verdictNow(one, handoff.customer, now)} handoff={handoff} keyed={one.key === keyed} />)}
      </ul>
      <Answered handoff={handoff} />
    </>
  );
}

function Row({ verdict: line, handoff, keyed }: { verdict: Verdict; handoff: DeskHandoff; keyed: boolean }): ComponentChildren {
  const { now } = useBoard();
  const { icon, tone } = MARKS[line.verdict];
  const request = requestFor(line, handoff.verification);
  const asking = line.verdict === "ask_again" && handoff.state === "connected";
  const waits = askedState(request, now) === "asked";
  const why = line.verdict === "ask_again" && line.lacks ? lackWords(line.lacks, handoff, now) : "";
  const told = asking && request ? requestWords(request, handoff, now) : "";
  return (
    <li class="verdict">
      {icon}
      <span>{line.label}{(why || (told && !waits)) && <small class="verdict__why">{[why, waits ? "" : told].filter(Boolean).join("; ")}</small>}</span>
      {!asking || waits ? <small class={`${tone} num`}>{waits ? told : VERDICT_WORDS[line.verdict]}</small> : <AskButton handoff={handoff} line={line} keyed={keyed} again={request !== null} />}
    </li>
  );
}

function AskButton({ handoff, line, keyed, again }: { handoff: DeskHandoff; line: Verdict; keyed: boolean; again: boolean }): ComponentChildren {
  const { desk } = useBoard();
  const [busy, setBusy] = useState(false);
  const ask = async () => {
    if (busy) return;
    setBusy(true);
    await desk.askToConfirm(handoff, line);
    setBusy(false);
  };
  return (
    <button type="button" class="btn btn--s" aria-disabled={busy} onClick={() => void ask()}>
      {again ? "Ask again" : "Ask to confirm"}<span class="vh">, for {line.label}</span>{keyed && <> <Keys keys={["Alt", "V"]} /></>}
    </button>
  );
}

/** Said aloud once, when the answer comes; the eye finds it on its line. */
function Answered({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { now } = useBoard();
  const { verification } = handoff;
  const state = askedState(verification, now);
  const words = !verification || state === "never" || state === "asked" ? "" : state === "satisfied" ? `${verification.action?.label ?? "Identity"}: confirmed` : requestWords(verification, handoff, now);
  return <p class="vh" role="status">{words}</p>;
}
