import { describe, expect, it } from "vitest";
import { safeUrl, stripInvisible } from "../../../static/src/shared/safe_url.ts";
import { parts, type Part } from "../../../static/src/shared/text.tsx";

describe("safe_url (S5)", () => {
  it.each(["javascript:alert(1)", " java\u0000script:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//evil.example", "/path", "blob:https://a/b"])(
    "refuses %j",
    (raw) => expect(safeUrl(raw)).toBeNull(),
  );

  it("refuses an address that carries a user, so that it cannot read like another host", () => {
    expect(safeUrl("https://bank.example@evil.example/")).toBeNull();
  });

  it.each([
    ["https://help.example/a?b=1#c", "help.example"],
    ["HTTP://Help.Example:8080/", "help.example:8080"],
    ["https://аpple.com/", "xn--pple-43d.com"],
    ["mailto:a@b.example", "a@b.example"],
    ["tel:+442079460000", "+442079460000"],
  ])("accepts %s and names %s", (raw, host) => expect(safeUrl(raw)?.host).toBe(host));

  it("strips what cannot be seen", () => {
    expect(stripInvisible("a\u202eb\u0007c\u2066d\u200be\n\tf")).toBe("abcde\n\tf");
  });
});

describe("text with links", () => {
  const shown = (part: Part) => (typeof part === "string" ? part : `<${part.link.href}|${part.shown}>`);
  const show = (text: string) => parts(text).map(shown).join("");

  it("leaves markup as text", () => {
    expect(parts("<img src=x onerror=alert(1)> <b>x</b>")).toEqual(["<img src=x onerror=alert(1)> <b>x</b>"]);
  });

  it("links an address without the sentence around it", () => {
    expect(show("See (https://a.example/x). Or https://a.example/b_(c), ok?")).toBe(
      "See (<https://a.example/x|https://a.example/x>). Or <https://a.example/b_(c)|https://a.example/b_(c)>, ok?",
    );
  });

  it("shows the real host of a look-alike", () => {
    expect(show("https://аpple.com/login")).toBe("<https://xn--pple-43d.com/login|https://xn--pple-43d.com/login>");
  });

  it("never links a script, however it is dressed", () => {
    expect(parts("java\u0000script:alert(1) javascript:alert(1)").every((part) => typeof part === "string")).toBe(true);
  });
});
