"""What a process counts for its operator; labels are taken from fixed lists only, never from what somebody sent.

What is true of the whole deployment (who waits, workers) is read from the database when somebody asks: handoff.config.
"""

from __future__ import annotations

import re
import time
from collections import Counter as Tally
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from handoff.protocol.events import OfferRecorded

# When each series began is of no use to anybody, and doubles what is scraped.
disable_created_metrics()

_MILLISECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_WATCHED: Final = (
    ("http", "not_saved"), ("http", "not_ready"), ("http", "websocket_required"), ("socket", "not_saved"),
)  # fmt: skip
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{1,39}\Z")

SOCKETS: Final = Gauge("handoff_sockets", "Live sockets of this process.", ["role"])
CLOSED: Final = Counter("handoff_sockets_closed_total", "Sockets closed by the server.", ["code"])
ENTRIES: Final = Counter("handoff_log_entries_total", "Entries written to the log by this process.", ["type"])
OFFERS: Final = Counter("handoff_offers_total", "Offers that this process made or ended, by outcome.", ["outcome"])
SENDS: Final = Counter("handoff_sends_total", "Messages handed to the batch, by what became of them.", ["outcome"])
BATCH: Final = Histogram("handoff_batch_size", "Messages a transaction.", buckets=[1, 2, 5, 10, 20, 50, 100, 200])
BATCH_SECONDS: Final = Histogram(
    "handoff_batch_seconds", "From the beginning of a batch's transaction to its commit.", buckets=_MILLISECONDS
)
LAG: Final = Histogram(
    "handoff_delivery_lag_seconds",
    "From the time an entry carries, taken in its transaction, to the sockets of this process; once a batch.",
    buckets=_MILLISECONDS,
)
CATCH_UPS: Final = Counter("handoff_catch_ups_total", "Reads of the log because a hint was missed or came early.")
HEALED: Final = Counter(
    "handoff_healed_total", "Streams of a socket that the poll found behind: their last hint was lost."
)
HINTS: Final = Counter("handoff_hints_total", "Hints between processes.", ["what"])
BRIDGE_UP: Final = Gauge("handoff_bridge_up", "1 while hints travel between processes.")
REFUSALS: Final = Counter("handoff_refusals_total", "Errors told, by their stable code.", ["edge", "code"])
REQUEST_SECONDS: Final = Histogram(
    "handoff_http_seconds", "From a request's arrival at its thread to its answer.", ["class"], buckets=_MILLISECONDS
)
RETIRED: Final = Counter("handoff_retired_total", "What was past its time and went.", ["kind"])
REPLICA_UP: Final = Gauge("handoff_replica_up", "1 while the replica is asked; 0: away, or too far behind.")
REPLICA_LAG: Final = Gauge("handoff_replica_lag_seconds", "The age of the newest heartbeat that the replica has.")
REPLICA_READS: Final = Counter(
    "handoff_replica_reads_total", "Reads that may be a little old, by who answered.", ["by"]
)

# Told as 0 from the start: to Prometheus a series that begins with 30 has not risen, and the first failure woke nobody.
for _what in ("told", "heard", "dropped"):
    HINTS.labels(_what)
for _outcome in ("stored", "repeat", "not_saved"):
    SENDS.labels(_outcome)
for _edge, _code in _WATCHED:
    REFUSALS.labels(_edge, _code)
for _outcome in ("made", "accepted", "declined", "timed_out", "withdrawn", "agent_lost"):
    OFFERS.labels(_outcome)


class _Stored(Protocol):
    """An entry of the log, as far as it is counted."""

    type: str
    data: dict[str, Any]


class _Clock:
    """How far this process's clock is ahead of the database's, as last seen."""

    ahead_seconds = 0.0


clock: Final = _Clock()


def count_entries(stored: Sequence[_Stored]) -> None:
    """Committed entries, and what the offers among them say."""
    for type_, count in Tally(entry.type for entry in stored).items():
        ENTRIES.labels(type_).inc(count)
        if type_ == OfferRecorded.TYPE:
            for entry in stored:
                if entry.type == type_ and (status := entry.data.get("status")):
                    OFFERS.labels("made" if status == "pending" else status).inc()


def note_delivery(at: str) -> None:
    """A batch whose oldest entry is of then (RFC 3339, the database's time) has reached the sockets here."""
    LAG.observe(max(0.0, time.time() - clock.ahead_seconds - datetime.fromisoformat(at).timestamp()))


def count_refusal(edge: str, code: str) -> None:
    """An error that somebody was told; a code that does not look like one of ours counts as `other`."""
    REFUSALS.labels(edge, code if _CODE.match(code) else "other").inc()
