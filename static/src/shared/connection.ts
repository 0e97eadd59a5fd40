/** One live line to the server: hello, resume, heartbeat, and coming back after every kind of close. */
import { FINAL, retryDelay } from "./backoff.ts";
import { Cursors } from "./cursors.ts";
import { ApiError, CommandError } from "./errors.ts";
import type { ByeFrame, Entry, EphemeralFrame, EventFrame, Heads, ResyncFrame, ResyncReason, ServerFrame, WelcomeFrame } from "./frames.ts";
import { Pending } from "./pending.ts";
import { startTicker } from "./ticker.ts";

export { CommandError } from "./errors.ts";

export type Status = "connecting" | "live" | "reconnecting" | "stopped";

/** Parts of the outside world; tests bring their own. */
export interface World {
  socket(url: string): WebSocket;
  now(): number;
  random(): number;
  ticker(tick: () => void): () => void;
}

export interface ConnectionOptions<S = unknown> {
  getTicket(): Promise<{ ticket: string; url: string }>;
  client: string;
  onWelcome(frame: WelcomeFrame<S>): void;
  /** `replayed`: it happened before the last welcome, so its snapshot already tells the outcome. */
  onEvent(event: Entry, replayed: boolean): void;
  onEphemeral?(frame: EphemeralFrame): void;
  onResync?(reason: ResyncReason): void;
  /** The detail of `stopped` is the reason: "auth", or the close code. */
  onStatus?(status: Status, detail?: string): void;
  /** Asked once when tickets stop helping; true says that a new session was opened. */
  onAuthLost?(): Promise<boolean>;
  world?: World;
}

/** The promise is "reconnecting" within 45 s of silence; two seconds go to the ticks. */
const SILENCE_MS = 43_000;
/** How long a new socket may take to its welcome. */
const OPENING_MS = 15_000;
/** A second gap this soon after the last is not healed by asking again at once. */
const GAP_PAUSE_MS = 10_000;
/** The browser says it is online again: soon, but not all pages of an office in the same instant. */
const ONLINE_MS = 500;

const browser: World = {
  socket: (url) => new WebSocket(url, "handoff.v1"),
  now: () => Date.now(),
  random: () => Math.random(),
  ticker: startTicker,
};

export class Connection<S = unknown> {
  readonly #world: World;
  readonly #cursors = new Cursors();
  readonly #pending = new Pending();
  #socket: WebSocket | null = null;
  #welcome: WelcomeFrame<S> | null = null;
  #status: Status = "stopped";
  #stopTicker: (() => void) | null = null;
  #retryAt: number | null = null;
  #attempt = 0;
  #authFailures = 0;
  #lastFrameAt = 0;
  #lastPingAt = 0;
  #lastGapAt = -Infinity;
  #pauseMs: number | null = null;

  readonly #options: ConnectionOptions<S>;

  constructor(options: ConnectionOptions<S>) {
    this.#options = options;
    this.#world = options.world ?? browser;
  }

