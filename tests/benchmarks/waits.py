"""Weeks of arrivals, talks and shifts in virtual time, by the real matching: how often is a shown wait right?

.venv/bin/python -m tests.benchmarks.waits [weeks]
"""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from statistics import median
from typing import Any, Final

from handoff.protocol.shapes import Estimate
from handoff.routing.estimates import SAMPLES_LIMIT, Desk, Need, forecast
from handoff.routing.matching import Candidate, Waiting, match
from tests.benchmarks.machine import table

MONDAY: Final = datetime(2026, 11, 23, tzinfo=UTC)
HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
# Somebody who waits looks again; what is shown then is counted as well.
LOOK_SECONDS: Final = 240.0
CARDS, LOANS = 1, 2
QUEUES: Final = (CARDS, LOANS)
# Arrivals an hour from 8 to 20, with a peak in the morning and one after lunch; a quieter queue has a part of it.
ARRIVALS: Final = (36, 60, 76, 66, 52, 68, 78, 66, 54, 40, 32, 22)
PART: Final = {CARDS: 1.0, LOANS: 0.4}
WEEKDAYS: Final = (1.15, 1.0, 0.95, 1.0, 1.05, 0.6, 0.4)
# Of the logarithm of a talk's seconds, wrap-up and all: a median of 6 and of 10 minutes, with long tails.
TALKS: Final = {CARDS: (5.9, 0.7), LOANS: (6.4, 0.8)}
PATIENCE_SECONDS: Final = 1500.0
MISSED: Final = 0.04


@dataclass
class Person:
    """One who came, what they were shown and when, and how it ended."""

    number: int
    queue_id: int
    came_at: float
    pace: float
    shown: list[tuple[float, Estimate]] = field(default_factory=list)
    served_at: float | None = None


@dataclass
class Worker:
    """One agent: the hours of the day at work, and since when each talk goes on."""

    number: int
    queue_ids: frozenset[int]
    capacity: int
    shift: tuple[float, float]
    talks: dict[int, tuple[int, float]] = field(default_factory=dict)
    offers: set[int] = field(default_factory=set)
    idle_since: float = 0.0

    def is_in(self, now: float) -> bool:
        start, end = self.shift
        return start <= now % DAY / HOUR < end


class Week:
    """Events in the order of their time; days may be fewer than seven."""

    def __init__(self, seed: int, *, days: int = 7, scale: float = 1.0) -> None:
        self.chance = random.Random(seed)
        self.days, self.scale = days, scale
        self.workers = _staff(self.chance, scale)
        self.line: dict[int, Person] = {}
        self.refused: dict[int, set[int]] = {}
        self.people: list[Person] = []
        self.durations: dict[int, deque[float]] = {queue_id: deque(maxlen=SAMPLES_LIMIT) for queue_id in QUEUES}
        self._events: list[tuple[float, int, Any, tuple[Any, ...]]] = []
        self._numbers = count(1)

    def play(self) -> list[Person]:
        for day in range(self.days):
            self._plan_day(day)
        while self._events:
            now, _, act, given = heappop(self._events)
            act(now, *given)
        return self.people

    def _at(self, moment: float, act: Any, *given: Any) -> None:
        heappush(self._events, (moment, next(self._numbers), act, given))

    def _plan_day(self, day: int) -> None:
        # What nobody could know beforehand: some days are busier, and talks of the same need longer.
        busy, pace = self.chance.gauss(1, 0.1), self.chance.gauss(1, 0.05)
        for hour, each in enumerate(ARRIVALS):
            for queue_id in QUEUES:
                rate = max(0.1, each * PART[queue_id] * WEEKDAYS[day % 7] * busy * self.scale)
                moment = day * DAY + (8 + hour) * HOUR + self.chance.expovariate(rate / HOUR)
                while moment < day * DAY + (9 + hour) * HOUR:
                    self._at(moment, self._arrive, queue_id, pace)
                    moment += self.chance.expovariate(rate / HOUR)
        for worker in self.workers:
            self._at(day * DAY + worker.shift[0] * HOUR, self._match)

    def _arrive(self, now: float, queue_id: int, pace: float) -> None:
        person = Person(len(self.people) + 1, queue_id, now, pace)
        self.people.append(person)
        self.line[person.number] = person
        self._look(now, person)
        self._at(now + self.chance.expovariate(1 / PATIENCE_SECONDS), self._lose_patience, person)
        self._match(now)

    def _look(self, now: float, person: Person) -> None:
        if person.number not in self.line:
            return
        ahead = [Need(one.queue_id) for one in self.line.values()]
        told = forecast(ahead, self._desks(now), self.durations)
        place = list(self.line).index(person.number)
        person.shown.append((now, told.waiting[place]))
        self._at(now + LOOK_SECONDS, self._look, person)

    def _desks(self, now: float) -> list[Desk]:
        return [
            Desk(
                worker.queue_ids,
                frozenset(),
                worker.capacity,
                [(queue_id, now - since) for queue_id, since in worker.talks.values()],
            )
            for worker in self.workers
            if worker.is_in(now)
        ]

    def _match(self, now: float) -> None:
        moment = MONDAY + timedelta(seconds=now)
        offered = {number for worker in self.workers for number in worker.offers}
        line = [self._waiting(one) for one in self.line.values() if one.number not in offered]
        at_work = {worker.number: worker for worker in self.workers if worker.is_in(now)}
        for found in match(line, [_candidate(worker) for worker in at_work.values()], now=moment):
            worker = at_work[found.agent_id]
            worker.offers.add(found.handoff_id)
            if self.chance.random() < MISSED:
                self._at(now + 25, self._miss, worker, found.handoff_id)
            else:
                self._at(now + self.chance.uniform(2, 15), self._accept, worker, found.handoff_id)

    def _waiting(self, one: Person) -> Waiting:
        came = MONDAY + timedelta(seconds=one.came_at)
        refused = frozenset(self.refused.get(one.number, ()))
        return Waiting(one.number, one.queue_id, "", "", came, came, excluded=refused)

    def _miss(self, now: float, worker: Worker, number: int) -> None:
        worker.offers.discard(number)
        self.refused.setdefault(number, set()).add(worker.number)
        self._at(now + 60, self._forgive, number)
        self._match(now)

    def _forgive(self, now: float, number: int) -> None:
        self.refused.pop(number, None)
        self._match(now)

    def _accept(self, now: float, worker: Worker, number: int) -> None:
        worker.offers.discard(number)
        person = self.line.pop(number, None)
        if person is not None:
            person.served_at = worker.idle_since = now
            worker.talks[number] = person.queue_id, now
            mean, spread = TALKS[person.queue_id]
            talk = self.chance.lognormvariate(mean, spread) * person.pace
            self._at(now + talk, self._finish, worker, number)
        self._match(now)

    def _finish(self, now: float, worker: Worker, number: int) -> None:
        queue_id, since = worker.talks.pop(number)
        self.durations[queue_id].append(now - since)
        worker.idle_since = now
        self._match(now)

    def _lose_patience(self, now: float, person: Person) -> None:
        if self.line.pop(person.number, None) is not None:
            for worker in self.workers:
                worker.offers.discard(person.number)
            self._match(now)


