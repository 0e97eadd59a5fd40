/** The conversation: messages, system lines, what is still on its way. */
import { IconCheck, IconChecks, IconClock, IconEye, IconLock, IconPhone, IconRefresh, IconTransfer, IconUser } from "../../../shared/icons.tsx";
import type { OutboxItem } from "../../../shared/outbox.ts";
import { Text } from "../../../shared/text.tsx";
import { clock } from "../../../shared/time.ts";
import { messages, waitingItems, type PanelState } from "../../state.ts";
import { tell, type Glyph, type Line } from "../../story.ts";
import { failedWords } from "../../words.ts";
import type { Actions } from "../actions.ts";
import type { ViewProps } from "./parts.tsx";

const GLYPHS: Record<Glyph, typeof IconUser> = {
  user: IconUser,
  transfer: IconTransfer,
  refresh: IconRefresh,
  route: IconEye,
  lock: IconLock,
  check: IconCheck,
  phone: IconPhone,
};

function LineItem({ line, before, read }: { line: Line; before: Line | undefined; read: boolean | null }) {
  if (line.kind === "system") {
    const Icon = GLYPHS[line.glyph];
    return (
      <li class="sys">
        <Icon />
        <span>{line.text}</span>
      </li>
    );
  }
  const { author, text, original_at } = line.message;
  const mine = author.kind === "customer";
  const goesOn = before?.kind === "message" && before.message.author.kind === author.kind && before.message.author.name === author.name;
  return (
    <li class={mine ? "msg msg--mine" : "msg"}>
      {mine ? <span class="vh">You wrote:</span> : !goesOn && <p class="msg__who">{`${author.name ?? "Agent"}, ${clock(original_at ?? line.at)}`}</p>}
      <div class="msg__text">
        <Text text={text} />
      </div>
      {read !== null && (
        <p class="msg__state">
          {clock(line.at)} {read ? <IconChecks /> : <IconCheck />}
          <span class="vh">{read ? "read" : "sent"}</span>
        </p>
      )}
    </li>
  );
}

function Waiting({ item, line, actions }: { item: OutboxItem; line: PanelState["line"]; actions: Actions }) {
  const failed = item.status === "failed";
  const closed = item.code === "handoff_closed";
  return (
    <li class={`msg msg--mine ${failed ? "msg--failed" : "msg--waiting"}`}>
      <span class="vh">You wrote:</span>
      <div class="msg__text">
        <Text text={item.text} />
      </div>
      <p class="msg__state">
        {!failed && <IconClock />}
        {failed ? failedWords(item.code) : line === "live" ? "Sending" : "Goes out when you’re back"}
        {failed && (
          <button type="button" class="btn" onClick={() => (closed ? actions.again() : actions.retry(item.client_id))}>
            {closed ? "Start again with it" : "Try again"}
          </button>
        )}
      </p>
    </li>
  );
}

export function LogItems({ state, actions }: ViewProps) {
  const lines = tell(state);
  const lastMine = lines.findLast((line) => line.kind === "message" && line.message.author.kind === "customer");
  return (
    <>
      {lines.map((line, index) => (
        <LineItem
          key={line.key}
          line={line}
          before={lines[index - 1]}
          read={line === lastMine && line.kind === "message" ? line.seq <= state.agent_read : null}
        />
      ))}
      {waitingItems(state).map((item) => (
        <Waiting key={item.client_id} item={item} line={state.line} actions={actions} />
      ))}
    </>
  );
}

export function Log({ state, actions }: ViewProps) {
  const agent = state.handoff?.agent?.name ?? "The agent";
  return (
    <div class="log" role="log" aria-label="Conversation" tabIndex={0}>
      <ol class="log__list">
        <LogItems state={state} actions={actions} />
        {state.agent_typing && (
          <li class="msg" aria-hidden="true">
            <div class="msg__text typing" title={`${agent} is writing`}>
              <i />
              <i />
              <i />
            </div>
          </li>
        )}
      </ol>
    </div>
  );
}

export const anyMessages = (state: PanelState): boolean => messages(state).length + waitingItems(state).length > 0;
