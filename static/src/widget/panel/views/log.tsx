/** The conversation: messages, system lines, what is still on its way. */
import { texts as core } from "@texts/core";
import { texts } from "@texts/later";
import { IconChecks, IconLock, IconTransfer, IconUser } from "../../../shared/icons.tsx";
import type { Entry } from "../../../shared/frames.ts";
import type { OutboxItem } from "../../../shared/outbox.ts";
import { Text } from "../../../shared/text.tsx";
import { clock, told } from "../../language.ts";
import type { PanelState } from "../../state.ts";
import { tell, type Glyph, type Line } from "../../story.ts";
import type { Actions } from "../actions.ts";
import { attention, Component, files, IconCheck, IconClock, IconEye, IconPhone, IconRefresh, messages, stepup, waitingItems } from "./exports.ts";
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

/** Words, files, or both. */
function Said({ text, attachments, handoff }: Pick<OutboxItem, "text" | "attachments"> & { handoff: string | undefined }) {
  const attached = files();
  return (
    <>
      {(text || !attachments) && (
        <div class="msg__text" dir="auto">
          <Text text={text} />
        </div>
      )}
      {attachments && attached && handoff && <attached.Carried handoff={handoff} files={attachments} />}
    </>
  );
}

function LineItem({ line, before, read, handoff }: { line: Line; before: Line | undefined; read: boolean | null; handoff: string | undefined }) {
  if (line.kind === "system") {
    const Icon = GLYPHS[line.glyph];
    return (
      <li class="sys">
        <Icon />
        <span>{line.text}</span>
      </li>
    );
  }
  const { author, text, attachments, original_at } = line.message;
  const mine = author.kind === "customer";
  const goesOn = before?.kind === "message" && before.message.author.kind === author.kind && before.message.author.name === author.name;
  return (
    <li class={mine ? "msg msg--mine" : "msg"}>
      {mine ? <span class="vh">{texts.youWrote}</span> : !goesOn && <p class="msg__who">{texts.wroteAt(author.name ?? texts.unnamedAgent, clock(original_at ?? line.at))}</p>}
      <Said text={text} attachments={attachments} handoff={handoff} />
      {read !== null && (
        <p class="msg__state">
          {clock(line.at)} {read ? <IconChecks /> : <IconCheck />}
          <span class="vh">{read ? texts.read : texts.sent}</span>
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
      <span class="vh">{texts.youWrote}</span>
      <Said {...item} />
      <p class="msg__state">
        {!failed && <IconClock />}
        {failed ? (told(texts.failed, item.code) ?? texts.failed.other) : line === "live" ? texts.sending : texts.goesOut}
        {failed && (
          <button type="button" class="btn" onClick={() => (closed ? actions.again() : actions.retry(item.client_id))}>
            {closed ? texts.startWithIt : core.tryAgain}
          </button>
        )}
      </p>
    </li>
  );
}

/** `from`: the first line that is drawn, and all after it. */
export function LogItems({ state, actions, lines = tell(state), from = 0 }: ViewProps & { lines?: readonly Line[]; from?: number }) {
  const lastMine = lines.findLast((line) => line.kind === "message" && line.message.author.kind === "customer");
  return (
    <>
      {lines.slice(from).map((line, index) => (
        <LineItem
          key={line.key}
          line={line}
          before={lines[from + index - 1]}
          handoff={state.handoff?.id}
          read={line === lastMine && line.kind === "message" ? line.seq <= state.agent_read : null}
        />
      ))}
      {waitingItems(state).map((item) => (
        <Waiting key={item.client_id} item={item} line={state.line} actions={actions} />
      ))}
    </>
  );
}

/** How many lines are drawn at first and added at a time; a page read from the server is as long as it answers. */
const PAGE = 100;
const READ = 200;
const NEAR_PX = 40;

interface Reading {
  /** What was said before the snapshot began, as far as it was read back. */
  older: readonly Entry[];
  /** The first line that is drawn, and the last there was when the reader left the end; null at the end. */
  top: string | null;
  last: string | null;
}

/** A talk of any length: its end is drawn, and what was said before it on demand, with the reader's place kept. */
export class Log extends Component<ViewProps, Reading> {
  override state: Reading = { older: [], top: null, last: null };
  #box: HTMLElement | null = null;

  override getSnapshotBeforeUpdate(_props: ViewProps, before: Reading): number | null {
    const box = this.#box;
    return box && before.top !== this.state.top && this.state.top !== null ? box.scrollHeight - box.scrollTop : null;
  }

  override componentDidUpdate(_props: ViewProps, _before: Reading, below: number | null): void {
    if (below !== null && this.#box) this.#box.scrollTop = this.#box.scrollHeight - below;
  }

  #timeline(): readonly Entry[] {
    const { timeline, handoff } = this.props.state;
    return [...this.state.older.filter(({ stream }) => stream === `handoff/${handoff?.id}`), ...timeline];
  }

  readonly #earlier = async (): Promise<void> => {
    const [lines, shown] = this.#lines();
    const hidden = lines.length - shown.length;
    const last = this.state.last ?? lines.at(-1)?.key ?? null;
    const first = this.#timeline()[0];
    if (hidden > 0) return this.setState({ top: lines[Math.max(0, hidden - PAGE)]?.key ?? null, last });
    if (!first) return;
    const found = await this.props.actions.read<{ events: Entry[] }>(`${first.stream.replace("handoff", "handoffs")}/events?after=${Math.max(0, first.seq - READ - 1)}`);
    const older = [...(found?.events ?? []).filter(({ seq }) => seq < first.seq), ...this.state.older];
    const told = tell({ ...this.props.state, timeline: [...older, ...this.props.state.timeline] });
    this.setState({ older, top: told[0]?.key ?? null, last });
  };

  #lines(): [Line[], Line[]] {
    const lines = tell({ ...this.props.state, timeline: this.#timeline() });
    const at = lines.findIndex(({ key }) => key === this.state.top);
    return [lines, at < 0 ? lines.slice(-PAGE) : lines.slice(at)];
  }

  /** Who scrolls away holds what is drawn; who is back at the end lets go of it. */
  readonly #scrolled = (): void => {
    const box = this.#box;
    if (!box) return;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
    const [lines, shown] = this.#lines();
    if (atEnd && this.state.last !== null) this.setState({ top: null, last: null });
    if (!atEnd && this.state.last === null) this.setState({ top: shown[0]?.key ?? null, last: lines.at(-1)?.key ?? null });
  };

  readonly #newest = (): void => {
    this.setState({ top: null, last: null }, () => {
      if (this.#box) this.#box.scrollTop = this.#box.scrollHeight;
      this.#box?.focus();
    });
  };

  override render({ state, actions }: ViewProps, { last }: Reading) {
    const [lines, shown] = this.#lines();
    const from = lines.length - shown.length;
    const whole = from === 0 && (this.#timeline()[0]?.seq ?? 1) <= 1;
    const news = last !== null && lines.slice(lines.findIndex(({ key }) => key === last) + 1).some((line) => line.kind === "message" && line.message.author.kind !== "customer");
    const agent = state.handoff?.agent?.name ?? core.theAgent;
    const asked = stepup();
    const Sound = attention()?.SoundSwitch;
    return (
      <>
        <div class="log" role="log" aria-label={texts.conversation} aria-live={last === null ? "polite" : "off"} tabIndex={0} onScroll={this.#scrolled} ref={(box) => { this.#box = box; }}>
          <ol class="log__list">
            {!whole && (
              <li class="center">
                <button type="button" class="btn" onClick={() => void this.#earlier()}>
                  {texts.earlier}
                </button>
              </li>
            )}
            {Sound && (
              <li class="center">
                <Sound />
              </li>
            )}
            <LogItems state={state} actions={actions} lines={lines} from={from} />
            {asked && <asked.Asked state={state} actions={actions} />}
            {state.agent_typing && (
              <li class="msg" aria-hidden="true">
                <div class="msg__text typing" title={texts.isWriting(agent)}>
                  <i />
                  <i />
                  <i />
                </div>
              </li>
            )}
          </ol>
        </div>
        <div class="newer" role="status">
          {news && (
            <button type="button" class="btn" onClick={this.#newest}>
              {texts.newer}
            </button>
          )}
        </div>
      </>
    );
  }
}

export const anyMessages = (state: PanelState): boolean => messages(state).length + waitingItems(state).length > 0;
