"""One agent passes a talk on to another: nothing is asked again, and everybody is told."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.people import Agent, Customer
from tests.e2e.test_keyboard import focus_is, tab_to

NOTE = "The card is blocked; a new one is still to be ordered."


def test_a_talk_is_passed_on_by_keyboard_and_nothing_is_repeated(maya: Customer, agent: Callable[..., Agent]) -> None:
    maya.sign_in()
    amira = agent()
    maya.ask_for_help("My card is gone", about="Lost or stolen card")
    amira.accept()
    amira.say("I have blocked the card")
    maya.reads("I have blocked the card")
    tomas = agent("tomas")
    pass_on_by_keyboard(amira)
    expect(maya.log.get_by_text("Amira is passing you on.")).to_be_visible()
    maya.shoot("40-passed-on")

    expect(tomas.offer).to_contain_text(f"Amira passes this to you: {NOTE}")
    tomas.shoot("41-offer-with-note")
    tomas.accept()
    maya.sees_with("Tomas")
    for text in ("I have blocked the card", NOTE):
        tomas.reads(text)
    expect(tomas.log.get_by_text("Amira passed this to Tomas")).to_be_visible()
    tomas.shoot("42-taken-over")
    tomas.say("I order the new one now")
    maya.reads("I order the new one now")
    maya.shoot("43-with-the-next-agent")
    assert NOTE not in maya.panel.locator("body").inner_text()
    assert amira.complaints == tomas.complaints == maya.complaints == []


def pass_on_by_keyboard(amira: Agent) -> None:
    page = amira.page
    page.keyboard.press("Alt+t")
    dialog = page.get_by_role("dialog", name="Transfer Maya Chen")
    expect(dialog.get_by_text("Tomas")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    focus_is(page, "Reply to Maya")

    page.keyboard.press("Alt+t")
    expect(dialog.get_by_text("Tomas")).to_be_visible()
    # Tab goes around inside: what stands behind a dialog is out of reach.
    tab_to(page, "Tomas")
    page.keyboard.press("Space")
    tab_to(page, "Note for Tomas")
    page.keyboard.type(NOTE)
    tab_to(page, "Transfer to Tomas")
    amira.shoot("44-transfer")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You passed Maya Chen to Tomas")).to_be_visible()
    expect(
        page.get_by_text("Tomas is asked now, with your note and the whole talk. Maya keeps the place.")
    ).to_be_visible()
    expect(amira.my_handoffs).to_have_count(0)
    amira.shoot("45-passed")
