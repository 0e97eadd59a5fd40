/** Commands that wait for their ack or error. */
import { CommandError } from "./errors.ts";
import type { AckFrame, ErrorFrame } from "./frames.ts";

type Result = Record<string, unknown>;
interface Waiting {
  resolve(result: Result): void;
  reject(error: CommandError): void;
}

export class Pending {
  #waiting = new Map<string, Waiting>();
  #last = 0;

  open(send: (id: string) => void): Promise<Result> {
    const id = String(++this.#last);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      send(id);
    });
  }

  settle(frame: AckFrame | ErrorFrame): void {
    const found = frame.id === null ? undefined : this.#waiting.get(frame.id);
    if (!found || frame.id === null) return;
    this.#waiting.delete(frame.id);
    if (frame.ev === "ack") found.resolve(frame.result);
    else found.reject(new CommandError(frame.code, frame.message, frame.fields));
  }

  /** The socket is gone: whether the server acted on these is not known. */
  drop(): void {
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of lost) reject(new CommandError("connection_lost", "The connection was lost before an answer came."));
  }
}
