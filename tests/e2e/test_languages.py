"""The panel in other languages and every way to look at it: nothing spills, is too small or stays English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Frame, expect

from tests.e2e.people import Agent, Customer, eventually
from tests.e2e.test_accessibility import Examiner

OTHERS: Final = ("de", "es", "ar")
MEASURES: Final = (Path(__file__).parent / "measures.js").read_text()
# A page says its language in its first tag and to the widget; here it is another one before anything reads it.
SPEAK: Final = """if (top === window) new MutationObserver(() => {
  const page = document.documentElement;
  if (page && page.lang !== 'ar') page.lang = 'ar';
  for (const tag of document.querySelectorAll('script[data-lang]:not([data-lang=ar])')) tag.dataset.lang = 'ar';
}).observe(document, {childList: true, subtree: true, attributes: true});"""
# Words that no German, Spanish or Arabic sentence has; what the bank, the customer and the agent said is theirs.
ENGLISH: Final = re.compile(
    r"\b(the|you|your|is|are|this|that|when|with|from|place|message|agent|call|customer|signed|email|language|steps)\b",
    re.I,
)
THEIRS: Final = re.compile(r"Dispute a charge|Upload your receipt|Harbour Bank|Account|Charge|Amira")


class Watcher:
    """Looks at a state of the panel in every language, and in every way one may look at it."""

    def __init__(self, customer: Customer) -> None:
        self.customer = customer
        self.examiner = Examiner()
        self.faults: list[str] = []

    def look(self, state: str, settled: str, arrive: Callable[[Frame], None] = lambda _: None) -> None:
        """`settled`: what is there once the state is drawn; `arrive` leads a panel that was opened anew to it."""
        for language in OTHERS:
            frame = self.customer.frame
            frame.goto(re.sub(r"lang=[^&]*", f"lang={language}", frame.url))
            arrive(frame)
            expect(frame.locator(settled).first).to_be_visible()
            assert frame.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
            self._judge(f"{state}-{language}", frame)
            self._read(f"{state}-{language}", frame)
        with self._seen(320, 568, color_scheme="dark") as frame:
            self._judge(f"{state}-ar-dark-320", frame)
        with self._seen(640, 400) as frame:
            self._measure(f"{state}-ar-zoomed", frame)
        with self._seen(320, 480, forced_colors="active", reduced_motion="reduce") as frame:
            self._measure(f"{state}-ar-forced", frame)
            self.faults += [f"{state}: moves"] if frame.evaluate(f"{MEASURES}.moving()") else []

    @contextmanager
    def _seen(self, width: int, height: int, **media: Any) -> Iterator[Frame]:
        page = self.customer.page
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(**media)
        yield self.customer.frame
        page.emulate_media(color_scheme="light", forced_colors="none", reduced_motion="no-preference")
        page.set_viewport_size({"width": 1280, "height": 720})

    def _judge(self, view: str, frame: Frame) -> None:
        self._measure(view, frame)
        contrasts = frame.evaluate(f"{MEASURES}.contrasts()")
        assert len(contrasts) > 3, contrasts
        self.faults += [f"{view}: contrast {share:.2f} of {what}" for what, share in contrasts.items() if share < 4.5]
        self.examiner.look(view, frame)

    def _measure(self, view: str, frame: Frame) -> None:
        self.customer.shoot(f"lang-{view}")
        self.faults += [f"{view}: {fault}" for fault in frame.evaluate(f"{MEASURES}.faults()")]

    def _read(self, view: str, frame: Frame) -> None:
        for summary in frame.locator("#panel details:not([open]) > summary").all():
            summary.click()
        told = THEIRS.sub("", frame.evaluate(f"{MEASURES}.words()"))
        if found := ENGLISH.search(told):
            self.faults.append(f"{view}: English: {told[max(0, found.start() - 40) : found.end() + 40]!r}")


def test_the_panel_in_other_languages(customer: Callable[..., Customer], agent: Callable[..., Agent]) -> None:
    maya = customer(viewport={"width": 1280, "height": 720})
    maya.context.add_init_script(SPEAK)
    amira = agent()
    maya.get_stuck_at_the_receipt()
    maya.page.evaluate("handoff('open')")
    eventually(maya.page, lambda: any("/widget/frame" in frame.url for frame in maya.page.frames))
    watch = Watcher(maya)
    expect(maya.frame.locator("html")).to_have_attribute("lang", "ar")
    # The page shows the frame at its first word; one that is led elsewhere in that moment the browser never draws.
    expect(maya.frame.locator("#panel .receipt")).to_be_visible()
    watch.look("start", "#panel .receipt")

    maya.frame.locator("#statement").fill("Hello, I was charged twice")
    maya.frame.locator("#panel .foot .btn--primary").click()
    watch.look("waiting", ".wait")

    amira.accept()
    amira.say("Hello Maya, see https://harbour.example/receipts")
    expect(maya.frame.get_by_text("Hello Maya")).to_be_visible()
    maya.frame.locator("#pen").fill("Hello أميرة, thanks")
    maya.frame.locator("#pen").press("Enter")
    amira.reads("Hello أميرة, thanks")
    watch.look("talking", ".msg--mine")

    amira.end()
    expect(maya.frame.locator(".scale")).to_be_visible()
    # Opened anew, the question about the last talk stands behind a new need, one press away.
    watch.look("ended", ".scale", lambda frame: frame.locator(".body > .btn--text").last.click())
    maya.frame.locator(".scale label").nth(5).click()
    amira.wrap_up("Resolved")
    assert watch.faults == []
    assert watch.examiner.found == {}
    assert maya.complaints == []
