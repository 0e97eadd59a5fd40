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
    const id = frame.id ?? "";
    const found = this.#waiting.get(id);
    if (!found) return;
    this.#waiting.delete(id);
    if (frame.ev === "ack") found.resolve(frame.result);
    else found.reject(new CommandError(frame.code, frame.message, frame.fields));
  }

  /** The socket is gone: whether the server acted on these is not known. */
  drop(): void {
    const lost = this.#waiting;
    this.#waiting = new Map();
    for (const { reject } of lost.values()) reject(new CommandError("connection_lost"));
  }
}
