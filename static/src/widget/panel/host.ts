/** The panel's end of the bridge: it answers one page only, the one that embedded it. */
import { envelope, fromPeer, type Need, type Peer, type ToLoader, type ToPanel } from "../bridge.ts";

export interface Answer {
  token: string | null;
  error?: string;
}

type Handlers = { [T in Exclude<ToPanel["type"], "token">]: (message: Extract<ToPanel, { type: T }>) => void };

/** A provider has this long, whatever became of it or of the page. */
const ANSWER_MS = 10_000;

export class Host {
  #peer: Peer | null = null;
  #asked = new Map<number, (answer: Answer) => void>();
  #last = 0;

  readonly #page: Window;
  readonly #origins: readonly string[];
  readonly #nonce: string;
  readonly #handlers: Handlers;

  constructor(page: Window, origins: readonly string[], nonce: string, handlers: Handlers) {
    this.#page = page;
    this.#origins = origins;
    this.#nonce = nonce;
    this.#handlers = handlers;
  }

  get origin(): string | null {
    return this.#peer?.origin ?? null;
  }

  listen(): void {
    this.#page.addEventListener("message", (event) => this.receive(event));
  }

  receive(event: Pick<MessageEvent, "origin" | "source" | "data">): void {
    const message = fromPeer<ToPanel>(event, this.#peer ?? this.#candidate(event.origin));
    if (!message) return;
    this.#peer ??= this.#candidate(event.origin);
    if (message.type === "token") return this.#answered(message);
    if (Object.hasOwn(this.#handlers, message.type)) (this.#handlers[message.type] as (message: ToPanel) => void)(message);
  }

  send(message: ToLoader): void {
    if (this.#peer) this.#page.parent.postMessage(envelope(this.#nonce, message), this.#peer.origin);
  }

  need(need: Need): Promise<Answer> {
    const id = ++this.#last;
    return new Promise((resolve) => {
      const late = setTimeout(() => this.#answered({ id, token: null, error: "identity_timeout" }), ANSWER_MS);
      this.#asked.set(id, (answer) => {
        clearTimeout(late);
        resolve(answer);
      });
      this.send({ type: "need", id, need });
    });
  }

  #answered({ id, token, error }: { id: number } & Answer): void {
    const resolve = this.#asked.get(id);
    if (!resolve) return;
    this.#asked.delete(id);
    if (error) this.send({ type: "error", code: error, message: "The page gave no token." });
    resolve({ token, ...(error && { error }) });
  }

  /** An origin that the site does not list never becomes the peer, whatever it says. An empty nonce is nobody's. */
  #candidate(origin: string): Peer {
    const listed = this.#nonce !== "" && this.#origins.includes(origin);
    return { origin: listed ? origin : "", source: this.#page.parent, nonce: this.#nonce };
  }
}
