/** What a drawing owes to eyes and ears: the end of the log stays in sight, and changes are said, not too often. */

const NEAR_PX = 40;

/** A reader at the end stays there; one who scrolled up is left alone, unless it was to write. */
export function keepAtEnd(container: Element, wrote: boolean, draw: () => void): void {
  const before = container.querySelector(".log");
  const atEnd = !before || wrote || before.scrollHeight - before.scrollTop - before.clientHeight < NEAR_PX;
  draw();
  const log = container.querySelector(".log");
  if (log && atEnd) log.scrollTop = log.scrollHeight;
}

const PAUSE_MS = 30_000;

/** A polite region that speaks at most twice a minute, unless it is urgent; falling silent never waits. */
export function createSpeaker(region: HTMLElement): (what: { text: string; urgent: boolean }) => void {
  let last = -Infinity;
  let waiting = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  return ({ text, urgent }) => {
    if (text === waiting) return;
    waiting = text;
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        last = Date.now();
        region.textContent = text;
      },
      urgent || !text ? 0 : Math.max(0, last + PAUSE_MS - Date.now()),
    );
  };
}
