import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Handoff } from "../../../static/src/shared/frames.ts";
import { memory } from "../../../static/src/shared/storage.ts";
import { createStore, type Store } from "../../../static/src/shared/store.ts";
import { Memory } from "../../../static/src/widget/panel/memory.ts";
import type { Session } from "../../../static/src/widget/panel/session.ts";
import { Talk } from "../../../static/src/widget/panel/talk.ts";
import { reduce } from "../../../static/src/widget/reducer.ts";
import type { Action, PanelState } from "../../../static/src/widget/state.ts";
import { FakeSocket, settled } from "../shared/fakes.ts";
import { booked, call, callback, changed, handoff, open, said, snapshot } from "./cast.ts";

const code = { number: "+442079460000", display: "+44 20 7946 0000", code: "48217036", tel: "tel:+442079460000,,,48217036", expires_at: "2026-01-01T14:10:00.000Z" };
const awaiting = (change: Partial<Handoff> = {}) => handoff({ channel: "phone", state: "awaiting_call", position: null, estimate: null, ...change });

let store: Store<PanelState, Action>;
let socket: FakeSocket;
let talk: Talk;
let read: string[];
let answers: Map<string, Handoff | Error>;

beforeEach(async () => {
  [read, answers] = [[], new Map()];
  store = createStore(reduce, open());
  vi.stubGlobal("WebSocket", function (url: string) {
    return (socket = new FakeSocket(url));
  });
  const session = {
    ticket: () => Promise.resolve({ ticket: "t", url: "wss://help.example/ws/customer" }),
    call: (path: string) => (read.push(path), answers.get(path) instanceof Error ? Promise.reject(answers.get(path)) : Promise.resolve(answers.get(path) ?? null)),
  };
  const storage = memory();
  talk = new Talk({ store, session: session as unknown as Session, host: { send: () => undefined } as never, memory: new Memory(storage), storage });
  talk.start(false);
  await settled();
});
afterEach(() => {
  talk.stop();
  vi.unstubAllGlobals();
});

async function welcome(now: Parameters<typeof snapshot>[0]): Promise<void> {
  socket.welcome({ "handoff/ho_1": 3 }, "e1", snapshot(now));
  await settled();
}

async function happens({ stream, seq, type, data }: { stream: string; seq: number; type: string; data: unknown }): Promise<void> {
  socket.event(stream, seq, type, data);
  await settled();
}

it("a booked one that comes due is on screen with what was said and given before", async () => {
  await welcome({ handoff: null, scheduled: [booked({ head: 3 })] });
  const before = said(2, "customer", "I wrote it when I booked");
  const known = { name: "Maya Chen", assurance: null, statement: null, facts: [], steps: [] };
  answers.set("handoffs/ho_1/events?after=0", { events: [before] } as never);
  answers.set("handoffs/ho_1/receipt", known as never);
  await happens(changed(4, 2, { channel: "callback", state: "queued" }));
  await settled();
  expect([store.get().handoff?.id, store.get().receipt, store.get().timeline]).toEqual(["ho_1", known, [before]]);
  expect(read).toEqual(["handoffs/ho_1/events?after=0", "handoffs/ho_1/receipt"]);
});

describe("what no event carries is read", () => {
  it("a code, when a call is awaited from now on", async () => {
    await welcome({ handoff: handoff({ head: 3 }) });
    expect(read).toEqual([]);
    answers.set("handoffs/ho_1", awaiting({ version: 2, phone: code, head: 4 }));
    await happens(changed(4, 2, { channel: "phone", state: "awaiting_call" }));
    expect([read, store.get().handoff?.phone]).toEqual([["handoffs/ho_1"], code]);
    await happens(changed(5, 3, { channel: "phone", state: "queued" }));
    expect(read.length).toBe(1);
  });

  it("a code, when the snapshot has none", async () => {
    answers.set("handoffs/ho_1", awaiting({ phone: code }));
    await welcome({ handoff: awaiting() });
    expect(store.get().handoff?.phone).toEqual(code);
  });

  it("another code, when a call was not this person's", async () => {
    await welcome({ handoff: awaiting({ phone: code, head: 3 }) });
    const fresh = { ...code, code: "11112222" };
    answers.set("handoffs/ho_1", awaiting({ phone: fresh, head: 4 }));
    await happens({ stream: "handoff/ho_1", seq: 4, type: "call.changed", data: { call: call({ claim: "not_mine" }) } });
    expect(store.get().handoff?.phone).toEqual(fresh);
  });

  it("when it comes due, after it was put off", async () => {
    await welcome({ handoff: handoff({ channel: "callback", callback: callback(), head: 3 }) });
    answers.set("handoffs/ho_1", booked({ version: 2, head: 4 }));
    await happens(changed(4, 2, { channel: "callback", state: "scheduled" }));
    expect([read, store.get().scheduled[0]?.due_at]).toEqual([["handoffs/ho_1"], booked().due_at]);
  });

  it("not at all from a server that does not answer; the next event tries again", async () => {
    answers.set("handoffs/ho_1", new Error("away"));
    await welcome({ handoff: awaiting() });
    expect(store.get().handoff?.phone).toBeNull();
    answers.set("handoffs/ho_1", awaiting({ phone: code, head: 4 }));
    await happens({ stream: "handoff/ho_1", seq: 4, type: "journey.recorded", data: { steps: [] } });
    expect(store.get().handoff?.phone).toEqual(code);
  });
});
