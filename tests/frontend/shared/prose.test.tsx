// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test } from "vitest";
import { Prose, blocks } from "../../../static/src/shared/prose.tsx";

function shown(text: string): HTMLElement {
  const root = document.createElement("div");
  render(<Prose text={text} />, root);
  return root;
}

test("empty lines part paragraphs and marks make lists, as on the server's page", () => {
  expect(blocks("One\nline more\n\n\nTwo\n- a\n-   b\n• c\n1. first\n2) second\n-no list\n  \n")).toEqual([
    { kind: "p", lines: ["One", "line more"] },
    { kind: "p", lines: ["Two"] },
    { kind: "ul", lines: ["a", "b", "c"] },
    { kind: "ol", lines: ["first", "second"] },
    { kind: "p", lines: ["-no list"] },
  ]);
  expect(blocks("")).toEqual([]);
});

test("hostile text is text", () => {
  const root = shown("<img src=x onerror=alert(1)>\n\n- <script>alert(1)</script>\n- javascript:alert(1)\n- https://good.example@evil.example/\n\nhttps://ok.example/a \u202egnol");
  expect([...root.querySelectorAll("*")].map(({ tagName }) => tagName).sort()).toEqual(["A", "DIV", "LI", "LI", "LI", "P", "P", "UL"]);
  expect(root.querySelector("a")?.getAttribute("href")).toBe("https://ok.example/a");
  expect(root.textContent).toContain("<img src=x onerror=alert(1)>");
  expect(root.textContent).not.toContain("\u202e");
});
