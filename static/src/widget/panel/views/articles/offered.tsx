/** Under the choice, quietly: at most three articles, and nothing at all where nothing fits. */
import { texts } from "@texts/articles";
import type { ArticleHit } from "../../../../shared/protocol.ts";
import { Component, iso } from "../exports.ts";
import type { ViewProps } from "../parts.tsx";
import { keyOf, look, offered, open, openerId, PAUSE_MS } from "./shelf.ts";

export class Offered extends Component<ViewProps> {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #intent = "";
  #shown: readonly ArticleHit[] = [];

  override componentDidMount(): void {
    this.#look();
    // Back from an article: the keyboard goes on where it was.
    if (document.activeElement === document.body) document.getElementById(`article-${openerId()}`)?.focus();
  }

  override componentDidUpdate(): void {
    this.#look();
  }

  override componentWillUnmount(): void {
    clearTimeout(this.#timer);
  }

  /** Another choice is looked up at once, words when the typing rests. */
  #look(): void {
    const key = keyOf(this.props.state);
    const intent = this.props.state.draft.intent ?? "";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => look(key), intent === this.#intent ? PAUSE_MS : 0);
    this.#intent = intent;
  }

  override render() {
    const { state } = this.props;
    this.#shown = offered(keyOf(state)) ?? (state.draft.intent === this.#intent ? this.#shown : []);
    if (this.#shown.length === 0) return null;
    return (
      <section class="may" aria-labelledby="may">
        <h2 class="head-s" id="may">
          {texts.mayHelp}
        </h2>
        <ul class="may__list">
          {this.#shown.map((hit) => (
            <li key={hit.id}>
              <button type="button" class="may__row" id={`article-${hit.id}`} onClick={() => open(hit, state)}>
                <b dir="auto">{iso(hit.title)}</b>
                <small class="cut" dir="auto">
                  {iso(hit.excerpt)}
                </small>
              </button>
            </li>
          ))}
        </ul>
      </section>
    );
  }
}
