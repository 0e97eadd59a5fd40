/** One article with the whole panel to itself, and the two ways out of it: it helped, or an agent is needed. */
import { texts } from "@texts/articles";
import { Prose } from "../../../../shared/prose.tsx";
import { Component, IconCheck, View, iso, texts as core } from "../exports.ts";
import type { ViewProps } from "../parts.tsx";
import { close, current, open, solved } from "./shelf.ts";

export const isReading = (): boolean => current() !== null;

/** To the button that starts: what was chosen is chosen still. */
function needHelp(): void {
  close();
  setTimeout(() => document.querySelector<HTMLElement>(".foot .btn--primary")?.focus());
}

export class Reader extends Component<ViewProps> {
  override componentDidMount(): void {
    this.#focus();
  }

  /** What had the focus went away with the view before; nobody else's is taken. */
  #focus(): void {
    if (document.activeElement === document.body || document.activeElement === null) document.getElementById("reader")?.focus();
  }

  override componentDidUpdate(): void {
    this.#focus();
  }

  override render() {
    const { state, actions } = this.props;
    const reading = current();
    if (!reading) return null;
    const { page, failed } = reading;
    if (reading.solved) return <Thanks state={state} actions={actions} />;
    return (
      <View state={state} actions={actions} sub={texts.article}>
        <div class="body">
          <button type="button" class="btn btn--text may__back" onClick={close}>
            {texts.back}
          </button>
          <h1 class="hello" id="reader" tabIndex={-1} dir="auto">
            {page ? iso(page.title) : failed ? texts.failed : core.busy}
          </h1>
          {page && <Prose text={page.body} />}
          {failed && (
            <button type="button" class="btn" onClick={() => open(reading, state)}>
              {core.tryAgain}
            </button>
          )}
        </div>
        <div class="foot">
          {page && (
            <button type="button" class="btn" onClick={() => solved(state.draft.intent)}>
              <IconCheck />
              {texts.solved}
            </button>
          )}
          <button type="button" class="btn btn--primary" onClick={needHelp}>
            {texts.needHelp}
          </button>
        </div>
      </View>
    );
  }
}

function Thanks({ state, actions }: ViewProps) {
  const done = () => {
    actions.minimise();
    close();
  };
  return (
    <View state={state} actions={actions}>
      <div class="body body--mid">
        <div class="center stack" role="status">
          <IconCheck class="tick" />
          <h1 class="hello" id="reader" tabIndex={-1}>
            {texts.thanks}
          </h1>
          <p class="sub">{texts.thanksMore}</p>
        </div>
      </div>
      <div class="foot">
        <button type="button" class="btn" onClick={close}>
          {texts.somethingElse}
        </button>
        <button type="button" class="btn btn--primary" onClick={done}>
          {texts.done}
        </button>
      </div>
    </View>
  );
}
