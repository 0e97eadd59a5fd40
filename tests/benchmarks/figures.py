"""One row of the benchmarks' table: what was measured, what it has to reach, and whether it does."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from tests.benchmarks.machine import table

HEADS: Final = ("figure", "must", "hope", "this code", "verdict", "calibration and what it means")
Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Options:
    """What every row is told; a row decides itself what a round of it is."""

    rounds: int = 3
    # Of load in one round.
    seconds: float = 4
    engine: Literal["postgres", "sqlite"] = "postgres"
    # Where a row has a size (people, sockets, entries), a share of it; a figure at another size says so.
    scale: float = 1.0


@dataclass(frozen=True)
class Figure:
    """A measured value beside its limits; `note` holds the calibration and how the rounds came out."""

    name: str
    value: float
    unit: str
    must: float
    hope: float
    better: Better
    note: str = ""

    @property
    def verdict(self) -> str:
        if self._reaches(self.hope):
            return "hope"
        return "must" if self._reaches(self.must) else "**missed**"

    def row(self) -> list[str]:
        return [self.name, *(self._show(one) for one in (self.must, self.hope, self.value)), self.verdict, self.note]

    def _reaches(self, limit: float) -> bool:
        return self.value >= limit if self.better == "higher" else self.value <= limit

    def _show(self, value: float) -> str:
        # A ratio needs its second decimal, a count none.
        shown = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
        return f"{shown}{self.unit}" if self.unit in ("", "x") else f"{shown} {self.unit}"


@dataclass(frozen=True)
class Failure:
    """A row that could not be measured: wrong answers are no figures."""

    name: str
    reason: str

    def row(self) -> list[str]:
        return [self.name, "", "", "", "**failed**", self.reason]


def best(values: Iterable[float], *, better: Better) -> float:
    """Of rounds whose value is an absolute: what the machine gets in the way of is not the code's."""
    return max(values) if better == "higher" else min(values)


def median_ratio(pairs: Iterable[tuple[float, float]]) -> float:
    """Of paired, interleaved rounds (ours, theirs)."""
    return statistics.median(ours / theirs for ours, theirs in pairs)


def markdown(figures: Iterable[Figure | Failure]) -> str:
    return table(HEADS, [figure.row() for figure in figures])
