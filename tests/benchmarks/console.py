"""How long an agent's press takes to be on the screen, with 5 handoffs listed, 200, or 10,000 messages.

.venv/bin/python -m tests.benchmarks.console [rounds]
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page

from tests.benchmarks.machine import calibrate, description, quantile, table
from tests.benchmarks.screens import chromium
from tests.scripted_desk import (
    DIST,
    Frame,
    ScriptedDesk,
    due_callback,
    handoff,
    offer,
    posted,
    snapshot,
    standing,
    timeline,
)

HEADS: Final = ("interaction", "listed", "n", "p50", "p95", "longest")
FEW, MANY = 5, 200
LONG: Final = 10_000
PAUSE_MS: Final = 30
MESSAGES_A_SECOND: Final = 20

# From the event's own time to the first moment after the frame that shows it: what Interaction to Next Paint measures.
_WATCH: Final = """() => {
  window.took = [];
  const note = ({ timeStamp }) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => window.took.push(performance.now() - timeStamp);
    channel.port2.postMessage(0);
  });
  for (const type of ["keydown", "click", "wheel"]) addEventListener(type, note, { capture: true, passive: true });
}"""
_TAKE: Final = "() => window.took.splice(0)"


class Figures:
    """The waits of each kind of interaction."""

    def __init__(self, listed: str) -> None:
        self.listed = listed
        self.waits: dict[str, list[float]] = {}

    def measure(self, page: Page, name: str, act: Callable[[], object]) -> None:
        page.evaluate(_TAKE)
        act()
        page.wait_for_timeout(PAUSE_MS)
        self.waits.setdefault(name, []).extend(page.evaluate(_TAKE))

    def rows(self) -> list[list[str]]:
        return [
            [name, self.listed, str(len(waits)), *(f"{quantile(waits, share):.0f} ms" for share in (0.5, 0.95, 1))]
            for name, waits in self.waits.items()
        ]


@contextmanager
def opened(browser: Browser, desk: ScriptedDesk) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(20_000)
    page.goto(desk.origin + "/console/")
    page.get_by_text("Live", exact=True).wait_for()
    page.evaluate(_WATCH)
    try:
        yield page
    finally:
        page.close()


@contextmanager
def chatter(desk: ScriptedDesk, numbers: list[int]) -> Iterator[None]:
    """Customers who write, one after another, twenty messages a second in all."""
    over = threading.Event()

    def talk() -> None:
        count = 0
        while not over.wait(1 / MESSAGES_A_SECOND):
            number, count = numbers[count % len(numbers)], count + 1
            desk.event(
                f"handoff/ho_{number}", "message.posted", posted(number, "customer", f"And another thing, {count}")
            )

    speaker = threading.Thread(target=talk, daemon=True)
    speaker.start()
    try:
        yield
    finally:
        over.set()
        speaker.join(5)


def measure_lists(browser: Browser, *, listed: int, rounds: int, dist: Path) -> Figures:
    figures = Figures(str(listed))
    filled, heads = snapshot([handoff(n) for n in range(listed)], queues=listed, capacity=listed + 50)
    desk = ScriptedDesk(filled, heads)
    desk.callbacks = {"mine": [due_callback(n) for n in range(listed)], "team": []}
    with standing(desk, dist), opened(browser, desk) as page:
        measure_desk(figures, page, desk, listed=listed, rounds=rounds)
    return figures


def measure_desk(figures: Figures, page: Page, desk: ScriptedDesk, *, listed: int, rounds: int) -> None:
    rows, pen = page.locator(".mine__row"), page.locator("#comp-text")
    rail = page.locator("aside.rail")
    page.keyboard.press("Alt+1")
    for number in range(rounds):
        figures.measure(page, "open by click", rows.nth(number % min(listed, 20)).click)
        figures.measure(page, "open by Alt+digit", lambda place=number % 3 + 1: page.keyboard.press(f"Alt+{place}"))  # type: ignore[misc]
    page.keyboard.press("Alt+1")
    figures.measure(page, "type", lambda: pen.press_sequentially("I see the charge here. " * 2, delay=20))
    with chatter(desk, list(range(min(listed, 10)))):
        figures.measure(page, "type, 20 messages/s", lambda: pen.press_sequentially("I see both now. " * 6, delay=30))
    pen.fill("")
    rail.hover()
    for _ in range(rounds):
        figures.measure(page, "scroll the lists", lambda: page.mouse.wheel(0, 400))
    for number in range(rounds):
        measure_offer(figures, page, desk, number + 1000)
    for _ in range(rounds):
        figures.measure(page, "callbacks and back", lambda: page.keyboard.press("Alt+b"))
    page.locator("body").click(position={"x": 700, "y": 20})


def measure_offer(figures: Figures, page: Page, desk: ScriptedDesk, number: int) -> None:
    """The press of Accept; and, for the page it opens, the same handoff coming and going."""

    def accepted(_: Frame) -> Frame:
        return {"handoff": f"ho_{number}"}

    desk.answers["offer.accept"] = accepted
    desk.event("agent/ag_amira", "offer.made", offer(number))
    page.locator("section.offer .ring").wait_for()
    figures.measure(page, "accept", lambda: page.keyboard.press("Alt+Enter"))
    assigned = handoff(number)
    streams = {f"handoff/ho_{number}": 21, f"handoff/ho_{number}/desk": 0}
    desk.heads |= streams
    desk.event("agent/ag_amira", "offer.ended", {"id": f"of_{number}", "status": "accepted"})
    desk.event("agent/ag_amira", "handoff.assigned", assigned | {"heads": streams})
    page.get_by_role("heading", name=f"Maya {number} Chen").wait_for()
    desk.event("agent/ag_amira", "handoff.unassigned", {"id": f"ho_{number}", "reason": "resolved"})
    page.locator(".mid__who").wait_for(state="detached")
    page.evaluate("() => document.querySelector('button[aria-label^=\"Put away\"]')?.click()")
    page.keyboard.press("Alt+1")


def measure_long_talk(browser: Browser, *, rounds: int, dist: Path) -> Figures:
    """One talk of 10,000 messages, read back to its beginning."""
    figures = Figures(f"{LONG:,} messages")
    filled, heads = snapshot([handoff(0, messages=LONG), handoff(1)])
    desk = ScriptedDesk(filled, heads)
    desk.archive["handoff/ho_0"] = timeline(0, LONG)
    with standing(desk, dist), opened(browser, desk) as page:
        pen = page.locator("#comp-text")
        page.keyboard.press("Alt+1")
        read_back(page)
        figures.measure(page, "type", lambda: pen.press_sequentially("I see the charge here.", delay=30))
        with chatter(desk, [0]):
            figures.measure(page, "type, 20 messages/s", lambda: pen.press_sequentially("Both of them. " * 4, delay=30))
        pen.fill("")
        for number in range(rounds):
            figures.measure(page, "open by Alt+digit", lambda place=2 - number % 2: page.keyboard.press(f"Alt+{place}"))  # type: ignore[misc]
        page.get_by_role("log").hover()
        for number in range(rounds):
            figures.measure(
                page, "scroll the talk", lambda way=number % 4: page.mouse.wheel(0, -600 if way < 3 else 900)
            )  # type: ignore[misc]
    return figures


def read_back(page: Page) -> None:
    """To the first word of the talk, by scrolling up a page at a time."""
    older, first = page.locator(".older button"), page.locator(".flow__list > li").first
    while older.count():
        top = first.inner_text()
        page.evaluate("() => { document.querySelector('.flow').scrollTop = 0; }")
        page.wait_for_function(
            "top => document.querySelector('.flow__list > li').innerText !== top || !document.querySelector('.older')",
            arg=top,
        )


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    dist = Path(sys.argv[2]) if len(sys.argv) > 2 else DIST
    print(description(), calibrate().line(), sep="\n\n", flush=True)
    rows: list[list[str]] = []
    with chromium() as browser:
        for listed in (FEW, MANY):
            rows += measure_lists(browser, listed=listed, rounds=rounds, dist=dist).rows()
        print("\n" + table(HEADS, rows), flush=True)
        rows += measure_long_talk(browser, rounds=rounds, dist=dist).rows()
    print("\n" + table(HEADS, rows))


if __name__ == "__main__":
    main()
