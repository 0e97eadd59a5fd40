"""Browsers that keep third-party storage shut, and the strict policy of the bank, change nothing for the customer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Playwright, expect

from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.e2e.people import Agent, Customer
from tests.e2e.servers import Town

NO_STORAGE = """
if (location.pathname === '/widget/frame') {
  for (const name of ['sessionStorage', 'localStorage', 'indexedDB', 'caches'])
    Object.defineProperty(window, name, { get() { throw new DOMException('Access is denied.', 'SecurityError') } });
}
"""
STORAGE = "() => { try { return sessionStorage.length } catch (error) { return error.name } }"


@pytest.fixture
def private_window(playwright: Playwright) -> Iterator[BrowserContext]:
    """Chromium's private windows block third-party cookies, which shuts the storage of frames as well."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser.new_context(locale="en-GB")
    browser.close()


def test_works_where_the_frame_may_store_nothing(customer: Callable[..., Customer], amira: Agent) -> None:
    maya = customer()
    maya.context.add_init_script(NO_STORAGE)
    talk_over_two_pages(maya, amira)
    assert maya.frame.evaluate(STORAGE) == "SecurityError"


def test_works_in_a_private_window(private_window: BrowserContext, town: Town, amira: Agent) -> None:
    maya = Customer(private_window, town, town.bank.add_customer("maya", 9000), "maya-at-harbour")
    talk_over_two_pages(maya, amira)
    assert maya.frame.evaluate(STORAGE) == "SecurityError"


def talk_over_two_pages(maya: Customer, amira: Agent) -> None:
    maya.get_stuck_at_the_receipt()
    maya.ask_for_help("Nothing may be stored here")
    amira.accept()
    amira.say("Hello Maya")
    maya.reads("Hello Maya")
    maya.say("Hello Amira")
    amira.reads("Hello Amira")
    maya.visit("/overview/")
    maya.sees_with("Amira")
    maya.reads("Hello Maya")
    maya.reads("Hello Amira")
    maya.say("Still here")
    amira.reads("Still here")
    expect(amira.my_handoffs).to_have_count(1)
    assert maya.complaints == amira.complaints == []


def test_the_strict_policy_of_the_bank_is_never_broken(maya: Customer, amira: Agent) -> None:
    maya.sign_in()
    policy = maya.page.evaluate("fetch('/overview/').then(answer => answer.headers.get('content-security-policy'))")
    assert "'unsafe" not in policy
    assert "default-src 'self'" in policy
    with maya.page.expect_console_message(lambda message: "policy violation" in message.text):
        maya.page.evaluate("document.body.append(Object.assign(document.createElement('style'), {textContent: 'b{}'}))")
    maya.complaints.clear()

    maya.ask_for_help(about="Something else")
    amira.accept()
    amira.say("Hello Maya")
    maya.reads("Hello Maya")
    maya.panel.get_by_role("button", name="Minimise help").click()
    amira.say("Are you there?")
    expect(maya.launcher).to_contain_text("Amira wrote")
    maya.press_get_help()
    maya.panel.get_by_role("button", name="End conversation").click()
    maya.panel.get_by_role("button", name="End it").click()
    expect(maya.panel.get_by_text("How easy was it")).to_be_visible()
    amira.wrap_up("Resolved")
    assert maya.complaints == amira.complaints == []
