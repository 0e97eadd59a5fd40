// @vitest-environment happy-dom
/** What is read again while somebody looks, from a server that is slower than what happens. */
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HINTED_MS, usePolled } from "../../../static/src/console/supervisor/polled.ts";

const answers: ((found: string) => void)[] = [];
const load = () => new Promise<string>((resolve) => answers.push(resolve));
let root: HTMLElement;

function Shown({ hint }: { hint: number }) {
  return <p>{usePolled(load, "", hint).found}</p>;
}
const show = (hint: number) => act(() => render(<Shown hint={hint} />, root));
const answer = (index: number, found: string) => act(async () => answers[index]?.(found));

beforeEach(() => {
  vi.useFakeTimers();
  answers.length = 0;
  root = document.body.appendChild(document.createElement("div"));
});
afterEach(() => {
  render(null, root);
  root.remove();
  vi.useRealTimers();
});

test("a slow answer is shown although hints ask on behind it, and a late one does not undo a newer", async () => {
  await show(0);
  for (const hint of [1, 2]) {
    await show(hint);
    await act(async () => void (await vi.advanceTimersByTimeAsync(HINTED_MS)));
  }
  expect(answers.length).toBe(3);
  await answer(0, "first");
  expect(root.textContent).toBe("first");
  await answer(2, "third");
  await answer(1, "second");
  expect(root.textContent).toBe("third");
});
