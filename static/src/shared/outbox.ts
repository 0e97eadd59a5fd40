/** What was written and not yet acknowledged: it is kept, resent with the same id, and never cleared before the ack. */
import { CommandError } from "./errors.ts";
import type { AttachmentView } from "./protocol.ts";
import { readJson, type KeyValue } from "./storage.ts";
import { uuid7 } from "./uuid7.ts";

export interface OutboxItem {
  client_id: string;
  handoff: string;
  text: string;
  /** What it carries; left out when that is nothing. */
  attachments?: readonly AttachmentView[];
  at: string;
  /** "message" or a surface's own kind, such as "note"; handed back to `send`. */
  kind: string;
  status: "sending" | "sent" | "failed";
  /** Why it failed: the server's code. */
  code?: string;
}

/** Codes after which the same text with the same id may still be stored: the item stays "sending". */
const PASSING = new Set(["not_connected", "connection_lost", "ack_timeout", "unreachable", "not_ready", "rate_limited"]);
const PAUSED_MS = 3_000;
const ACK_MS = 10_000;

export interface OutboxOptions {
  key: string;
  storage: KeyValue;
  send(item: OutboxItem): Promise<unknown>;
  onChange(items: readonly OutboxItem[]): void;
}

export class Outbox {
  #items: readonly OutboxItem[];
  #sending = false;

  readonly #options: OutboxOptions;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#items = (readJson<OutboxItem[]>(options.storage, options.key) ?? []).filter((item) => item.status !== "sent");
    if (this.#items.length > 0) options.onChange(this.#items);
  }

  list(): readonly OutboxItem[] {
    return this.#items;
  }

  add(handoff: string, text: string, kind = "message", attachments: readonly AttachmentView[] = []): OutboxItem {
    const item: OutboxItem = { client_id: uuid7(), handoff, text, ...(attachments.length > 0 && { attachments }), at: new Date().toISOString(), kind, status: "sending" };
    this.#keep([...this.#items, item]);
    void this.flush();
    return item;
  }

  retry(client_id: string): void {
    this.#again(client_id);
    void this.flush();
  }

  /** The message came back in the log (or was thrown away by its writer): it is no longer ours to keep. */
  settle(client_id: string): void {
    const rest = this.#items.filter((item) => item.client_id !== client_id);
    if (rest.length < this.#items.length) this.#keep(rest);
  }

  /** The log lost its history: what was acknowledged and has not come back goes out again, under the same id. */
  doubt(): void {
    for (const { client_id, status } of this.#items) if (status === "sent") this.#again(client_id);
  }

  clear(): void {
    for (const { client_id } of this.#items) this.settle(client_id);
  }

  /** Call when the line is live again. One message at a time, so that the order of writing is the order of the log. */
  async flush(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      for (let item = this.#next(); item; item = this.#next()) {
        if (!(await this.#deliver(item))) break;
      }
    } finally {
      this.#sending = false;
    }
  }

  #next(): OutboxItem | undefined {
    return this.#items.find((item) => item.status === "sending");
  }

  /** False: not now, the line must come back first. */
  async #deliver({ client_id, ...rest }: OutboxItem): Promise<boolean> {
    try {
      await withDeadline(this.#options.send({ client_id, ...rest }));
      this.#change(client_id, (item) => ({ ...item, status: "sent" }));
      return true;
    } catch (error) {
      const code = (error as { code?: string }).code ?? "failed";
      if (!PASSING.has(code)) {
        this.#change(client_id, (item) => ({ ...item, status: "failed", code }));
        return true;
      }
      if (code !== "not_connected") setTimeout(() => void this.flush(), PAUSED_MS);
      return false;
    }
  }

  #again(client_id: string): void {
    this.#change(client_id, ({ code: _, ...item }) => ({ ...item, status: "sending" }));
  }

  #change(client_id: string, change: (item: OutboxItem) => OutboxItem): void {
    this.#keep(this.#items.map((item) => (item.client_id === client_id ? change(item) : item)));
  }

  #keep(next: readonly OutboxItem[]): void {
    this.#items = next;
    const { storage, key } = this.#options;
    if (next.length > 0) storage.set(key, JSON.stringify(next));
    else storage.remove(key);
    this.#options.onChange(next);
  }
}

/** An ack lost on a living line would block all that follows; the resend carries the same id, so it stores nothing twice. */
function withDeadline(sent: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new CommandError("ack_timeout")), ACK_MS);
    sent.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
