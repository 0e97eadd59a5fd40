/** The talk as it was said, with notes and what happened in between. */
import type { ComponentChildren, FunctionComponent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import {
  IconCallback, IconCheck, IconChecks, IconClock, IconFlag, IconPencil, IconPhone, IconRoute, IconStar, IconTransfer, IconUser, IconX,
} from "../shared/icons.tsx";
import type { IconProps } from "../shared/icons.tsx";
import { Text } from "../shared/text.tsx";
import { moment } from "../shared/time.ts";
import { useBoard } from "./context.tsx";
import { conversationLines, missingBefore } from "./lines.ts";
import type { Line, LineIcon, Mark } from "./lines.ts";
import { customerWithin } from "./people.ts";
import type { DeskHandoff } from "./wire.ts";

/** Nearer to the end than this, the reader is following and new lines are scrolled to. */
const FOLLOWING_PX = 80;

const ICONS: Readonly<Record<LineIcon, FunctionComponent<IconProps>>> = {
  user: IconUser, route: IconRoute, pencil: IconPencil, flag: IconFlag, seal: IconCheck, star: IconStar, check: IconCheck, transfer: IconTransfer, x: IconX,
  phone: IconPhone, callback: IconCallback,
};

export function Conversation({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { board, state } = useBoard();
  const lines = conversationLines(handoff, board.agent.name, state.outbox);
  const flow = useFollow(handoff.id);
  return (
    <div class="flow" role="log" aria-label={`Conversation with ${customerWithin(handoff.customer)}`} tabIndex={0} ref={flow}>
      <Older handoff={handoff} />
      <ol class="flow__list">{lines.map((line) => <LineView key={line.key} line={line} />)}</ol>
    </div>
  );
}

function Older({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { desk } = useBoard();
  if (missingBefore(handoff).length === 0) return null;
  return <p class="older"><button type="button" class="btn btn--s" onClick={() => void desk.readOlder(handoff)}>Show earlier lines</button></p>;
}

/** Looks after every drawing, because a mark or a strip changes heights as well as a new line does. */
function useFollow(handoff: string): { current: HTMLDivElement | null } {
  const flow = useRef<HTMLDivElement>(null);
  const before = useRef({ handoff: "", height: 0 });
  useLayoutEffect(() => {
    const box = flow.current;
    if (!box) return;
    const same = before.current.handoff === handoff;
    const following = before.current.height - box.scrollTop - box.clientHeight < FOLLOWING_PX;
    if (!same || following) box.scrollTop = box.scrollHeight;
    before.current = { handoff, height: box.scrollHeight };
  });
  return flow;
}

function LineView({ line }: { line: Line }): ComponentChildren {
  const { now } = useBoard();
  if (line.kind === "system") {
    const Icon = ICONS[line.icon];
    return <li class="sysline"><span><Icon /><span><Text text={line.text} />, <span class="num">{moment(line.at, now)}</span></span></span></li>;
  }
  return (
    <li class={`said${line.kind === "note" ? " said--note" : line.mine ? " said--me" : ""}${line.mark?.status === "failed" ? " said--failed" : ""}`}>
      {line.head && <p class="said__h"><b>{headWords(line)}</b><span class="num">{moment(line.at, now)}</span></p>}
      <div class="said__t"><Text text={line.text} /></div>
      {line.mark && <MarkView mark={line.mark} clientId={line.client_id} />}
    </li>
  );
}

function headWords(line: Exclude<Line, { kind: "system" }>): string {
  if (line.kind === "note") return `Note by ${line.mine ? "you" : line.who}, agents only`;
  return line.mine ? "You" : line.who;
}

function MarkView({ mark, clientId }: { mark: Mark; clientId: string | null }): ComponentChildren {
  switch (mark.status) {
    case "sending": return <p class="said__s">Sending <IconClock /></p>;
    case "sent": return <p class="said__s">Sent <IconCheck /></p>;
    case "read": return <p class="said__s">Read <IconChecks /></p>;
    case "failed": return <Failed why={mark.why} clientId={clientId} />;
    default: return mark satisfies never;
  }
}

function Failed({ why, clientId }: { why: string; clientId: string | null }): ComponentChildren {
  const { desk, state } = useBoard();
  const item = state.outbox.find((one) => one.client_id === clientId);
  if (!item) return null;
  return (
    <p class="said__s said__s--bad" role="status">
      <span>Not sent. {why}</span>
      <button type="button" class="btn btn--s" onClick={() => desk.sayAgain(item.client_id)}>Try again</button>
      <button type="button" class="btn btn--s btn--quiet" onClick={() => desk.takeBack(item)}>Change it</button>
    </p>
  );
}
