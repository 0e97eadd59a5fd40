/** Which Enter sends, and which saves a form from within a text. */

/** Enter sends, Shift+Enter is a new line, and an Enter that confirms an input method's suggestion is neither. */
export function sends(event: Pick<KeyboardEvent, "key" | "shiftKey" | "altKey" | "ctrlKey" | "metaKey" | "isComposing"> & Partial<Pick<KeyboardEvent, "keyCode">>): boolean {
  // Safari ends the composition before it tells of the key, and marks such a key by this code alone.
  if (event.isComposing || event.keyCode === 229) return false;
  return event.key === "Enter" && !event.shiftKey && !event.altKey && !event.ctrlKey && !event.metaKey;
}

/** With Ctrl, or with Command where a keyboard has that. */
export const saves = ({ key, ctrlKey, metaKey }: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey">): boolean => key === "Enter" && (ctrlKey || metaKey);
