/** Which keys this agent changed or turned off, kept in this browser. */
import { useEffect, useState } from "preact/hooks";
import { memory, readJson } from "../shared/storage.ts";
import type { KeyValue } from "../shared/storage.ts";
import { COMMANDS } from "./shortcuts.ts";
import type { Changes, Combo } from "./shortcuts.ts";

export class Bindings {
  private changes: Changes = {};
  private storage: KeyValue = memory();
  private key = "";
  private readonly watchers = new Set<() => void>();

  open(storage: KeyValue, agentId: string): void {
    this.storage = storage;
    this.key = `handoff.shortcuts.${agentId}`;
    this.keep(known(readJson<unknown>(storage, this.key)));
  }

  get(): Changes { return this.changes; }

  set(id: string, combo: Combo | null): void {
    const usual = COMMANDS.find((command) => command.id === id)?.usual;
    const { [id]: _before, ...others } = this.changes;
    this.keep(combo === usual ? others : { ...others, [id]: combo });
  }

  reset(): void { this.keep({}); }

  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  }

  private keep(changes: Changes): void {
    this.changes = changes;
    if (Object.keys(changes).length > 0) this.storage.set(this.key, JSON.stringify(changes));
    else this.storage.remove(this.key);
    this.watchers.forEach((watcher) => watcher());
  }
}

/** What was kept by another version of this page may name what is no more. */
function known(kept: unknown): Changes {
  const entries = typeof kept === "object" && kept !== null ? Object.entries(kept) : [];
  return Object.fromEntries(entries.filter(([id, combo]) => COMMANDS.some((command) => command.id === id) && (combo === null || typeof combo === "string")));
}

/** One board, one set of keys: whoever prints a key reads it here. */
export const bindings = new Bindings();

export function useBindings(): Changes {
  const [changes, setChanges] = useState(bindings.get());
  useEffect(() => {
    setChanges(bindings.get());
    return bindings.watch(() => setChanges(bindings.get()));
  }, []);
  return changes;
}
