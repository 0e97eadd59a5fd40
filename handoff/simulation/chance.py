"""When people come, how long they wait and how long they think: all of it from one seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import log
from typing import Final, TypeVar

T = TypeVar("T")

# Nobody comes in the last fifth of the time: who comes then could not be served before the end.
ARRIVE_WITHIN: Final = 0.8
# Standard deviations of the logarithm: most people think about as long as others, and patience differs more.
_THOUGHT_SPREAD: Final = 0.5
_PATIENCE_SPREAD: Final = 0.8
_THOUGHT_LIMIT: Final = 6.0


class Chance:
    """One person's luck: the same seed and name give the same, whatever others draw meanwhile."""

    def __init__(self, seed: int, name: str) -> None:
        self._random = random.Random(f"{seed} {name}")

    def happens(self, share: float) -> bool:
        return self._random.random() < share

    def pick(self, several: Sequence[T], weights: Sequence[float] | None = None) -> T:
        return self._random.choices(several, weights)[0]

    def number(self, least: int, most: int) -> int:
        return self._random.randint(least, most)

    def thought(self, median: float) -> float:
        """Seconds of thinking and typing: log-normal, as reaction times are, without the endless ones."""
        return min(self._random.lognormvariate(log(median), _THOUGHT_SPREAD), _THOUGHT_LIMIT * median)

    def patience(self, median: float) -> float:
        """Seconds until somebody in line gives up."""
        return self._random.lognormvariate(log(median), _PATIENCE_SPREAD)


def arrivals(count: int, *, seconds: float, seed: int) -> list[float]:
    """When each of `count` customers comes, in order: a Poisson process of which the number is known."""
    drawn = random.Random(f"{seed} arrivals")
    return sorted(drawn.uniform(0, ARRIVE_WITHIN * seconds) for _ in range(count))
