// @vitest-environment happy-dom
/** A desk that practises says so, and no other does. */
import { describe, expect, test } from "vitest";
import { snapshot } from "./cast.ts";
import { root, useStage, welcome } from "./stage.tsx";

describe("training", () => {
  useStage();

  const marks = () => [...root.querySelectorAll("header .badge")].map((one) => one.textContent);

  test("is said in the top bar", () => {
    expect(marks()).toEqual([]);
    welcome({ agent: { ...snapshot().agent, is_trainee: true } });
    expect(marks()).toEqual(["Training"]);
  });

  test("is not said to anybody else", () => {
    welcome({});
    expect(marks()).toEqual([]);
  });
});
