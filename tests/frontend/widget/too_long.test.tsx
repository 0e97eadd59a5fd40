// @vitest-environment happy-dom
/** A message that is refused for its length keeps everything: its words, and the files that would have gone with it. */
import { beforeAll, expect, test } from "vitest";
import type { AttachmentView } from "../../../static/src/shared/protocol.ts";
import { files, loadFiles } from "../../../static/src/widget/panel/views/lazy.ts";
import { uploads } from "../../../static/src/widget/panel/views/files/sending.ts";
import { amira, handoff, session } from "./cast.ts";
import { calling, offer, Stage } from "./stage.tsx";

const stage = new Stage();
const RECEIPT: AttachmentView = { id: "at_1", name: "receipt.pdf", kind: "application/pdf", size: 640, width: null, height: null };
const pen = () => stage.root.querySelector<HTMLTextAreaElement>("#pen")!;

beforeAll(() => new Promise<void>(loadFiles));

test("neither its words nor its files are lost, and no file goes ahead by itself", () => {
  stage.show(session({ intents: offer(), calling, handoff: handoff({ state: "connected", agent: amira, position: null, estimate: null }) }));
  expect(files()).not.toBe(null);
  uploads.restore("ho_1", [RECEIPT]);
  stage.store.dispatch({ type: "text", text: "x".repeat(4_001) });
  stage.root.querySelector("form.pen")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  expect([stage.store.get().trouble, pen().value.length, uploads.of("ho_1").map(({ name }) => name)]).toEqual(["too_long", 4_001, ["receipt.pdf"]]);
});

test("an Enter that confirms a suggestion sends nothing, in Safari neither", () => {
  stage.show(session({ intents: offer(), calling, handoff: handoff({ state: "connected", agent: amira, position: null, estimate: null }) }));
  stage.store.dispatch({ type: "text", text: "にほん" });
  const enter = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
  Object.defineProperty(enter, "keyCode", { value: 229 });
  pen().dispatchEvent(enter);
  expect([enter.defaultPrevented, stage.store.get().text]).toEqual([false, "にほん"]);
});
