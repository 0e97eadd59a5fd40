"""The brief reads like a colleague's sentence, whatever the customer wrote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.journeys.brief import brief, describe_amr
from handoff.journeys.context import Step

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def fail(times: int, error: str | None = None, name: str = "upload-receipt") -> list[Step]:
    return [Step("/dispute", "failed", NOW + timedelta(seconds=place), name, None, error) for place in range(times)]


def write(**changes: Any) -> str:
    maya: dict[str, Any] = {
        "name": "Maya Chen",
        "verified": True,
        "amr": ["pwd", "otp"],
        "intent_label": "Dispute a charge",
    }
    return brief(**(maya | changes))


def test_whole_story_in_one_sentence() -> None:
    assert write(steps=fail(2, "FILE_TOO_LARGE")) == (
        "Maya Chen, verified by password + code, wants to dispute a charge; "
        'stopped at "upload-receipt" (FILE_TOO_LARGE, twice).'
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "Maya Chen, verified by password + code, wants to dispute a charge."),
        ({"amr": []}, "Maya Chen, verified, wants to dispute a charge."),
        ({"name": None}, "Verified by password + code; wants to dispute a charge."),
        ({"name": None, "amr": ["pin"]}, "Verified by PIN; wants to dispute a charge."),
        ({"name": None, "amr": []}, "Verified; wants to dispute a charge."),
        ({"verified": False}, "Not verified; wants to dispute a charge."),
        ({"verified": False, "name": "The Bank"}, "Not verified; wants to dispute a charge."),
        ({"amr": [], "intent_label": "Lost card"}, "Maya Chen, verified, needs help with lost card."),
        ({"amr": [], "intent_label": "PIN change"}, "Maya Chen, verified, needs help with PIN change."),
        ({"amr": [], "intent_label": "Get help."}, "Maya Chen, verified, wants to get help."),
        ({"amr": [], "statement": "I never\nbought it"},
         'Maya Chen, verified, wants to dispute a charge. Writes: "I never bought it".'),
        ({"amr": [], "statement": " \u202e "}, "Maya Chen, verified, wants to dispute a charge."),
        ({"amr": [], "statement": 'He said "no".'},
         "Maya Chen, verified, wants to dispute a charge. Writes: \"He said 'no'.\""),
    ],
)  # fmt: skip
def test_who_and_what(changes: dict[str, Any], sentence: str) -> None:
    assert write(**changes) == sentence


@pytest.mark.parametrize(
    ("steps", "aside"),
    [
        (fail(1), '"upload-receipt".'),
        (fail(2), '"upload-receipt" (twice).'),
        (fail(3), '"upload-receipt" (3 times).'),
        (fail(1, "E7"), '"upload-receipt" (E7).'),
        (fail(12, "E7"), '"upload-receipt" (E7, 12 times).'),
        (fail(1, 'x"y', 'a "b" c'), "\"a 'b' c\" (x'y)."),
    ],
)
def test_where_and_how_often(steps: list[Step], aside: str) -> None:
    assert write(steps=steps).endswith(f"wants to dispute a charge; stopped at {aside}")


@pytest.mark.parametrize(
    ("amr", "words"),
    [
        ([], ""),
        (["pwd"], "password"),
        (["pwd", "otp", "mfa"], "password + code"),
        (["pwd", "mfa"], "password + second factor"),
        (["mfa"], "second factor"),
        (["hwk", "pin"], "security key + PIN"),
        (["hwk", "swk"], "security key"),
        (["fpt", "face"], "biometrics"),
        (["pwd", "sms"], "password + text message"),
        (["passkey", "geo"], "passkey"),
        (["urn:bank:strange words"], ""),
    ],
)
def test_ways_of_signing_in_have_plain_words(amr: list[str], words: str) -> None:
    assert describe_amr(amr) == words


def test_long_statement_is_cut_between_words() -> None:
    said = write(statement="I was charged twice " * 40)
    assert said.endswith('twice I was charged…"')
    assert len(said) < 260


def test_card_in_a_statement_is_masked() -> None:
    assert "[card ..1111]" in write(statement="my card 4111 1111 1111 1111")


@given(st.text(), st.text(), st.lists(st.text(max_size=9), max_size=4), st.text(min_size=1), st.text(max_size=80))
def test_hostile_texts_stay_inside_their_quotes(
    name: str, statement: str, amr: list[str], step_name: str, error: str
) -> None:
    said = write(name=name, statement=statement, amr=amr, steps=fail(2, error, step_name))
    assert "\n" not in said
    assert "\u202e" not in said
    assert len(said) < 700
    assert said.count('"') in (2, 4)
