// @vitest-environment happy-dom
import { expect, test, vi } from "vitest";
import { amira, event, handoff, said, session } from "./cast.ts";
import { calling, offer, Stage } from "./stage.tsx";

const stage = new Stage();

const messages = () => [...stage.root.querySelectorAll(".msg__text")].map((one) => one.textContent);
const box = () => stage.root.querySelector<HTMLElement>(".log")!;
const talking = (from: number, to: number) =>
  stage.show(
    session({ intents: offer(), calling, handoff: handoff({ state: "connected", agent: amira, position: null, estimate: null }) }),
    ...Array.from({ length: to - from + 1 }, (_, n) => event(said(from + n, "agent", `No. ${from + n}`))),
  );
const post = (seq: number, who: "customer" | "agent" = "agent") => stage.store.dispatch(event(said(seq, who, `No. ${seq}`)));

/** happy-dom lays nothing out. */
function scrolledTo(top: number): void {
  Object.defineProperties(box(), { scrollHeight: { value: 2_000, configurable: true }, clientHeight: { value: 500, configurable: true }, scrollTop: { value: top, writable: true, configurable: true } });
  box().dispatchEvent(new Event("scroll"));
}

test("a long talk is drawn from its end, and read back as far as it goes", async () => {
  talking(251, 355);
  expect([messages().length, messages()[0], messages().at(-1)]).toEqual([100, "No. 256", "No. 355"]);
  stage.press("Earlier messages");
  await vi.waitFor(() => expect(messages()[0]).toBe("No. 251"));
  stage.reply("handoffs/ho_1/events", { events: [said(249, "agent", "No. 249"), said(250, "agent", "No. 250")] });
  stage.press("Earlier messages");
  await vi.waitFor(() => expect([messages().length, messages()[0]]).toEqual([107, "No. 249"]));
  expect(stage.posted()?.path).toBe("handoffs/ho_1/events?after=50");
  // Nothing that is there already comes twice, whatever the answer holds.
  stage.reply("handoffs/ho_1/events", { events: [said(1, "agent", "No. 1"), said(249, "agent", "No. 249")] });
  stage.press("Earlier messages");
  await vi.waitFor(() => expect(messages()[0]).toBe("No. 1"));
  expect([messages().length, stage.posted()?.path, stage.button("Earlier messages")]).toEqual([108, "handoffs/ho_1/events?after=48", undefined]);
});

test("who scrolled up is left there and told of what is new; who is at the end is not", async () => {
  talking(1, 120);
  expect([box().getAttribute("aria-live"), stage.button("New messages")]).toEqual(["polite", undefined]);
  scrolledTo(300);
  await vi.waitFor(() => expect(box().getAttribute("aria-live")).toBe("off"));
  const first = messages()[0];
  post(121, "customer");
  expect(stage.button("New messages")).toBeUndefined();
  post(122);
  expect([messages()[0], messages().at(-1), stage.button("New messages")?.textContent?.trim()]).toEqual([first, "No. 122", "New messages"]);
  stage.press("New messages");
  await vi.waitFor(() => expect([stage.button("New messages"), messages().length, box().scrollTop]).toEqual([undefined, 100, 2_000]));
});
