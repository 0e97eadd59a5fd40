"""What an agent may do for a customer of this assurance: enough, ask again, or not here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handoff.protocol.shapes import Lack, Verdict, VerdictWord


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


@dataclass(frozen=True)
class Proof:
    """What a sign-in proves."""

    verified: bool
    acr: str | None
    auth_time: int | None


def judge(rules: Sequence[Rule], standing: Standing, *, now: datetime) -> list[Verdict]:
    """One verdict a rule, in the rules' order."""
    return [_judge_one(rule, standing, now) for rule in rules]


def find_lack(acr_values: Sequence[str], max_age: int | None, proof: Proof, *, now: datetime) -> Lack | None:
    """What this sign-in lacks to be one of these levels and not older than that; None: it is enough."""
    if not proof.verified:
        return "not_signed_in"
    if acr_values and proof.acr not in acr_values:
        return "too_weak"
    if max_age is None or (proof.auth_time is not None and now.timestamp() - proof.auth_time <= max_age):
        return None
    return "too_old"


def _judge_one(rule: Rule, standing: Standing, now: datetime) -> Verdict:
    lacks = _lack_of(rule, standing, now)
    verdict: VerdictWord = "ask_again" if lacks else "enough"
    if rule.channels and standing.channel not in rule.channels:
        verdict, lacks = "not_here", None
    return Verdict(
        key=rule.key,
        label=rule.label,
        verdict=verdict,
        lacks=lacks,
        acr_values=list(rule.required_acr),
        max_age=rule.max_auth_age_seconds,
    )


def _lack_of(rule: Rule, standing: Standing, now: datetime) -> Lack | None:
    """What asks for no proof is enough for anybody."""
    if not rule.required_acr and rule.max_auth_age_seconds is None:
        return None
    proof = Proof(verified=standing.verified, acr=standing.acr, auth_time=standing.auth_time)
    return find_lack(rule.required_acr, rule.max_auth_age_seconds, proof, now=now)
