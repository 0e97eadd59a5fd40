"""Weeks of promised callbacks in virtual time, by the real slots and retries: is a promised window kept?

Customers come now, or book a slot that is offered to them. Agents work by a roster, take whoever stands first in line,
miss an offer now and then, read, and dial. A booked callback comes due when its window begins, ranked as if it had come
HEAD_START earlier. Kept means that the first dial began within the window.

.venv/bin/python -m tests.benchmarks.callback_week [weeks]
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count, pairwise
from math import log
from typing import Any, Final

from handoff.callbacks.quiet import QuietHours
from handoff.callbacks.retries import Outcome, Retry, decide_retry, dial_problem
from handoff.callbacks.slots import HEAD_START, PROMISED_SHARE, Slot, Supply, compute_slots
from handoff.callbacks.windows import Window
from handoff.staffing.opening import WEEKDAYS, Opening
from tests.benchmarks.machine import calibrate, quantile, table

MONDAY: Final = datetime(2026, 11, 23, tzinfo=UTC)
ZONE: Final = "UTC"
HOURS: Final = Opening(ZONE, dict.fromkeys(WEEKDAYS, ("08:00-20:00",)), ())
QUIET: Final = QuietHours("21:00", "08:00")
HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
# From each hour of the day this part of the team is at work.
ROSTER: Final = ((8, 0.6), (10, 1.0), (16, 0.7), (20, 0.0))
HANDLING_SECONDS: Final = 600.0
# Of the logarithm of a talk's seconds, wrap-up and all: one in twenty takes half an hour or more of a mean of ten.
SPREAD: Final = 0.7
PATIENCE_SECONDS: Final = 1500.0
MISSED: Final = 0.04
# How many of all who need help would rather be called later, and what they like best: around these hours.
BOOKERS: Final = 0.4
# Before these days few have booked yet.
WARM_UP: Final = 2
LIKED_HOURS: Final = (9.0, 12.5, 17.5)
UNREACHED: Final = ((0.12, Outcome.NO_ANSWER), (0.03, Outcome.BUSY), (0.04, Outcome.VOICEMAIL))
RING_SECONDS: Final = 40.0


@dataclass(frozen=True)
class Plan:
    """What a week is played with. `load` is what is asked for over what the roster can do, on a day like any other."""

    load: float
    team: int = 12
    share: float = PROMISED_SHARE
    head_start: timedelta = HEAD_START
    days: int = 7
    bookers: float = BOOKERS
    is_patient: bool = False
    # Or all of the team are taken to be at work whenever it is open.
    knows_roster: bool = True


@dataclass
class Person:
    """One who came, or is owed a call."""

    came_at: float
    pace: float
    window: Window | None = None
    dialled_at: float | None = None
    served_at: float | None = None
    attempts: int = 0
    is_gone: bool = False

    @property
    def is_kept(self) -> bool:
        window, at = self.window, self.dialled_at
        return window is not None and at is not None and window.starts_at <= moment(at) < window.ends_at


@dataclass
class Week:
    """Events in the order of their time."""

    plan: Plan
    seed: int
    people: list[Person] = field(default_factory=list)
    booked: list[Person] = field(default_factory=list)
    unserved: int = 0
    worked: float = 0.0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        steps = [
            (day * DAY + hour * HOUR, part) for day in range(-1, self.plan.days + WARM_UP + 8) for hour, part in ROSTER
        ]
        self.staff = [(at, round(self.plan.team * part)) for at, part in steps]
        known = [(moment(at), agents) for at, agents in self.staff]
        agents = known if self.plan.knows_roster else self.plan.team
        self.supply = Supply(HOURS, agents, handling_seconds=HANDLING_SECONDS, share=self.plan.share)
        self.at_work = self.busy = 0
        self.ahead: list[datetime] = []
        self.line: list[tuple[float, int, Person]] = []
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._numbers = count()

    def play(self) -> Week:
        for at, agents in self.staff:
            self._at(at, self._staff, agents)
        for day in range(self.plan.days + WARM_UP):
            self._plan_day(day)
        while self._events:
            now, _, act, given = heappop(self._events)
            act(now, *given)
        return self

    def _at(self, when: float, act: Callable[..., None], *given: Any) -> None:
        heappush(self._events, (when, next(self._numbers), act, given))

    def _plan_day(self, day: int) -> None:
        # What nobody could know beforehand: some days are busier, and talks take longer.
        busy, pace = self.chance.gauss(1, 0.1), self.chance.gauss(1, 0.05)
        for (start, part), (end, _) in pairwise(ROSTER):
            needs = self.plan.load * round(self.plan.team * part) / HANDLING_SECONDS * busy
            for at in self._arrivals(needs * (1 - self.plan.bookers), day * DAY + start * HOUR, day * DAY + end * HOUR):
                self._at(at, self._come, pace)
        # They book from home as well, when nobody is at work.
        needs = self.plan.load * self.plan.team / HANDLING_SECONDS * sum(_parts()) / 24 * self.plan.bookers
        for at in self._arrivals(needs * busy, day * DAY, (day + 1) * DAY):
            self._at(at, self._book, pace)

    def _arrivals(self, rate: float, start: float, end: float) -> Iterable[float]:
        at = start + self.chance.expovariate(rate) if rate else end
        while at < end:
            yield at
            at += self.chance.expovariate(rate)

    def _come(self, now: float, pace: float) -> None:
        person = Person(now, pace)
        self.people.append(person)
        self._stand(now, person, rank=now)
        if not self.plan.is_patient:
            self._at(now + self.chance.expovariate(1 / PATIENCE_SECONDS), self._leave, person)

    def _leave(self, now: float, person: Person) -> None:
        person.is_gone = person.served_at is None

    def _book(self, now: float, pace: float) -> None:
        offered = [slot for slot in self._offered(now) if slot.left]
        if not offered:
            self._come(now, pace)
            return
        liked = now + self.chance.expovariate(1 / DAY)
        liked = liked // DAY * DAY + (self.chance.choice(LIKED_HOURS) + self.chance.gauss(0, 1.5)) * HOUR
        slot = min(offered, key=lambda each: abs(seconds(each.starts_at) - liked))
        person = Person(now, pace, Window(slot.starts_at, slot.ends_at))
        self.booked.append(person)
        self.ahead.append(slot.starts_at)
        self._at(seconds(slot.starts_at), self._begin, person, slot.starts_at)

    def _offered(self, now: float) -> list[Slot]:
        return compute_slots(self.supply, bookings=self.ahead, now=moment(now), zone=ZONE, quiet=QUIET)

    def _begin(self, now: float, person: Person, promised: datetime) -> None:
        self.ahead.remove(promised)
        self._come_due(now, person)

    def _come_due(self, now: float, person: Person) -> None:
        self._stand(now, person, rank=now - self.plan.head_start.total_seconds())

    def _stand(self, now: float, person: Person, *, rank: float) -> None:
        if self.at_work == 0:
            self.unserved += 1
            return
        heappush(self.line, (rank, next(self._numbers), person))
        self._match(now)

    def _staff(self, now: float, agents: int) -> None:
        self.at_work = agents
        if agents == 0:
            # Whoever came now is told to come tomorrow; a promise that is still in line is broken.
            self.unserved += sum(not person.is_gone for _, _, person in self.line)
            self.line.clear()
        self._match(now)

    def _match(self, now: float) -> None:
        while self.line and self.busy < self.at_work:
            rank, _, person = heappop(self.line)
            if person.is_gone:
                continue
            self.busy += 1
            if self.chance.random() < MISSED:
                self._at(now + 25, self._miss, rank, person)
            else:
                self._at(now + self.chance.uniform(2, 15), self._accept, now, person)

    def _miss(self, now: float, rank: float, person: Person) -> None:
        self.busy -= 1
        self._stand(now, person, rank=rank)

    def _accept(self, now: float, since: float, person: Person) -> None:
        if person.is_gone:
            self._finish(now, since)
        elif person.window is None:
            self._talk(now, since, person)
        else:
            self._at(now + self.chance.uniform(3, 20), self._dial, since, person, person.window)

    def _dial(self, now: float, since: float, person: Person, window: Window) -> None:
        if person.dialled_at is None:
            person.dialled_at = now
        elif dial_problem(window=window, quiet=QUIET, zone=ZONE, now=moment(now)):
            self._finish(now, since)
            return
        person.attempts += 1
        outcome = self._outcome()
        if outcome is None:
            self._talk(now, since, person)
            return
        ended = now + RING_SECONDS
        self._at(ended, self._finish, since)
        decided = decide_retry(
            outcome, attempts=person.attempts, failures=0, window=window, quiet=QUIET, zone=ZONE, now=moment(ended)
        )
        if isinstance(decided, Retry):
            self._at(seconds(decided.at), self._come_due, person)

    def _outcome(self) -> Outcome | None:
        drawn = self.chance.random()
        for chance, outcome in UNREACHED:
            drawn -= chance
            if drawn < 0:
                return outcome
        return None

    def _talk(self, now: float, since: float, person: Person) -> None:
        person.served_at = now
        mean = log(HANDLING_SECONDS) - SPREAD**2 / 2
        self._at(now + self.chance.lognormvariate(mean, SPREAD) * person.pace, self._finish, since)

    def _finish(self, now: float, since: float) -> None:
        self.busy -= 1
        self.worked += now - since
        self._match(now)


def _parts() -> list[float]:
    """What the roster has at work in each hour of its day."""
    return [part * (end - start) for (start, part), (end, _) in pairwise(ROSTER)]


def moment(at: float) -> datetime:
    return MONDAY + timedelta(seconds=at)


def seconds(at: datetime) -> float:
    return (at - MONDAY).total_seconds()


@dataclass(frozen=True)
class Account:
    """What was promised and kept, and what the others waited."""

    promised: int
    kept: int
    worst_late: float
    waits: Sequence[float]
    left: int
    occupancy: float

    @property
    def share(self) -> float:
        return self.kept / max(1, self.promised)


def account(weeks: Iterable[Week]) -> Account:
    weeks = list(weeks)
    booked = [person for week in weeks for person in week.booked if _counts(person, week)]
    late = [person.dialled_at - seconds(person.window.ends_at) for person in booked if _is_late(person)]
    people = [person for week in weeks for person in week.people if person.came_at >= WARM_UP * DAY]
    able = sum(week.plan.team * sum(_parts()) * HOUR * (week.plan.days + WARM_UP) for week in weeks)
    return Account(
        promised=len(booked),
        kept=sum(person.is_kept for person in booked),
        worst_late=max(late, default=0.0),
        waits=[person.served_at - person.came_at for person in people if person.served_at is not None],
        left=sum(person.is_gone for person in people) + sum(week.unserved for week in weeks),
        occupancy=sum(week.worked for week in weeks) / able,
    )


def _counts(person: Person, week: Week) -> bool:
    """Promised for a day on which as many come as on any other: not before it runs in, nor after the end."""
    since, until = WARM_UP * DAY, (WARM_UP + week.plan.days) * DAY
    return person.window is not None and since <= seconds(person.window.starts_at) < until


def _is_late(person: Person) -> bool:
    return person.dialled_at is not None and not person.is_kept


HEADS: Final = ("week", "promised", "kept", "latest", "came now: waited p50, p95", "left", "occupancy")


def row(name: str, found: Account) -> tuple[str, ...]:
    waits = f"{quantile(found.waits, 0.5) / 60:.1f}, {quantile(found.waits, 0.95) / 60:.1f} min"
    return (
        name,
        f"{found.promised:,}",
        f"{found.share:.1%}",
        f"{found.worst_late / 60:.1f} min",
        waits,
        f"{found.left / max(1, found.left + len(found.waits)):.1%}",
        f"{found.occupancy:.0%}",
    )


def plans() -> dict[str, Plan]:
    planned = Plan(load=0.85)
    return {
        "load 70 %": replace(planned, load=0.7),
        "load 85 %": planned,
        "load 95 %": replace(planned, load=0.95),
        "85 %, a team of 4": replace(planned, team=4),
        "85 %, a team of 40": replace(planned, team=40),
        "85 %, nobody loses patience": replace(planned, is_patient=True),
        "85 %, the roster is not known": replace(planned, knows_roster=False),
        "85 %, without the head start": replace(planned, head_start=timedelta()),
    }


def main(weeks: int) -> None:
    print(calibrate().line())
    rows = [
        row(name, account(Week(plan, seed).play() for seed in range(1, weeks + 1))) for name, plan in plans().items()
    ]
    print(table(HEADS, rows))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
