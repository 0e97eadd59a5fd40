// What a look at the panel can be measured by; each function answers for the whole view.
({
  /** What spills to the side, is cut off, or is smaller than a finger. An address within somebody's words is as tall as they are. */
  faults() {
    const bad = [];
    const wide = innerWidth;
    const name = (e) => `${e.tagName.toLowerCase()}.${e.getAttribute("class") ?? ""} ${(e.textContent ?? "").trim().slice(0, 40)}`;
    const isSeen = (e) => e.checkVisibility({ checkVisibilityCSS: true }) && !e.closest(".vh, svg");
    if (document.documentElement.scrollWidth > wide) bad.push(`the page spills: ${document.documentElement.scrollWidth}`);
    for (const e of document.querySelectorAll("#panel *")) {
      if (!isSeen(e)) continue;
      const box = e.getBoundingClientRect();
      if (box.width && (box.left < -1 || box.right > wide + 1)) bad.push(`spills ${box.left}..${box.right} of ${wide}: ${name(e)}`);
      // The first words of an article say that there are more of them; all else is said whole.
      const clips = getComputedStyle(e).overflowX !== "visible" && e.tagName !== "TEXTAREA" && !e.matches(".cut");
      if (clips && e.clientWidth && e.scrollWidth > e.clientWidth + 1) bad.push(`cut: ${name(e)}`);
    }
    for (const e of document.querySelectorAll("#panel :is(button, a, summary, label.pick, textarea, input:not([type=radio]))")) {
      if (!isSeen(e) || e.closest(".msg__text")) continue;
      const box = e.getBoundingClientRect();
      if (box.width < 44 || box.height < 43.5) bad.push(`small ${box.width}x${box.height}: ${name(e)}`);
    }
    return bad;
  },

  /** Of each kind of text on screen, its contrast to the nearest ground under it. */
  contrasts() {
    const parse = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
    const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const ground = (e) => {
      for (let at = e; at; at = at.parentElement) {
        const color = parse(getComputedStyle(at).backgroundColor);
        if (color.length === 3) return color;
      }
      return [255, 255, 255];
    };
    const kinds = [".head__name", ".head__sub", ".btn--primary", ".btn--text", ".pick b", ".pick small", ".msg__text", ".sys", ".wait__why", ".hello", ".sub"];
    const found = {};
    for (const kind of kinds) {
      const e = document.querySelector(`#panel ${kind}`);
      if (!e || e.closest("[aria-disabled=true]")) continue;
      const [low, high] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((a, b) => a - b);
      found[kind] = (high + 0.05) / (low + 0.05);
    }
    return found;
  },

  /** What the panel says itself: without the record's values, the messages, and the names that the site gave. */
  words() {
    const panel = document.querySelector("#panel").cloneNode(true);
    for (const theirs of panel.querySelectorAll("dd, .msg__text, .pick b, .pick--chip, .pick:has([name=intent]) small, textarea")) theirs.remove();
    const walk = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
    const said = [...panel.querySelectorAll("[aria-label], [placeholder], [title]")].flatMap((e) => ["aria-label", "placeholder", "title"].map((name) => e.getAttribute(name) ?? ""));
    while (walk.nextNode()) said.push(walk.currentNode.textContent);
    return said.map((text) => text.trim()).filter(Boolean).join(" | ");
  },

  moving: () => document.getAnimations().filter(({ playState }) => playState === "running").length,
})
