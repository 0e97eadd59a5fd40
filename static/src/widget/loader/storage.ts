/** The host page's sessionStorage, where even looking may throw; the journey then lives as long as the page. */

export function read(key: string): unknown {
  try {
    return JSON.parse(sessionStorage[key]);
  } catch {
    return;
  }
}

export function write(key: string, value: unknown): void {
  try {
    if (value == null) delete sessionStorage[key];
    else sessionStorage[key] = JSON.stringify(value);
  } catch {
    // Full or forbidden: nothing is lost but the memory of this page.
  }
}
