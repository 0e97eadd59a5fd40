"""What is known already: an article that saves a talk, one that does not, and a canned reply by keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import Frame, Page, expect

from tests.e2e.people import Agent, Customer, Person, eventually
from tests.e2e.test_accessibility import Examiner

START = re.compile("Start chat|Wait in line")
RECEIPT = "Your receipt is too large to upload"
CHARGE = "A charge you do not recognise"


def deflections(maya: Customer, kind: str) -> int:
    return int(maya.town.product.ask("SELECT count(*) FROM handoff_deflection WHERE kind = ?", kind)[0][0])


def solved(maya: Customer, title: str) -> int:
    return int(maya.town.product.ask("SELECT solved FROM handoff_article WHERE title = ?", title)[0][0])


def look(examiner: Examiner, view: str, person: Person, place: Page | Frame) -> None:
    """By day and by night."""
    for scheme in ("dark", "light"):
        person.page.emulate_media(color_scheme=scheme)
        examiner.look(f"{view}, {scheme}", place)


def test_an_article_solves_it_and_nobody_is_asked(maya: Customer) -> None:
    examiner = Examiner()
    before = solved(maya, CHARGE), deflections(maya, "solved")
    maya.sign_in()
    maya.press_get_help()
    maya.panel.get_by_role("radio", name="Dispute a charge").check()
    may = maya.panel.get_by_role("region", name="May this help?")
    expect(may.get_by_role("button")).to_have_count(2)
    # It stands below the choice and takes nothing from the way to an agent.
    expect(maya.panel.get_by_role("button", name=START)).to_be_enabled()
    look(examiner, "panel: articles offered", maya, maya.frame)
    maya.panel.get_by_label("In your words").fill("I do not recognise this charge of 42.10 with card 4821")
    expect(may.get_by_role("button").first).to_contain_text(CHARGE)
    maya.shoot("k1-offered")
    may.get_by_role("button", name=re.compile(CHARGE)).focus()
    maya.page.keyboard.press("Enter")
    expect(maya.panel.get_by_role("heading", name=CHARGE)).to_be_focused()
    expect(maya.panel.get_by_role("listitem").first).to_contain_text("Look at the date")
    look(examiner, "panel: article", maya, maya.frame)
    maya.shoot("k2-article")
    maya.panel.get_by_role("button", name="Back").click()
    expect(may.get_by_role("button", name=re.compile(CHARGE))).to_be_focused()
    may.get_by_role("button", name=re.compile(CHARGE)).click()
    maya.panel.get_by_role("button", name="This solved it").click()
    expect(maya.panel.get_by_text("Thank you for telling us")).to_be_visible()
    look(examiner, "panel: solved", maya, maya.frame)
    maya.panel.get_by_role("button", name="Close").click()
    expect(maya.launcher).to_be_visible()
    eventually(maya.page, lambda: deflections(maya, "solved") == before[1] + 1)
    assert solved(maya, CHARGE) == before[0] + 1
    assert not maya.town.product.has_unfinished()
    assert examiner.found == {}
    assert maya.complaints == []


def test_who_goes_on_brings_along_what_was_read_and_is_answered_by_keyboard(maya: Customer, amira: Agent) -> None:
    before = deflections(maya, "went_on")
    maya.get_stuck_at_the_receipt()
    maya.press_get_help()
    maya.panel.get_by_role("button", name=re.compile(RECEIPT)).click()
    maya.panel.get_by_role("button", name="I still need help").click()
    expect(maya.panel.get_by_role("button", name=START)).to_be_focused()
    maya.page.keyboard.press("Enter")
    amira.accept()
    expect(amira.section("Facts")).to_contain_text(RECEIPT)
    expect(amira.section("Facts")).to_contain_text("Read before asking")
    eventually(maya.page, lambda: deflections(maya, "went_on") == before + 1)
    assert solved(maya, RECEIPT) == 0

    examiner = Examiner()
    articles_by_keyboard(amira, examiner)
    canned_by_keyboard(amira, examiner)
    maya.sees_with("Amira")
    maya.reads("Give me a minute, Maya: I am checking with the team for “Dispute a charge”.")
    assert examiner.found == {}
    assert maya.complaints == []
    assert amira.complaints == []


def articles_by_keyboard(amira: Agent, examiner: Examiner) -> None:
    keyboard = amira.page.keyboard
    keyboard.press("Alt+k")
    expect(amira.page.get_by_label("Find an article")).to_be_focused()
    rows = amira.section("Articles").locator(".know__row")
    expect(rows.filter(has_text=RECEIPT)).to_contain_text("Maya read this")
    keyboard.type("recogni")
    expect(rows.first).to_contain_text(CHARGE)
    rows.first.focus()
    keyboard.press("Enter")
    expect(amira.page.get_by_role("heading", name=CHARGE)).to_be_focused()
    look(examiner, "console: article", amira, amira.page)
    amira.shoot("k3-article")
    link = amira.page.get_by_role("button", name="Insert link")
    link.focus()
    keyboard.press("Enter")
    expect(amira.pen).to_have_value(re.compile(r"/articles/ar_\S+$"))
    address = amira.pen.input_value()
    page = amira.context.new_page()
    page.goto(address)
    expect(page.get_by_role("heading", name=CHARGE)).to_be_visible()
    page.close()
    amira.pen.fill("")


def canned_by_keyboard(amira: Agent, examiner: Examiner) -> None:
    keyboard = amira.page.keyboard
    amira.pen.focus()
    keyboard.press("/")
    expect(amira.page.get_by_role("combobox", name="Find a canned reply")).to_be_focused()
    options = amira.page.get_by_role("option")
    expect(options.first).to_be_visible()
    look(examiner, "console: canned replies", amira, amira.page)
    amira.shoot("k4-canned")
    keyboard.press("Escape")
    expect(amira.pen).to_be_focused()
    keyboard.press("/")
    keyboard.type("hold")
    expect(options).to_have_count(2)
    keyboard.press("ArrowDown")
    keyboard.press("ArrowUp")
    expect(options.and_(amira.page.locator("[aria-selected=true]"))).to_contain_text("Give me a minute")
    keyboard.press("Enter")
    expect(amira.pen).to_have_value("Give me a minute, Maya: I am checking with the team for “Dispute a charge”.")
    expect(amira.pen).to_be_focused()
    keyboard.press("Enter")
