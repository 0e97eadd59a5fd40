/** Files that are dropped onto a page or pasted into it. */

export const hasFiles = (data: DataTransfer | null): boolean => data !== null && [...data.types].includes("Files");

/** A table copied from a spreadsheet comes as words and as a picture of them: the words are meant. */
export function pastedFiles(data: DataTransfer | null): File[] {
  if (!data || [...data.types].includes("text/plain")) return [];
  return [...data.files];
}

/** A file that is dropped where nothing takes it would replace the page, and with it what is typed there. */
export function refuseFiles(page: Window): void {
  const refuse = (event: DragEvent) => {
    if (event.defaultPrevented || !event.dataTransfer || !hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  };
  page.addEventListener("dragover", refuse);
  page.addEventListener("drop", refuse);
}

/** Who pastes into a field means that field. */
const isElsewhere = (target: EventTarget | null, pen: string | undefined): boolean =>
  pen !== undefined && target instanceof HTMLElement && target.matches("input, textarea") && target.id !== pen;

export interface FileEvents {
  /** The field the files belong to; what is pasted into another one is not taken. */
  pen?: string;
  take(files: File[]): void;
  /** Something is held over the page, or no longer is. */
  over(over: boolean): void;
}

/** Answers how to stop. A file dropped beside the place would otherwise replace the page. */
export function listenForFiles(page: Document, { pen, take, over }: FileEvents): () => void {
  const stop = new AbortController();
  const listen = <K extends keyof DocumentEventMap>(type: K, hear: (event: DocumentEventMap[K]) => void) =>
    page.addEventListener(type, hear, { signal: stop.signal });
  listen("dragover", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    over(true);
  });
  listen("dragleave", (event) => {
    if (event.relatedTarget === null) over(false);
  });
  listen("drop", (event) => {
    over(false);
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) take(files);
  });
  listen("paste", (event) => {
    const files = pastedFiles(event.clipboardData);
    if (files.length === 0 || isElsewhere(event.target, pen)) return;
    event.preventDefault();
    take(files);
  });
  return () => stop.abort();
}
