import { beforeEach, describe, expect, test } from "vitest";
import { Desk } from "../../../static/src/console/desk.ts";
import { keepPlace } from "../../../static/src/console/history.ts";
import type { Places } from "../../../static/src/console/history.ts";
import type { AgentSnapshot } from "../../../static/src/console/wire.ts";
import type { ConnectionOptions } from "../../../static/src/shared/connection.ts";
import { memory } from "../../../static/src/shared/storage.ts";
import { MINE, NOW, at, event, handoff, snapshot, talking } from "./cast.ts";

let wire: ConnectionOptions<AgentSnapshot>;
let desk: Desk;
let entries: (string | null)[];
let back: () => void;
const places: Places = {
  current: () => entries[entries.length - 1] ?? null,
  go: (place, how) => { if (how === "push") entries.push(place); else entries[entries.length - 1] = place; },
  onBack: (listener) => { back = () => { entries.pop(); listener(); }; },
};
const TWO = [handoff(), handoff({ id: "ho_2", connected_at: at(5) })];

function open(place: string | null, handoffs = TWO): void {
  entries = [place];
  desk = new Desk({
    getTicket: () => Promise.reject(new Error("unused")), older: () => Promise.resolve([]), destinations: () => Promise.resolve({ queues: [], agents: [] }), callbacks: () => Promise.resolve({ mine: [], team: [] }),
    storage: memory(), agentId: "ag_amira", now: () => NOW, connect: (options) => { wire = options; return { start() {}, stop() {}, retryNow() {}, command: () => Promise.resolve({}) }; },
  });
  keepPlace(desk, places);
  wire.onWelcome({ ev: "welcome", epoch: "e", heartbeat_seconds: 20, snapshot: snapshot({ handoffs }), heads: { [MINE]: 0 } });
}
const selected = () => desk.store.get().selected;

beforeEach(() => open(null));

describe("Back", () => {
  test("returns to the handoff before", () => {
    desk.open("ho_2");
    expect(entries).toEqual(["ho_1", "ho_2"]);
    back();
    expect([selected(), entries]).toEqual(["ho_1", ["ho_1"]]);
  });

  test("passes over one that has left the desk", () => {
    desk.open("ho_2");
    const { ev: _ev, ...gone } = event(MINE, 1, "handoff.unassigned", { id: "ho_1", reason: "lose_agent" });
    wire.onEvent(gone, false);
    back();
    expect(selected()).toBe("ho_2");
  });

  test("has nothing to say about a talk that ended: its place becomes the desk's", () => {
    const { ev: _ev, ...gone } = event(MINE, 1, "handoff.unassigned", { id: "ho_1", reason: "resolved" });
    wire.onEvent(gone, false);
    expect(entries).toEqual([null]);
  });
});

describe("a reload", () => {
  test("stays where one was", () => {
    open("ho_2");
    expect([selected(), entries]).toEqual(["ho_2", ["ho_2"]]);
  });

  test("of a place that is gone opens the desk as it is", () => {
    open("ho_9");
    expect([selected(), entries]).toEqual(["ho_1", ["ho_1"]]);
  });

  test("opens whoever is on the line first", () => {
    open("ho_1", [handoff(), handoff({ id: "ho_2", channel: "phone", call: talking() })]);
    expect(selected()).toBe("ho_2");
  });
});
