"""Take old entries out of the log, so that no reader can tell: whole streams, copies, and the far end of long ones."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.db.models import F

from handoff.realtime import engines, log, poolers
from handoff.realtime.models import LogEntry, Stream

# One statement's worth: some tens of milliseconds.
ENTRIES_AT_ONCE: Final = 1000
# Nothing here is urgent, and what waits keeps others from what it has: shorter than for somebody's request.
_LIMITS: Final = ("SET LOCAL lock_timeout = '500ms'", "SET LOCAL statement_timeout = '5s'")


@contextmanager
def giving_way() -> Iterator[None]:
    """A transaction that would rather be taken back than wait, where processes give up at all: not in a command.

    Raises OperationalError.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql" and poolers.are_waits_limited():
            with connection.cursor() as cursor:
                for limit in _LIMITS:
                    cursor.execute(limit)
        yield


def drain(names: Collection[str]) -> None:
    """Empty long streams that nobody writes any more, a part at a time, before they are forgotten in one."""
    for stream in Stream.objects.filter(name__in=names, last_seq__gt=ENTRIES_AT_ONCE):
        for bound in range(ENTRIES_AT_ONCE, stream.last_seq + 1, ENTRIES_AT_ONCE):
            LogEntry.objects.filter(stream=stream, seq__lte=bound).delete()


def forget_handoffs(handoff_ids: Collection[int], names: Collection[str]) -> None:
    """The streams of handoffs that go, and what copies in other people's streams say: there the place stays.

    Call in a transaction that holds the handoffs; the streams are locked here.
    """
    engines.lock(names)
    log.forget(names)
    copies = LogEntry.objects.filter(handoff_id__in=handoff_ids)
    copies.update(data={}, handoff_id=None, author="", client_id=None, body_hash="")


def trim_streams(names: Collection[str], *, before: datetime) -> int:
    """Of streams that last, what is old and further back than a reader may go on from; answers how much went.

    Whoever is further behind starts anew from a snapshot, so no cursor ever points into what is missing.
    """
    gone = 0
    for stream in Stream.objects.filter(name__in=names, last_seq__gt=log.REPLAY_LIMIT).order_by("id"):
        gone += _trim(stream, before)
        if gone >= ENTRIES_AT_ONCE:
            break
    return gone


def trimmable(names: Collection[str], *, before: datetime) -> int:
    """How much `trim_streams` would take in all."""
    reach = F("stream__last_seq") - log.REPLAY_LIMIT
    return LogEntry.objects.filter(stream__name__in=names, seq__lte=reach, at__lt=before).count()


@giving_way()
def _trim(stream: Stream, before: datetime) -> int:
    beyond = LogEntry.objects.filter(stream=stream, seq__lte=stream.last_seq - log.REPLAY_LIMIT).order_by("seq")
    # Times never go back within a stream: the first that is young enough ends it.
    seqs = [seq for seq, at in beyond.values_list("seq", "at")[:ENTRIES_AT_ONCE] if at < before]
    if seqs:
        LogEntry.objects.filter(stream=stream, seq__lte=seqs[-1]).delete()
    return len(seqs)
