// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CommandError, Connection, type ConnectionOptions } from "../../../static/src/shared/connection.ts";
import { ApiError } from "../../../static/src/shared/errors.ts";
import { FakeWorld, settled } from "./fakes.ts";

let world: FakeWorld;
let tickets: number;
let statuses: string[];
let events: string[];
let connection: Connection;

function connect(options: Partial<ConnectionOptions> = {}): Connection {
  connection = new Connection({
    client: "test/1",
    getTicket: async () => ({ ticket: `t${++tickets}`, url: "ws://here/ws" }),
    onWelcome: () => undefined,
    onEvent: ({ stream, seq }, replayed) => events.push(`${stream}#${seq}${replayed ? " replayed" : ""}`),
    onStatus: (status, detail) => statuses.push(detail === undefined ? status : `${status} ${detail}`),
    world,
    ...options,
  });
  connection.start();
  return connection;
}

async function live(heads: Record<string, number> = { s: 4 }, options: Partial<ConnectionOptions> = {}): Promise<void> {
  connect(options);
  await settled();
  world.last.welcome(heads);
}

beforeEach(() => {
  vi.useFakeTimers();
  [world, tickets, statuses, events] = [new FakeWorld(), 0, [], []];
});
afterEach(() => {
  connection.stop();
  vi.useRealTimers();
});

describe("hello", () => {
  it("presents a one-use ticket and nothing to resume from", async () => {
    await live();
    expect(world.last.sent[0]).toEqual({ cmd: "hello", ticket: "t1", resume: null, client: "test/1" });
    expect(statuses).toEqual(["connecting", "live"]);
  });

  it("resumes from what was applied, with a new ticket", async () => {
    await live();
    world.last.event("s", 5);
    world.last.drop(1006);
    await world.pass(4000);
    world.last.onopen?.();
    expect(world.last.sent[0]).toMatchObject({ ticket: "t2", resume: { epoch: "e1", cursors: { s: 5 } } });
  });
});

describe("events (R3)", () => {
  it("applies the next, drops what was seen", async () => {
    await live();
    for (const seq of [5, 5, 4, 6]) world.last.event("s", seq);
    expect(events).toEqual(["s#5", "s#6"]);
  });

  it("fetches a gap by coming back from its cursor, at once", async () => {
    await live();
    world.last.event("s", 7);
    expect(events).toEqual([]);
    expect(world.sockets[0]?.closed).toBe(true);
    await vi.advanceTimersByTimeAsync(0);
    world.last.welcome({ s: 7 });
    for (const seq of [5, 6, 7]) world.last.event("s", seq);
    expect(events).toEqual(["s#5 replayed", "s#6 replayed", "s#7 replayed"]);
  });

  it("does not spin on a gap that stays", async () => {
    await live();
    world.last.event("s", 7);
    await vi.advanceTimersByTimeAsync(0);
    world.last.welcome({ s: 7 });
    world.last.event("s", 7);
    await vi.advanceTimersByTimeAsync(1000);
    expect(world.sockets).toHaveLength(2);
  });

  it("starts a stream after the heads of the event that opens it", async () => {
    await live({ me: 0 });
    world.last.event("handoff/1", 3);
    world.last.event("me", 1, "handoff.opened", { heads: { "handoff/1": 3 } });
    world.last.event("handoff/1", 3);
    world.last.event("handoff/1", 4);
    expect(events).toEqual(["me#1", "handoff/1#4"]);
  });

  it("takes nothing from the epoch before (R19)", async () => {
    await live();
    world.last.event("s", 5);
    world.last.drop(1012);
    await world.pass(4000);
    world.last.welcome({ s: 2 }, "e2");
    world.last.event("s", 3);
    expect(events).toEqual(["s#5", "s#3"]);
  });
});

describe("resync", () => {
  it("before the welcome forgets the cursors", async () => {
    const reasons: string[] = [];
    await live({ s: 4 }, { onResync: (reason) => reasons.push(reason) });
    world.last.drop(1006);
    await world.pass(4000);
    world.last.receive({ ev: "resync", reason: "too_old" });
    world.last.welcome({ s: 2000 });
    world.last.event("s", 2001);
    expect([reasons, events]).toEqual([["too_old"], ["s#2001"]]);
  });

  it("after the welcome begins again from that welcome", async () => {
    const welcomes: unknown[] = [];
    await live({ s: 4 }, { onWelcome: ({ heads }) => welcomes.push(heads) });
    world.last.receive({ ev: "resync", reason: "ahead" });
    world.last.event("s", 5);
    expect([welcomes.length, events]).toEqual([2, ["s#5"]]);
  });
});

