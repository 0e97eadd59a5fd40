"""Calls by real telephones: the record is on the agent's screen before the first sound, and nothing is asked twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.people import Agent, Customer, eventually
from tests.e2e.servers import Town
from tests.e2e.telephones import (
    AMIRAS_TONE,
    MAYAS_NUMBER,
    MAYAS_TONE,
    Telephones,
    choose,
    heard_at,
    seen_at,
    shown_code,
    telephones,
    watch_for,
)
from tests.telephony.softphone import Policy, Softphone


@pytest.fixture
def phones(town: Town) -> Iterator[Telephones]:
    with telephones(town.product.sip_port) as found:
        yield found


def call_us(maya: Customer) -> str:
    """Maya asks for a code; answers it."""
    choose(maya, "You call us")
    maya.panel.get_by_role("button", name="Show me the number").click()
    return shown_code(maya)


def hear_each_other(mobile: Softphone, desk: Softphone) -> None:
    mobile.send_tone(MAYAS_TONE)
    desk.send_tone(AMIRAS_TONE)
    desk.wait_for(lambda: desk.hears(MAYAS_TONE), what="the customer's tone")
    mobile.wait_for(lambda: mobile.hears(AMIRAS_TONE), what="the agent's tone")


def test_a_caller_is_known_before_the_first_sound(
    maya: Customer, agent: Callable[..., Agent], phones: Telephones
) -> None:
    maya.get_stuck_at_the_receipt()
    desk, mobile = phones.of("amira"), phones.of(MAYAS_NUMBER)
    amira = agent()
    maya.press_get_help()
    code = call_us(maya)
    maya.shoot("60-code")

    phones.call_in(mobile)
    phones.key(mobile, code)
    card = maya.panel.get_by_role("alertdialog")
    expect(card).to_contain_text("..0001")
    maya.shoot("61-a-call-arrived")
    card.get_by_role("button", name="It’s me").click()
    expect(card).to_have_count(0)

    expect(amira.offer).to_contain_text("Dispute a charge")
    expect(amira.offer).to_contain_text("Code and tap in the page")
    amira.shoot("62-offer-of-a-call")
    watch_for(amira, "FILE_TOO_LARGE")
    assert desk.first_audio_at is None
    mobile.send_tone(MAYAS_TONE)
    amira.accept()
    expect(amira.page.get_by_role("region", name="Call")).to_contain_text("Code and tap in the page")
    expect(amira.page.get_by_role("region", name="Call")).to_contain_text(re.compile("signed in .* with"))
    hear_each_other(mobile, desk)
    assert seen_at(amira) < heard_at(desk)
    amira.shoot("63-on-the-line")
    maya.shoot("64-on-the-line")

    mobile.hang_up()
    expect(amira.page.get_by_role("region", name="Call")).to_contain_text("The call has ended")
    amira.end()
    amira.wrap_up("Resolved")
    assert amira.complaints == maya.complaints == []


def test_whoever_keys_no_code_is_answered_as_a_stranger(agent: Callable[..., Agent], phones: Telephones) -> None:
    desk, mobile = phones.of("amira"), phones.of("+447700900099")
    amira = agent()
    phones.call_in(mobile)
    for _ in range(3):
        phones.key(mobile, "00000000")
        amira.page.wait_for_timeout(2500)
    expect(amira.offer).to_be_visible()
    amira.accept()
    expect(amira.page.get_by_role("region", name="Call")).to_contain_text("unverified caller")
    hear_each_other(mobile, desk)
    amira.shoot("65-a-stranger")
    amira.page.get_by_role("button", name="Hang up").click()
    mobile.wait_for(lambda: mobile.is_over, what="hung up on")
    # The customer's phone falls silent before the console is told.
    expect(amira.page.get_by_role("region", name="Call")).to_contain_text("The call has ended")
    amira.end()
    amira.wrap_up("Resolved")


def test_the_whole_promise(maya: Customer, agent: Callable[..., Agent], phones: Telephones, town: Town) -> None:
    """Chat begun on the laptop, switched to a callback, missed, called in from the phone with the code."""
    maya.get_stuck_at_the_receipt()
    desk = phones.of("amira")
    mobile = phones.of(MAYAS_NUMBER, policy=Policy.BUSY)
    amira = agent()
    maya.ask_for_help("The receipt is too large")
    amira.accept()
    sees_everything(amira)
    amira.say("Shall I call you about it?")
    maya.reads("Shall I call you about it?")
    [(handoff, place)] = town.product.ask(
        "SELECT public_id, enqueued_at FROM handoff_handoff WHERE state = 'connected'"
    )

    maya.panel.get_by_role("button", name="Go on by phone").click()
    maya.panel.get_by_role("button", name=re.compile("Have us call you")).click()
    maya.panel.get_by_role("button", name="Call me when it is my turn").click()
    expect(amira.offer).to_contain_text("..0001")
    amira.accept()
    sees_everything(amira)
    amira.page.get_by_role("button", name=re.compile("Call Maya")).click()
    mobile.wait_for(lambda: mobile.times_rung == 1, what="rung")
    expect(amira.my_handoffs).to_have_count(0)
    maya.shoot("66-missed")
    expect(maya.panel.get_by_role("heading", level=1)).to_contain_text("We try again")

    maya.panel.get_by_role("button", name=re.compile("Call us instead|You call us")).click()
    code = shown_code(maya)
    phones.call_in(mobile)
    phones.key(mobile, code)
    maya.panel.get_by_role("button", name="It’s me").click()
    amira.accept()
    sees_everything(amira)
    expect(amira.log.get_by_text("Shall I call you about it?")).to_be_visible()
    hear_each_other(mobile, desk)
    amira.shoot("67-the-whole-promise")
    assert town.product.ask("SELECT public_id, channel FROM handoff_handoff WHERE state = 'connected'") == [
        (handoff, "phone")
    ]
    [(kept,)] = town.product.ask("SELECT enqueued_at FROM handoff_handoff WHERE public_id = ?", handoff)
    assert kept == place
    mobile.hang_up()
    eventually(amira.page, lambda: desk.is_over)
    # The desk's own phone falls silent before the console is told.
    expect(amira.page.get_by_text("The call has ended")).to_be_visible()
    amira.end()
    amira.wrap_up("Resolved")


def sees_everything(amira: Agent) -> None:
    """All that was known at the click, at each accept."""
    for text in ("Corner Cafe", "FILE_TOO_LARGE", "The receipt is too large"):
        expect(amira.page.locator("main, aside.pane").get_by_text(text, exact=False).first).to_be_visible()
