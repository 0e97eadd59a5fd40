"""The demo's cast with browsers: what each of them does for the pictures in the docs."""

from __future__ import annotations

import re
from typing import Any, Final

from playwright.sync_api import Browser, FilePayload, FrameLocator, Locator, Page, expect

PATIENCE_MS: Final = 60_000
DESK: Final = {"width": 1280, "height": 800}
# In the proportions of the tour, so that the launcher at its foot is seen.
BANK: Final = {"width": 1080, "height": 630}
FLOOR: Final = {"width": 1440, "height": 900}
PHONE: Final = {"width": 390, "height": 844}
TOO_LARGE: Final[FilePayload] = {
    "name": "receipt.jpg",
    "mimeType": "image/jpeg",
    "buffer": b"\xff\xd8\xff" + b"0" * 400_000,
}
# Every clock time on a page is moved by the same span, so that the first of a run is always the same. What is further
# from it than half an hour is a duration.
_SAME_TIME: Final = """
([first, shown]) => {
  const minutes = (text) => Number(text.split(":")[0]) * 60 + Number(text.split(":")[1]);
  const moved = (window.movedTexts ??= new WeakMap());
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (moved.get(node) === node.data) continue;
    node.data = node.data.replace(/\\b\\d{1,2}:[0-5]\\d\\b(?!:)/g, (text) => {
      const since = minutes(text) - minutes(first);
      const at = minutes(shown) + since;
      return Math.abs(since) > 30 ? text : `${Math.floor(at / 60)}:${String(at % 60).padStart(2, "0")}`;
    });
    moved.set(node, node.data);
  }
}
"""
_SPEAK: Final = """
if (top === window) new MutationObserver(() => {
  const page = document.documentElement;
  if (page && page.lang !== "LANG") page.lang = "LANG";
}).observe(document, { childList: true });
"""
SHOWN_TIME: Final = "14:02"


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, browser: Browser, *, first_time: str, **options: Any) -> None:
        self.first_time = first_time
        self.context = browser.new_context(
            locale="en-GB", timezone_id="UTC", reduced_motion="reduce", **{"color_scheme": "light"} | options
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)

    def picture(self, *, of: Locator | None = None) -> bytes:
        """As a PNG, with the clock of every other run."""
        for frame in self.page.frames:
            frame.evaluate(_SAME_TIME, [self.first_time, SHOWN_TIME])
        target: Page | Locator = of or self.page
        return target.screenshot(animations="disabled", caret="hide")

    def point_at(self, target: Locator) -> tuple[float, float]:
        """The middle of it, as shares of the page."""
        box, size = target.bounding_box(), self.page.viewport_size
        if box is None or size is None:
            raise AssertionError("there is nothing to point at")
        return (box["x"] + box["width"] / 2) / size["width"], (box["y"] + box["height"] / 2) / size["height"]

    def leave(self) -> None:
        self.context.close()


class Customer(Person):
    """Maya at Harbour Bank, who cannot upload her receipt."""

    def __init__(self, browser: Browser, bank: str, *, first_time: str, **options: Any) -> None:
        super().__init__(browser, first_time=first_time, **{"viewport": BANK} | options)
        self.bank = bank

    def get_stuck(self, username: str = "maya") -> None:
        page = self.page
        page.goto(f"{self.bank}/sign-in/")
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password").fill(f"{username}-at-harbour")
        page.get_by_role("button", name="Continue").click()
        page.get_by_label("Six digits").fill(page.locator("[data-code]").get_attribute("data-code") or "")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Dispute a charge").click()
        page.locator("input[type=radio]").first.check()
        page.get_by_role("button", name="Continue").click()
        page.get_by_text("I was charged twice").click()
        page.get_by_role("button", name="Continue").click()
        page.get_by_label("Your receipt").set_input_files(TOO_LARGE)
        page.get_by_role("button", name="Upload").click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(self.launcher).to_be_visible()

    def read_in(self, lang: str) -> None:
        """The page anew, as if the bank had written it in another language: the panel follows the page."""
        self.page.add_init_script(_SPEAK.replace("LANG", lang))
        self.page.goto(f"{self.bank}/dispute/receipt/")
        expect(self.launcher).to_be_visible()

    @property
    def launcher(self) -> Locator:
        return self.page.locator("body > div button")

    @property
    def panel(self) -> FrameLocator:
        return self.page.frame_locator("iframe[src*='/widget/frame']")

    @property
    def panel_box(self) -> Locator:
        return self.page.locator("iframe[src*='/widget/frame']")

    @property
    def pen(self) -> Locator:
        return self.panel.locator("#pen")

    @property
    def start_button(self) -> Locator:
        return self.panel.get_by_role("button", name=re.compile("Start chat|Wait in line"))

    def press_get_help(self) -> None:
        self.launcher.click()
        expect(self.panel.locator("h1")).to_be_visible()

    def say_in_own_words(self, text: str) -> None:
        self.panel.get_by_label("In your words").fill(text)

    def start_chat(self) -> None:
        self.start_button.click()
        expect(self.panel.get_by_text(re.compile("Your place in the line|in line")).first).to_be_visible()

    def say(self, text: str) -> None:
        self.pen.fill(text)
        self.pen.press("Enter")
        self.sees(text)

    def sees(self, text: str) -> None:
        expect(self.panel.get_by_role("log").get_by_text(text, exact=True)).to_have_count(1)


class Agent(Person):
    """Somebody at the desk."""

    def __init__(self, browser: Browser, product: str, *, first_time: str, **options: Any) -> None:
        super().__init__(browser, first_time=first_time, **{"viewport": DESK} | options)
        self.product = product

    def sign_in(self, username: str, password: str) -> None:
        page = self.page
        page.goto(f"{self.product}/console/")
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/console/")
        expect(page.get_by_text("Live", exact=True).first).to_be_visible()

    def be_available(self) -> None:
        self.page.locator("button.switch").click()
        expect(self.page.locator("button.switch")).to_be_checked()

    @property
    def offer(self) -> Locator:
        return self.page.locator("section.offer").filter(has=self.page.get_by_role("timer"))

    @property
    def accept_button(self) -> Locator:
        return self.offer.get_by_role("button", name=re.compile("Accept|Answer"))

    @property
    def pen(self) -> Locator:
        return self.page.locator("#comp-text")

    def accept(self) -> None:
        self.accept_button.click()
        expect(self.page.get_by_role("log")).to_be_visible()
        expect(self.pen).to_be_visible()

    def say(self, text: str) -> None:
        self.pen.fill(text)
        self.pen.press("Enter")
        self.sees(text)

    def sees(self, text: str) -> None:
        expect(self.page.get_by_role("log").get_by_text(text, exact=True)).to_have_count(1)

    def end(self) -> None:
        """The second press does not wait for the seconds in which the first could be undone."""
        self.page.get_by_role("button", name="End", exact=False).first.click()
        self.page.get_by_role("button", name="End now").first.click()
        expect(self.page.get_by_role("form", name="Wrap-up")).to_be_visible()

    def show(self, view: str) -> None:
        self.page.get_by_role("navigation", name="Console").get_by_role("button", name=view).click()
