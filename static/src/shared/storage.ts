/** sessionStorage where the browser allows it, memory where even touching it throws. */

export interface KeyValue {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
}

export function memory(): KeyValue {
  const values = new Map<string, string>();
  return {
    get: (key) => values.get(key) ?? null,
    set: (key, value) => void values.set(key, value),
    remove: (key) => void values.delete(key),
  };
}

/** Every access may throw or be refused (third-party frames, full quota); memory then holds what storage does not. */
export function session(open: () => Storage = () => sessionStorage): KeyValue & { lasts: boolean } {
  const fallback = memory();
  const attempt = <T>(action: (storage: Storage) => T): T | null => {
    try {
      return action(open());
    } catch {
      return null;
    }
  };
  const store = (key: string, value: string) => attempt((storage) => (storage.setItem(key, value), true)) ?? false;
  return {
    /** Whether what is set will be there on the next page. */
    lasts: store("handoff", ""),
    get: (key) => attempt((storage) => storage.getItem(key)) ?? fallback.get(key),
    set(key, value) {
      if (store(key, value)) fallback.remove(key);
      else fallback.set(key, value);
    },
    remove(key) {
      attempt((storage) => storage.removeItem(key));
      fallback.remove(key);
    },
  };
}

/** Null where there is nothing, or nothing that can be read. */
export function parseJson<T>(text: string | null): T | null {
  try {
    return JSON.parse(text || "null") as T | null;
  } catch {
    return null;
  }
}

export const readJson = <T>(store: KeyValue, key: string): T | null => parseJson<T>(store.get(key));
