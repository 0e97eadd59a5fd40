"""Who was offered when, by the order in which offers came into being, and who should have been before (R22)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tests.faults import ledger

# Who came into the line this shortly before may not have been seen: two transactions take their turn.
MARGIN: Final = timedelta(seconds=0.25)
TURNED_DOWN: Final = ("declined", "timed_out")


@dataclass(frozen=True)
class Offer:
    """A row; times of agents and handoffs are the database's."""

    number: int
    handoff: str
    agent: str
    status: str
    made_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Place:
    """A handoff in its line."""

    handoff: str
    queue: int
    rank: tuple[datetime, int]
    opened_at: datetime
    closed_at: datetime | None
    skills: frozenset[str]


@dataclass(frozen=True)
class PassedOver:
    """This offer went past somebody who had a better place and could have had it."""

    offer: Offer
    waited: Place
    their_offers: tuple[Offer, ...]

    @property
    def seconds(self) -> float:
        """For how long: until they were offered to somebody themselves."""
        after = [one.made_at for one in self.their_offers if one.number > self.offer.number]
        return (after[0] - self.offer.made_at).total_seconds() if after else float("inf")


def offers(url: str, handoffs: Collection[str]) -> list[Offer]:
    """Numbered as they were inserted, which orders them where transactions' times do not."""
    query = """
        SELECT o.id, h.public_id, a.name, o.status, o.made_at, o.ended_at FROM handoff_offer o
        JOIN handoff_handoff h ON h.id = o.handoff_id JOIN handoff_agent a ON a.id = o.agent_id ORDER BY o.id
    """
    found = (Offer(*row) for row in ledger.rows(url, query))
    return [offer for offer in found if offer.handoff in handoffs]


def places(url: str, handoffs: Collection[str]) -> list[Place]:
    query = """
        SELECT h.public_id, h.queue_id, h.ranked_at, h.id, h.opened_at, h.closed_at, ARRAY(
            SELECT s.key FROM handoff_intent_skills n JOIN handoff_skill s ON s.id = n.skill_id
            WHERE n.intent_id = h.intent_id)
        FROM handoff_handoff h
    """
    found = (
        Place(handoff, queue, (ranked_at, number), opened_at, closed_at, frozenset(skills))
        for handoff, queue, ranked_at, number, opened_at, closed_at, skills in ledger.rows(url, query)
    )
    return [place for place in found if place.handoff in handoffs]


def passed_over(url: str, handoffs: Collection[str], *, excluded_seconds: float) -> list[PassedOver]:
    """Inversions, but for the declared ones: a skill the agent lacks, or a handoff they have just turned down."""
    every, line = offers(url, handoffs), {place.handoff: place for place in places(url, handoffs)}
    skills = _skills_of_agents(url)
    of = defaultdict(list)
    for offer in every:
        of[offer.handoff].append(offer)
    return [
        PassedOver(offer, other, tuple(of[other.handoff]))
        for offer in every
        for other in _ahead(line[offer.handoff], line.values())
        if other.skills <= skills.get(offer.agent, frozenset())
        and _waited(other, of[other.handoff], offer)
        and not _turned_down(of[other.handoff], offer, excluded_seconds)
    ]


def _ahead(place: Place, line: Collection[Place]) -> Iterator[Place]:
    return (other for other in line if other.queue == place.queue and other.rank < place.rank)


def _waited(other: Place, its_offers: list[Offer], offer: Offer) -> bool:
    """It stood in line when this offer was made, and had for a moment."""
    before = [one for one in its_offers if one.number < offer.number]
    since = other.opened_at
    if before:
        last = before[-1]
        if last.status == "accepted" or last.ended_at is None:
            return False
        since = last.ended_at
    left = other.closed_at is not None and other.closed_at <= offer.made_at + MARGIN and not _later(its_offers, offer)
    return since < offer.made_at - MARGIN and not left


def _later(its_offers: list[Offer], offer: Offer) -> bool:
    return any(one.number > offer.number for one in its_offers)


def _turned_down(its_offers: list[Offer], offer: Offer, seconds: float) -> bool:
    """By this agent, a moment ago."""
    since = offer.made_at - timedelta(seconds=seconds) - MARGIN
    return any(
        one.agent == offer.agent and one.status in TURNED_DOWN and one.ended_at is not None and one.ended_at > since
        for one in its_offers
    )


def _skills_of_agents(url: str) -> dict[str, frozenset[str]]:
    query = """
        SELECT a.name, s.key FROM handoff_agentskill k
        JOIN handoff_agent a ON a.id = k.agent_id JOIN handoff_skill s ON s.id = k.skill_id
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for agent, skill in ledger.rows(url, query):
        found[agent].add(skill)
    return {agent: frozenset(skills) for agent, skills in found.items()}
