"""Prepare what a simulation needs in the database, play it, and close the accounts again."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from handoff.flows import practice
from handoff.simulation import play
from handoff.simulation.ledger import Ledger
from handoff.simulation.names import agent_name
from handoff.simulation.stage import Account, Plan, Signer


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line."""

    customers: int
    agents: int
    minutes: float
    seed: int
    speed: float
    url: str | None
    site: str | None
    live: bool


def simulate(wish: Wish) -> Ledger:
    """Raises DomainError `not_prepared`, ValueError for numbers that make no play."""
    if min(wish.customers, wish.agents) < 0 or wish.customers + wish.agents < 1 or min(wish.minutes, wish.speed) <= 0:
        raise ValueError("Somebody has to come, and time has to pass.")
    if not (wish.url or settings.PUBLIC_ORIGIN).startswith(("http://", "https://")):
        raise ValueError("--url is like http://127.0.0.1:8000.")
    signing = practice.prepare_demo(wish.site) if wish.live else practice.prepare_training(wish.site)
    names = [agent_name(number) for number in range(1, wish.agents + 1)]
    try:
        hired = practice.hire(wish.agents, names, signing, are_trainees=not wish.live)
        return play.run(_plan(wish, signing, hired))
    finally:
        practice.dismiss()


def _plan(wish: Wish, signing: practice.Signing, hired: list[tuple[str, str]]) -> Plan:
    return Plan(
        url=(wish.url or settings.PUBLIC_ORIGIN).rstrip("/"),
        public_origin=settings.PUBLIC_ORIGIN,
        signer=Signer(signing.site, signing.kid, signing.secret, signing.allows_unverified),
        accounts=tuple(Account(username, password) for username, password in hired),
        customers=wish.customers,
        minutes=wish.minutes,
        speed=wish.speed,
        seed=wish.seed,
    )
