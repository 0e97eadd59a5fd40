"""All that was known at the click is on the agent's screen at accept; the figure is printed and has to be 100 %."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from playwright.sync_api import Locator

from tests.e2e.people import Agent, Customer

STATEMENT: Final = "The receipt is a photo; I cannot make it smaller. The cafe says they refunded it on Tuesday."
METHODS: Final = {"pwd": "password", "otp": "code"}
FACT_LABELS: Final = {
    "sub": "Customer reference",
    "email": "Email",
    "phone_number": "Phone",
    "locale": "Language",
    "zoneinfo": "Time zone",
}
# What a sign-in of `urn:bank:2`, minutes old, is enough for: this is how an agent reads `acr`.
VERDICTS: Final = {
    "Talk about balances, charges": "enough",
    "Refund up to GBP 100": "enough",
    "Change address or phone": "ask to confirm",
    "Raise card limit": "not here",
}
# The token's envelope: it is checked, and says nothing about the customer.
ENVELOPE: Final = {"iss", "aud", "iat", "exp", "jti"}


@dataclass(frozen=True)
class Item:
    """One thing that was known, and how to see whether it is there."""

    what: str
    is_there: Callable[[], bool]


def test_everything_known_at_the_click_is_shown_at_accept(
    maya: Customer, amira: Agent, capsys: pytest.CaptureFixture[str]
) -> None:
    maya.get_stuck_at_the_receipt()
    maya.upload_a_receipt_that_is_too_large()
    maya.press_get_help()
    entries = json.loads(maya.page.evaluate("sessionStorage.getItem('handoff.steps')"))
    claims = decode(maya.page.evaluate("fetch('/help-token').then(answer => answer.text())"))
    maya.start_chat(STATEMENT)
    amira.accept()
    for fold in amira.pane.locator("details:not([open]) > summary").all():
        fold.click()

    items = [*items_of_page(amira, entries), *items_of_claims(amira, claims), *items_of_words(amira)]
    missing = [item.what for item in items if not item.is_there()]
    with capsys.disabled():
        share = 100 * (len(items) - len(missing)) / len(items)
        print(f"\ncontext delivered: {len(items) - len(missing)} of {len(items)} items, {share:.0f} %")
    assert missing == []
    assert len(items) > 25
    assert maya.complaints == amira.complaints == []


def decode(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def items_of_page(amira: Agent, entries: list[dict[str, Any]]) -> Iterator[Item]:
    steps = [entry for entry in entries if "key" not in entry]
    facts = [entry for entry in entries if "key" in entry]
    assert [step["status"] for step in steps].count("failed") == 2
    assert {fact["key"] for fact in facts} == {"charge", "reason"}
    for step in steps:
        yield from items_of_step(amira, step)
    for fact in facts:
        yield fact_item(amira, "Observed on the page", fact["label"], fact["value"])


def items_of_step(amira: Agent, step: dict[str, Any]) -> Iterator[Item]:
    title = (step.get("title") or step["name"].replace("-", " ").capitalize()).removesuffix(" - Harbour Bank")
    name = step.get("name", step["path"])
    row = amira.section("Journey").locator("li").filter(has_text=re.compile(rf"^{re.escape(title)}"))
    yield Item(f"{step['status']} step {name}", lambda: row.count() > 0)
    # A row says when its step began and when it failed; how long it took is no part of what was known.
    if step["status"] != "done":
        yield Item(f"time of step {name}", lambda: clock(amira, step["at"]) in text_of(row))
    if "error" in step:
        yield Item(f"error of step {name}", lambda: step["error"] in text_of(row) and "failed" in text_of(row))


def items_of_claims(amira: Agent, claims: dict[str, Any]) -> Iterator[Item]:
    known = {*FACT_LABELS, *ENVELOPE, "facts", "name", "amr", "auth_time", "acr"}
    assert set(claims) <= known, "a new claim: say where an agent sees it"
    for claim, label in FACT_LABELS.items():
        yield fact_item(amira, "Verified", label, claims[claim])
    for key, fact in claims["facts"].items():
        yield fact_item(amira, "Verified", fact["label"], fact["value"], name=f"facts.{key}")
    identity = amira.pane.locator("section").first
    yield Item("name", lambda: claims["name"] in text_of(identity))
    yield Item("auth_time", lambda: re.search(r"just now|\d min ago", text_of(identity)) is not None)
    for method in claims["amr"]:
        yield Item(f"amr {method}", lambda method=method: METHODS[method] in text_of(identity))
    for action in VERDICTS:
        yield Item(f"acr: {action}", verdict_shown(identity, action))


def verdict_shown(identity: Locator, action: str) -> Callable[[], bool]:
    return lambda: VERDICTS[action] in text_of(identity.locator("li").filter(has_text=action)).lower()


def items_of_words(amira: Agent) -> Iterator[Item]:
    for sentence in re.split(r"(?<=[.;]) ", STATEMENT):
        yield Item(f"words: {sentence}", lambda sentence=sentence: sentence in text_of(amira.section("Facts")))


def fact_item(amira: Agent, group: str, label: str, value: str, *, name: str = "") -> Item:
    facts = amira.section("Facts").locator("section").filter(has_text=group)
    row = facts.locator(".fact").filter(has=amira.page.get_by_text(label, exact=True))
    return Item(f"{group}: {name or label}", lambda: value in text_of(row))


def text_of(rows: Locator) -> str:
    return "\n".join(rows.all_inner_texts())


def clock(agent: Agent, at: str) -> str:
    """As the agent's own browser writes it."""
    short = "at => new Date(at).toLocaleTimeString(undefined, {hour: 'numeric', minute: '2-digit'})"
    found: str = agent.page.evaluate(short, at)
    return found
