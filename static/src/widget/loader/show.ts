/** What a page needs once it shows the panel, in a file of its own: pages that never do load none of it. */

/** As the loader's own style has it: here the frame fills the screen. */
const SMALL = "(width < 480px), (height < 480px)";

/** A screen's keyboard covers a page without telling its layout; the frame keeps to what is left, head and pen in sight. */
export function show(frame: HTMLElement): void {
  const view = window.visualViewport;
  if (!view) return;
  const fit = () => {
    // Whoever zooms in moves over the frame as over a picture; it stays where it is.
    if (view.scale > 1) return;
    const small = matchMedia(SMALL).matches;
    // Set by script, which no policy forbids.
    frame.style.inset = small ? `${view.offsetTop}px 0 auto` : "";
    frame.style.height = small ? `${view.height}px` : "";
  };
  view.addEventListener("resize", fit);
  view.addEventListener("scroll", fit);
  fit();
}
