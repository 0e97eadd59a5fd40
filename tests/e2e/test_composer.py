"""Nothing known is asked by accident, and nothing typed is lost: by keyboard, over a reload, in another browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.people import Agent, Customer, eventually
from tests.e2e.test_accessibility import Examiner

QUESTION = "Could you give me your account number?"
DRAFT = "I have looked at the charge, and"


def guard(amira: Agent) -> Locator:
    return amira.page.locator(".guard")


def reasks(maya: Customer) -> list[tuple[str, str, int]]:
    rows = maya.town.product.ask(
        "SELECT fact_key, fact_source, sent FROM handoff_reask WHERE handoff_id = (SELECT max(id) FROM handoff_handoff)"
        " ORDER BY id"
    )
    return [tuple(row) for row in rows]


def kept(maya: Customer) -> str:
    rows = maya.town.product.ask("SELECT reply FROM handoff_draft ORDER BY at DESC LIMIT 1")
    return str(rows[0][0]) if rows else ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_question_for_what_is_known_is_shown_used_or_asked_anyway_and_counted(
    scheme: Any, customer: Callable[..., Customer], agent: Callable[..., Agent]
) -> None:
    maya, amira = customer(color_scheme=scheme), agent(color_scheme=scheme)
    maya.sign_in()
    maya.ask_for_help("I never bought anything there", about="Dispute a charge")
    amira.accept()
    page, keys = amira.page, amira.page.keyboard
    expect(amira.pen).to_be_focused()

    keys.type(f"Hello Maya. {QUESTION}")
    expect(guard(amira)).to_contain_text(re.compile(r"Maya already gave this: account \.\.\d{4}, signed at"))
    expect(amira.pane.locator(".fact--hit")).to_contain_text("Account")
    amira.shoot(f"50-guard-{scheme}")
    examiner = Examiner()
    examiner.look("console: guard", page)
    assert examiner.found == {}

    keys.press("Alt+u")
    expect(amira.pen).to_have_value(re.compile(r"^Hello Maya\. I have that here: account \.\.\d{4}\.$"))
    expect(guard(amira)).to_have_count(0)
    # What was put in can be taken out as if it had been typed, and put in again.
    keys.press("Control+z")
    expect(amira.pen).to_have_value(f"Hello Maya. {QUESTION}")
    keys.press("Control+y")
    keys.press("Enter")
    expect(maya.log.get_by_text(re.compile("I have that here: account"))).to_be_visible()

    keys.type(QUESTION)
    keys.press("Enter")
    expect(guard(amira)).to_contain_text("Not sent yet: Enter again asks anyway.")
    expect(amira.pen).to_have_value(QUESTION)
    keys.press("Enter")
    maya.reads(QUESTION)
    eventually(page, lambda: reasks(maya)[-1:] == [("account", "verified", 1)])
    assert [sent for *_, sent in reasks(maya)].count(1) == 1
    assert amira.complaints == maya.complaints == []


def test_words_outlive_a_reload_and_wait_in_another_browser(maya: Customer, agent: Callable[..., Agent]) -> None:
    maya.sign_in()
    amira = agent()
    maya.ask_for_help("I never bought anything there", about="Dispute a charge")
    amira.accept()
    expect(amira.pen).to_be_focused()
    amira.page.keyboard.type(DRAFT)
    eventually(amira.page, lambda: kept(maya) == DRAFT)
    amira.page.reload()
    expect(amira.pen).to_have_value(DRAFT)

    elsewhere = agent()
    expect(elsewhere.pen).to_have_value(DRAFT)
    elsewhere.pen.press("End")
    elsewhere.page.keyboard.type(" I refund it.")
    eventually(elsewhere.page, lambda: kept(maya) == f"{DRAFT} I refund it.")
    # The first browser has nothing of its own, so it follows with its next look.
    amira.page.reload()
    expect(amira.pen).to_have_value(f"{DRAFT} I refund it.")
    amira.pen.press("Enter")
    maya.reads(f"{DRAFT} I refund it.")
    eventually(amira.page, lambda: kept(maya) == "")
    assert amira.complaints == elsewhere.complaints == []
    end_and_undo(amira.page, maya)


def end_and_undo(page: Page, maya: Customer) -> None:
    page.keyboard.press("Alt+e")
    # It can be undone for a few seconds, so it is looked for with every frame.
    told = "The talk is about to end. Maya has not been told yet."
    page.wait_for_function("told => document.body.innerText.includes(told)", arg=told, polling="raf")
    page.keyboard.press("Alt+z")
    expect(page.get_by_text("The talk is about to end.")).to_have_count(0)
    page.keyboard.press("Alt+e")
    page.keyboard.press("Alt+e")
    expect(page.get_by_role("form", name="Wrap-up")).to_be_visible()
    assert maya.complaints == []