describe("heartbeat", () => {
  it("pings every heartbeat by the worker's clock", async () => {
    await live();
    const pings = () => world.last.sent.filter(({ cmd }) => cmd === "ping").length;
    await world.pass(19_000);
    expect(pings()).toBe(0);
    await world.pass(1_000);
    expect(pings()).toBe(1);
  });

  it("says reconnecting within 45 s of silence (R18)", async () => {
    await live();
    await world.pass(42_000);
    expect(statuses.at(-1)).toBe("live");
    await world.pass(3_000);
    expect(statuses.at(-1)).toBe("reconnecting");
  });

  it("stays while pongs come", async () => {
    await live();
    for (let i = 0; i < 5; i++) {
      await world.pass(20_000);
      world.last.receive({ ev: "pong" });
    }
    expect(statuses.at(-1)).toBe("live");
  });
});

describe("coming back (R16)", () => {
  it.each([1001, 1006, 1011, 1012, 4408, 4503])("comes back after %i with full jitter", async (code) => {
    await live();
    world.last.drop(code);
    await world.pass(1_000);
    expect(world.sockets).toHaveLength(1);
    await world.pass(1_000);
    expect(world.sockets).toHaveLength(2);
  });

  it("waits longer each time, up to 30 s", async () => {
    await live();
    for (const wait of [2, 4, 8, 15, 15]) {
      const before = world.sockets.length;
      world.last.drop(1006);
      await world.pass(wait * 1000 - 1000);
      expect(world.sockets).toHaveLength(before);
      await world.pass(1000);
      expect(world.sockets).toHaveLength(before + 1);
    }
  });

  it("obeys the pause of a server that goes away", async () => {
    await live();
    world.last.receive({ ev: "bye", code: 4503, retry_after_ms: 9_000 });
    world.last.drop(4503);
    await world.pass(8_000);
    expect(world.sockets).toHaveLength(1);
    await world.pass(1_000);
    expect(world.sockets).toHaveLength(2);
  });

  it("hurries when the browser is online again", async () => {
    world.chance = 0.9;
    await live();
    world.last.drop(1006);
    dispatchEvent(new Event("online"));
    await vi.advanceTimersByTimeAsync(500);
    expect(world.sockets).toHaveLength(2);
  });

  it.each([4403, 4409, 4426])("stays away after %i", async (code) => {
    await live();
    world.last.drop(code);
    await world.pass(60_000);
    expect([world.sockets.length, statuses.at(-1), world.ticking]).toEqual([1, `stopped ${code}`, false]);
  });
});

describe("authentication", () => {
  it("gets a new ticket, then a new session once, then stops", async () => {
    const onAuthLost = vi.fn(async () => true);
    await live({}, { onAuthLost });
    world.last.drop(4401);
    await vi.advanceTimersByTimeAsync(0);
    expect([world.sockets.length, onAuthLost.mock.calls.length]).toEqual([2, 0]);
    world.last.drop(4401);
    await vi.advanceTimersByTimeAsync(0);
    expect([world.sockets.length, onAuthLost.mock.calls.length]).toEqual([3, 1]);
    world.last.drop(4401);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([world.sockets.length, onAuthLost.mock.calls.length, statuses.at(-1)]).toEqual([3, 1, "stopped auth"]);
  });

  it("asks for a new session at once when no ticket is given", async () => {
    const onAuthLost = vi.fn(async () => false);
    connect({ onAuthLost, getTicket: () => Promise.reject(new ApiError(401, "session_expired", "")) });
    await settled();
    expect([onAuthLost.mock.calls.length, statuses.at(-1)]).toEqual([1, "stopped auth"]);
  });

  it("waits as long as a busy server asks", async () => {
    let asked = 0;
    const getTicket = () => (++asked, Promise.reject(new ApiError(429, "rate_limited", "", 7_000)));
    connect({ getTicket });
    await settled();
    await world.pass(6_000);
    expect(asked).toBe(1);
    await world.pass(1_000);
    expect(asked).toBe(2);
  });
});

describe("commands", () => {
  it("are answered by their ack or error", async () => {
    await live();
    const [kept, refused] = [connection.command("a", { x: 1 }), connection.command("b")];
    expect(world.last.sent.slice(1)).toEqual([{ cmd: "a", id: "1", x: 1 }, { cmd: "b", id: "2" }]);
    world.last.receive({ ev: "error", id: "2", code: "forbidden", message: "no", fields: { phone: "suppressed" } });
    world.last.receive({ ev: "ack", id: "1", result: { seq: 9 } });
    await expect(kept).resolves.toEqual({ seq: 9 });
    await expect(refused).rejects.toMatchObject({ code: "forbidden", fields: { phone: "suppressed" } });
  });

  it("say that nothing is known when the line breaks", async () => {
    await live();
    const sent = connection.command("a");
    world.last.drop(1006);
    await expect(sent).rejects.toEqual(expect.objectContaining({ code: "connection_lost" }));
    await expect(connection.command("b")).rejects.toBeInstanceOf(CommandError);
  });
});