  start(): void {
    if (this.#stopTicker) return;
    this.#stopTicker = this.#world.ticker(() => this.#tick());
    globalThis.addEventListener?.("online", this.#online);
    this.#attempt = 0;
    this.#authFailures = 0;
    this.#say("connecting");
    void this.#connect();
  }

  stop(): void {
    this.#halt();
  }

  /** Closes the socket and comes back with a new ticket, from the same cursors: for a session that was replaced. */
  renew(): void {
    if (!this.#socket) return;
    this.#drop();
    this.#comeBack(0);
  }

  /** Tries now instead of at the planned moment. */
  retryNow(): void {
    if (this.#retryAt !== null) this.#plan(0);
    this.#tick();
  }

  /** Nothing more comes of these streams until something opens them again. */
  forget(streams: readonly string[]): void {
    this.#cursors.close(streams);
  }

  /** Rejects with CommandError; what must survive a lost line goes through an outbox. */
  command(cmd: string, fields: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    if (this.#status !== "live") return Promise.reject(new CommandError("not_connected"));
    return this.#pending.open((id) => this.#send({ cmd, id, ...fields }));
  }

  readonly #online = (): void => {
    if (this.#retryAt !== null) this.#plan(this.#world.random() * ONLINE_MS);
  };

  #send(frame: object): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #say(status: Status, detail?: string): void {
    if (status === this.#status && detail === undefined) return;
    this.#status = status;
    this.#options.onStatus?.(status, detail);
  }

  async #connect(): Promise<void> {
    this.#retryAt = null;
    let ticket: { ticket: string; url: string };
    try {
      ticket = await this.#options.getTicket();
    } catch (error) {
      this.#noTicket(error);
      return;
    }
    if (this.#stopTicker && !this.#socket) this.#open(ticket);
  }

  #open({ ticket, url }: { ticket: string; url: string }): void {
    const socket = this.#world.socket(url);
    this.#socket = socket;
    this.#welcome = null;
    this.#lastFrameAt = this.#world.now();
    socket.onopen = () => this.#send({ cmd: "hello", ticket, resume: this.#cursors.resume(), client: this.#options.client });
    socket.onmessage = ({ data }) => {
      if (this.#socket === socket) this.#receive(data as string);
    };
    socket.onclose = ({ code }) => {
      if (this.#socket === socket) this.#closed(code);
    };
  }

  #noTicket(error: unknown): void {
    if (!this.#stopTicker) return;
    const status = error instanceof ApiError ? error.status : 0;
    if (status === 401) return this.#authLost(2);
    if (status === 403 || status === 404) return this.#halt("auth");
    this.#pauseMs = error instanceof ApiError ? error.retryAfterMs : null;
    this.#comeBack();
  }

  #closed(code: number): void {
    this.#drop();
    if (code === 4401) this.#authLost(1);
    else if (FINAL.has(code)) this.#halt(String(code));
    else this.#comeBack();
  }

  /** First a new ticket, then a new session, once; a 401 on the ticket itself skips to the session. */
  #authLost(failures: number): void {
    this.#authFailures += failures;
    if (this.#authFailures === 1) return this.#comeBack(0);
    const renew = this.#options.onAuthLost;
    if (this.#authFailures > 3 || !renew) return this.#halt("auth");
    this.#authFailures = 3;
    this.#say("reconnecting");
    renew().then(
      (renewed) => (renewed ? this.#comeBack(0) : this.#halt("auth")),
      () => this.#comeBack(),
    );
  }

  #comeBack(delay?: number): void {
    if (!this.#stopTicker) return;
    const wait = delay ?? this.#pauseMs ?? retryDelay(this.#attempt++, () => this.#world.random());
    this.#pauseMs = null;
    this.#say("reconnecting");
    this.#plan(wait);
  }

  #plan(wait: number): void {
    const at = this.#world.now() + wait;
    this.#retryAt = at;
    setTimeout(() => {
      if (this.#retryAt === at) void this.#connect();
    }, wait);
  }

  #halt(detail?: string): void {
    if (!this.#stopTicker) return;
    this.#stopTicker();
    this.#stopTicker = null;
    globalThis.removeEventListener?.("online", this.#online);
    this.#retryAt = null;
    this.#drop();
    this.#say("stopped", detail);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#pending.drop();
  }

  #tick(): void {
    const now = this.#world.now();
    // A hidden page's setTimeout may be minutes late; the ticker's worker is not.
    if (this.#retryAt !== null && now >= this.#retryAt) void this.#connect();
    if (!this.#socket) return;
    if (now - this.#lastFrameAt > (this.#welcome ? SILENCE_MS : OPENING_MS)) {
      this.#drop();
      this.#comeBack();
    } else if (this.#welcome && now - this.#lastPingAt >= this.#welcome.heartbeat_seconds * 1000) {
      this.#lastPingAt = now;
      this.#send({ cmd: "ping" });
    }
  }

  #receive(raw: string): void {
    this.#lastFrameAt = this.#world.now();
    const frame = JSON.parse(raw) as ServerFrame;
    switch (frame.ev) {
      case "welcome":
        return this.#welcomed(frame as WelcomeFrame<S>);
      case "event":
        return this.#event(frame);
      case "ack":
      case "error":
        return this.#pending.settle(frame);
      case "resync":
        return this.#resync(frame);
      case "bye":
        return this.#bye(frame);
      case "pong":
        return;
      default:
        this.#options.onEphemeral?.(frame);
    }
  }

  #welcomed(frame: WelcomeFrame<S>): void {
    this.#cursors.welcome(frame.epoch, frame.heads);
    this.#welcome = frame;
    this.#attempt = 0;
    this.#authFailures = 0;
    this.#lastPingAt = this.#lastFrameAt;
    this.#options.onWelcome(frame);
    this.#say("live");
  }

  #event({ ev: _, ...event }: EventFrame): void {
    const verdict = this.#cursors.judge(event);
    if (verdict === "drop") return;
    if (verdict === "gap") return this.#gap();
    const { heads } = event.data as { heads?: Heads };
    if (heads) this.#cursors.open(heads);
    this.#options.onEvent(event, event.seq <= (this.#welcome?.heads[event.stream] ?? 0));
  }

  #gap(): void {
    const now = this.#world.now();
    const soon = now - this.#lastGapAt < GAP_PAUSE_MS;
    this.#lastGapAt = now;
    this.#drop();
    this.#comeBack(soon ? undefined : 0);
  }

  /** Before the welcome it announces a full snapshot; after it, the snapshot just read is the new beginning. */
  #resync({ reason }: ResyncFrame): void {
    const welcome = this.#welcome;
    this.#cursors.reset();
    this.#options.onResync?.(reason);
    if (welcome) this.#welcomed(welcome);
  }

  #bye({ retry_after_ms }: ByeFrame): void {
    this.#pauseMs = retry_after_ms ?? null;
  }
}
