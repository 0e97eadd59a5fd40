// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from "vitest";
import { listenForFiles, refuseFiles } from "../../../static/src/shared/file_events.ts";

interface Held {
  types: string[];
  files: File[];
  dropEffect: string;
}
const FILE = new File(["x"], "receipt.pdf");
const files = (): Held => ({ types: ["Files"], files: [FILE], dropEffect: "copy" });

/** Whether the page keeps standing, and what the pointer says. */
function held(type: "dragover" | "drop", dataTransfer: Held): [boolean, string] {
  const event = Object.assign(new Event(type, { bubbles: true, cancelable: true }), { dataTransfer });
  document.body.dispatchEvent(event);
  return [event.defaultPrevented, dataTransfer.dropEffect];
}

refuseFiles(window);
let stop: () => void = () => undefined;
afterEach(() => stop());

it("a file dropped where nothing takes it replaces no page", () => {
  expect([held("dragover", files()), held("drop", files())]).toEqual([[true, "none"], [true, "none"]]);
});

it("words that are dragged go where they always went", () => {
  const words = { types: ["text/plain"], files: [], dropEffect: "copy" };
  expect([held("dragover", words), held("drop", words)]).toEqual([[false, "copy"], [false, "copy"]]);
});

it("where files are taken they still are, for as long as they are", () => {
  const take = vi.fn();
  stop = listenForFiles(document, { take, over: () => undefined });
  expect([held("dragover", files()), held("drop", files()), take.mock.calls]).toEqual([[true, "copy"], [true, "copy"], [[[FILE]]]]);
  stop();
  expect([held("drop", files()), take.mock.calls.length]).toEqual([[true, "none"], 1]);
});

it("what is pasted into another field is that field's", () => {
  const take = vi.fn();
  stop = listenForFiles(document, { pen: "pen", take, over: () => undefined });
  const paste = (field: HTMLElement) => {
    document.body.append(field);
    field.dispatchEvent(Object.assign(new Event("paste", { bubbles: true, cancelable: true }), { clipboardData: files() }));
    field.remove();
  };
  const pen = Object.assign(document.createElement("textarea"), { id: "pen" });
  const counts = [document.createElement("textarea"), pen, document.createElement("main")].map((field) => (paste(field), take.mock.calls.length));
  expect(counts).toEqual([0, 1, 2]);
});
