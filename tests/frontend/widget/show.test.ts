// @vitest-environment happy-dom
/** The frame on a small screen whose keyboard comes and goes. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { show } from "../../../static/src/widget/loader/show.ts";

class View extends EventTarget {
  height = 640;
  offsetTop = 0;
  scale = 1;
  becomes(change: Partial<Pick<View, "height" | "offsetTop" | "scale">>, how: "resize" | "scroll" = "resize"): void {
    Object.assign(this, change);
    this.dispatchEvent(new Event(how));
  }
}
let view: View;
let small: boolean;
let frame: HTMLElement;
const place = () => [frame.style.inset, frame.style.height];

beforeEach(() => {
  view = new View();
  small = true;
  frame = document.createElement("div");
  vi.stubGlobal("visualViewport", view);
  vi.stubGlobal("matchMedia", () => ({ matches: small }));
});
afterEach(() => vi.unstubAllGlobals());

test("keeps to what the keyboard leaves, and comes back when it goes", () => {
  show(frame);
  expect(place()).toEqual(["0px 0 auto", "640px"]);
  view.becomes({ height: 340 });
  view.becomes({ offsetTop: 120 }, "scroll");
  expect(place()).toEqual(["120px 0 auto", "340px"]);
  view.becomes({ height: 640, offsetTop: 0 });
  expect(place()).toEqual(["0px 0 auto", "640px"]);
});

test("stays where it is for who zooms in", () => {
  show(frame);
  view.becomes({ height: 320, offsetTop: 200, scale: 2 });
  expect(place()).toEqual(["0px 0 auto", "640px"]);
});

test("is the style sheet's on a large screen, also when the window becomes one", () => {
  show(frame);
  small = false;
  view.becomes({ height: 900 });
  expect(place()).toEqual(["", ""]);
});

test("is left alone by a browser that knows of no such view", () => {
  vi.stubGlobal("visualViewport", null);
  show(frame);
  expect(place()).toEqual(["", ""]);
});
