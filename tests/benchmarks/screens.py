"""The same two figures where people see them: two pages of one headless Chromium, one clock."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from playwright.sync_api import Browser, Frame, Page, sync_playwright

from tests.benchmarks.deployment import AGENT_PASSWORD, Deployment
from tests.benchmarks.latency import Figures
from tests.benchmarks.machine import cpu_seconds

CHROMIUM: Final = "/usr/bin/chromium"
FLAGS: Final = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Two windows, both in front: a page in the background is slowed down on purpose.
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
]
WARM_UP: Final = 5
# A person's pace; the figure is a wait, not a throughput.
PAUSE_MS: Final = 100

_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Dispute a charge</title>
<h1>Dispute a charge</h1>
<script async src="{origin}/widget.js" data-site="harbour"></script>
<script>
  window.handoff = window.handoff || function () {{ (handoff.q = handoff.q || []).push(arguments) }};
  handoff("identify", () => fetch("/help-token").then(r => r.text()));
  handoff("step", {{ name: "upload-receipt", status: "failed", error: "FILE_TOO_LARGE" }});
  handoff("fact", {{ key: "charge", label: "Charge", value: "GBP 42.10, Corner Cafe" }});
  handoff("intent", "dispute-charge");
</script></html>"""

# When an event was handled, or a sight first appeared in the DOM, on the clock that all pages share.
_WATCH: Final = """() => {
  const clock = () => performance.timeOrigin + performance.now();
  const marks = (window.marks = { acted: 0, seen: 0, sought: null });
  const act = (event) => { if (event.type === "click" || event.key === "Enter") marks.acted = clock(); };
  addEventListener("click", act, true);
  addEventListener("keydown", act, true);
  const look = () => { if (marks.sought && !marks.seen && marks.sought()) marks.seen = clock(); };
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
}"""
_SEEK_OFFER: Final = "() => { marks.seen = 0; marks.sought = () => document.querySelector('section.offer .ring'); }"
_SEEK_TEXT: Final = """text => { marks.seen = 0;
  marks.sought = () => document.querySelector('[role=log]')?.textContent.includes(text); }"""
_SEEN: Final = "() => marks.seen"
_ACTED: Final = "() => marks.acted"


@contextlib.contextmanager
def site(deployment: Deployment) -> Iterator[str]:
    """A bank's page that embeds the widget, and the address where its server signs who is asking."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = self.path == "/help-token"
            body = deployment.sign("maya") if token else _PAGE.format(origin=deployment.origin)
            self.send_response(200)
            self.send_header("Content-Type", "text/plain" if token else "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", int(deployment.site_origin.rpartition(":")[2])), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield deployment.site_origin
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def open_desk(browser: Browser, deployment: Deployment, username: str = "amira") -> Page:
    desk = browser.new_page(viewport={"width": 1440, "height": 900})
    desk.set_default_timeout(20_000)
    desk.goto(f"{deployment.origin}/console/")
    desk.get_by_label("Username").fill(username)
    desk.get_by_label("Password").fill(AGENT_PASSWORD)
    desk.get_by_role("button", name="Sign in").click()
    desk.get_by_role("switch").click()
    desk.locator("[role=switch][aria-checked=true]").wait_for()
    return desk


def open_panel(browser: Browser, address: str) -> tuple[Page, Frame]:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(20_000)
    page.goto(address)
    page.locator("body > div button").click()
    page.frame_locator("iframe[title='Get help']").locator("h1").wait_for()
    return page, next(frame for frame in page.frames if "/widget/frame" in frame.url)


def measure(deployment: Deployment, *, count: int) -> Figures:
    figures = Figures()
    with site(deployment) as address, chromium() as browser:
        desk = open_desk(browser, deployment)
        page, panel = open_panel(browser, address)
        for one in (desk.main_frame, panel):
            one.evaluate(_WATCH)
        before = cpu_seconds(deployment.pid)
        for number in range(count + WARM_UP):
            took = _click(page, panel, desk)
            figures.clicks += [took] if number >= WARM_UP else []
        figures.click_cpu_ms = (cpu_seconds(deployment.pid) - before) * 1000 / (count + WARM_UP)
        _start(panel)
        desk.get_by_role("button", name="Accept").click()
        before = cpu_seconds(deployment.pid)
        panel.locator("#pen").wait_for()
        desk.locator("#comp-text").wait_for()
        for number in range(count + WARM_UP):
            took = _message(page, panel, desk, number)
            figures.messages += [took] if number >= WARM_UP else []
        figures.message_cpu_ms = (cpu_seconds(deployment.pid) - before) * 1000 / (count + WARM_UP)
    return figures


def _start(panel: Frame) -> None:
    panel.locator(".foot button[type=submit]:not([aria-disabled=true])").click()


def _click(page: Page, panel: Frame, desk: Page) -> float:
    """From the start button's click until the offer card is in the desk's DOM; then out of the line again."""
    desk.evaluate(_SEEK_OFFER)
    _start(panel)
    seen = _wait(desk, lambda: float(desk.evaluate(_SEEN)))
    took = seen - float(panel.evaluate(_ACTED))
    panel.get_by_role("button", name="Leave the line").click()
    panel.get_by_role("button", name="Leave", exact=True).click()
    desk.locator("section.offer .ring").wait_for(state="detached")
    _return_to_start(panel)
    page.wait_for_timeout(PAUSE_MS)
    return took


def _return_to_start(panel: Frame) -> None:
    panel.get_by_role("button", name="Ask about something else").click()
    panel.locator(".foot button[type=submit]:not([aria-disabled=true])").wait_for()


def _message(page: Page, panel: Frame, desk: Page, number: int) -> float:
    """From Enter until the text is in the other side's log, turn about."""
    sides = (panel, "#pen", desk.main_frame), (desk.main_frame, "#comp-text", panel)
    speaker, pen, hearer = sides[number % 2]
    text = f"Is it number {number:04d}?"
    hearer.evaluate(_SEEK_TEXT, text)
    speaker.locator(pen).fill(text)
    speaker.locator(pen).press("Enter")
    seen = _wait(page, lambda: float(hearer.evaluate(_SEEN)))
    took = seen - float(speaker.evaluate(_ACTED))
    page.wait_for_timeout(PAUSE_MS)
    return took


def _wait(page: Page, look: Callable[[], float], seconds: float = 10) -> float:
    for _ in range(int(seconds * 100)):
        if seen := look():
            return seen
        page.wait_for_timeout(10)
    raise TimeoutError("what was looked for never came onto the screen")
