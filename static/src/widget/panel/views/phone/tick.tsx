/** Draws its children anew each second. */
import type { ComponentChildren } from "preact";
import { Component } from "../exports.ts";

export class Tick extends Component<{ children: () => ComponentChildren }> {
  #timer: ReturnType<typeof setInterval> | undefined;

  override componentDidMount(): void {
    this.#timer = setInterval(() => this.forceUpdate(), 1_000);
  }

  override componentWillUnmount(): void {
    clearInterval(this.#timer);
  }

  render(): ComponentChildren {
    return this.props.children();
  }
}
