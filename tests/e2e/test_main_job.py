"""The main job, from the click to the wrap-up: the customer says and proves nothing twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from playwright.sync_api import expect

from deploy.processes import DIRECT
from tests.e2e.network import Network
from tests.e2e.people import Agent, Customer
from tests.e2e.servers import Town

# So wide that the panel lies beside the page's own content.
BESIDE: Final = {"width": 1900, "height": 900}


def test_the_servers_answer_after_set_up(town: Town) -> None:
    for url in (f"{town.product.origin}/readyz", f"{town.product.origin}/healthz", f"{town.bank.origin}/"):
        with DIRECT.open(url, timeout=30) as answer:
            assert answer.status == 200


def test_maya_is_helped_from_where_she_was(maya: Customer, amira: Agent, town: Town) -> None:
    maya.get_stuck_at_the_receipt()
    maya.upload_a_receipt_that_is_too_large()
    maya.press_get_help()

    expect(maya.panel.locator("h1")).to_have_text("Hello Maya, what can we help with?")
    expect(maya.panel.get_by_text("You’re signed in. Nothing to prove again.")).to_be_visible()
    first = maya.panel.get_by_role("radio").first
    expect(first).to_be_checked()
    expect(maya.panel.locator("label.pick").first).to_contain_text("Dispute a charge")
    expect(maya.panel.locator("label.pick").first).to_contain_text("did not work: file too large (2 times)")
    assert_asks_nothing_known(maya)
    maya.shoot("1-panel-start")

    maya.start_chat("The receipt is a photo and I cannot make it smaller.")
    maya.shoot("2-panel-waiting")
    assert_offer_tells_everything(amira)
    amira.shoot("3-offer")

    amira.accept()
    amira.shoot("4-accepted")
    maya.sees_with("Amira")
    amira.say("I see the charge and that the receipt is too large. I can take it from here.")
    maya.reads("I see the charge and that the receipt is too large. I can take it from here.")
    maya.say("Thank you, there is nothing to explain then.")
    amira.reads("Thank you, there is nothing to explain then.")
    maya.shoot("5-panel-talking")
    amira.shoot("6-talking")

    amira.end()
    amira.shoot("7-wrap-up")
    amira.wrap_up("Follow up", note="Receipt came by photo; refund is on its way.")
    rate(maya, 7)
    maya.shoot("9-rated")

    maya.panel.get_by_role("button", name="Ask about something else").click()
    maya.start_chat()
    amira.accept()
    earlier = amira.section("Earlier")
    expect(earlier).to_contain_text("Dispute a charge")
    expect(earlier).to_contain_text("Follow up. Receipt came by photo; refund is on its way.")
    amira.shoot("10-earlier")


def assert_asks_nothing_known(maya: Customer) -> None:
    """Nothing has to be filled in, and what could be is words about the need alone."""
    fields = maya.panel.locator("input:not([type=radio]), textarea, select")
    expect(fields).to_have_count(1)
    expect(fields).to_have_attribute("id", "statement")
    expect(maya.panel.get_by_role("button", name="Start chat")).to_be_enabled()


def assert_offer_tells_everything(amira: Agent) -> None:
    offer = amira.offer
    expect(offer).to_contain_text("Maya Chen")
    expect(offer.get_by_role("timer")).to_have_text(re.compile(r"^\d+$"))
    expect(offer).to_contain_text("Verified")
    expect(offer).to_contain_text(re.compile(r"password \+ code, (just now|\d min ago)"))
    expect(offer).to_contain_text("Dispute a charge")
    expect(offer).to_contain_text("FILE_TOO_LARGE")
    expect(offer).to_contain_text("twice")
    expect(offer).to_contain_text("The receipt is a photo and I cannot make it smaller.")
    expect(offer.locator("dl.offer__grid > div").filter(has_text="Waited")).to_have_text(re.compile(r"Waited\d:\d\d"))
    expect(offer.locator("dl.offer__grid > div").filter(has_text="Earlier")).to_contain_text("first time")


def rate(maya: Customer, effort: int) -> None:
    expect(maya.panel.get_by_text("How easy was it to get this done?")).to_be_visible()
    maya.shoot("8-survey")
    maya.panel.get_by_role("radio", name=str(effort), exact=True).check()
    maya.panel.get_by_role("button", name="Send").click()
    expect(maya.panel.get_by_text("Thank you, Maya")).to_be_visible()


def test_the_talk_goes_on_over_pages_reloads_and_a_lost_network(
    customer: Callable[..., Customer], amira: Agent, network: Network
) -> None:
    maya = customer(viewport=BESIDE, proxy={"server": network.address})
    maya.get_stuck_at_the_receipt()
    maya.ask_for_help()
    amira.accept()
    amira.say("Hello Maya")
    maya.reads("Hello Maya")

    maya.upload_a_small_receipt()
    maya.sees_with("Amira")
    maya.reads("Hello Maya")
    expect(amira.section("Journey")).to_contain_text("Review and send")
    expect(amira.log).to_contain_text("Review and send")

    maya.page.reload()
    maya.sees_with("Amira")
    maya.reads("Hello Maya")

    with maya.offline(network):
        expect(maya.panel.get_by_text("You’re offline.")).to_be_visible()
        maya.say("I wrote this without a network")
        expect(maya.panel.get_by_text("Goes out when you’re back")).to_be_visible()
        amira.say("I am still here")
        maya.shoot("11-offline")
    maya.reads("I am still here")
    amira.reads("I wrote this without a network")
    maya.reads("I wrote this without a network")
    assert_one_handoff(maya, amira)


def test_the_talk_goes_on_in_a_second_tab_and_on_another_device(
    maya: Customer, amira: Agent, customer: Callable[..., Customer]
) -> None:
    maya.sign_in()
    maya.ask_for_help("My card was charged twice.", about="Dispute a charge")
    amira.accept()
    amira.say("Hello Maya")
    maya.say("Hello from the first tab")

    tab = maya.opens_a_second_tab()
    tab.visit("/overview/")
    tab.press_get_help()
    phone = customer(username=maya.username, viewport={"width": 390, "height": 844})
    phone.sign_in()
    phone.press_get_help()
    phone.shoot("12-phone")

    for number, place in enumerate((maya, tab, phone)):
        place.sees_with("Amira")
        place.reads("Hello Maya")
        place.say(f"Written in place {number}")
        amira.reads(f"Written in place {number}")
    for place in (maya, tab, phone):
        for text in ("Hello from the first tab", "Written in place 0", "Written in place 1", "Written in place 2"):
            place.reads(text)
    assert_one_handoff(maya, amira)


def assert_one_handoff(maya: Customer, amira: Agent) -> None:
    expect(amira.my_handoffs).to_have_count(1)
    query = (
        "SELECT count(*) FROM handoff_handoff h JOIN handoff_customer c ON c.id = h.customer_id WHERE c.subject LIKE ?"
    )
    assert maya.town.product.ask(query, f"%-{maya.username.rpartition('-')[2]}") == [(1,)]
    assert amira.complaints == []
    assert maya.complaints == []
