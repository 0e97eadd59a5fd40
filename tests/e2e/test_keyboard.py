"""The whole job without a mouse, on both sides."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

from playwright.sync_api import Page, expect

from tests.e2e.people import Agent, Customer, eventually
from tests.e2e.servers import PASSWORD

# What has the focus in one document, by what a screen reader would say first, and which element that is; into shadow
# roots, not into frames.
FOCUSED = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  if (!at || at === document.body) return ['', 0];
  const numbers = (window.numbersOfFocused ??= new Map());
  if (!numbers.has(at)) numbers.set(at, numbers.size + 1);
  const labels = [at.getAttribute('aria-label'), ...[...(at.labels ?? [])].map(label => label.innerText), at.innerText];
  return [at.tagName === 'IFRAME' ? 'IFRAME' : labels.find(Boolean) ?? at.tagName, numbers.get(at)];
}"""
# A press has moved the focus by then; one that leads into a frame is done in another process.
MOVED_SECONDS: Final = 2


def focused(page: Page) -> tuple[str, ...]:
    """What has the focus by its name, and what tells it from another one of that name."""
    name, number = page.evaluate(FOCUSED)
    if name != "IFRAME":
        return name, str(number)
    panel = next(frame for frame in page.frames if "/widget/frame" in frame.url)
    inside, number = panel.evaluate(FOCUSED)
    return inside, f"{number} in the panel"


def focus_of(page: Page) -> str:
    return focused(page)[0]


def tab_to(page: Page, wanted: str, *, back: bool = False) -> None:
    """With Tab alone; a trap or a way without end fails."""
    at = focused(page)
    passed: list[str] = []
    for _ in range(60):
        if re.search(wanted, at[0]):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
        at = focused_after(page, at)
        passed.append(at[0])
    raise AssertionError(f"{wanted!r} is not on the way: {passed}")


def focused_after(page: Page, before: tuple[str, ...]) -> tuple[str, ...]:
    """What a press has led to; the same again if it has led nowhere."""
    deadline = time.monotonic() + MOVED_SECONDS
    while (at := focused(page)) in (before, ("", "0 in the panel")) and time.monotonic() < deadline:
        page.wait_for_timeout(20)
    return at


def focus_is(page: Page, wanted: str) -> None:
    eventually(page, lambda: re.search(wanted, focus_of(page)) is not None)


def test_a_customer_and_an_agent_do_the_whole_job_by_keyboard(maya: Customer, agent: Callable[..., Agent]) -> None:
    amira = agent(seated=False)
    sign_in_by_keyboard(amira)
    maya.sign_in()
    ask_by_keyboard(maya)
    accept_by_keyboard(amira)
    talk_by_keyboard(maya, amira)
    end_by_keyboard(maya, amira)


def sign_in_by_keyboard(amira: Agent) -> None:
    page = amira.page
    page.goto(f"{amira.town.product.origin}/console/")
    tab_to(page, "Username")
    page.keyboard.type("amira")
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.keyboard.press("Alt+a")
    expect(page.get_by_role("switch")).to_be_checked()


def ask_by_keyboard(maya: Customer) -> None:
    page = maya.page
    tab_to(page, "^Get help", back=True)
    page.keyboard.press("Enter")
    expect(maya.panel.locator("h1")).to_be_visible()
    tab_to(page, "Dispute a charge")
    page.keyboard.press("Space")
    tab_to(page, "in your words")
    page.keyboard.type("My hands stay on the keyboard.")
    tab_to(page, "What the agent will see")
    page.keyboard.press("Enter")
    expect(maya.panel.get_by_text("“My hands stay on the keyboard.”")).to_be_visible()
    tab_to(page, "Start chat")
    page.keyboard.press("Enter")
    expect(maya.panel.get_by_text("An agent is looking at it now", exact=True)).to_be_visible()
    focus_is(page, "You’re in line|Your place")


def accept_by_keyboard(amira: Agent) -> None:
    expect(amira.offer).to_contain_text("My hands stay on the keyboard.")
    amira.page.keyboard.press("Alt+Enter")
    focus_is(amira.page, "Reply to Maya")


def talk_by_keyboard(maya: Customer, amira: Agent) -> None:
    maya.sees_with("Amira")
    focus_is(maya.page, "Amira")
    amira.page.keyboard.type("Hello Maya")
    amira.page.keyboard.press("Enter")
    maya.reads("Hello Maya")
    tab_to(maya.page, "Write a message")
    maya.page.keyboard.type("Hello Amira")
    maya.page.keyboard.press("Enter")
    amira.reads("Hello Amira")
    maya.page.keyboard.press("Escape")
    focus_is(maya.page, "Amira is here")
    maya.page.keyboard.press("Enter")
    maya.sees_with("Amira")

    amira.page.keyboard.press("Alt+n")
    focus_is(amira.page, "Note, agents only")
    amira.page.keyboard.type("Prefers the keyboard.")
    amira.page.keyboard.press("Enter")
    amira.reads("Prefers the keyboard.")
    for region in ("Queue and my handoffs", "What you need not ask", "Queue and my handoffs"):
        go_to_region(amira.page, region)


def go_to_region(page: Page, name: str) -> None:
    for _ in range(4):
        page.keyboard.press("F6")
        if focus_of(page) == name:
            return
    raise AssertionError(f"F6 never came to {name}")


def end_by_keyboard(maya: Customer, amira: Agent) -> None:
    page = amira.page
    page.keyboard.press("Alt+e")
    page.keyboard.press("Alt+e")
    expect(page.get_by_role("form", name="Wrap-up")).to_be_visible()
    tab_to(page, "^Resolved")
    page.keyboard.press("Space")
    tab_to(page, "Note for whoever is next")
    page.keyboard.type("Done without a mouse.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("You’re available")).to_be_visible()

    expect(maya.panel.get_by_text("How easy was it to get this done?")).to_be_visible()
    tab_to(maya.page, "^1$")
    for _ in range(6):
        maya.page.keyboard.press("ArrowRight")
    expect(maya.panel.get_by_role("radio", name="7", exact=True)).to_be_checked()
    tab_to(maya.page, "^Send$")
    maya.page.keyboard.press("Enter")
    expect(maya.panel.get_by_text("Thank you, Maya")).to_be_visible()
