"""S5, S6: text from attackers stays text, on both sides; nothing runs in the console but what it came with."""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import Frame, Locator, Page, expect

from tests.e2e.people import Agent, Customer, Person

ALIVE: Final = (
    "<img src=x onerror=\"document.title='pwned'\">",
    "<script>document.title='pwned'</script>",
    '<svg onload="document.title=\'pwned\'"><a href="javascript:alert(1)">x</a></svg>',
    "javascript:alert(1)",
    "[press](javascript:alert(1)) data:text/html,<script>alert(1)</script>",
)
ALIVE_MARKUP: Final = "img, script:not([src]), iframe, object, [onerror], [onload], [onclick], [style]:not([style=''])"
# A name before the host is masked on its way in, and what is left is no link.
DISGUISED: Final = "https://harbour.example@evil.example/login"
LOOK_ALIKE: Final = "h\u0430rbour.example"
BIDI: Final = "https://evil.example/\u202egpj.tpieceR"
HARMLESS: Final = "https://evil.example/a?b=1 mailto:help@harbour.example tel:+447700900001"


def test_hostile_text_of_a_customer_stays_text_at_the_desk(maya: Customer, amira: Agent) -> None:
    maya.visit("/")
    maya.page.evaluate("text => handoff('fact', {key: 'x', label: text, value: text})", ALIVE[0])
    maya.page.evaluate("text => handoff('step', {name: text, status: 'failed', error: text})", ALIVE[1])
    maya.ask_for_help(ALIVE[2], about="Something else")
    assert_is_only_text(amira.offer)
    amira.accept()
    for text in (*ALIVE, DISGUISED, f"https://{LOOK_ALIKE}/login", BIDI, HARMLESS):
        maya.say(text)
    for text in ALIVE:
        amira.reads(text)
        maya.reads(text)
    expect(amira.section("Facts")).to_contain_text(ALIVE[0])
    expect(amira.section("Journey")).to_contain_text(ALIVE[1])
    amira.shoot("16-hostile-text")
    for side in (amira.page.locator("body"), maya.panel.locator("body")):
        assert_is_only_text(side)
        assert_links_are_honest(side)
    assert_quiet(maya, amira)


def test_hostile_text_of_an_agent_stays_text_in_the_panel(maya: Customer, amira: Agent) -> None:
    maya.visit("/")
    maya.ask_for_help(about="Something else")
    amira.accept()
    for text in (*ALIVE, DISGUISED, f"https://{LOOK_ALIKE}/login", BIDI, HARMLESS):
        amira.say(text)
    for text in ALIVE:
        maya.reads(text)
    assert_is_only_text(maya.panel.locator("body"))
    assert_links_are_honest(maya.panel.locator("body"))
    assert_quiet(maya, amira)


def assert_is_only_text(place: Locator) -> None:
    expect(place).to_be_visible()
    assert place.locator(ALIVE_MARKUP).evaluate_all("all => all.map(one => one.outerHTML)") == []


def assert_links_are_honest(place: Locator) -> None:
    links = place.get_by_role("log").get_by_role("link")
    expect(place.get_by_role("log").get_by_text("@evil.example/login")).to_have_count(1)
    expect(links).to_have_count(5)
    for link in links.all():
        href, shown = link.get_attribute("href") or "", link.inner_text()
        assert re.match(r"(https?://|mailto:|tel:)", href), href
        assert set((link.get_attribute("rel") or "").split()) == {"noopener", "noreferrer", "nofollow"}
        host = re.sub(r"^(https?://|mailto:|tel:)([^/]*).*", r"\2", href)
        assert host in shown, f"{href} is shown as {shown}"
        assert "@" not in href or href.startswith("mailto:")
        assert shown.isascii()
    assert links.filter(has_text=LOOK_ALIKE.encode("idna").decode()).count() == 1
    assert links.filter(has_text="\u202e").count() == 0


def assert_quiet(*people: Person) -> None:
    for person in people:
        assert person.page.title() != "pwned"
        assert person.complaints == []


INJECTIONS: Final = (
    "const s = document.createElement('script'); s.append('window.pwned = 1'); document.body.append(s)",
    "const s = document.createElement('script'); s.src = 'data:,window.pwned=1'; document.body.append(s)",
    "document.createElement('p').innerHTML = '<img src=x onerror=\"window.pwned = 1\">'",
    "const b = document.createElement('b'); b.setAttribute('onclick', 'window.pwned = 1'); b.click()",
    "setTimeout('window.pwned = 1', 0)",
)


def test_nothing_foreign_runs_in_the_console_or_the_panel(amira: Agent, maya: Customer) -> None:
    maya.visit("/")
    maya.press_get_help()
    for injection in INJECTIONS:
        assert_refused(amira.page, injection)
        assert_refused(maya.frame, injection)


def assert_refused(place: Page | Frame, injection: str) -> None:
    trial = f"""() => new Promise(resolve => {{
      setTimeout(resolve, 20000, 'nobody minded');
      addEventListener('securitypolicyviolation', event => resolve(event.violatedDirective), {{once: true}});
      try {{ {injection} }} catch (error) {{ resolve(String(error)) }}
    }})"""
    assert re.search("script-src|[Tt]rusted|Content Security", place.evaluate(trial)), injection
    assert place.evaluate("() => window.pwned") is None
