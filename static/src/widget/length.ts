/** How much fits into one message, counted as the server counts. */

export const LIMIT = 4_000;
/** More than this is not taken in at once: nobody would shorten it by hand, and a page that lays it out stands still. */
const TAKEN = 10 * LIMIT;

/** How many characters are too many; none where it fits. A letter beyond the basic plane counts once. */
export const excess = (text: string): number => (text.trim().length <= LIMIT ? 0 : Math.max(0, [...text.trim()].length - LIMIT));

/** Whether what is pasted or dropped would make this field too full to work with. */
export function overflows({ data, dataTransfer }: Pick<InputEvent, "data" | "dataTransfer">, { value, selectionStart, selectionEnd }: HTMLTextAreaElement): boolean {
  const given = data ?? dataTransfer?.getData("text/plain") ?? "";
  return given.length > 1 && value.length - (selectionEnd - selectionStart) + given.length > TAKEN;
}
