/** The talk as it was said, with notes and what happened in between. */
import type { ComponentChildren, FunctionComponent } from "preact";
import { useMemo, useRef } from "preact/hooks";
import {
  IconCallback, IconCheck, IconChecks, IconClock, IconFlag, IconPencil, IconPhone, IconRoute, IconStar, IconTransfer, IconUser, IconX,
} from "../shared/icons.tsx";
import type { IconProps } from "../shared/icons.tsx";
import type { OutboxItem } from "../shared/outbox.ts";
import { Text } from "../shared/text.tsx";
import { moment } from "../shared/time.ts";
import type { Board } from "./board.ts";
import { useBoard, useMinutes } from "./context.tsx";
import { useFlow } from "./flow.ts";
import type { Flow } from "./flow.ts";
import { FileCards } from "./file_cards.tsx";
import { conversationLines } from "./lines.ts";
import type { Line, LineIcon, Mark } from "./lines.ts";
import { memo } from "./memo.ts";
import { customerWithin } from "./people.ts";
import type { DeskHandoff } from "./wire.ts";

const ICONS: Readonly<Record<LineIcon, FunctionComponent<IconProps>>> = {
  user: IconUser, route: IconRoute, pencil: IconPencil, flag: IconFlag, seal: IconCheck, star: IconStar, check: IconCheck, transfer: IconTransfer, x: IconX,
  phone: IconPhone, callback: IconCallback,
};

export function Conversation({ handoff }: { handoff: DeskHandoff }): ComponentChildren {
  const { board, state } = useBoard();
  const flow = useFlow(handoff);
  const lines = useLines(handoff, board, state.outbox, flow);
  // Lines that are put in above are not news: while somebody reads back, only the count of what is new is said.
  return (
    <>
      <div class="flow" role="log" aria-live={flow.pinned ? "off" : "polite"} aria-label={`Conversation with ${customerWithin(handoff.customer)}`} tabIndex={0} ref={flow.box}
        onScroll={flow.onScroll}>
        {flow.earlier && <p class="older"><button type="button" class="btn btn--s" aria-disabled={flow.loading} onClick={flow.earlier}>Earlier messages</button></p>}
        <ol class="flow__list">{lines.map((line) => <LineView key={line.key} line={line} />)}</ol>
      </div>
      <Newer flow={flow} cut={flow.span.to < handoff.timeline.length} />
    </>
  );
}

/** A line that says what it said before is the same object, so that it is not drawn again. */
function useLines(handoff: DeskHandoff, board: Board, outbox: readonly OutboxItem[], { span: { from, to } }: Flow): readonly Line[] {
  const me = board.agent.name;
  // What is on its way was dated by this reader's clock, everything else by the server's.
  const lead = Math.round(board.ahead.length > 0 ? Math.min(...board.ahead) / MINUTE_MS : 0) * MINUTE_MS;
  const before = useRef(new Map<string, { line: Line; said: string }>());
  return useMemo(() => {
    const kept = conversationLines(handoff, me, datedBy(outbox, lead), from, to).map((line) => {
      const [known, said] = [before.current.get(line.key), JSON.stringify(line)];
      return known?.said === said ? known : { line, said };
    });
    before.current = new Map(kept.map((one) => [one.line.key, one]));
    return kept.map(({ line }) => line);
  }, [handoff, me, outbox, from, to, lead]);
}

const MINUTE_MS = 60_000;

function datedBy(outbox: readonly OutboxItem[], lead: number): readonly OutboxItem[] {
  return lead === 0 ? outbox : outbox.map((item) => ({ ...item, at: new Date(Date.parse(item.at) - lead).toISOString() }));
}

function Newer({ flow: { box, pinned, unseen, newest }, cut }: { flow: Flow; cut: boolean }): ComponentChildren {
  const go = () => { newest(); box.current?.focus(); };
  const words = unseen > 0 ? `${unseen} new ${unseen === 1 ? "message" : "messages"}` : "To the newest";
  return <div class="newer" role="status">{pinned && (unseen > 0 || cut) && <button type="button" class="btn btn--s" onClick={go}>{words}</button>}</div>;
}

export const LineView = memo(({ line }: { line: Line }): ComponentChildren => {
  const now = useMinutes();
  if (line.kind === "system") {
    const Icon = ICONS[line.icon];
    return <li class="sysline"><span><Icon /><span><Text text={line.text} />, <span class="num">{moment(line.at, now)}</span></span></span></li>;
  }
  return (
    <li class={`said${line.kind === "note" ? ` said--note${line.whisper ? " said--whisper" : ""}` : line.mine ? " said--me" : ""}${line.mark?.status === "failed" ? " said--failed" : ""}`}>
      {line.head && <p class="said__h"><b>{headWords(line)}</b><span class="num">{moment(line.at, now)}</span></p>}
      {(line.text || !line.carried) && <div class="said__t"><Text text={line.text} /></div>}
      {line.carried && <FileCards {...line.carried} />}
      {line.mark && <MarkView mark={line.mark} clientId={line.client_id} />}
    </li>
  );
});

function headWords(line: Exclude<Line, { kind: "system" }>): string {
  if (line.whisper) return line.mine ? "You whispered to the agent" : `${line.who} whispers to you, the customer does not see it`;
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
