import { beforeEach, expect, it } from "vitest";
import { pastedFiles } from "../../../static/src/shared/file_events.ts";
import type { UploadedAttachment } from "../../../static/src/shared/protocol.ts";
import { nameHeader } from "../../../static/src/shared/upload_request.ts";
import { BYTES_LIMIT, isWorthRetrying, Uploads } from "../../../static/src/shared/uploads.ts";

interface Begun {
  file: File;
  progress(part: number): void;
  arrive(): Promise<void>;
  fail(code: string): Promise<void>;
  aborted: boolean;
}

let begun: Begun[];
let forgotten: string[];
let followed: string[];
let uploads: Uploads;
const turn = () => new Promise<void>((resolve) => setTimeout(resolve));
const file = (name: string, size = 10): File => new File([new Uint8Array(size)], name);
const view = (name: string): UploadedAttachment => ({ id: `at_${name}`, name, kind: "application/pdf", size: 10, width: null, height: null });
const rows = () => uploads.of("ho_1").map(({ name, status, code }) => `${name} ${code ?? status}`);

beforeEach(() => {
  [begun, forgotten, followed] = [[], [], []];
  uploads = new Uploads({
    begin: (_handoff, given, progress) => {
      let [resolve, reject] = [(_: UploadedAttachment): void => undefined, (_: unknown): void => undefined];
      const done = new Promise<UploadedAttachment>((yes, no) => ([resolve, reject] = [yes, no]));
      const one: Begun = {
        file: given, progress, aborted: false,
        arrive: () => (resolve(view(given.name)), turn()),
        fail: (code) => (reject({ code }), turn()),
      };
      begun.push(one);
      return { done, abort: () => { one.aborted = true; reject({ code: "unreachable" }); } };
    },
    forget: (_, id) => forgotten.push(id),
    onChange: () => undefined,
    onFollowing: (_, { id }) => followed.push(id),
  });
});

it("sends one after the other, and tells how far each is", async () => {
  uploads.add("ho_1", [file("a"), file("b")]);
  expect(rows()).toEqual(["a sending", "b waiting"]);
  begun[0]?.progress(0.5);
  expect(uploads.of("ho_1")[0]?.progress).toBe(0.5);
  begun[0]?.progress(1);
  expect(rows()).toEqual(["a checking", "b waiting"]);
  await begun[0]?.arrive();
  expect(rows()).toEqual(["a ready", "b sending"]);
});

it("goes on with the next when one fails, and tries again when asked", async () => {
  uploads.add("ho_1", [file("a"), file("b")]);
  await begun[0]?.fail("not_ready");
  expect(rows()).toEqual(["a not_ready", "b sending"]);
  const [a] = uploads.of("ho_1");
  expect(a && isWorthRetrying(a)).toBe(true);
  await begun[1]?.arrive();
  uploads.retry(a?.key ?? "");
  expect(rows()).toEqual(["a sending", "b ready"]);
  expect(begun[2]?.file.name).toBe("a");
});

it("offers no second try for what is refused for what it is", async () => {
  uploads.add("ho_1", [file("a")]);
  await begun[0]?.fail("attachment_not_allowed");
  expect(uploads.of("ho_1").some(isWorthRetrying)).toBe(false);
});

it("goes on by itself when the line is back", async () => {
  uploads.add("ho_1", [file("a"), file("b")]);
  await begun[0]?.fail("unreachable");
  await begun[1]?.fail("attachment_unsafe");
  uploads.resume();
  expect(rows()).toEqual(["a sending", "b attachment_unsafe"]);
});

it("cancels what is under way and begins the next", async () => {
  uploads.add("ho_1", [file("a"), file("b")]);
  uploads.remove(uploads.of("ho_1")[0]?.key ?? "");
  await turn();
  expect([begun[0]?.aborted, ...rows()]).toEqual([true, "b sending"]);
  expect(forgotten).toEqual([]);
});

it("has the server forget what is taken back after it arrived", async () => {
  uploads.add("ho_1", [file("a")]);
  await begun[0]?.arrive();
  uploads.remove(uploads.of("ho_1")[0]?.key ?? "");
  expect([forgotten, rows()]).toEqual([["at_a"], []]);
});

it("gives the ready ones to a message, and lets the others follow", async () => {
  uploads.add("ho_1", [file("a"), file("b"), file("c", 0)]);
  await begun[0]?.arrive();
  expect(uploads.take("ho_1").map(({ id }) => id)).toEqual(["at_a"]);
  expect(rows()).toEqual(["b sending", "c attachment_empty"]);
  await begun[1]?.arrive();
  expect([followed, rows()]).toEqual([["at_b"], ["c attachment_empty"]]);
  expect(uploads.take("ho_1")).toEqual([]);
});

it("keeps handoffs apart", async () => {
  uploads.add("ho_1", [file("a")]);
  uploads.add("ho_2", [file("b")]);
  await begun[0]?.arrive();
  expect(uploads.take("ho_2")).toEqual([]);
  expect(rows()).toEqual(["a ready"]);
});

it("does not send what is too large, empty or too many", () => {
  const large = new File([], "large");
  Object.defineProperty(large, "size", { value: BYTES_LIMIT + 1 });
  uploads.add("ho_1", [large, file("empty", 0)]);
  uploads.add("ho_1", Array.from({ length: 11 }, (_, index) => file(`f${index}`)));
  expect(rows().slice(0, 3)).toEqual(["large attachment_too_large", "empty attachment_empty", "f0 sending"]);
  expect(rows().at(-1)).toBe("f10 too_many");
});

it("holds nothing of a customer who left", async () => {
  uploads.add("ho_1", [file("a"), file("b")]);
  uploads.clear();
  await turn();
  expect([rows(), begun[0]?.aborted, begun.length]).toEqual([[], true, 1]);
});

it("puts back what a message did not carry after all", () => {
  uploads.restore("ho_1", [view("a")]);
  expect(rows()).toEqual(["a ready"]);
  expect(uploads.take("ho_1").map(({ id }) => id)).toEqual(["at_a"]);
});

it("writes any name into a header", () => {
  expect(nameHeader("Größe €.pdf")).toBe("Gr%C3%B6%C3%9Fe%20%E2%82%AC.pdf");
  expect(nameHeader("a\ud800b\udc00😀")).toBe("ab%F0%9F%98%80");
  expect(nameHeader("a\r\nX: y")).toBe("a%0D%0AX%3A%20y");
});

it("takes the words of a table that comes with a picture of itself", () => {
  const data = (types: string[], files: File[]) => ({ types, files }) as unknown as DataTransfer;
  expect(pastedFiles(data(["Files"], [file("image.png")]))).toHaveLength(1);
  expect(pastedFiles(data(["text/plain", "Files"], [file("image.png")]))).toEqual([]);
  expect(pastedFiles(null)).toEqual([]);
});
