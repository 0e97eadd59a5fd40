"""A server that dies while people talk: what was written is shown for what it is, and arrives once."""

from __future__ import annotations

import contextlib
import re

from playwright.sync_api import Locator, TimeoutError, expect

from tests.e2e.people import Agent, Customer
from tests.e2e.servers import Town


def hurry(button: Locator) -> None:
    """Press it as an impatient person would, unless the line came back first and took it away."""
    with contextlib.suppress(TimeoutError):
        button.click(timeout=1_000)


def test_what_is_written_while_the_server_is_dead_arrives_once(maya: Customer, amira: Agent, town: Town) -> None:
    maya.sign_in()
    maya.ask_for_help(about="Lost or stolen card")
    amira.accept()
    amira.say("Hello Maya")
    maya.reads("Hello Maya")

    town.product.kill()
    expect(maya.panel.get_by_text("Connection lost. Trying again.")).to_be_visible()
    expect(amira.page.get_by_text("Connection lost.")).to_be_visible()
    maya.say("Maya wrote meanwhile")
    amira.say("Amira wrote meanwhile")
    mine = maya.log.get_by_role("listitem").filter(has_text="Maya wrote meanwhile")
    expect(mine).to_contain_text(re.compile("Sending|Goes out when you’re back"))
    expect(maya.panel.get_by_text("1 message waits.")).to_be_visible()
    theirs = amira.log.get_by_role("listitem").filter(has_text="Amira wrote meanwhile")
    expect(theirs).to_contain_text("Sending")
    maya.shoot("17-server-dead")
    amira.shoot("18-server-dead-desk")

    town.product.start()
    for place in (maya.panel, amira.page):
        hurry(place.get_by_role("button", name="Try now"))
    for side in (maya, amira):
        side.reads("Maya wrote meanwhile")
        side.reads("Amira wrote meanwhile")
    expect(mine).not_to_contain_text(re.compile("Sending|Goes out"))
    maya.page.reload()
    amira.page.reload()
    for side in (maya, amira):
        side.reads("Hello Maya")
        side.reads("Maya wrote meanwhile")
        side.reads("Amira wrote meanwhile")
    expect(amira.my_handoffs).to_have_count(1)
