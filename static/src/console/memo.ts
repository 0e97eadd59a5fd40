/** Work that is not done twice for the same thing: parts whose properties did not change, and answers about an object that never changes. */
import { Component, h } from "preact";
import type { ComponentChildren, FunctionComponent } from "preact";

function same(one: object, other: object): boolean {
  const [was, is] = [Object.entries(one), other as Record<string, unknown>];
  return was.length === Object.keys(is).length && was.every(([name, value]) => is[name] === value);
}

/** A part that is drawn again only when a property, or a context that it asks for itself, is another one. */
export function memo<Props extends object>(Part: FunctionComponent<Props>): FunctionComponent<Props> {
  class Kept extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean { return !same(this.props, next); }
    override render(): ComponentChildren { return h(Part, this.props); }
  }
  return Kept as unknown as FunctionComponent<Props>;
}

/** Answers are kept as long as the object lives. */
export function remembered<Of extends object, Answer>(work: (of: Of) => Answer): (of: Of) => Answer {
  const answers = new WeakMap<Of, { answer: Answer }>();
  return (of) => {
    const known = answers.get(of) ?? { answer: work(of) };
    answers.set(of, known);
    return known.answer;
  };
}
