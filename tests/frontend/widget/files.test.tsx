// @vitest-environment happy-dom
import { render } from "preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AttachmentView } from "../../../static/src/shared/protocol.ts";
import type { Session } from "../../../static/src/widget/panel/session.ts";
import type { Talk } from "../../../static/src/widget/panel/talk.ts";
import { Attach, Carried, clear, start, take, Tray } from "../../../static/src/widget/panel/views/files.tsx";

/** A request that goes as far as the test says. */
class Request {
  static sent: Request[] = [];
  upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
  onload?: () => void;
  onerror?: () => void;
  onabort?: () => void;
  status = 0;
  responseText = "";
  path = "";
  aborted = false;
  headers: Record<string, string> = {};

  open(_method: string, path: string): void { this.path = path; }
  setRequestHeader(name: string, value: string): void { this.headers[name] = value; }
  send(): void { Request.sent.push(this); }
  abort(): void { this.aborted = true; this.onabort?.(); }

  async answer(status: number, body: object): Promise<void> {
    [this.status, this.responseText] = [status, JSON.stringify(body)];
    this.onload?.();
    await settle();
  }
}

const settle = async () => { for (let turn = 0; turn < 5; turn += 1) await Promise.resolve(); draw(); draw(); };
const view: AttachmentView = { id: "at_1", name: "receipt.pdf", kind: "application/pdf", size: 1_800_000, width: null, height: null };
const calls: string[] = [];
const added = vi.fn();
let root: HTMLElement;
let link: { url: string } | null = { url: "/api/v1/attachments/seal" };

const parts = {
  session: { authorization: () => ({ Authorization: "Bearer t" }), call: (path: string) => (calls.push(path), link ? Promise.resolve(link) : Promise.reject(new Error("gone"))) } as unknown as Session,
  talk: { outbox: { add: added } } as unknown as Talk,
  draw: () => draw(),
};
function draw(): void {
  if (root) render(<><Tray handoff="ho_1" /><Attach handoff="ho_1" /></>, root);
}
const request = () => Request.sent.at(-1) ?? expect.fail("nothing was sent");
const text = () => root.textContent ?? "";
const button = (name: RegExp) => [...root.querySelectorAll("button")].find((one) => name.test(one.getAttribute("aria-label") ?? one.textContent ?? ""));

async function choose(...names: string[]): Promise<void> {
  const input = root.querySelector("input") ?? expect.fail("no chooser");
  Object.defineProperty(input, "files", { configurable: true, value: names.map((name) => new File(["some words"], name)) });
  input.dispatchEvent(new Event("change"));
  await settle();
}

beforeEach(() => {
  vi.stubGlobal("XMLHttpRequest", Request);
  [Request.sent, calls.length, link] = [[], 0, { url: "/api/v1/attachments/seal" }];
  added.mockReset();
  root = document.body.appendChild(document.createElement("div"));
  start(parts);
  draw();
});
afterEach(() => {
  clear();
  render(null, root);
  root.remove();
  vi.unstubAllGlobals();
});

it("shows how far a file is, and says it is there once", async () => {
  await choose("receipt.pdf");
  expect(request().path).toBe("/api/v1/handoffs/ho_1/attachments");
  expect(request().headers).toMatchObject({ Authorization: "Bearer t", "X-File-Name": "receipt.pdf" });
  request().upload.onprogress?.({ loaded: 1, total: 4 });
  await settle();
  expect(root.querySelector("progress")?.value).toBe(0.25);
  expect(text()).toContain("Sending, 25%");
  expect(root.querySelector("[role=status]")?.textContent).toBe("Sending receipt.pdf");
  await request().answer(201, view);
  expect(text()).toContain("1.8 MB · Ready to send");
  expect(root.querySelector("[role=status]")?.textContent).toBe("receipt.pdf is ready to send");
  expect(root.querySelector("progress")).toBeNull();
  expect(take("ho_1")).toEqual([view]);
  await settle();
  expect(text()).not.toContain("receipt.pdf ·");
});

it("says why a file was refused, and offers no second try for what will not change", async () => {
  await choose("page.html");
  await request().answer(415, { error: { code: "attachment_not_allowed", message: "" } });
  expect(text()).toContain("Files of this kind can’t be sent. Pictures, PDF and plain text can.");
  expect(button(/^Try again/)).toBeUndefined();
  button(/^Remove page.html/)?.click();
  await settle();
  expect(root.querySelector("li")).toBeNull();
});

it("keeps a file that the line lost, and tries it again", async () => {
  await choose("receipt.pdf");
  request().onerror?.();
  await settle();
  expect(text()).toContain("The connection was lost. It goes on when you’re back.");
  button(/^Try again: receipt.pdf/)?.click();
  await settle();
  expect(Request.sent).toHaveLength(2);
  await request().answer(201, view);
  expect(text()).toContain("Ready to send");
});

it("goes on by itself when the browser is back online", async () => {
  await choose("receipt.pdf");
  request().onerror?.();
  await settle();
  dispatchEvent(new Event("online"));
  await settle();
  expect(Request.sent).toHaveLength(2);
});

it("cancels what is under way", async () => {
  await choose("receipt.pdf");
  const first = request();
  button(/^Cancel receipt.pdf/)?.click();
  await settle();
  expect([first.aborted, root.querySelector("li")]).toEqual([true, null]);
});

it("lets a file follow the message that went ahead of it", async () => {
  await choose("receipt.pdf");
  expect(take("ho_1")).toEqual([]);
  await settle();
  expect(text()).toContain("Follows when it is there");
  await request().answer(201, { ...view, is_still: true });
  expect(added).toHaveBeenCalledWith("ho_1", "", "message", [view]);
});

it("says that a moving picture was stored still", async () => {
  await choose("dance.png");
  await request().answer(201, { ...view, is_still: true });
  expect(text()).toContain("Ready to send, as a still picture");
});

it("asks for a link when a file is wanted, and says when there is none", async () => {
  render(<Carried handoff="ho_1" files={[view]} />, root);
  expect([text(), calls]).toEqual(["Save receipt.pdf1.8 MB", []]);
  const pressed: HTMLAnchorElement[] = [];
  const press = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) { pressed.push(this); });
  root.querySelector("button")?.click();
  await vi.waitFor(() => expect(pressed).toHaveLength(1));
  expect(calls).toEqual(["handoffs/ho_1/attachments/at_1/link"]);
  expect([pressed[0]?.getAttribute("href"), pressed[0]?.download, pressed[0]?.rel]).toEqual(["/api/v1/attachments/seal", "receipt.pdf", "noopener noreferrer"]);
  link = null;
  root.querySelector("button")?.click();
  await vi.waitFor(() => expect(text()).toContain("It can’t be opened just now."));
  press.mockRestore();
});
