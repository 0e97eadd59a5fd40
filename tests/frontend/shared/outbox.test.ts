import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { CommandError } from "../../../static/src/shared/errors.ts";
import { Outbox, type OutboxItem } from "../../../static/src/shared/outbox.ts";
import { memory, session, type KeyValue } from "../../../static/src/shared/storage.ts";

let storage: KeyValue;
let sent: OutboxItem[];
let answer: (item: OutboxItem) => Promise<unknown>;
const acked = () => Promise.resolve({});
const refused = (code: string) => () => Promise.reject(new CommandError(code, ""));

function outbox(): Outbox {
  return new Outbox({ key: "box", storage, send: (item) => (sent.push(item), answer(item)), onChange: () => undefined });
}
const states = (box: Outbox) => box.list().map(({ text, status }) => `${text} ${status}`);

beforeEach(() => {
  vi.useFakeTimers();
  [storage, sent, answer] = [memory(), [], acked];
});
afterEach(() => vi.useRealTimers());

it("keeps a message until it comes back in the log", async () => {
  const box = outbox();
  const item = box.add("ho_1", "hello");
  expect(states(box)).toEqual(["hello sending"]);
  await vi.advanceTimersByTimeAsync(0);
  expect(states(box)).toEqual(["hello sent"]);
  box.settle(item.client_id);
  expect(states(box)).toEqual([]);
});

it("resends with the same id when the line is back (R2)", async () => {
  answer = refused("connection_lost");
  const box = outbox();
  box.add("ho_1", "hello");
  await vi.advanceTimersByTimeAsync(0);
  expect(states(box)).toEqual(["hello sending"]);
  answer = acked;
  await box.flush();
  expect(new Set(sent.map(({ client_id }) => client_id)).size).toBe(1);
  expect([sent.length, ...states(box)]).toEqual([2, "hello sent"]);
});

it("resends when an ack is lost on a living line", async () => {
  answer = () => new Promise(() => undefined);
  const box = outbox();
  box.add("ho_1", "hello");
  await vi.advanceTimersByTimeAsync(10_000);
  answer = acked;
  await vi.advanceTimersByTimeAsync(3_000);
  expect(states(box)).toEqual(["hello sent"]);
});

it("keeps the order of writing while the first is on its way", async () => {
  let release = (_: unknown): void => undefined;
  answer = () => new Promise((resolve) => (release = resolve));
  const box = outbox();
  box.add("ho_1", "one");
  box.add("ho_1", "two");
  await vi.advanceTimersByTimeAsync(0);
  expect(sent.map(({ text }) => text)).toEqual(["one"]);
  answer = acked;
  release({});
  await vi.advanceTimersByTimeAsync(0);
  expect(sent.map(({ text }) => text)).toEqual(["one", "two"]);
});

it("leaves a refused message where it was written, and goes on with the next", async () => {
  answer = (item) => (item.text === "bad" ? refused("too_long")() : acked());
  const box = outbox();
  const bad = box.add("ho_1", "bad");
  box.add("ho_1", "good");
  await vi.advanceTimersByTimeAsync(0);
  expect(states(box)).toEqual(["bad failed", "good sent"]);
  expect(box.list()[0]?.code).toBe("too_long");
  answer = acked;
  box.retry(bad.client_id);
  await vi.advanceTimersByTimeAsync(0);
  expect(sent.at(-1)?.client_id).toBe(bad.client_id);
  expect(states(box)).toEqual(["bad sent", "good sent"]);
});

it("survives a reload, with its id", async () => {
  answer = refused("not_connected");
  const item = outbox().add("ho_1", "hello");
  await vi.advanceTimersByTimeAsync(0);
  const again = outbox();
  expect(again.list().map(({ client_id, text }) => [client_id, text])).toEqual([[item.client_id, "hello"]]);
});

it("lives in memory where touching storage throws", () => {
  storage = session(() => {
    throw new DOMException("denied", "SecurityError");
  });
  const box = outbox();
  box.add("ho_1", "hello");
  expect(box.list()).toHaveLength(1);
  expect(storage.get("box")).toContain("hello");
  expect(storage).toMatchObject({ lasts: false });
});

it("sends again what was acknowledged by a log that lost it, under the same id", async () => {
  const box = outbox();
  const item = box.add("ho_1", "hello");
  await vi.advanceTimersByTimeAsync(0);
  box.doubt();
  expect(states(box)).toEqual(["hello sending"]);
  await box.flush();
  expect(sent.map(({ client_id }) => client_id)).toEqual([item.client_id, item.client_id]);
});
