"""The customer and the agent as their own eyes and hands: each method is something a person does or sees."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext, ConsoleMessage, Frame, FrameLocator, Locator, Page, TimeoutError, expect

from tests.e2e.network import Network
from tests.e2e.servers import PASSWORD, Town

# What anybody here waits for what takes a moment, on a machine that others use too.
PATIENCE_MS: Final = 45_000
SHOTS: Final = os.environ.get("HANDOFF_E2E_SHOTS")
RECEIPT: Final = {"name": "receipt.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff" + b"0" * 400_000}
SMALL_RECEIPT: Final = {"name": "receipt.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n"}
# The browser's own lines about a line that a test cut on purpose.
CUT_LINE: Final = re.compile(
    r"ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_|WebSocket connection to|ERR_NETWORK_|ERR_EMPTY"
)


def eventually(page: Page, is_so: Callable[[], bool]) -> None:
    """For what no locator can wait for."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not is_so():
        assert time.monotonic() < deadline, "this never came about"
        page.wait_for_timeout(50)


def hurry(button: Locator) -> None:
    """Press it as an impatient person would, unless what it is for comes about first and takes it away."""
    with suppress(TimeoutError):
        button.click(timeout=1_000)


class Person:
    """Somebody with a browser profile of their own."""

    def __init__(self, context: BrowserContext, town: Town) -> None:
        self.context, self.town = context, town
        self.complaints: list[str] = []
        context.on("console", self._listen)
        context.on("weberror", lambda error: self.complaints.append(f"uncaught: {error.error}"))
        # Seen in every frame, even where the console would swallow it.
        context.add_init_script(
            "addEventListener('securitypolicyviolation', e => "
            "console.error('policy violation', e.violatedDirective, e.blockedURI, e.sourceFile))"
        )
        self.page = self._new_page()

    def _new_page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        return page

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not CUT_LINE.search(message.text):
            self.complaints.append(f"{message.type}: {message.text} ({message.location['url']})")

    def shoot(self, name: str) -> None:
        if SHOTS:
            self.page.screenshot(path=Path(SHOTS) / f"{name}.png")

    @contextmanager
    def offline(self, network: Network) -> Iterator[None]:
        """The browser's own switch leaves open sockets alone, so the way itself is cut too."""
        self.context.set_offline(True)
        network.cut()
        yield
        network.mend()
        self.context.set_offline(False)


class Customer(Person):
    """Somebody at Harbour Bank."""

    def __init__(self, context: BrowserContext, town: Town, username: str, password: str) -> None:
        super().__init__(context, town)
        self.username, self.password = username, password

    # -- at the bank

    def visit(self, path: str) -> None:
        self.page.goto(self.town.bank.origin + path)

    def sign_in(self, username: str | None = None, password: str | None = None) -> None:
        self.visit("/sign-in/")
        self.page.get_by_label("Username").fill(username or self.username)
        self.page.get_by_label("Password").fill(password or self.password)
        self.page.get_by_role("button", name="Continue").click()
        code = self.page.locator("[data-code]").get_attribute("data-code") or ""
        self.page.get_by_label("Six digits").fill(code)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/overview/")

    def sign_out(self) -> None:
        self.page.get_by_role("button", name="Sign out").click()
        self.page.wait_for_url("**/signed-out/")

    def dispute_a_charge_up_to_the_receipt(self) -> None:
        self.page.get_by_role("link", name="Dispute a charge").click()
        self.page.get_by_text("Corner Cafe").click()
        self.page.get_by_role("button", name="Continue").click()
        self.page.get_by_text("I was charged twice").click()
        self.page.get_by_role("button", name="Continue").click()
        self.page.wait_for_url("**/dispute/receipt/")

    def upload_a_receipt_that_is_too_large(self) -> None:
        self._upload(RECEIPT)
        expect(self.page.get_by_role("alert")).to_contain_text("A receipt can have 200 KB at most")

    def upload_a_small_receipt(self) -> None:
        self._upload(SMALL_RECEIPT)
        self.page.wait_for_url("**/dispute/review/")

    def _upload(self, file: Any) -> None:
        self.page.get_by_label("Your receipt").set_input_files(file)
        self.page.get_by_role("button", name="Upload").click()

    def get_stuck_at_the_receipt(self) -> None:
        self.sign_in()
        self.dispute_a_charge_up_to_the_receipt()
        self.upload_a_receipt_that_is_too_large()

    # -- with the widget

    @property
    def launcher(self) -> Locator:
        return self.page.locator("body > div button")

    @property
    def panel(self) -> FrameLocator:
        return self.page.frame_locator("iframe[title='Get help']")

    @property
    def frame(self) -> Frame:
        return next(frame for frame in self.page.frames if "/widget/frame" in frame.url)

    @property
    def log(self) -> Locator:
        return self.panel.get_by_role("log")

    @property
    def pen(self) -> Locator:
        return self.panel.locator("#pen")

    def press_get_help(self) -> None:
        self.launcher.click()
        expect(self.panel.locator("h1")).to_be_visible()

    def start_chat(self, statement: str = "", *, about: str = "") -> None:
        if about:
            self.panel.get_by_role("radio", name=about).check()
        if statement:
            self.panel.get_by_label("In your words").fill(statement)
        self.panel.get_by_role("button", name=re.compile("Start chat|Wait in line")).click()
        expect(self.panel.get_by_text(re.compile("Your place in the line|You’re in line")).first).to_be_visible()

    def ask_for_help(self, statement: str = "", *, about: str = "") -> None:
        self.press_get_help()
        self.start_chat(statement, about=about)

    def say(self, text: str) -> None:
        self.pen.fill(text)
        self.pen.press("Enter")

    def sees_with(self, agent: str) -> None:
        expect(self.panel.locator("h1")).to_have_text(agent)

    def reads(self, text: str) -> None:
        """Once, neither lost nor doubled."""
        expect(self.log.get_by_text(text, exact=True)).to_have_count(1)

    def opens_a_second_tab(self) -> Customer:
        tab = Customer.__new__(Customer)
        tab.__dict__.update(self.__dict__, page=self._new_page())
        return tab


