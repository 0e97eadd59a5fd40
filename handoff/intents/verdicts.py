"""What an agent may do for a customer of this assurance: enough, ask again, or not here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handoff.protocol.shapes import Verdict, VerdictWord


class Rule(Protocol):
    """One action as its site configured it."""

    key: str
    label: str
    required_acr: list[str]
    max_auth_age_seconds: int | None
    channels: list[str]


@dataclass(frozen=True)
class Standing:
    """How sure one can be of this customer, and where one talks."""

    verified: bool
    acr: str | None
    auth_time: int | None
    channel: str


def judge(rules: Sequence[Rule], standing: Standing, *, now: datetime) -> list[Verdict]:
    """One verdict a rule, in the rules' order."""
    return [Verdict(key=rule.key, label=rule.label, verdict=_judge_one(rule, standing, now)) for rule in rules]


def _judge_one(rule: Rule, standing: Standing, now: datetime) -> VerdictWord:
    if rule.channels and standing.channel not in rule.channels:
        return "not_here"
    asks_for_proof = bool(rule.required_acr) or rule.max_auth_age_seconds is not None
    if not asks_for_proof:
        return "enough"
    return "enough" if _is_proven(rule, standing, now) else "ask_again"


def _is_proven(rule: Rule, standing: Standing, now: datetime) -> bool:
    if not standing.verified or (rule.required_acr and standing.acr not in rule.required_acr):
        return False
    if rule.max_auth_age_seconds is None:
        return True
    return standing.auth_time is not None and now.timestamp() - standing.auth_time <= rule.max_auth_age_seconds
