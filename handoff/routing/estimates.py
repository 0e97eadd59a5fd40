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
from heapq import heapreplace
from math import ceil, exp, floor
from statistics import NormalDist
from typing import Final

from msgspec.structs import replace

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
_NORMAL: Final = NormalDist()
LEAVE_AT_MOST: Final = 0.2
# From an offer to its acceptance.
ANSWER_SECONDS: Final = 15.0
# Steps of all playings together, so that a long line costs no more than a short one, and slots drawn for them, so
# that many agents cost no more than a few: about 10 ms each.
_STEPS: Final = 10_000
_DRAWS: Final = 20_000
_PLAYINGS: Final = (12, 120)
# So many kinds of agents to choose from make a step twice as long.
_GROUPS_A_STEP: Final = 8
# Of very many slots the next to get free are much the same in each drawing: a few do for all playings.
_DRAWINGS: Final = 4
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
# A queue's talks, where those begin that lasted longer than this one, how many they are, how long it has lasted, whose.
_Tail = tuple[Sequence[float], int, int, float, int]


def forecast(
    line: Sequence[Need], desks: Sequence[Desk], durations: Durations, *, newcomers: Sequence[Need] = ()
) -> Forecast:
    """Estimates for everybody in line, who stand in their order, and for newcomers of these needs."""
    wanted = [*line, *newcomers]
    # The same line gives the same answer: a range that flickers is not believed.
    played = _Playing(wanted, desks, durations, random.Random(len(line)))
    waits = played.play(len(line))
    agents = {need: sum(desk.fits(need) for desk in desks) for need in set(wanted)}
    found = [
        _estimate([wait[place] for wait in waits], agents=agents[need]) if played.can_say(need) else UNKNOWN
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

    def __init__(
        self, wanted: Sequence[Need], desks: Sequence[Desk], durations: Durations, chance: random.Random
    ) -> None:
        self.wanted, self.chance = wanted, chance
        self.durations = {queue_id: sorted(each) for queue_id, each in durations.items() if len(each) >= SAMPLES_NEEDED}
        needs = sorted(set(wanted), key=lambda need: (need.queue_id, sorted(need.skills)))
        groups: defaultdict[tuple[bool, ...], list[Desk]] = defaultdict(list)
        for desk in desks:
            able = tuple(desk.fits(need) for need in needs)
            if desk.capacity > 0 and any(able):
                groups[able].append(desk)
        self.groups = list(groups.values())
        self.open_to = {
            need: [group for group, able in enumerate(groups) if able[number]] for number, need in enumerate(needs)
        }

    def can_say(self, need: Need) -> bool:
        return need.queue_id in self.durations and bool(self.open_to[need])

    def play(self, length: int) -> list[list[float]]:
        """Many ways it could go: when each of the line gets a slot, and newcomers behind all of them."""
        fewest, most = _PLAYINGS
        steps = sum(1 + len(self.open_to[need]) // _GROUPS_A_STEP for need in self.wanted)
        times = min(most, max(fewest, _STEPS // max(1, steps)))
        starts = [self._drawings(desks, times, length) for desks in self.groups]
        # Spread evenly, not drawn: also few playings are then as slow and as fast as days are.
        shares = [(number + 0.5) / times for number in range(times)]
        leaving = self.chance.sample(shares, times)
        return [
            self._play_once(
                [list(each[number % len(each)]) for each in starts],
                pace=exp(SPREAD * _NORMAL.inv_cdf(share)),
                leaves=LEAVE_AT_MOST * leaving[number],
                length=length,
            )
            for number, share in enumerate(shares)
        ]

    def _play_once(self, heaps: Sequence[list[float]], *, pace: float, leaves: float, length: int) -> list[float]:
        chance = self.chance
        open_to = {need: [heaps[group] for group in groups] for need, groups in self.open_to.items()}
        waits: list[float] = []
        for place, need in enumerate(self.wanted):
            # Lists compare by their first element first: the heap whose next slot gets free soonest.
            heap = min(open_to[need], default=None)
            waits.append(pace * heap[0] if heap else 0.0)
            if heap and place < length and chance.random() >= leaves:
                heapreplace(heap, heap[0] + self._talk(need.queue_id))
        return waits

    def _drawings(self, desks: Sequence[Desk], times: int, length: int) -> list[list[float]]:
        """When the slots of a group get free, drawn several times; only as many as the line can take, soonest first."""
        free = sum(max(0, desk.capacity - len(desk.busy)) for desk in desks)
        if free > length:
            return [[0.0] * (length + 1)]
        talks = [self._tail(queue_id, elapsed) for desk in desks for queue_id, elapsed in desk.busy]
        share = _DRAWS // len(self.groups)
        drawings = min(times, max(_DRAWINGS, share // max(1, len(talks))))
        idle = [0.0] * free
        return [(idle + sorted(self._rests(talks)))[: length + 1] for _ in range(drawings)]

    def _tail(self, queue_id: int, elapsed: float) -> _Tail:
        known = self.durations.get(queue_id, [])
        longer = bisect_right(known, elapsed)
        return known, longer, len(known) - longer, elapsed, queue_id

    def _rests(self, talks: Sequence[_Tail]) -> list[float]:
        """What is left of each talk. One longer than nearly all that was seen lasts half of an ordinary one, or so."""
        chance = self.chance.random
        return [
            tail[after + int(chance() * count)] - elapsed if count >= _TAIL_NEEDED else chance() * self._talk(queue_id)
            for tail, after, count, elapsed, queue_id in talks
        ]

    def _talk(self, queue_id: int) -> float:
        known = self.durations.get(queue_id)
        return _draw(known, self.chance) if known else self._any()

    def _any(self) -> float:
        """For a line that has too few finished talks of its own, and shares agents with one that has enough."""
        every = list(self.durations.values())
        return _draw(self.chance.choice(every), self.chance) if every else 0.0


def _draw(known: Sequence[float], chance: random.Random) -> float:
    """One of them; `random.choice` takes four times as long, and this is drawn thousands of times."""
    return known[int(chance.random() * len(known))]


def _estimate(waits: list[float], *, agents: int) -> Estimate:
    waits.sort()
    last = len(waits) - 1
    low, high = waits[round(_LOW * last)], waits[round(_HIGH * last)] + ANSWER_SECONDS
    if high < SOON_SECONDS:
        return Estimate(kind="soon", confidence=CONFIDENCE)
    return replace(_range(low, high), agents=agents)


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
