/** The panel's uploads, and how its parts reach them. */
import type { AttachmentLink, AttachmentView } from "../../../../shared/protocol.ts";
import { upload } from "../../../../shared/upload_request.ts";
import { Uploads } from "../../../../shared/uploads.ts";
import type { Session } from "../../session.ts";
import type { Talk } from "../../talk.ts";

export interface FileParts {
  session: Session;
  talk: Talk;
  /** Draws the panel anew. */
  draw(): void;
}

let parts: FileParts | null = null;

export const uploads = new Uploads({
  begin: (handoff, file, onProgress) => upload(`/api/v1/handoffs/${handoff}/attachments`, file, parts?.session.authorization() ?? {}, onProgress),
  forget: (handoff, attachment) => void parts?.session.call(`handoffs/${handoff}/attachments/${attachment}`, { method: "DELETE" }).catch(() => undefined),
  onChange: () => parts?.draw(),
  onFollowing: (handoff, file) => void parts?.talk.outbox.add(handoff, "", "message", [viewOf(file)]),
});

/** Idempotent: called whenever the panel is drawn. */
export function start(given: FileParts): void {
  if (parts) return;
  parts = given;
  addEventListener("online", () => uploads.resume());
}

const viewOf = ({ is_still: _, ...view }: AttachmentView & { is_still?: boolean }): AttachmentView => view;

export const take = (handoff: string): AttachmentView[] => uploads.take(handoff).map(viewOf);

/** Whether something waits that the next message would carry or be followed by. */
export const anyFor = (handoff: string): boolean => uploads.of(handoff).some(({ status }) => status !== "failed");

export const clear = (): void => uploads.clear();

export async function linkOf(handoff: string, { id }: AttachmentView): Promise<string | null> {
  const link = await parts?.session.call<AttachmentLink>(`handoffs/${handoff}/attachments/${id}/link`).catch(() => null);
  return link?.url ?? null;
}
