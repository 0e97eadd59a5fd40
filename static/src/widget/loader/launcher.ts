/** The button on the host page and the frame above it, in a shadow root that works under a strict CSP. */

// The icon is a shape in the text's colour, so that no image source has to be allowed. Text on the brand's colour is white
// while its luminance is under .179, else black: the point where both are equally readable.
const STYLE =
  ":host{all:initial}" +
  ".b,.f{position:fixed;z-index:999999999;right:16px;bottom:16px;border:0;box-shadow:0 4px 20px #0003}" +
  ".b{display:flex;align-items:center;gap:8px;min-height:48px;padding:8px 16px;border-radius:99px;background:var(--c);color:#fff;" +
  "color:color(from var(--c) xyz-d65 clamp(0,(.179 - y)*9999,1.1) clamp(0,(.179 - y)*9999,1.1) clamp(0,(.179 - y)*9999,1.1));" +
  "font:600 15px/1.25 system-ui,sans-serif;text-align:start;cursor:pointer}" +
  ".b:before{content:'';width:19px;height:16px;border-radius:6px 6px 6px 0;background:currentColor}" +
  "small{display:block;font-size:13px;font-weight:400}" +
  ".b[data-n]:after{content:attr(data-n);padding:0 7px;border-radius:99px;background:#fff;color:#1a1f26;font-size:12px;line-height:20px}" +
  ".f{width:min(400px,100% - 32px);height:min(640px,100% - 32px);border-radius:14px}" +
  "@media(width<480px),(height<480px){.f{inset:0;width:100%;height:100%;border-radius:0}}" +
  "[hidden]{display:none}";

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

export function createLauncher(brand: string, onclick: () => void): Launcher {
  const host = make(document.body, "div", {});
  host.style.setProperty("--c", brand);
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  const button = make(root, "button", { type: "button", className: "b", onclick });
  const words = make(button, "span", { textContent: "Get help" });
  let frame: HTMLIFrameElement | undefined;
  return {
    load: (set) => (frame ??= make(root, "iframe", { className: "f", title: "Get help", allow: "microphone", hidden: true, ...set })),
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
      if (count) button.dataset.n = String(count);
      else delete button.dataset.n;
    },
  };
}
