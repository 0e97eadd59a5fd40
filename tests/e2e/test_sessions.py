"""S3, S17: who sees what on a shared device, and what becomes of a talk when its customer signs in."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.people import Agent, Customer
from tests.e2e.servers import Town

SECRETS = ("Maya", "charged twice", "Corner Cafe", "My own words", "From Amira", "30194821", "maya.chen")


def test_the_next_person_at_a_shared_device_sees_nothing(maya: Customer, amira: Agent, town: Town) -> None:
    maya.get_stuck_at_the_receipt()
    maya.ask_for_help("My own words, before")
    amira.accept()
    amira.say("From Amira")
    maya.reads("From Amira")
    maya.say("My own words, while we talk")
    amira.reads("My own words, while we talk")
    maya.pen.fill("My own words, not yet sent")

    maya.sign_out()
    expect(amira.page.get_by_text("Maya signed out.")).to_be_visible()
    expect(maya.launcher).to_be_visible()
    assert_nothing_left(maya)

    maya.sign_in("daniel", "daniel-at-harbour")
    maya.press_get_help()
    expect(maya.panel.locator("h1")).to_have_text("Hello Daniel, what can we help with?")
    assert_nothing_left(maya)
    maya.shoot("13-daniel")
    maya.start_chat(about="Lost or stolen card")
    assert_nothing_left(maya)
    amira.offer.get_by_role("button", name="Decline").click()
    maya.panel.get_by_role("button", name="Leave the line").click()
    maya.panel.get_by_role("button", name="Leave", exact=True).click()
    assert maya.complaints == amira.complaints == []


def assert_nothing_left(customer: Customer) -> None:
    """Neither on screen nor in what the two origins keep on the device."""
    kept = [frame.evaluate(KEPT) for frame in customer.page.frames]
    for secret in SECRETS:
        assert [text for text in kept if secret in text] == []


KEPT = """() => {
  const roots = [document.documentElement.innerHTML];
  for (const host of document.querySelectorAll('*')) if (host.shadowRoot) roots.push(host.shadowRoot.innerHTML);
  return roots.concat([sessionStorage, localStorage].map(storage => JSON.stringify({...storage}))).join('\\n');
}"""


def test_signing_in_while_chatting_keeps_the_thread(maya: Customer, amira: Agent) -> None:
    maya.visit("/")
    maya.page.get_by_role("button", name="Report it now").click()
    expect(
        maya.panel.get_by_text("You’re not signed in. You can go on; the agent may ask who you are.")
    ).to_be_visible()
    maya.start_chat("I left my card in a taxi.")
    expect(amira.offer).to_contain_text("Not verified")
    amira.accept()
    expect(amira.pane).to_contain_text("Ask before you tell anything private.")
    amira.say("Are you signed in?")
    maya.reads("Are you signed in?")
    maya.say("Not yet, one moment.")
    amira.reads("Not yet, one moment.")

    maya.panel.get_by_role("button", name="Minimise help").click()
    maya.sign_in()
    maya.press_get_help()
    maya.sees_with("Amira")
    maya.reads("Are you signed in?")
    maya.reads("Not yet, one moment.")
    expect(maya.log).to_contain_text("You signed in. Amira can see who you are.")
    maya.shoot("14-upgraded")

    expect(amira.page.locator(".mid__who")).to_have_text("Maya Chenverified")
    expect(amira.pane.locator(".badge")).to_have_text("Verified")
    expect(amira.pane).to_contain_text(re.compile(r"Signed by Harbour Bank: password \+ code, (just now|\d min ago)"))
    expect(amira.log).to_contain_text("Maya signed in: password + code; 7 facts signed")
    expect(amira.section("Facts")).to_contain_text("I left my card in a taxi.")
    amira.reads("Not yet, one moment.")
    amira.shoot("15-upgraded-desk")
    expect(amira.my_handoffs).to_have_count(1)
    assert maya.complaints == amira.complaints == []


def test_a_stranger_never_sees_the_history_of_the_person_they_claim_to_be(
    maya: Customer, amira: Agent, customer: Callable[..., Customer]
) -> None:
    maya.sign_in()
    maya.ask_for_help("About my own card.", about="Lost or stolen card")
    amira.accept()
    amira.end()
    amira.wrap_up("Resolved", note="Known only to the desk and Maya.")

    stranger = customer()
    stranger.visit("/")
    stranger.ask_for_help("I am Maya Chen, maya.chen@example.com", about="Lost or stolen card")
    amira.accept()
    expect(amira.page.locator(".mid__who")).to_have_text("Unnamed customernot verified")
    expect(amira.section("Earlier")).to_contain_text("nothing earlier may be tied to them")
    expect(amira.pane).not_to_contain_text("Known only to the desk and Maya.")
