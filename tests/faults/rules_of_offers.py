"""At most one live offer and one owner a handoff, no offer taken when it is over, first in first out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tests.faults.checker import Rule, Violation
from tests.faults.history import History, Record
from tests.faults.rules_of_messages import logs

OWNED: Final = frozenset({"connected", "wrap_up"})


@dataclass
class Offer:
    """One offer as its agent saw it."""

    id: str
    agent: str
    handoff: str
    enqueued_at: str
    offered_at: str
    expires_at: str
    status: str = "pending"
    ended_at: str | None = None
    end_seen: float | None = None
    accepts: list[Record] = field(default_factory=list)


def offers(history: History) -> dict[str, Offer]:
    found: dict[str, Offer] = {}
    told: dict[tuple[str, str], str] = {}
    for record in history.of("event"):
        data, reader = record["data"], (record["who"], record["stream"])
        before, told[reader] = told.get(reader, ""), record["at"]
        if record["type"] == "offer.made":
            found[data["id"]] = Offer(agent=record["who"], **data)
        elif record["type"] == "offer.ended" and data["id"] in found:
            offer = found[data["id"]]
            offer.status, offer.end_seen = data["status"], record["t"]
            # A log's times never go back: one that equals its predecessor's says no more than "not later".
            offer.ended_at = record["at"] if record["at"] > before else None
    for record in history.of("answer", cmd="offer.accept", code=None):
        if record["offer"] in found:
            found[record["offer"]].accepts.append(record)
    return found


def moves(log: Record) -> list[tuple[str, dict[str, Any]]]:
    """Every `handoff.changed` of a log, with its time."""
    return [(at, data) for _, at, type_, data in log["entries"] if type_ == "handoff.changed"]


def entered(log: Record, state: str) -> int:
    """How often the handoff came into a state."""
    states = [None, *(data["state"] for _, data in moves(log))]
    versions = [None, *(data["version"] for _, data in moves(log))]
    return sum(
        after == state and (before != state or old != new)
        for before, after, old, new in zip(states, states[1:], versions, versions[1:], strict=False)
    )


def one_live_offer(history: History) -> Iterator[Violation]:
    """R8: each offer is a move to `offered`, which the handoff has to leave before the next."""
    made: dict[str, list[Offer]] = defaultdict(list)
    for offer in offers(history).values():
        made[offer.handoff].append(offer)
    for stream, log in logs(history).items():
        of_it = made.get(stream.removeprefix("handoff/"), [])
        if len(of_it) > entered(log, "offered"):
            says = f"{len(of_it)} offers of {stream}, which was offered {entered(log, 'offered')} times"
            yield Violation("one_live_offer", stream.removeprefix("handoff/"), says)


def one_winner(history: History) -> Iterator[Violation]:
    """R8: an offer is taken once."""
    taken: dict[str, list[Record]] = defaultdict(list)
    for record in history.of("answer", cmd="offer.accept", code=None):
        taken[record["offer"]].append(record)
    for offer, records in taken.items():
        if len(records) > 1:
            yield Violation("one_winner", offer, f"taken by {' and '.join(one['who'] for one in records)}")


def one_owner(history: History) -> Iterator[Violation]:
    """R8: nobody owns what another one has not let go of, and nobody was told so either."""
    accepted: dict[str, int] = defaultdict(int)
    for record in history.of("answer", cmd="offer.accept", code=None):
        accepted[(record["result"] or {}).get("handoff", "")] += 1
    for stream, log in logs(history).items():
        handoff, owner = stream.removeprefix("handoff/"), None
        for _, data in moves(log):
            holder = data["agent"] if data["state"] in OWNED else None
            if owner is not None and holder is not None and owner != holder:
                yield Violation("one_owner", handoff, f"{holder} owns it while {owner} does")
            owner = holder
        if accepted[handoff] > entered(log, "connected"):
            says = f"{accepted[handoff]} agents were told that it is theirs; it was connected "
            yield Violation("one_owner", handoff, says + f"{entered(log, 'connected')} times")


def no_late_accept(history: History) -> Iterator[Violation]:
    """R9: what ran out, was declined or taken back cannot be accepted."""
    for offer in offers(history).values():
        for accept in offer.accepts:
            if offer.ended_at is not None and offer.ended_at > offer.expires_at:
                yield Violation("no_late_accept", offer.id, f"taken at {offer.ended_at}, good until {offer.expires_at}")
            if offer.status not in ("accepted", "pending"):
                yield Violation("no_late_accept", offer.id, f"{accept['who']} took what was {offer.status}")


def first_in_first_out(
    history: History, *, margin_seconds: float = 1.0, rank: Callable[[Offer], str] = lambda offer: offer.enqueued_at
) -> Iterator[Violation]:
    """R22: nobody is offered to an agent past somebody who has waited longer and could have been.

    Whoever entered or left the line within the margin is not compared: workers look at the line at their own times.
    Who was offered to that agent before is left out for them for a while.
    """
    every = sorted(offers(history).values(), key=lambda offer: offer.offered_at)
    waits = {stream.removeprefix("handoff/"): _waits(log) for stream, log in logs(history).items()}
    ranks = {offer.handoff: rank(offer) for offer in every}
    met: dict[str, set[str]] = defaultdict(set)
    for offer in every:
        for other, order in ranks.items():
            waited = any(_lasts(wait, offer.offered_at, margin_seconds) for wait in waits.get(other, []))
            if order < rank(offer) and waited and offer.agent not in met[other]:
                says = f"{offer.handoff} was offered to {offer.agent} at {offer.offered_at}, while {other} waited"
                yield Violation("first_in_first_out", offer.id, says)
        met[offer.handoff].add(offer.agent)


def _waits(log: Record) -> list[tuple[str, str]]:
    """From when to when it was in line."""
    changes = moves(log)
    ends = [*(at for at, _ in changes[1:]), "9999"]
    return [(at, end) for (at, data), end in zip(changes, ends, strict=True) if data["state"] == "queued"]


def _lasts(wait: tuple[str, str], at: str, margin_seconds: float) -> bool:
    began, ended = wait
    if not began < at < ended:
        return False
    return _apart(began, at) > margin_seconds and (ended == "9999" or _apart(at, ended) > margin_seconds)


def _apart(one: str, other: str) -> float:
    return abs((datetime.fromisoformat(other) - datetime.fromisoformat(one)).total_seconds())


RULES: Final[tuple[Rule, ...]] = (one_live_offer, one_winner, one_owner, no_late_accept)
