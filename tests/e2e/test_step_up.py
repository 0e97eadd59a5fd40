"""The agent asks, the site proves: a confirmation lands at the desk without a word typed, or "not now" does."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, expect

from handoff.lib.clock import utc_now
from tests.e2e.people import Agent, Customer
from tests.e2e.test_accessibility import Examiner
from tests.e2e.test_keyboard import tab_to


def verdict(amira: Agent, label: str) -> Locator:
    return amira.pane.locator("li.verdict").filter(has_text=label)


def card(maya: Customer) -> Locator:
    return maya.panel.get_by_role("group", name="Amira asks you to confirm it’s you")


def enter_the_code(maya: Customer) -> None:
    """By keyboard: the field has the focus when the page opens."""
    expect(maya.page.get_by_role("heading", name="Confirm it is you")).to_be_visible()
    assert maya.page.locator("iframe").count() == 0
    expect(maya.page.get_by_label("Six digits")).to_be_focused()
    maya.page.keyboard.type(maya.page.locator("[data-code]").get_attribute("data-code") or "")
    maya.page.keyboard.press("Enter")


def look_away(maya: Customer, *, hidden: bool) -> None:
    """A browser without windows never hides a page by itself."""
    change = "document.dispatchEvent(new Event('visibilitychange'))"
    told = f"{{get: () => {str(hidden).lower()}, configurable: true}}"
    maya.frame.evaluate(f"Object.defineProperty(document, 'hidden', {told}); {change}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_customer_confirms_at_the_bank_and_the_verdict_becomes_enough(
    scheme: str, customer: Callable[..., Customer], agent: Callable[..., Agent]
) -> None:
    maya, amira = customer(color_scheme=scheme), agent(color_scheme=scheme)
    examiner = Examiner()
    maya.get_stuck_at_the_receipt()
    maya.ask_for_help()
    amira.accept()
    maya.sees_with("Amira")
    address = verdict(amira, "Change address or phone")
    expect(address).to_contain_text("signed in by password + code only")
    expect(address.get_by_role("button", name="Ask to confirm")).to_be_visible()
    examiner.look("console: ask to confirm", amira.page)

    # In the middle of a sentence, as it happens.
    amira.pen.fill("One check first")
    amira.page.keyboard.press("Alt+v")
    expect(address).to_contain_text(re.compile(r"asked \d+:\d\d ago"))
    expect(card(maya)).to_contain_text("It is for: Change address or phone.")
    examiner.look("console: asked", amira.page)
    examiner.look("panel: asked to confirm", maya.frame)
    maya.shoot(f"90-asked-{scheme}")
    amira.shoot(f"91-asked-{scheme}")

    # A page that is loaded anew still shows the question, and what is signed there is no answer.
    maya.page.reload()
    expect(card(maya)).to_be_visible()

    maya.pen.click()
    tab_to(maya.page, "Confirm with Harbour Bank", back=True)
    maya.page.keyboard.press("Enter")
    enter_the_code(maya)
    maya.page.wait_for_url("**/dispute/receipt/")
    expect(maya.log.get_by_text("You confirmed it’s you")).to_be_visible()
    expect(card(maya)).to_have_count(0)
    expect(address).to_contain_text("enough")
    expect(amira.log.get_by_text("Maya confirmed who it is: Change address or phone")).to_be_visible()
    expect(amira.pen).to_have_value("One check first")
    amira.pen.press("Enter")
    maya.reads("One check first")
    examiner.look("panel: confirmed", maya.frame)
    maya.shoot(f"92-confirmed-{scheme}")
    amira.shoot(f"93-enough-{scheme}")
    assert examiner.found == {}
    assert amira.complaints == maya.complaints == []


def test_not_now_is_an_answer_that_both_see_on_a_device_a_day_ahead(maya: Customer, amira: Agent) -> None:
    maya.context.clock.install(time=utc_now() + timedelta(days=1))
    maya.get_stuck_at_the_receipt()
    maya.ask_for_help()
    amira.accept()
    maya.sees_with("Amira")
    verdict(amira, "Change address").get_by_role("button", name="Ask to confirm").click()
    expect(card(maya)).to_be_visible()
    # Away from the panel the button tells it, and the page's title does in another tab.
    maya.panel.get_by_role("button", name="Minimise").click()
    expect(maya.launcher).to_contain_text("Amira asks you to confirm it’s you")
    look_away(maya, hidden=True)
    expect(maya.page).to_have_title(re.compile("^Amira asks you to confirm it’s you - Upload your receipt"))
    look_away(maya, hidden=False)
    expect(maya.page).to_have_title(re.compile("^Upload your receipt"))
    maya.launcher.click()
    maya.pen.click()
    tab_to(maya.page, "^Not now$", back=True)
    maya.page.keyboard.press("Space")
    expect(maya.log.get_by_text("You said: not now.")).to_be_visible()
    expect(maya.pen).to_be_focused()
    line = verdict(amira, "Change address")
    expect(line).to_contain_text("Maya said not now")
    expect(line.get_by_role("button", name="Ask again")).to_be_visible()
    assert amira.complaints == maya.complaints == []


def test_who_signs_in_first_is_led_back_to_the_open_panel(maya: Customer) -> None:
    maya.visit("/")
    maya.press_get_help()
    maya.panel.get_by_role("button", name="Sign in first").click()
    maya.page.wait_for_url("**/sign-in/?next=%2F")
    maya.page.get_by_label("Username").fill(maya.username)
    maya.page.get_by_label("Password").fill(maya.password)
    maya.page.get_by_role("button", name="Continue").click()
    maya.page.get_by_label("Six digits").fill(maya.page.locator("[data-code]").get_attribute("data-code") or "")
    maya.page.get_by_role("button", name="Sign in").click()
    expect(maya.panel.get_by_role("heading", name="Hello Maya, what can we help with?")).to_be_visible()
    expect(maya.panel.get_by_role("button", name="Sign in first")).to_have_count(0)
    assert maya.page.url == f"{maya.town.bank.origin}/"
    assert maya.complaints == []
