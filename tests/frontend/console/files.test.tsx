// @vitest-environment happy-dom
import { render } from "preact";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AttachmentView } from "../../../static/src/shared/protocol.ts";
import { FileCards } from "../../../static/src/console/file_cards.tsx";
import { hasFiles, register, restoreFiles, takeFiles } from "../../../static/src/console/files.ts";
import { conversationLines, lastSaid } from "../../../static/src/console/lines.ts";
import { sizeWords } from "../../../static/src/console/sizes.ts";
import type { DeskHandoff, Entry } from "../../../static/src/console/wire.ts";

const photo: AttachmentView = { id: "at_1", name: "<b>photo</b>.jpg", kind: "image/jpeg", size: 327_000, width: 900, height: 600 };
const terms: AttachmentView = { id: "at_2", name: "terms.pdf", kind: "application/pdf", size: 640, width: null, height: null };
const message = (text: string, attachments?: AttachmentView[]): Entry => ({
  stream: "handoff/ho_1", seq: 1, at: "2026-11-27T10:00:00.000Z", type: "message.posted",
  data: { id: "me_1", author: { kind: "customer", name: "Maya" }, text, client_id: "c1", ...(attachments && { attachments }) },
});
const handoff = (...timeline: Entry[]) => ({ id: "ho_1", timeline, customer: { name: "Maya Chen" }, read: { agent: 0, customer: 0 } }) as unknown as DeskHandoff;

let root: HTMLElement;
beforeEach(() => { root = document.body.appendChild(document.createElement("div")); });
afterEach(() => { render(null, root); root.remove(); });

it("tells the files of a message with its line, and their names where there are no words", () => {
  const [line] = conversationLines(handoff(message("", [photo, terms])), "Amira", []);
  expect(line).toMatchObject({ kind: "said", text: "", carried: { handoff: "ho_1", files: [photo, terms] } });
  expect(lastSaid(handoff(message("", [photo, terms])))).toBe("<b>photo</b>.jpg, terms.pdf");
  expect(lastSaid(handoff(message("here", [photo])))).toBe("here");
  expect(conversationLines(handoff(message("hello")), "Amira", [])[0]).not.toHaveProperty("carried");
});

it("tells the files of what is still on its way", () => {
  const item = { client_id: "c2", handoff: "ho_1", text: "", attachments: [terms], at: "2026-11-27T10:00:00.000Z", kind: "message", status: "sending" } as const;
  expect(conversationLines(handoff(), "Amira", [item])[0]).toMatchObject({ carried: { files: [terms] }, mark: { status: "sending" } });
});

it("shows a picture as such and anything else as a card, by addresses that hold no right", () => {
  render(<FileCards handoff="ho_1" files={[photo, terms]} />, root);
  const [first, second] = root.querySelectorAll("a");
  expect([first?.getAttribute("href"), first?.target, first?.rel]).toEqual(["/api/v1/desk/handoffs/ho_1/attachments/at_1", "_blank", "noopener noreferrer"]);
  expect(first?.querySelector("img")?.getAttribute("width")).toBe("900");
  expect(first?.textContent).toBe("<b>photo</b>.jpg327 kB");
  expect([second?.querySelector("img"), second?.textContent]).toEqual([null, "terms.pdf640 B"]);
});

it("has no files before their part is loaded, and asks it from then on", () => {
  expect([takeFiles("ho_1"), hasFiles("ho_1")]).toEqual([[], false]);
  const restored: string[] = [];
  register({ take: () => [terms], has: () => true, restore: (_, files) => restored.push(...files.map(({ id }) => id)), drop: () => undefined, clear: () => undefined });
  restoreFiles("ho_1", [photo]);
  expect([takeFiles("ho_1"), hasFiles("ho_1"), restored]).toEqual([[terms], true, ["at_1"]]);
});

it("writes sizes as people do", () => {
  expect([0, 999, 1_000, 327_400, 1_000_000, 20_971_520].map(sizeWords)).toEqual(["0 B", "999 B", "1 kB", "327 kB", "1.0 MB", "21.0 MB"]);
});
