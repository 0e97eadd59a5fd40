"""We call you: booked, moved, cancelled, made, answered, by a machine too; every view looked at by axe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.people import Agent, Customer, eventually
from tests.e2e.servers import Town
from tests.e2e.telephones import AMIRAS_TONE, MAYAS_NUMBER, MAYAS_TONE, Telephones, choose, shown_code, telephones
from tests.e2e.test_accessibility import Examiner


@pytest.fixture
def phones(town: Town) -> Iterator[Telephones]:
    with telephones(town.product.sip_port) as found:
        yield found


def ask_to_be_called(maya: Customer) -> None:
    maya.press_get_help()
    choose(maya, "We call you")
    maya.panel.get_by_role("button", name="Choose when we call").click()
    expect(maya.panel.get_by_role("heading", name="We call you")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_window_is_booked_moved_and_given_up(
    scheme: str, customer: Callable[..., Customer], agent: Callable[..., Agent], town: Town
) -> None:
    maya, amira = customer(color_scheme=scheme), agent(color_scheme=scheme)
    examiner = Examiner()
    maya.get_stuck_at_the_receipt()
    ask_to_be_called(maya)
    maya.panel.get_by_role("radio", name=re.compile("At a time I choose")).check()
    expect(maya.panel.get_by_text("Looking for free times")).to_have_count(0)
    maya.panel.get_by_role("radio", name=re.compile(r"^\d\d?:\d\d")).first.check()
    examiner.look("panel: booking", maya.frame)
    maya.shoot(f"70-booking-{scheme}")
    maya.panel.get_by_role("button", name=re.compile("^Book ")).click()
    expect(maya.panel.get_by_role("heading", level=1)).to_contain_text("We’ll call you")
    examiner.look("panel: booked", maya.frame)
    maya.shoot(f"71-booked-{scheme}")
    [(consent,)] = town.product.ask(
        "SELECT c.consent FROM handoff_handoff h JOIN handoff_callback c ON c.handoff_id = h.id"
        " WHERE h.state = 'scheduled'"
    )
    assert "let Harbour Bank call you about this one matter" in consent

    amira.page.keyboard.press("Alt+b")
    amira.page.get_by_role("button", name=re.compile("The team’s")).click()
    expect(amira.page.get_by_role("table", name=re.compile("Callbacks"))).to_contain_text("Maya Chen")
    examiner.look("console: callbacks", amira.page)
    amira.shoot(f"72-callbacks-{scheme}")

    maya.panel.get_by_role("button", name="Change time").click()
    maya.panel.get_by_role("radio", name="In an hour").check()
    maya.panel.get_by_role("button", name="Call me in an hour").click()
    expect(maya.panel.get_by_role("heading", level=1)).to_contain_text("We’ll call you")
    maya.panel.get_by_role("button", name="Cancel call").click()
    maya.panel.get_by_role("button", name="Cancel it").click()
    scheduled = "SELECT count(*) FROM handoff_handoff WHERE state = 'scheduled'"
    eventually(maya.page, lambda: town.product.ask(scheduled) == [(0,)])
    expect(maya.panel.get_by_role("button", name="Cancel call")).to_have_count(0)
    assert examiner.found == {}
    assert amira.complaints == maya.complaints == []


def test_the_agent_calls_and_both_hear_each_other(
    maya: Customer, agent: Callable[..., Agent], phones: Telephones
) -> None:
    examiner = Examiner()
    desk, mobile = phones.of("amira"), phones.of(MAYAS_NUMBER)
    maya.get_stuck_at_the_receipt()
    amira = agent()
    ask_to_be_called(maya)
    maya.panel.get_by_role("button", name="Call me when it is my turn").click()
    expect(amira.offer).to_contain_text("..0001")
    examiner.look("console: offer of a callback", amira.page)
    amira.accept()
    expect(maya.panel.locator("body")).to_contain_text("Amira")
    examiner.look("panel: your turn", maya.frame)
    maya.shoot("73-your-turn")
    # By its key, as somebody does who has read the record and not touched the mouse.
    amira.page.keyboard.press("Alt+c")
    mobile.send_tone(MAYAS_TONE)
    desk.send_tone(AMIRAS_TONE)
    desk.wait_for(lambda: desk.hears(MAYAS_TONE), what="the customer's tone")
    mobile.wait_for(lambda: mobile.hears(AMIRAS_TONE), what="the agent's tone")
    assert desk.first_audio_at is not None
    call = amira.page.get_by_role("region", name="Call")
    expect(call).to_contain_text("On the line")
    expect(call).to_contain_text("We call the number of the signed profile")
    examiner.look("console: on the line", amira.page)
    examiner.look("panel: on the line", maya.frame)
    amira.shoot("74-on-the-line")
    amira.page.keyboard.press("Alt+h")
    expect(call).to_contain_text("On hold")
    desk.wait_for(lambda: not desk.hears(MAYAS_TONE), what="nothing while on hold")
    amira.page.keyboard.press("Alt+h")
    expect(call).to_contain_text("On the line")

    amira.page.get_by_role("button", name="That is voicemail").click()
    expect(amira.my_handoffs).to_have_count(0)
    expect(maya.panel.get_by_role("heading", level=1)).to_contain_text("We try again")
    maya.shoot("75-try-again")
    maya.panel.get_by_role("button", name="Cancel call").click()
    maya.panel.get_by_role("button", name="Cancel it").click()
    assert examiner.found == {}
    assert amira.complaints == maya.complaints == []


def test_whoever_has_the_link_needs_no_sign_in(maya: Customer, town: Town, profile: Callable[..., object]) -> None:
    """Later by a press, and gone by another; a forged link leads nowhere."""
    maya.get_stuck_at_the_receipt()
    ask_to_be_called(maya)
    with maya.page.expect_response(re.compile(r"/api/v1/handoffs$")) as answered:
        maya.panel.get_by_role("button", name="Call me when it is my turn").click()
    link = answered.value.json()["callback"]["link"]
    stranger = profile().new_page()  # type: ignore[attr-defined]
    stranger.goto(link)
    expect(stranger.get_by_role("heading", level=1)).to_have_text("We call you at ..0001")
    examiner = Examiner()
    examiner.look("the page of a link", stranger)
    stranger.get_by_role("button", name="Call me an hour later").click()
    expect(stranger.get_by_text(re.compile("From .* on, UTC time"))).to_be_visible()
    expect(maya.panel.get_by_role("heading", level=1)).to_contain_text("We’ll call you")
    stranger.get_by_role("button", name="Cancel the call").click()
    expect(stranger.get_by_role("heading", level=1)).to_have_text("There is no call to change")
    assert stranger.goto(link[:-4] + "AAAA").status == 404  # type: ignore[union-attr]
    assert examiner.found == {}


def test_axe_looks_at_the_code_and_the_card(maya: Customer, agent: Callable[..., Agent], phones: Telephones) -> None:
    examiner = Examiner()
    mobile = phones.of("+447700900077")
    phones.of("amira")
    amira = agent()
    maya.get_stuck_at_the_receipt()
    maya.press_get_help()
    examiner.look("panel: ways", maya.frame)
    choose(maya, "You call us")
    maya.panel.get_by_role("button", name="Show me the number").click()
    first = shown_code(maya)
    examiner.look("panel: the code", maya.frame)
    maya.panel.get_by_role("button", name="New code").click()
    expect(maya.panel.locator(".code-big")).not_to_have_text(re.compile(first[:4] + ".*" + first[4:]))
    second = shown_code(maya)
    phones.call_in(mobile)
    phones.key(mobile, second)
    expect(maya.panel.get_by_role("alertdialog")).to_contain_text("..0077")
    examiner.look("panel: a call arrived", maya.frame)
    maya.panel.get_by_role("button", name="Not me").click()
    assert shown_code(maya) not in (first, second)
    maya.shoot("77-not-me")
    expect(amira.offer).to_be_visible()
    amira.accept()
    expect(amira.page.get_by_role("region", name="Call")).to_contain_text("unverified caller")
    expect(amira.page.locator("main, aside.pane").get_by_text("Maya Chen")).to_have_count(0)
    examiner.look("console: a stranger", amira.page)
    mobile.hang_up()
    expect(amira.page.get_by_role("region", name="Call")).to_contain_text("The call")
    amira.end()
    amira.wrap_up("Spam")
    assert examiner.found == {}
