/** A world without a network: sockets that record what they are told, a clock that moves when asked. */
import type { World } from "../../../static/src/shared/connection.ts";

export class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  closed = false;

  constructor(readonly url: string) {}

  send(data: string): void {
    this.sent.push(JSON.parse(data) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
  }

  receive(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  welcome(heads: Record<string, number> = {}, epoch = "e1", snapshot: unknown = {}): void {
    this.onopen?.();
    this.receive({ ev: "welcome", epoch, heartbeat_seconds: 20, snapshot, heads });
  }

  event(stream: string, seq: number, type = "message.posted", data: unknown = {}): void {
    this.receive({ ev: "event", stream, seq, at: `2026-01-01T00:00:00.${String(seq).padStart(3, "0")}Z`, type, data });
  }

  drop(code: number): void {
    this.onclose?.({ code });
  }
}

export class FakeWorld implements World {
  readonly sockets: FakeSocket[] = [];
  time = 1_000_000;
  chance = 0.5;
  #tick: (() => void) | null = null;

  socket(url: string): WebSocket {
    const socket = new FakeSocket(url);
    this.sockets.push(socket);
    return socket as unknown as WebSocket;
  }

  now(): number {
    return this.time;
  }

  random(): number {
    return this.chance;
  }

  ticker(tick: () => void): () => void {
    this.#tick = tick;
    return () => (this.#tick = null);
  }

  get ticking(): boolean {
    return this.#tick !== null;
  }

  get last(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  /** Lets the time pass with the worker's ticks alone: the page's own timers are asleep, as in a hidden tab. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    while (this.time < end) {
      this.time = Math.min(end, this.time + 1000);
      this.#tick?.();
      await settled();
    }
  }
}

export async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
