/** What was asked though it was known, until the server has counted it. */
import { readJson } from "../../shared/storage.ts";
import type { KeyValue } from "../../shared/storage.ts";
import { uuid7 } from "../../shared/uuid7.ts";
import type { Source } from "../wire.ts";

export interface Counted { handoff: string; key: string; source: Source; client_id: string; sent: boolean }

/** After these the same count may still be taken. */
const PASSING = new Set(["not_connected", "connection_lost", "unreachable", "not_ready", "rate_limited"]);

export class Ledger {
  private items: readonly Counted[];
  private sending = false;

  constructor(private readonly storage: KeyValue, private readonly key: string, private readonly send: (item: Counted) => Promise<unknown>) {
    this.items = readJson<Counted[]>(storage, key) ?? [];
  }

  record(handoff: string, { key, source }: { key: string; source: Source }, sent: boolean): void {
    this.keep([...this.items, { handoff, key, source, client_id: uuid7(), sent }]);
    void this.flush();
  }

  /** One after the other; what cannot go now goes when the line is back. */
  async flush(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      for (let item = this.items[0]; item; item = this.items[0]) {
        const { client_id } = item;
        if (!(await this.isTaken(item))) break;
        this.keep(this.items.filter((one) => one.client_id !== client_id));
      }
    } finally {
      this.sending = false;
    }
  }

  clear(): void { this.keep([]); }

  private async isTaken(item: Counted): Promise<boolean> {
    try {
      await this.send(item);
      return true;
    } catch (error) {
      // What is refused for good (the handoff went on to somebody else) would only stand in the way.
      return !PASSING.has((error as { code?: string }).code ?? "");
    }
  }

  private keep(items: readonly Counted[]): void {
    this.items = items;
    if (items.length > 0) this.storage.set(this.key, JSON.stringify(items));
    else this.storage.remove(this.key);
  }
}
