// @vitest-environment happy-dom
/** A desk that practises says so, and no other does. */
import { act } from "preact/test-utils";
import { describe, expect, test, vi } from "vitest";
import { snapshot } from "./cast.ts";
import { button, find, root, settle, useStage, welcome } from "./stage.tsx";

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
    expect([marks(), root.querySelector("#practice")]).toEqual([[], null]);
  });

  const trainee = { ...snapshot().agent, is_trainee: true };
  const away = { ...trainee, availability: { available: false, reason: null, after_current: false } };
  const serve = (status: number, error?: object) => {
    const fetched = vi.fn(() => Promise.resolve(new Response(error ? JSON.stringify({ error }) : null, { status })));
    vi.stubGlobal("fetch", fetched);
    return fetched;
  };
  const start = async () => { act(() => button("Start practice").click()); await settle(); };
  const said = () => find("[aria-labelledby=practice] [role=status]").textContent;

  test("a customer is asked for with a press, and it is said what becomes of it", async () => {
    welcome({ agent: trainee });
    const fetched = serve(204);
    await start();
    expect([fetched.mock.calls.map(([path]: unknown[]) => path), said()]).toEqual([["/api/v1/desk/practice"], "One stands in line, and is offered to a trainee who is free."]);
    serve(409, { code: "channel_full", message: "3 simulated customers are with you. Finish with one of them first." });
    await start();
    expect(said()).toBe("3 simulated customers are with you. Finish with one of them first.");
    serve(500);
    await start();
    expect(said()).toBe("It did not work just now. Try again.");
  });

  test("nobody is asked for while nothing can be offered, and why is said", async () => {
    welcome({ agent: away });
    const fetched = serve(204);
    await start();
    expect([fetched.mock.calls.length, button("Start practice").getAttribute("aria-disabled"), said()]).toEqual([0, "true", "Be available first: nothing is offered to you now."]);
  });
});