class Agent(Person):
    """Somebody at the desk."""

    def __init__(self, context: BrowserContext, town: Town, username: str) -> None:
        super().__init__(context, town)
        self.username = username

    def sign_in(self) -> None:
        self.page.goto(f"{self.town.product.origin}/console/")
        self.page.get_by_label("Username").fill(self.username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        # A desk with an open handoff names it in its place.
        self.page.wait_for_url(re.compile(r"/console/(#\w+)?$"))
        expect(self.page.get_by_text("Live", exact=True)).to_be_visible()

    def be_available(self) -> None:
        switch = self.page.locator("button.switch")
        if switch.get_attribute("aria-checked") != "true":
            switch.click()
        expect(switch).to_be_checked()

    @property
    def offer(self) -> Locator:
        return self.page.locator("section.offer").filter(has=self.page.get_by_role("timer"))

    @property
    def pane(self) -> Locator:
        return self.page.locator("aside.pane")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def pen(self) -> Locator:
        return self.page.locator("#comp-text")

    @property
    def my_handoffs(self) -> Locator:
        return self.page.locator(".mine__row")

    def section(self, heading: str) -> Locator:
        return self.pane.locator("section.pane__sec").filter(has=self.page.get_by_role("heading", name=heading))

    def accept(self) -> None:
        self.offer.get_by_role("button", name=re.compile("Accept|Answer")).click()
        expect(self.log).to_be_visible()

    def say(self, text: str) -> None:
        self.pen.fill(text)
        self.pen.press("Enter")

    def reads(self, text: str) -> None:
        """Once, neither lost nor doubled."""
        expect(self.log.get_by_text(text, exact=True)).to_have_count(1)

    def end(self) -> None:
        self.page.get_by_role("button", name="End", exact=False).first.click()
        # In a chat the second press does not wait for the seconds in which the first could be undone.
        at_once, form = self.page.get_by_role("button", name="End now"), self.page.get_by_role("form", name="Wrap-up")
        expect(at_once.or_(form).first).to_be_visible()
        if at_once.count():
            hurry(at_once.first)
        expect(form).to_be_visible()

    def wrap_up(self, outcome: str, note: str = "") -> None:
        form = self.page.get_by_role("form", name="Wrap-up")
        form.get_by_text(outcome, exact=True).click()
        if note:
            form.get_by_label("Note for whoever is next").fill(note)
        form.get_by_role("button", name="Save and be free").click()
        expect(form).to_have_count(0)

    def finish_everything(self) -> None:
        """Leave a clean desk: no talk open, and nothing offered any more."""
        while self.my_handoffs.count():
            self.my_handoffs.first.click()
            expect(self.page.locator(".mid__who")).to_be_visible()
            if self.log.is_visible() and self.pen.count():
                self.end()
            self.wrap_up("Resolved")
        eventually(self.page, self._is_away)

    def _is_away(self) -> bool:
        """Another browser of the same agent may press between this look and this press: then it takes another one."""
        switch = self.page.locator("button.switch")
        if switch.get_attribute("aria-checked") != "true":
            return True
        switch.click()
        return False
