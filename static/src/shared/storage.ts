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
export function session(open: () => Storage = () => sessionStorage): KeyValue {
  const fallback = memory();
  const attempt = <T>(action: (storage: Storage) => T): T | null => {
    try {
      return action(open());
    } catch {
      return null;
    }
  };
  return {
    get: (key) => attempt((storage) => storage.getItem(key)) ?? fallback.get(key),
    set(key, value) {
      const stored = attempt((storage) => (storage.setItem(key, value), true));
      if (stored) fallback.remove(key);
      else fallback.set(key, value);
    },
    remove(key) {
      attempt((storage) => storage.removeItem(key));
      fallback.remove(key);
    },
  };
}

export function readJson<T>(store: KeyValue, key: string): T | null {
  try {
    return JSON.parse(store.get(key) ?? "null") as T | null;
  } catch {
    return null;
  }
}
