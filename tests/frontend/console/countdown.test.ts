import { expect, test } from "vitest";
import { RING, ringOffset, secondsLeft, spokenLeft } from "../../../static/src/console/countdown.ts";
import { NOW, at } from "./cast.ts";

test.each([[-3, 25], [0, 25], [0.2, 25], [1, 24], [24.9, 1], [25, 0], [90, 0]])("after %s s of 25 the ring says %s", (passed, left) => {
  expect(secondsLeft(at(0), at(25), NOW + passed * 1000)).toBe(left);
});

test("the ring is full at the start, half in the middle, empty at the end and before a clock that is early", () => {
  expect(ringOffset(at(0), at(20), NOW)).toBe(0);
  expect(ringOffset(at(0), at(20), NOW + 10_000)).toBeCloseTo(RING / 2, 0);
  expect(ringOffset(at(0), at(20), NOW + 60_000)).toBe(RING);
  expect(ringOffset(at(0), at(20), NOW - 60_000)).toBe(0);
  expect(ringOffset(at(0), at(0), NOW)).toBe(RING);
});

test("it speaks at 10 and at 5 seconds and at no other time", () => {
  const spoken = Array.from({ length: 26 }, (_, passed) => spokenLeft(25 - passed));
  expect(spoken.filter((words, index) => words !== spoken[index - 1])).toEqual(["", "10 seconds left", "5 seconds left", ""]);
  expect(spoken[14]).toBe("");
  expect(spoken[15]).toBe("10 seconds left");
  expect(spoken[20]).toBe("5 seconds left");
});
