/** What the rest of the console knows of files while their part is not loaded: none are there, and none are lost. */
import { useEffect, useState } from "preact/hooks";
import type { AttachmentView } from "../shared/protocol.ts";

export interface FilesPart {
  /** Ready ones go with the message; the others follow it by themselves. */
  take(handoff: string): AttachmentView[];
  has(handoff: string): boolean;
  /** A message that was not sent is taken back, and its files with it. */
  restore(handoff: string, files: readonly AttachmentView[]): void;
  /** Its handoff left this desk: nothing of it can be sent from here. */
  drop(handoff: string): void;
  /** Nothing is uploaded any more. */
  clear(): void;
}

let part: FilesPart | null = null;
const watchers = new Set<() => void>();

/** Taken back before the part was there. */
const early = new Map<string, readonly AttachmentView[]>();

export function register(loaded: FilesPart): void {
  part = loaded;
  early.forEach((files, handoff) => loaded.restore(handoff, files));
  early.clear();
}
export const filesChanged = (): void => watchers.forEach((tell) => tell());
export const watchFiles = (tell: () => void): (() => void) => {
  watchers.add(tell);
  return () => watchers.delete(tell);
};

export const takeFiles = (handoff: string): AttachmentView[] => part?.take(handoff) ?? [];
export const hasFiles = (handoff: string): boolean => part?.has(handoff) ?? false;
export function restoreFiles(handoff: string, files: readonly AttachmentView[]): void {
  if (part) part.restore(handoff, files);
  else early.set(handoff, [...(early.get(handoff) ?? []), ...files]);
}
export function dropFiles(handoff: string): void {
  early.delete(handoff);
  part?.drop(handoff);
}
export function clearFiles(): void {
  early.clear();
  part?.clear();
}

export function useHasFiles(handoff: string): boolean {
  const [has, setHas] = useState(hasFiles(handoff));
  useEffect(() => {
    const look = () => setHas(hasFiles(handoff));
    look();
    return watchFiles(look);
  }, [handoff]);
  return has;
}
