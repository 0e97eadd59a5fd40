/** The button on the host page and the frame above it, in a shadow root that works under a strict CSP. */

// What is important in a shadow root wins over what is important in its page. The icon is a shape in the text's colour, so
// that no image source has to be allowed. Text on the brand's colour is white while its lightness is under 49.4, else black:
// the point where both are equally readable. `direction` comes from the page.
const STYLE =
  ":host{all:initial!important}" +
  "button,iframe{position:fixed;z-index:999999999;inset-inline-end:16px;bottom:16px;border:0;box-shadow:0 4px 16px #0003}" +
  "button{display:flex;align-items:center;gap:8px;padding:14px 16px;border-radius:99px;background:var(--c);color:#fff;" +
  "color:lab(from var(--c) calc((49.4 - l)*999) 0 0);" +
  "font:600 15px system-ui;text-align:start;cursor:pointer}" +
  "button:before{content:'';padding:8px;border-radius:6px 6px 6px 0;background:currentColor}" +
  "small{display:block;font:12px system-ui}" +
  "b{padding:0 8px;border-radius:99px;background:#fff;color:#000;font:12px system-ui}" +
  "iframe{width:min(400px,100% - 32px);height:min(640px,100% - 32px);border-radius:16px}" +
  "@media(width<480px),(height<480px){iframe{inset:0;width:100%;height:100%;border-radius:0}}" +
  "b:empty,[hidden]{display:none}";

function make<K extends keyof HTMLElementTagNameMap>(parent: Node, tag: K, set: Partial<HTMLElementTagNameMap[K]>): HTMLElementTagNameMap[K] {
  return parent.appendChild(Object.assign(document.createElement(tag), set));
}

export interface Launcher {
  /** Makes the frame when it is first needed, and shows it or the button. */
  show(open: boolean, focus: boolean): void;
  load(set: Partial<HTMLIFrameElement>): HTMLIFrameElement;
  label(title: string, detail: string): void;
  unread(count: number): void;
}

export function createLauncher(brand: string, title: string, onclick: () => void): Launcher {
  // Set by script, which no policy forbids.
  const root = make(document.body, "div", { style: ("--c:" + brand) as never }).attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  const button = make(root, "button", { onclick });
  const words = make(button, "span", { textContent: title });
  const badge = make(button, "b", {});
  let frame: HTMLIFrameElement | undefined;
  return {
    load: (set) => (frame = make(root, "iframe", { title, allow: "microphone", hidden: true, ...set })),
    show(open, focus) {
      if (frame) frame.hidden = !open;
      button.hidden = open;
      if (focus) (open ? frame : button)?.focus();
    },
    label(title, detail) {
      words.textContent = title;
      if (detail) make(words, "small", { textContent: detail });
    },
    unread(count) {
      badge.textContent = (count || "") as string;
    },
  };
}