def _staff(chance: random.Random, scale: float) -> list[Worker]:
    """Early, middle and late shifts; some serve one queue, some both; one to three talks at a time."""
    kinds = [
        *(({CARDS}, 2, (8, 16)), ({CARDS}, 1, (8, 17)), ({CARDS}, 3, (10, 18)), ({CARDS}, 2, (12, 20))),
        *(({LOANS}, 1, (8, 16)), ({LOANS}, 2, (9, 17)), ({LOANS}, 2, (12, 20))),
        *(({CARDS, LOANS}, 2, (8, 16)), ({CARDS, LOANS}, 3, (11, 20)), ({CARDS, LOANS}, 1, (9, 18))),
    ]
    workers = []
    for queue_ids, capacity, (start, end) in kinds * max(1, round(scale)):
        shift = start + chance.choice((-0.5, 0, 0.5)) * (start > 8), end
        workers.append(Worker(len(workers) + 1, frozenset(queue_ids), capacity, shift))
    return workers


def _candidate(worker: Worker) -> Candidate:
    return Candidate(
        agent_id=worker.number,
        name="",
        queue_ids=worker.queue_ids,
        capacity=worker.capacity,
        load=len(worker.talks) + len(worker.offers),
        idle_since=MONDAY + timedelta(seconds=worker.idle_since),
    )


@dataclass(frozen=True)
class Account:
    """What was shown against what came of it, over every look of everybody who was served."""

    looks: int
    unknown: int
    inside: int
    soon: int
    soon_kept: int
    left: int
    too_early: int
    width: float
    wait: float

    @property
    def share(self) -> float:
        return self.inside / max(1, self.looks - self.unknown)


def account(people: Sequence[Person]) -> Account:
    """Who left before being served has no wait to compare: they are counted and left out."""
    served = [one for one in people if one.served_at is not None]
    looks = [(told, one.served_at - at) for one in served for at, told in one.shown if one.served_at is not None]
    ranges = [(told, wait) for told, wait in looks if told.kind == "range"]
    soon = [wait for told, wait in looks if told.kind == "soon"]
    kept = sum(wait < 60 for wait in soon)
    return Account(
        looks=len(looks),
        unknown=sum(told.kind == "unknown" for told, _ in looks),
        inside=kept + sum(told.low_seconds <= wait <= told.high_seconds for told, wait in ranges),
        soon=len(soon),
        soon_kept=kept,
        left=len(people) - len(served),
        too_early=sum(wait < told.low_seconds for told, wait in ranges),
        width=median([told.high_seconds - told.low_seconds for told, _ in ranges] or [0]),
        wait=median([wait for _, wait in ranges] or [0]),
    )


HEADS: Final = ("week", "looks", "unknown", "right", "ranges right", "soon", "soon right", "earlier", "later", "left")


def row(name: str, found: Account) -> tuple[str, ...]:
    ranges = found.looks - found.unknown - found.soon
    inside = found.inside - found.soon_kept
    return (
        name,
        f"{found.looks:,}",
        f"{found.unknown / found.looks:.1%}",
        f"{found.share:.1%}",
        f"{inside / ranges:.1%} of {ranges:,}",
        f"{found.soon:,}",
        f"{found.soon_kept / max(1, found.soon):.1%}",
        f"{found.too_early / ranges:.1%}",
        f"{(ranges - inside - found.too_early) / ranges:.1%}",
        f"{found.left:,}",
        f"{found.width / 60:.1f} / {found.wait / 60:.1f} min",
    )


def main(weeks: int) -> None:
    rows = [row(f"{seed}", account(Week(seed).play())) for seed in range(1, weeks + 1)]
    print(table((*HEADS, "width / wait"), rows))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
