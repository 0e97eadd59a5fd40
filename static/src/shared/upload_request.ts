/** One file sent as the body of one request, which alone of all requests tells how far it has come. */
import { ApiError } from "./errors.ts";
import type { UploadedAttachment } from "./protocol.ts";
import { parseJson } from "./storage.ts";
import type { Running } from "./uploads.ts";

/** Without a byte for this long the line is taken for lost, before the system notices. */
const STALLED_MS = 30_000;
/** Decoding and scanning may take as long as the server waits for them. */
const CHECKED_MS = 90_000;

interface Body {
  error?: { code?: string; message?: string };
}

export function upload(path: string, file: File, headers: Readonly<Record<string, string>>, onProgress: (part: number) => void): Running {
  const request = new XMLHttpRequest();
  const done = new Promise<UploadedAttachment>((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), ms);
    };
    const fail = (code: string, status = 0) => {
      clearTimeout(timer);
      reject(new ApiError(status, code, code));
    };
    request.upload.onprogress = ({ loaded, total }) => {
      wait(loaded < total ? STALLED_MS : CHECKED_MS);
      onProgress(total > 0 ? loaded / total : 0);
    };
    request.onload = () => {
      const body = parseJson<Body & UploadedAttachment>(request.responseText);
      if (request.status !== 201 || !body) return fail(body?.error?.code ?? "unavailable", request.status);
      clearTimeout(timer);
      resolve(body);
    };
    request.onerror = request.onabort = () => fail("unreachable");
    request.open("POST", path);
    const said = { Accept: "application/json", "Content-Type": "application/octet-stream", "X-File-Name": nameHeader(file.name), ...headers };
    for (const [name, value] of Object.entries(said)) request.setRequestHeader(name, value);
    wait(STALLED_MS);
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}

/** Percent-encoded, because a header is no place for other letters; half of a character, which some systems allow, is left out. */
export function nameHeader(name: string): string {
  return encodeURIComponent(name.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, ""));
}
