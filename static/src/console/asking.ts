/** Dialogs: asked for by a button or a key, open from the moment they are drawn, and closed. */
import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

export interface Asking<Subject> {
  asked: Subject | null;
  /** The key of the dialog that is drawn. */
  time: number;
  ask(subject: Subject): void;
  close(): void;
}

/** A browser tells of a closed dialog with its next frame. One that is asked for again before that is another one, and stays. */
export function useAsking<Subject>(): Asking<Subject> {
  const [{ asked, time }, set] = useState<{ asked: Subject | null; time: number }>({ asked: null, time: 0 });
  return {
    asked, time,
    ask: (subject) => set((before) => ({ asked: subject, time: before.time + 1 })),
    close: () => set((latest) => (latest.time === time ? { asked: null, time } : latest)),
  };
}

/** A dialog that a key asks for from anywhere, while it is of use. */
export function useAskedBy(name: string, possible: boolean): Asking<true> {
  const asking = useAsking<true>();
  const ask = () => { if (possible) asking.ask(true); };
  // Whoever sees the talk can press its keys already.
  useLayoutEffect(() => {
    document.addEventListener(name, ask);
    return () => document.removeEventListener(name, ask);
  });
  return { ...asking, asked: possible ? asking.asked : null, ask };
}

/** Modal before the next key: what is typed for the dialog never reaches what stands behind it. */
export function useModal(): RefObject<HTMLDialogElement | null> {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => { dialog.current?.showModal(); }, []);
  return dialog;
}
