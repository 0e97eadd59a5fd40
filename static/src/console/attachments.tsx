/** Files that an agent sends: what is on its way, above the buttons. A file of its own, loaded with the first talk. */
import type { ComponentChildren } from "preact";
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { listenForFiles } from "../shared/file_events.ts";
import { IconDoc } from "../shared/icons.tsx";
import type { AttachmentView, UploadedAttachment } from "../shared/protocol.ts";
import { upload } from "../shared/upload_request.ts";
import { isWorthRetrying, Uploads } from "../shared/uploads.ts";
import type { Upload } from "../shared/uploads.ts";
import type { Desk } from "./desk.ts";
import { request } from "../shared/api.ts";
import { filesChanged, register, watchFiles } from "./files.ts";
import { cookieValue } from "./page.ts";
import type { Page } from "./page.ts";
import { sizeWords } from "./sizes.ts";

export { ACCEPT } from "../shared/uploads.ts";

let desk: Desk | null = null;
let page: Page | null = null;
const headers = (): Record<string, string> => ({ "X-CSRFToken": cookieValue(document.cookie, page?.csrfCookie ?? "") });
const pathOf = (handoff: string): string => `/api/v1/desk/handoffs/${encodeURIComponent(handoff)}/attachments`;
const viewOf = ({ is_still: _, ...view }: UploadedAttachment): AttachmentView => view;

const uploads = new Uploads({
  begin: (handoff, file, onProgress) => upload(pathOf(handoff), file, headers(), onProgress),
  forget: (handoff, attachment) => void request(`${pathOf(handoff)}/${attachment}`, { method: "DELETE", headers: headers() }).catch(() => undefined),
  onChange: filesChanged,
  onFollowing: (handoff, file) => desk?.say(handoff, "", [viewOf(file)]),
});

register({
  take: (handoff) => uploads.take(handoff).map(viewOf),
  has: (handoff) => uploads.of(handoff).some(({ status }) => status !== "failed"),
  restore: (handoff, files) => uploads.restore(handoff, files),
  drop: (handoff) => uploads.drop(handoff),
  clear: () => uploads.clear(),
});
addEventListener("online", () => uploads.resume());

export const add = (handoff: string, files: readonly File[]): void => uploads.add(handoff, files);

const WHY: Readonly<Record<string, string>> = {
  attachment_too_large: "Larger than 20 MB.",
  attachment_too_many_pixels: "The image has too many pixels.",
  attachment_not_allowed: "Not a kind that can be sent: images, PDF, CSV and plain text can.",
  attachment_empty: "The file is empty.",
  attachment_unreadable: "The file is damaged.",
  attachment_unsafe: "The scanner found something harmful in it.",
  attachment_not_scanned: "It could not be scanned just now.",
  attachments_full: "This handoff holds as many files as it may.",
  too_many: "At most 10 files at a time.",
  unreachable: "The connection was lost. It goes on when it is back.",
  handoff_closed: "The handoff is closed.",
  not_found: "The handoff is not on your desk any more.",
  rate_limited: "Too many at once; try again in a minute.",
};
export const why = ({ code }: Upload): string => WHY[code ?? ""] ?? `It did not work (${code ?? "unknown"}).`;

const isUnderWay = ({ status }: Upload): boolean => status === "waiting" || status === "sending" || status === "checking";

function words(one: Upload): string {
  if (one.status === "failed") return why(one);
  if (one.status === "ready") return one.file?.is_still ? "Ready, as a still picture" : "Ready";
  if (one.wanted) return "Follows when it is there";
  if (one.status === "checking") return "Checking";
  return one.status === "waiting" ? "Waiting" : `Sending, ${Math.floor(one.progress * 100)} %`;
}

export function FileTray({ handoff, desk: given, page: from }: { handoff: string; desk: Desk; page: Page }): ComponentChildren {
  [desk, page] = [given, from];
  const [, draw] = useReducer((times: number) => times + 1, 0);
  const [over, setOver] = useState(false);
  useEffect(() => watchFiles(() => draw(null)), []);
  useEffect(() => listenForFiles(document, { pen: "comp-text", take: (files) => add(handoff, files), over: setOver }), [handoff]);
  const list = uploads.of(handoff);
  return (
    <div class="comp__files">
      {over && <p class="tray__drop">Drop files here to send them</p>}
      {list.length > 0 && <ul class="tray" aria-label="Files to send">{list.map((one) => <Row key={one.key} one={one} />)}</ul>}
      <p class="vh" role="status">{useNews(list)}</p>
    </div>
  );
}

/** Told when a file is there and when it failed; how far it has come is on screen. */
function useNews(list: readonly Upload[]): string {
  const known = useRef(new Map<string, Upload["status"]>());
  const said = useRef("");
  const news = list.filter(({ key, status }) => known.current.get(key) !== status && (status === "ready" || status === "failed"));
  known.current = new Map(list.map(({ key, status }) => [key, status]));
  if (news.length > 0) said.current = news.map((one) => `${one.name}: ${words(one)}`).join(". ");
  return said.current;
}

function Row({ one }: { one: Upload }): ComponentChildren {
  const under = isUnderWay(one);
  const remove = () => {
    uploads.remove(one.key);
    document.getElementById("comp-text")?.focus();
  };
  return (
    <li class={`tray__row${one.status === "failed" ? " tray__row--failed" : ""}`}>
      <IconDoc />
      <div class="grow">
        <b class="cut"><bdi>{one.name}</bdi></b>
        <small>{sizeWords(one.size)} · {words(one)}</small>
        {under && <progress class="tray__bar" max={1} value={one.progress} aria-label={`Sending ${one.name}`} />}
      </div>
      {isWorthRetrying(one) && <button type="button" class="btn btn--s" aria-label={`Try again: ${one.name}`} onClick={() => uploads.retry(one.key)}>Try again</button>}
      <button type="button" class="btn btn--s btn--quiet" aria-label={`${under ? "Cancel" : "Remove"} ${one.name}`} onClick={remove}>{under ? "Cancel" : "Remove"}</button>
    </li>
  );
}
