// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createSpeaker, keepAtEnd } from "../../../static/src/widget/panel/presence.ts";
import { spoken } from "../../../static/src/widget/spoken.ts";
import { amira, changed, event, open, play, said } from "./cast.ts";

describe("what is said", () => {
  let region: HTMLElement;
  let speak: ReturnType<typeof createSpeaker>;
  const say = (text: string, urgent = false) => (speak({ text, urgent }), vi.advanceTimersByTime(0));

  beforeEach(() => {
    vi.useFakeTimers();
    region = document.createElement("p");
    speak = createSpeaker(region);
  });
  afterEach(() => vi.useRealTimers());

  it("speaks at most once in 30 s, and then the newest words", () => {
    for (const text of ["Place 5", "Place 4", "Place 3"]) say(text);
    expect(region.textContent).toBe("Place 5");
    vi.advanceTimersByTime(29_000);
    expect(region.textContent).toBe("Place 5");
    vi.advanceTimersByTime(1_000);
    expect(region.textContent).toBe("Place 3");
  });

  it("does not wait with what is urgent, nor hold it back by drawing again", () => {
    say("Place 2");
    say("Place 1", true);
    expect(region.textContent).toBe("Place 1");
    speak({ text: "Place 3", urgent: false });
    vi.advanceTimersByTime(20_000);
    speak({ text: "Place 3", urgent: false });
    vi.advanceTimersByTime(10_000);
    expect(region.textContent).toBe("Place 3");
  });

  it("tells the place while waiting, and who is there while talking", () => {
    const waiting = open({ position: 1 });
    expect(spoken(waiting)).toEqual({ text: "Place 1. about 3–5 min. You’re next.", urgent: true });
    expect(spoken(open({ position: 4 })).urgent).toBe(false);
    expect(spoken(play(waiting, event(changed(1, 2, { state: "connected", agent: amira })))).text).toBe("Amira is here.");
    expect(spoken(open()).text).toBe("");
  });
});

describe("the end of the log", () => {
  const panel = document.createElement("div");
  const log = panel.appendChild(document.createElement("div"));
  log.className = "log";
  const size = (scrollTop: number) => {
    for (const [name, value] of Object.entries({ scrollHeight: 1000, clientHeight: 300 })) Object.defineProperty(log, name, { value, configurable: true });
    log.scrollTop = scrollTop;
  };

  it.each([
    ["stays in sight of a reader at the end", 690, false, 1000],
    ["does not move a reader who scrolled up", 200, false, 200],
    ["comes back to one who wrote", 200, true, 1000],
  ])("%s", (_, scrollTop, wrote, expected) => {
    size(scrollTop);
    keepAtEnd(panel, wrote, () => undefined);
    expect(log.scrollTop).toBe(expected);
  });
});

it("closes a question with the view that asked it", () => {
  const asked = play(open({}), { type: "form", change: { asking: true, comment: "x" } });
  expect(play(asked, event(said(1, "customer", "hi"))).form.asking).toBe(true);
  expect(play(asked, event(changed(1, 2, { state: "connected", agent: amira }))).form).toMatchObject({ asking: false, more: false });
});
