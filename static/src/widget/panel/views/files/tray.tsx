/** What is about to be sent: a row a file, with how far it is, and what one may do about it. */
import { texts as core } from "@texts/core";
import { texts } from "@texts/files";
import type { ComponentChildren } from "preact";
import { IconClip, IconDoc } from "../../../../shared/icons.tsx";
import { listenForFiles } from "../../../../shared/file_events.ts";
import { ACCEPT, isWorthRetrying, type Upload } from "../../../../shared/uploads.ts";
import { told } from "../../../language.ts";
import { Component } from "../exports.ts";
import { uploads } from "./sending.ts";
import { percent, sizeWords } from "./sizes.ts";

export function Attach({ handoff }: { handoff: string }): ComponentChildren {
  return (
    <>
      <button
        type="button"
        class="btn btn--text"
        aria-label={texts.attach}
        onClick={({ currentTarget }) => (currentTarget.nextElementSibling as HTMLInputElement).click()}
      >
        <IconClip />
      </button>
      <input
        type="file"
        multiple
        hidden
        accept={ACCEPT}
        aria-label={texts.attach}
        onChange={({ currentTarget: input }) => {
          uploads.add(handoff, [...(input.files ?? [])]);
          // The same file chosen again is a choice too.
          input.value = "";
          document.getElementById("pen")?.focus();
        }}
      />
    </>
  );
}

export const why = ({ code }: Upload): string => told(texts.failed, code) ?? texts.failed.other;

function words(one: Upload): string {
  if (one.status === "failed") return why(one);
  if (one.status === "ready") return one.file?.is_still ? texts.still : texts.ready;
  if (one.wanted) return texts.follows;
  if (one.status === "checking") return texts.checking;
  return one.status === "waiting" ? texts.waiting : texts.sending(percent(one.progress));
}

function Row({ one }: { one: Upload }): ComponentChildren {
  const under = one.status === "waiting" || one.status === "sending" || one.status === "checking";
  return (
    <li class={`tray__row${one.status === "failed" ? " tray__row--failed" : ""}`}>
      <IconDoc />
      <div class="grow">
        <b class="cut">
          <bdi>{one.name}</bdi>
        </b>
        <small>
          {sizeWords(one.size)} · {words(one)}
        </small>
        {under && <progress class="tray__bar" max={1} value={one.progress} aria-label={texts.sendingName(one.name)} />}
      </div>
      {isWorthRetrying(one) && (
        <button type="button" class="btn" aria-label={texts.againName(one.name)} onClick={() => uploads.retry(one.key)}>
          {core.tryAgain}
        </button>
      )}
      <button type="button" class="btn btn--text" aria-label={under ? texts.cancelName(one.name) : texts.removeName(one.name)} onClick={() => remove(one)}>
        {under ? texts.cancel : texts.remove}
      </button>
    </li>
  );
}

function remove({ key }: Upload): void {
  uploads.remove(key);
  // The button that had the focus is gone.
  document.getElementById("pen")?.focus();
}

/** Told once when a file is there and once when it failed: how far it has come is on screen for who wants to know. */
export function spokenOf(before: readonly Upload[], now: readonly Upload[]): string {
  const was = new Map(before.map((one) => [one.key, one.status]));
  const news = now.filter(({ key, status }) => status !== was.get(key));
  const lines = news.flatMap((one) => {
    if (one.status === "failed") return [texts.failedName(one.name, why(one))];
    if (one.status === "ready") return [texts.readyName(one.name)];
    return one.status === "sending" ? [texts.sendingName(one.name)] : [];
  });
  return lines.join(" ");
}

interface TrayState {
  over: boolean;
  spoken: string;
}

export class Tray extends Component<{ handoff: string }, TrayState> {
  override state: TrayState = { over: false, spoken: "" };
  #before: readonly Upload[] = [];
  #stop: (() => void) | null = null;

  override componentDidMount(): void {
    this.#stop = listenForFiles(document, {
      pen: "pen",
      take: (files) => uploads.add(this.props.handoff, files),
      over: (over) => over !== this.state.over && this.setState({ over }),
    });
  }

  override componentDidUpdate(): void {
    const now = uploads.of(this.props.handoff);
    const spoken = spokenOf(this.#before, now);
    this.#before = now;
    if (spoken && spoken !== this.state.spoken) this.setState({ spoken });
  }

  override componentWillUnmount(): void {
    this.#stop?.();
  }

  render(): ComponentChildren {
    const list = uploads.of(this.props.handoff);
    return (
      <>
        {this.state.over && <p class="tray__drop">{texts.dropHere}</p>}
        {list.length > 0 && (
          <ul class="tray" aria-label={texts.files}>
            {list.map((one) => (
              <Row key={one.key} one={one} />
            ))}
          </ul>
        )}
        <p class="vh" role="status">
          {this.state.spoken}
        </p>
      </>
    );
  }
}
