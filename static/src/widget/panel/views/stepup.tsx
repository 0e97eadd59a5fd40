/** The agent asks for a confirmation: who asks, for what, what happens, and that a no is fine. It comes in a file of its own. */
import { texts } from "@texts/stepup";
import { IconLock } from "../../../shared/icons.tsx";
import type { VerificationView } from "../../../shared/protocol.ts";
import { askedOf, whyWords } from "../../verification.ts";
import { Component, serverNow } from "./exports.ts";
import type { ViewProps } from "./parts.tsx";

export { answerLine } from "../../verification.ts";

/** What the button on the page says of it; empty while nothing is asked. */
export function askedWords(state: ViewProps["state"]): string {
  const request = askedOf(state);
  return request ? titleOf(request, state) : "";
}

const titleOf = ({ by }: VerificationView, { customer }: ViewProps["state"]): string => (customer?.verified ? texts.asksConfirm(by.name) : texts.asksSignIn(by.name));

/** Stands at the end of the conversation until it is answered, or over. */
export function Asked({ state, actions }: ViewProps) {
  const request = askedOf(state);
  return request && <Card key={request.at} state={state} actions={actions} request={request} />;
}

/** Any sign-in will do: the page is still asked for one, and a question without a need is no question. */
const ANY_AGE = 365 * 86_400;

/** Before the click: what signing in would save. It blocks nothing, and stands only where the page can be asked. */
export class SignInFirst extends Component<ViewProps, { going: boolean; none: boolean }> {
  override state = { going: false, none: false };

  #go = async (): Promise<void> => {
    if (this.state.going) return;
    this.setState({ going: true, none: false });
    const given = await this.props.actions.confirm({ acr_values: [], max_age: ANY_AGE });
    this.setState({ going: false, none: !given });
  };

  render() {
    const { going, none } = this.state;
    const site = this.props.state.site.name;
    return (
      <>
        <button type="button" class="list-btn" aria-disabled={going} onClick={() => void this.#go()}>
          <IconLock large />
          <span class="grow">
            <b>{texts.signInFirst}</b>
            <small>{going ? texts.going(site) : texts.signInFirstWhy}</small>
          </span>
        </button>
        <p class="meta" role="status">
          {none && texts.noSignIn(site)}
        </p>
      </>
    );
  }
}

class Card extends Component<ViewProps & { request: VerificationView }, { going: boolean; none: boolean }> {
  override state = { going: false, none: false };
  #over: ReturnType<typeof setTimeout> | undefined;

  override componentDidMount(): void {
    this.#over = setTimeout(() => this.forceUpdate(), Date.parse(this.props.request.expires_at) - serverNow());
  }

  override componentWillUnmount(): void {
    clearTimeout(this.#over);
  }

  /** Where the site opens a page of its own, this page goes away and nothing comes after. */
  #confirm = async (): Promise<void> => {
    if (this.state.going) return;
    const { acr_values, max_age } = this.props.request;
    this.setState({ going: true, none: false });
    const given = await this.props.actions.confirm({ acr_values, max_age: max_age ?? (acr_values.length > 0 ? null : ANY_AGE) });
    this.setState({ going: false, none: !given });
  };

  #decline = async (): Promise<void> => {
    if (this.props.state.busy) return;
    await this.props.actions.post("verification/decline");
    document.getElementById("pen")?.focus();
  };

  #trouble(): string {
    const { request, state } = this.props;
    if (this.state.going) return texts.going(state.site.name);
    if (this.state.none) return texts.noSignIn(state.site.name);
    return request.lacks ? texts.lacks[request.lacks] : "";
  }

  render() {
    const { request, state } = this.props;
    // A timer may come early; what is over is gone, whoever draws it.
    if (!askedOf(state)) return null;
    const trouble = this.#trouble();
    return (
      <li>
        <div class="ask ask--inline" role="group" aria-labelledby="ask-title" aria-describedby="ask-why">
          <div class="row">
            <IconLock large />
            <div class="grow stack">
              <h2 id="ask-title">{titleOf(request, state)}</h2>
              <p id="ask-why">
                {whyWords(request, state)} {texts.opensPage(state.site.name)}
              </p>
            </div>
          </div>
          <p class="ask__told" role="status">
            {trouble}
          </p>
          <button type="button" class="btn btn--primary" aria-disabled={this.state.going} onClick={() => void this.#confirm()}>
            {state.customer?.verified ? texts.confirmWith(state.site.name) : texts.signInWith(state.site.name)}
          </button>
          <button type="button" class="btn btn--text" aria-disabled={state.busy} onClick={() => void this.#decline()}>
            {texts.notNow}
          </button>
        </div>
      </li>
    );
  }
}
