/** The composer's button for files. What it needs beyond that comes with the first talk. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { IconClip } from "../shared/icons.tsx";
import { chunk } from "./chunk.ts";
import { useComposing } from "./composing.tsx";
import { useDesk } from "./context.tsx";

const AGAIN_MS = 5_000;
const useAttachments = chunk(() => import("./attachments.tsx"), AGAIN_MS);

export function FileTools(): ComponentChildren {
  const { handoff, mode } = useComposing();
  const { desk, page } = useDesk();
  const part = useAttachments(true);
  const chooser = useRef<HTMLInputElement>(null);
  if (mode === "note" || typeof part === "string") return null;
  const choose = (list: FileList | null) => {
    part.add(handoff.id, [...(list ?? [])]);
    // The same file chosen again is a choice too.
    if (chooser.current) chooser.current.value = "";
    document.getElementById("comp-text")?.focus();
  };
  return (
    <>
      <button type="button" class="btn btn--s btn--quiet" onClick={() => chooser.current?.click()}><IconClip />File</button>
      <input type="file" multiple hidden accept={part.ACCEPT} aria-label="Files to send" ref={chooser} onChange={({ currentTarget }) => choose(currentTarget.files)} />
      <part.FileTray desk={desk} page={page} handoff={handoff.id} />
    </>
  );
}
