"""The message path of one process against a relay that stores nothing, and against one as tutorials build it."""

from __future__ import annotations

import statistics
from typing import Any, Final, Literal

from tests.benchmarks.figures import Figure, Options, median_ratio
from tests.benchmarks.machine import calibrate
from tests.benchmarks.throughput import SHARE_NEEDED, Run, Target, measure

TALKS: Final = 50
_SENT: Final = "stored-and-delivered messages/s, one process, 100 in flight"
Pairs = list[tuple[dict[str, Any], dict[str, Any]]]


def rows(options: Options) -> list[Figure]:
    """Uvicorn on PostgreSQL and on SQLite."""
    calibration = calibrate().line()
    postgres, sqlite = (_measure("uvicorn", engine, options) for engine in ("postgres", "sqlite"))
    relayed, stock, lite = _pairs(postgres, "socketio"), _pairs(postgres, "stock"), _pairs(sqlite, "socketio")
    cpu = median_ratio((ours["cpu_us"], theirs["cpu_us"]) for ours, theirs in relayed)
    note = f"{_note(relayed)}; {calibration}"
    return [
        Figure(f"{_SENT}, PostgreSQL, against Socket.IO unstored", _rate(relayed), "x", 0.25, 0.4, "higher", note),
        Figure("the same, SQLite FULL", _rate(lite), "x", 0.25, 0.4, "higher", _note(lite)),
        Figure("against stock Channels + ORM on PostgreSQL", _rate(stock), "x", 8, 15, "higher", _note(stock)),
        Figure("server CPU a message, against Socket.IO", cpu, "x", 3, 2, "lower", _note(relayed, "cpu_us", " us")),
    ]


def daphne_rows(options: Options) -> list[Figure]:
    """The first row on the embedded default."""
    pairs = _pairs(_measure("daphne", "postgres", options), "socketio")
    name = f"{_SENT}, PostgreSQL, on daphne, unpatched, against Socket.IO"
    return [Figure(name, _rate(pairs), "x", 0.15, 0.2, "higher", _note(pairs))]


def _measure(server: str, engine: Literal["postgres", "sqlite"], options: Options) -> dict[str, Target]:
    run = Run(engine, server, TALKS, options.seconds, options.rounds, is_kind=False)
    return measure(run)


def _pairs(targets: dict[str, Target], name: str) -> Pairs:
    """Rounds in which both had their core to themselves; all where there is none."""
    every = list(zip(targets["handoff"].rounds, targets[name].rounds, strict=True))
    return [pair for pair in every if min(one["share"] for one in pair) >= SHARE_NEEDED] or every


def _rate(pairs: Pairs) -> float:
    return median_ratio((ours["rate"], theirs["rate"]) for ours, theirs in pairs)


def _note(pairs: Pairs, what: str = "rate", unit: str = "/s") -> str:
    ours, theirs = (statistics.median(pair[side][what] for pair in pairs) for side in (0, 1))
    share = min(one["share"] for pair in pairs for one in pair)
    return (
        f"{ours:,.0f}{unit} against {theirs:,.0f}{unit}, {len(pairs)} rounds kept, least share of the core {share:.2f}"
    )
