"""A supervisor looks over the work, reads along, whispers, joins and takes over; and anybody finds what is over."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.e2e.people import Agent, Customer
from tests.e2e.test_accessibility import Examiner
from tests.e2e.test_keyboard import focus_is, tab_to


def test_by_mouse_from_the_wallboard_into_the_talk(maya: Customer, agent: Callable[..., Agent]) -> None:
    amira, lead = agent(), agent("admin", seated=False)
    lead.sign_in()
    maya.sign_in()
    maya.ask_for_help("My card is gone", about="Lost or stolen card")
    amira.accept()
    amira.say("Hello Maya")

    lead.page.get_by_role("button", name="Wallboard").click()
    expect(lead.page.get_by_role("heading", name="Wallboard")).to_be_visible()
    for figure in ("Service level", "Average handle time", "Left the line", "Occupancy", "Context delivered"):
        row = lead.page.get_by_role("row").filter(has_text=figure)
        expect(row.first).to_be_visible()
    expect(lead.page.get_by_text("Who left, who asked to be called back").first).to_be_visible()
    expect(lead.page.locator(".floor__row").filter(has_text="Amira")).to_contain_text("Talking 1 of 3")
    lead.shoot("80-wallboard")

    lead.page.get_by_role("button", name="Live list").click()
    lead.page.get_by_role("button", name="Read along with Maya Chen").click()
    expect(lead.log.get_by_text("Hello Maya", exact=True)).to_be_visible()
    expect(amira.log.get_by_text("Admin is reading along")).to_be_visible()
    lead.page.get_by_label("Whisper to Amira").fill("Offer the express card")
    lead.page.get_by_role("button", name="Whisper", exact=False).last.click()
    expect(amira.log.get_by_text("Admin whispers to you, the customer does not see it")).to_be_visible()
    amira.reads("Offer the express card")
    lead.shoot("81-reading-along")
    amira.shoot("82-whispered-to")

    lead.page.get_by_role("button", name="Join", exact=True).click()
    expect(maya.log.get_by_text(re.compile("^Admin joined the talk"))).to_be_visible()
    lead.page.get_by_label("Reply to Maya as yourself").fill("I look into it myself")
    lead.page.get_by_label("Reply to Maya as yourself").press("Enter")
    maya.reads("I look into it myself")
    expect(maya.log.get_by_text(re.compile("^Admin, "))).to_be_visible()
    maya.shoot("83-joined")

    lead.page.get_by_role("button", name="Take over").click()
    expect(amira.my_handoffs).to_have_count(0)
    expect(amira.page.get_by_text("A supervisor took it over, with all of it.")).to_be_visible()
    maya.sees_with("Admin")
    lead.reads("Offer the express card")
    lead.say("It is on its way")
    maya.reads("It is on its way")
    assert "express card" not in maya.panel.locator("body").inner_text()
    assert amira.complaints == lead.complaints == maya.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_by_keyboard_and_without_barriers(
    scheme: Literal["light", "dark"], customer: Callable[..., Customer], agent: Callable[..., Agent]
) -> None:
    amira = agent()
    lead = agent("admin", seated=False, color_scheme=scheme, reduced_motion="reduce")
    lead.sign_in()
    maya = customer()
    maya.sign_in()
    maya.ask_for_help("My card is gone", about="Lost or stolen card")
    amira.accept()
    examiner, page = Examiner(), lead.page

    page.keyboard.press("Alt+w")
    expect(page.locator(".kpis")).to_be_visible()
    expect(page.locator(".floor__row").first).to_be_visible()
    examiner.look("wallboard", page)
    lead.shoot(f"84-wallboard-{scheme}")
    page.keyboard.press("Alt+l")
    expect(page.get_by_role("row").filter(has_text="Maya Chen")).to_be_visible()
    examiner.look("live", page)
    tab_to(page, "^Maya Chen")
    page.keyboard.press("Enter")
    focus_is(page, "^Maya Chen")
    tab_to(page, "Whisper to Amira")
    page.keyboard.type("One word from me")
    page.keyboard.press("Enter")
    amira.reads("One word from me")
    examiner.look("reading along", page)
    tab_to(page, "^Reassign", back=True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_text("Payments")).to_be_visible()
    examiner.look("reassign", page)
    page.keyboard.press("Escape")
    tab_to(page, "^Join")
    page.keyboard.press("Enter")
    expect(maya.log.get_by_text(re.compile("^Admin joined the talk"))).to_be_visible()
    # The customer may hear of it first; the same key takes it back once the button says so.
    focus_is(page, "^Leave")
    page.keyboard.press("Enter")
    expect(maya.log.get_by_text(re.compile("^Admin left the talk"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".reading")).to_have_count(0)

    amira.end()
    amira.wrap_up("Resolved", "sent an express card")
    finds_it_again(lead, examiner)
    lead.shoot(f"85-found-{scheme}")
    page.get_by_role("button", name="Desk", exact=True).click()
    assert examiner.found == {}
    assert amira.complaints == lead.complaints == maya.complaints == []


def finds_it_again(lead: Agent, examiner: Examiner) -> None:
    page = lead.page
    page.keyboard.press("Alt+l")
    page.keyboard.press("/")
    focus_is(page, "Customer’s name, or id")
    page.keyboard.type("maya chen")
    page.keyboard.press("Enter")
    result = page.locator(".found__open").first
    expect(result).to_contain_text("Resolved")
    tab_to(page, "^Maya Chen")
    page.keyboard.press("Enter")
    expect(page.get_by_text("sent an express card").first).to_be_visible()
    expect(page.locator(".record").get_by_text("One word from me")).to_be_visible()
    examiner.look("found", page)


def test_an_earlier_handoff_opens_in_the_pane(maya: Customer, amira: Agent) -> None:
    maya.sign_in()
    maya.ask_for_help("My card is gone", about="Lost or stolen card")
    amira.accept()
    amira.say("The new card is ordered")
    # Whoever ends while a word is still under way is asked back.
    maya.reads("The new card is ordered")
    amira.end()
    amira.wrap_up("Resolved", "express card")
    expect(maya.panel.locator("body")).to_contain_text("How easy was it")
    maya.page.reload()
    maya.ask_for_help("Where is it?", about="Lost or stolen card")
    amira.accept()
    earlier = amira.section("Earlier")
    earlier.get_by_role("button", name="Lost or stolen card").click()
    expect(earlier.get_by_text("The new card is ordered", exact=True)).to_be_visible()
    amira.shoot("86-earlier")
    earlier.get_by_role("button", name="Lost or stolen card").click()
    expect(earlier.get_by_text("The new card is ordered", exact=True)).to_have_count(0)
    assert amira.complaints == maya.complaints == []
