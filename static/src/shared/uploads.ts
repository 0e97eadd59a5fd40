/** Files on their way to the server, one after the other: each is kept until it is sent, taken back or given up. */
import type { AttachmentView, UploadedAttachment } from "./protocol.ts";
import { uuid7 } from "./uuid7.ts";

export interface Upload {
  readonly key: string;
  readonly handoff: string;
  readonly name: string;
  readonly size: number;
  /** Checking: all of it is there, and the server looks at it. */
  readonly status: "waiting" | "sending" | "checking" | "ready" | "failed";
  /** Of its bytes, from 0 to 1. */
  readonly progress: number;
  /** Why it failed: the server's code, or one of this side's own. */
  readonly code: string | null;
  readonly file: UploadedAttachment | null;
  /** Its message was sent without it, so it follows by itself. */
  readonly wanted: boolean;
}

/** As many as one message carries, and as much as one file may weigh before it is worth asking the server. */
export const FILES_LIMIT = 10;
export const BYTES_LIMIT = 20 * 1024 * 1024;
/** What the chooser offers; the server looks at the content. */
export const ACCEPT = "image/png,image/jpeg,image/gif,image/webp,application/pdf,text/plain,text/csv,.csv,.log";

/** Codes after which the same file may still be taken. */
const PASSING = new Set(["unreachable", "not_ready", "not_saved", "rate_limited", "attachment_not_scanned", "session_expired"]);
/** A file that is refused for what it is is refused again; anything else is worth another try. */
export const isWorthRetrying = ({ status, code }: Upload): boolean => status === "failed" && PASSING.has(code ?? "");

export interface Running {
  readonly done: Promise<UploadedAttachment>;
  abort(): void;
}

export interface UploadsOptions {
  begin(handoff: string, file: File, onProgress: (part: number) => void): Running;
  /** The server need not keep it any longer. */
  forget(handoff: string, attachment: string): void;
  onChange(): void;
  /** One whose message went ahead has arrived. */
  onFollowing(handoff: string, file: UploadedAttachment): void;
}

export class Uploads {
  #list: readonly Upload[] = [];
  #files = new Map<string, File>();
  #running: { key: string; run: Running } | null = null;

  readonly #options: UploadsOptions;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  of(handoff: string): readonly Upload[] {
    return this.#list.filter((one) => one.handoff === handoff);
  }

  add(handoff: string, files: readonly File[]): void {
    const room = FILES_LIMIT - this.of(handoff).filter(({ status }) => status !== "failed").length;
    const added = files.map((file, index): Upload => {
      const code = file.size > BYTES_LIMIT ? "attachment_too_large" : file.size === 0 ? "attachment_empty" : index >= room ? "too_many" : null;
      const key = uuid7();
      if (code === null) this.#files.set(key, file);
      return { key, handoff, name: file.name || "file", size: file.size, status: code ? "failed" : "waiting", progress: 0, code, file: null, wanted: false };
    });
    this.#keep([...this.#list, ...added]);
    void this.#go();
  }

  retry(key: string): void {
    this.#change(key, { status: "waiting", progress: 0, code: null });
    void this.#go();
  }

  /** The line is back: what failed for want of it goes on. */
  resume(): void {
    for (const { key, code } of this.#list) if (code === "unreachable") this.retry(key);
  }

  /** Cancels what is under way, and takes back what has arrived. */
  remove(key: string): void {
    const found = this.#list.find((one) => one.key === key);
    if (!found) return;
    this.#drop(found);
    if (found.file) this.#options.forget(found.handoff, found.file.id);
  }

  /** What goes out with the message that is being sent; what is still on its way follows by itself. */
  take(handoff: string): UploadedAttachment[] {
    const taken: UploadedAttachment[] = [];
    for (const one of this.of(handoff)) {
      if (one.file) {
        taken.push(one.file);
        this.#drop(one);
      } else if (one.status !== "failed") this.#change(one.key, { wanted: true });
    }
    return taken;
  }

  /** What is at the server already, ready to be sent anew. */
  restore(handoff: string, files: readonly AttachmentView[]): void {
    const back = files.map((file): Upload => ({ key: uuid7(), handoff, name: file.name, size: file.size, status: "ready", progress: 1, code: null, file, wanted: false }));
    this.#keep([...this.#list, ...back]);
  }

  /** What is still here of a handoff that is out of reach. */
  drop(handoff: string): void {
    for (const one of this.of(handoff)) this.#drop(one);
  }

  clear(): void {
    for (const one of this.#list) this.#drop(one);
  }

  #drop({ key }: Upload): void {
    this.#files.delete(key);
    if (this.#running?.key === key) this.#running.run.abort();
    this.#keep(this.#list.filter((one) => one.key !== key));
  }

  async #go(): Promise<void> {
    const next = this.#running ? undefined : this.#list.find(({ status }) => status === "waiting");
    const file = next && this.#files.get(next.key);
    if (!next || !file) return;
    const run = this.#options.begin(next.handoff, file, (part) => this.#progress(next.key, part));
    this.#running = { key: next.key, run };
    this.#change(next.key, { status: "sending" });
    try {
      this.#arrived(next.key, await run.done);
    } catch (error) {
      this.#change(next.key, { status: "failed", code: (error as { code?: string }).code ?? "other" });
    }
    this.#running = null;
    void this.#go();
  }

  #progress(key: string, progress: number): void {
    this.#change(key, { progress, status: progress < 1 ? "sending" : "checking" });
  }

  #arrived(key: string, file: UploadedAttachment): void {
    const found = this.#list.find((one) => one.key === key);
    if (!found) return;
    this.#files.delete(key);
    if (!found.wanted) return this.#change(key, { status: "ready", progress: 1, file, name: file.name, size: file.size });
    this.#drop(found);
    this.#options.onFollowing(found.handoff, file);
  }

  #change(key: string, change: Partial<Upload>): void {
    if (this.#list.some((one) => one.key === key)) this.#keep(this.#list.map((one) => (one.key === key ? { ...one, ...change } : one)));
  }

  #keep(list: readonly Upload[]): void {
    this.#list = list;
    this.#options.onChange();
  }
}
