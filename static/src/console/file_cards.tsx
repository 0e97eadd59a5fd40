/** Files as they stand in the conversation. The address is the desk's own: it needs the sign-in, and a link for a minute is made when it is followed. */
import type { ComponentChildren } from "preact";
import { IconDoc } from "../shared/icons.tsx";
import type { AttachmentView } from "../shared/protocol.ts";
import { sizeWords } from "./sizes.ts";

export interface Carried { handoff: string; files: readonly AttachmentView[] }

export function FileCards({ handoff, files }: Carried): ComponentChildren {
  return <ul class="files">{files.map((file) => <li key={file.id}><FileCard handoff={handoff} file={file} /></li>)}</ul>;
}

function FileCard({ handoff, file: { id, name, kind, size, width, height } }: { handoff: string; file: AttachmentView }): ComponentChildren {
  const address = `/api/v1/desk/handoffs/${encodeURIComponent(handoff)}/attachments/${encodeURIComponent(id)}`;
  return (
    <a class="file" href={address} target="_blank" rel="noopener noreferrer">
      {kind.startsWith("image/") && width !== null && height !== null
        ? <img class="file__picture" src={address} alt="" width={width} height={height} loading="lazy" decoding="async" />
        : <IconDoc large />}
      <span class="file__words"><b class="cut"><bdi>{name}</bdi></b><small>{sizeWords(size)}</small></span>
    </a>
  );
}
