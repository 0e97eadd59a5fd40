"""A customer who was away for 200 events, in a log of two million entries and in one of ten thousand.

The talks of the log grew side by side: no two of an absentee's events lie on one page.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg

from tests.benchmarks import seeding
from tests.benchmarks.calibration import take_yardstick
from tests.benchmarks.deployment import Database, Deployment, another_database, database, scratch, serving
from tests.benchmarks.figures import Figure, Options, median_ratio
from tests.benchmarks.herd import Herd, Line, Place

LARGE: Final = 2_000_000
SMALL: Final = 10_000
# Of each talk; the last 200 are what was missed.
EACH: Final = 1000
MISSED: Final = 200
# A resume is quick: a round is the median of so many, one on each log in turn.
TURNS: Final = 15

_TALKS: Final = """
INSERT INTO handoff_stream (name, last_seq, last_at, sealed)
SELECT 'handoff/ho_filler' || n, %(each)s, now(), false FROM generate_series(2, %(talks)s::int) n
"""
_ENTRIES: Final = """
INSERT INTO handoff_logentry (stream_id, seq, at, type, data, handoff_id, author, client_id, body_hash)
SELECT s.id, q, now() - interval '1 minute' + q * interval '10 ms', 'message.posted',
  jsonb_build_object('id', 'me_' || s.id || '_' || q, 'author', jsonb_build_object('kind', 'agent', 'name', 'Amira'),
    'text', 'I was charged twice for the same coffee, and the receipt could not be uploaded.',
    'client_id', s.id || '-' || q),
  NULL, 'ag_filler', lpad(q::text, 12, '0') || '-' || s.id, repeat('0', 32)
FROM generate_series(%(first)s::int, %(last)s::int) q, handoff_stream s
WHERE s.name LIKE 'handoff/ho_%%' AND s.name NOT LIKE '%%/desk'
ORDER BY q, s.id
"""
_HEAD: Final = "UPDATE handoff_stream SET last_seq = %(each)s WHERE name = %(name)s"
_READ: Final = """
SELECT e.seq, e.at, e.type, e.data FROM handoff_logentry e JOIN handoff_stream s ON s.id = e.stream_id
WHERE s.name = %s AND e.seq > %s ORDER BY e.seq LIMIT 200
"""


@dataclass
class Log:
    """One server on a log of a known size."""

    deployment: Deployment
    link: psycopg.Connection[Any]
    epoch: str
    turn: int = 0

    def resume(self) -> float:
        """Milliseconds from the hello to the last missed event; every event is checked."""
        self.turn += 1
        stream = f"handoff/{seeding.room(1)}"
        place = Place(
            port=self.deployment.port,
            role="customer",
            origin=self.deployment.site_origin,
            ticket=seeding.ticket("customer", 1, self.turn),
            resume={"epoch": self.epoch, "cursors": {stream: EACH - MISSED}},
        )
        with Herd() as herd:
            line = herd.start(Line(place, frames=[]))
            herd.read_until(lambda: line.is_upgraded)
            started = time.perf_counter()
            herd.read_until(lambda: _last_seq(line) == EACH)
            took = time.perf_counter() - started
            herd.idle(0.05)
        seqs = [frame["seq"] for raw in line.frames or () if (frame := msgspec.json.decode(raw))["ev"] == "event"]
        if seqs != list(range(EACH - MISSED + 1, EACH + 1)):
            raise SystemExit(f"not what was missed, once and in order: {len(seqs)} events, {seqs[:3]}...{seqs[-3:]}")
        return took * 1000

    def read(self) -> float:
        """Milliseconds of the statement alone."""
        started = time.perf_counter()
        found = self.link.execute(_READ, (f"handoff/{seeding.room(1)}", EACH - MISSED), prepare=True).fetchall()
        took = time.perf_counter() - started
        if len(found) != MISSED:
            raise SystemExit(f"the statement found {len(found)} entries")
        return took * 1000


def _last_seq(line: Line) -> int:
    """Of the last event; what is told of the line's length may come after it."""
    events = (raw for raw in reversed(line.frames or ()) if raw.startswith(b'{"ev":"event"'))
    return int(msgspec.json.decode(last)["seq"]) if (last := next(events, None)) else 0


@contextlib.contextmanager
def grown_log(where: Database, home: Path, *, entries: int, turns: int) -> Iterator[Log]:
    with (
        serving(where, home, server="uvicorn", agents=[("amira", 1)]) as deployment,
        psycopg.connect(where.url, autocommit=True) as link,
    ):
        seeding.add_waiting(link, 1, 1, turns=turns)
        _fill(link, entries)
        row = link.execute("SELECT value FROM handoff_epoch").fetchone()
        yield Log(deployment, link, row[0] if row else "")


def _fill(link: psycopg.Connection[Any], entries: int) -> None:
    link.execute("SET synchronous_commit = off")
    link.execute(_TALKS, {"each": EACH, "talks": entries // EACH})
    # The seeded talk has its first entry already.
    step = EACH // 10
    for first in range(0, EACH, step):
        link.execute(_ENTRIES, {"first": max(2, first + 1), "last": first + step})
    link.execute(_HEAD, {"each": EACH, "name": f"handoff/{seeding.room(1)}"})
    seeding.settle(link)


def rows(options: Options) -> list[Figure]:
    large = int(LARGE * options.scale)
    turns = options.rounds * TURNS + 1
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(scratch())
        where = stack.enter_context(database("postgres", home))
        logs = [
            stack.enter_context(grown_log(another_database(where, name), home, entries=entries, turns=turns))
            for name, entries in (("large", large), ("small", SMALL))
        ]
        calibration = take_yardstick(where, home).line()
        for log in logs:
            log.resume()
        whole = [_round(logs) for _ in range(options.rounds)]
        sql = [_median_read(logs) for _ in range(options.rounds)]
    note = (
        f"hello to last event {statistics.median(pair[0] for pair in whole):.1f} ms against "
        f"{statistics.median(pair[1] for pair in whole):.1f} ms, the statement alone "
        f"{statistics.median(pair[0] for pair in sql):.2f} against {statistics.median(pair[1] for pair in sql):.2f} ms "
        f"({median_ratio(sql):.2f}x); medians of {options.rounds} x {TURNS}; {calibration}"
    )
    name = f"resume of {MISSED} events from a log of {large:,} against one of {SMALL:,}"
    return [Figure(name, median_ratio(whole), "x", 1.5, 1.1, "lower", note)]


def _round(logs: list[Log]) -> tuple[float, float]:
    took = [[log.resume() for log in logs] for _ in range(TURNS)]
    return statistics.median(pair[0] for pair in took), statistics.median(pair[1] for pair in took)


def _median_read(logs: list[Log]) -> tuple[float, float]:
    took = [[log.read() for log in logs] for _ in range(TURNS)]
    return statistics.median(pair[0] for pair in took), statistics.median(pair[1] for pair in took)
