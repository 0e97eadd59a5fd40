"""What an agent may do for a customer of some assurance."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from handoff.intents.verdicts import Standing, judge

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
NOW_SECONDS = int(NOW.timestamp())


@dataclass
class Rule:
    key: str = "refund"
    label: str = "Refund"
    required_acr: list[str] = field(default_factory=list)
    max_auth_age_seconds: int | None = None
    channels: list[str] = field(default_factory=list)


STRONG = Standing(verified=True, acr="urn:bank:2", auth_time=NOW_SECONDS - 100, channel="chat")
WEAK = Standing(verified=True, acr="urn:bank:1", auth_time=NOW_SECONDS - 100, channel="chat")
NOBODY = Standing(verified=False, acr=None, auth_time=None, channel="chat")


@pytest.mark.parametrize(
    ("rule", "standing", "verdict"),
    [
        (Rule(), NOBODY, "enough"),
        (Rule(required_acr=["urn:bank:2"]), STRONG, "enough"),
        (Rule(required_acr=["urn:bank:2"]), WEAK, "ask_again"),
        (Rule(required_acr=["urn:bank:2"]), NOBODY, "ask_again"),
        (Rule(max_auth_age_seconds=100), STRONG, "enough"),
        (Rule(max_auth_age_seconds=99), STRONG, "ask_again"),
        (Rule(max_auth_age_seconds=99), Standing(True, "urn:bank:2", None, "chat"), "ask_again"),
        (Rule(channels=["branch"]), STRONG, "not_here"),
        (Rule(channels=["branch", "chat"]), STRONG, "enough"),
        # An unverified claim of strength is no strength.
        (Rule(required_acr=["urn:bank:2"]), Standing(False, "urn:bank:2", NOW_SECONDS, "chat"), "ask_again"),
    ],
)
def test_a_verdict_weighs_strength_age_and_channel(rule: Rule, standing: Standing, verdict: str) -> None:
    assert [one.verdict for one in judge([rule], standing, now=NOW)] == [verdict]


@pytest.mark.parametrize(
    ("rule", "standing", "lacks"),
    [
        (Rule(), NOBODY, None),
        (Rule(required_acr=["urn:bank:2"]), NOBODY, "not_signed_in"),
        (Rule(required_acr=["urn:bank:2"], max_auth_age_seconds=99), WEAK, "too_weak"),
        (Rule(required_acr=["urn:bank:2"], max_auth_age_seconds=99), STRONG, "too_old"),
        (Rule(required_acr=["urn:bank:3"], channels=["branch"]), STRONG, None),
    ],
)
def test_a_verdict_says_what_the_sign_in_lacks_and_what_would_do(
    rule: Rule, standing: Standing, lacks: str | None
) -> None:
    (verdict,) = judge([rule], standing, now=NOW)
    assert (verdict.lacks, verdict.acr_values, verdict.max_age) == (lacks, rule.required_acr, rule.max_auth_age_seconds)
