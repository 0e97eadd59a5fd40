"""How long those in line will wait: an honest range, or nothing.

The line is played forward many times. In each playing every agent at work has as many slots as their capacity. A slot
that is taken gets free after a time that a talk of its queue really took, drawn from the newest finished ones that
lasted longer than this one has so far. Those who wait take, in their order, the slot that gets free first among those
of agents who serve their queue and have the skills; how long they keep it is drawn in the same way. Agents of several
queues need no share of each: they are in the playing once, for all lines they serve. (Drawing anew from what was
observed is the bootstrap of Efron, 1979; serving in order whoever gets free first is list scheduling.)

What no playing can know is let in as noise: the day runs up to some SPREAD slower or faster than the talks say, and
some of those ahead leave. The range is the middle of what came out, rounded outwards. tests/benchmarks/waits.py plays
weeks of arrivals, talks, shifts and people who lose patience against it and counts how often it was right.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heapreplace
from math import ceil, exp, floor
from typing import Final

from handoff.protocol.shapes import Estimate

UNKNOWN: Final = Estimate(kind="unknown")
# With fewer, one odd talk would decide.
SAMPLES_NEEDED: Final = 20
SAMPLES_LIMIT: Final = 200
SOON_SECONDS: Final = 60
# The share of waits that the benchmark's weeks found inside the range is higher than this, in every week.
CONFIDENCE: Final = 0.8
_LOW, _HIGH = 0.1, 0.88
# Standard deviation of the logarithm of how much slower or faster than the talks say a whole day runs.
SPREAD: Final = 0.1
LEAVE_AT_MOST: Final = 0.2
# From an offer to its acceptance.
ANSWER_SECONDS: Final = 15.0
# Steps of all playings together, so that a long line costs no more than a short one: about 20 ms.
_STEPS: Final = 12_000
_PLAYINGS: Final = (25, 120)
_ROUNDING: Final = ((300, 30), (1200, 60))
_COARSEST: Final = 300
# Fewer talks that lasted as long as this one say nothing of how long such a one lasts.
_TAIL_NEEDED: Final = 5


@dataclass(frozen=True)
class Need:
    """What one who waits needs: somebody of the queue, with the skills."""

    queue_id: int
    skills: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Desk:
    """One agent at work: what they serve, how many at a time, and since how many seconds what they have goes on."""

    queue_ids: frozenset[int]
    skills: frozenset[str]
    capacity: int
    busy: Sequence[tuple[int, float]] = ()

    def fits(self, need: Need) -> bool:
        return need.queue_id in self.queue_ids and need.skills <= self.skills


@dataclass(frozen=True)
class Forecast:
    """Estimates for a line, place by place, and for who would come now."""

    waiting: list[Estimate]
    newcomers: dict[Need, Estimate]


# How long each queue's newest finished talks took an agent, in seconds.
Durations = Mapping[int, Sequence[float]]


def forecast(
    line: Sequence[Need], desks: Sequence[Desk], durations: Durations, *, newcomers: Sequence[Need] = ()
) -> Forecast:
    """Estimates for everybody in line, who stand in their order, and for newcomers of these needs."""
    wanted = [*line, *newcomers]
    played = _Playing(wanted, desks, durations)
    # The same line gives the same answer: a range that flickers is not believed.
    chance = random.Random(len(line))
    fewest, most = _PLAYINGS
    times = min(most, max(fewest, _STEPS // max(1, len(wanted))))
    waits = [played.play(len(line), chance) for _ in range(times)]
    found = [
        _estimate([wait[place] for wait in waits]) if played.can_say(need) else UNKNOWN
        for place, need in enumerate(wanted)
    ]
    return Forecast(found[: len(line)], dict(zip(newcomers, found[len(line) :], strict=True)))


def stretched(estimate: Estimate, factor: float) -> Estimate:
    """The same further down the line."""
    low, high = estimate.low_seconds, estimate.high_seconds
    if factor <= 1 or not isinstance(low, int) or not isinstance(high, int):
        return estimate
    return _range(low * factor, high * factor)


class _Playing:
    """The slots, grouped by what their agents can take, ready to be played forward."""

    def __init__(self, wanted: Sequence[Need], desks: Sequence[Desk], durations: Durations) -> None:
        self.wanted = wanted
        self.durations = {queue_id: sorted(each) for queue_id, each in durations.items() if len(each) >= SAMPLES_NEEDED}
        needs = sorted(set(wanted), key=lambda need: (need.queue_id, sorted(need.skills)))
        self.groups: defaultdict[tuple[bool, ...], list[Desk]] = defaultdict(list)
        for desk in desks:
            if desk.capacity > 0:
                self.groups[tuple(desk.fits(need) for need in needs)].append(desk)
        self.open_to = {
            need: [group for group, able in enumerate(self.groups) if able[number]] for number, need in enumerate(needs)
        }

    def can_say(self, need: Need) -> bool:
        return need.queue_id in self.durations and bool(self.open_to[need])

    def play(self, length: int, chance: random.Random) -> list[float]:
        """One way it could go: when each of the line gets a slot, and newcomers behind all of them."""
        pace, leaves = exp(chance.gauss(0, SPREAD)), chance.random() * LEAVE_AT_MOST
        heaps = [self._slots(desks, pace, chance) for desks in self.groups.values()]
        open_to = {need: [heaps[group] for group in groups] for need, groups in self.open_to.items()}
        waits: list[float] = []
        for place, need in enumerate(self.wanted):
            # Lists compare by their first element first: the heap whose next slot gets free soonest.
            heap = min(open_to[need], default=None)
            waits.append(heap[0] if heap else 0.0)
            if heap and place < length and chance.random() >= leaves:
                heapreplace(heap, heap[0] + pace * self._talk(need.queue_id, chance))
        return waits

    def _slots(self, desks: Sequence[Desk], pace: float, chance: random.Random) -> list[float]:
        """When each slot gets free."""
        slots: list[float] = []
        for desk in desks:
            slots += [pace * self._rest(queue_id, elapsed, chance) for queue_id, elapsed in desk.busy]
            slots += [0.0] * (desk.capacity - len(desk.busy))
        heapify(slots)
        return slots

    def _talk(self, queue_id: int, chance: random.Random) -> float:
        known = self.durations.get(queue_id)
        return _draw(known, chance) if known else self._any(chance)

    def _rest(self, queue_id: int, elapsed: float, chance: random.Random) -> float:
        """What is left of a talk that has lasted `elapsed`."""
        known = self.durations.get(queue_id, [])
        longer = bisect_right(known, elapsed)
        if len(known) - longer >= _TAIL_NEEDED:
            return _draw(known, chance, after=longer) - elapsed
        # Longer than nearly all that was seen: as long again as half of an ordinary one, more or less.
        return chance.random() * self._talk(queue_id, chance)

    def _any(self, chance: random.Random) -> float:
        """For a line that has too few finished talks of its own, and shares agents with one that has enough."""
        every = list(self.durations.values())
        return _draw(chance.choice(every), chance) if every else 0.0


def _draw(known: Sequence[float], chance: random.Random, *, after: int = 0) -> float:
    """One of them; `random.choice` takes four times as long, and this is drawn thousands of times."""
    return known[after + int(chance.random() * (len(known) - after))]


def _estimate(waits: list[float]) -> Estimate:
    waits.sort()
    last = len(waits) - 1
    low, high = waits[round(_LOW * last)], waits[round(_HIGH * last)] + ANSWER_SECONDS
    if high < SOON_SECONDS:
        return Estimate(kind="soon", confidence=CONFIDENCE)
    return _range(low, high)


def _range(low: float, high: float) -> Estimate:
    below, above = _step(low), _step(high)
    return Estimate(
        kind="range",
        low_seconds=floor(low / below) * below,
        high_seconds=ceil(high / above) * above,
        confidence=CONFIDENCE,
    )


def _step(seconds: float) -> int:
    """What a person would round to."""
    return next((step for limit, step in _ROUNDING if seconds < limit), _COARSEST)
