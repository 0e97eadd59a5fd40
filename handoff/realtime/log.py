"""The one writer of the log, and its reader."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final

from django.db import connection, transaction

from handoff.lib import clock
from handoff.lib.errors import DomainError
from handoff.protocol.events import Event
from handoff.realtime import engines, metrics
from handoff.realtime.clock import database_now
from handoff.realtime.delivery import Delivered, hub
from handoff.realtime.engines import Row, StreamRow
from handoff.realtime.models import Epoch, LogEntry, Stream

# A reader further behind than this starts anew from a snapshot.
REPLAY_LIMIT: Final = 1000


class Status(Enum):
    """What became of an entry: written now; there already; refused as another body; refused as the stream is shut."""

    STORED = "stored"
    REPEAT = "repeat"
    CONFLICT = "conflict"
    SEALED = "sealed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event on its way into one stream. With a `client_id` it is stored once however often it is sent."""

    stream: str
    type: str
    data: dict[str, Any]
    handoff_id: int | None = None
    author: str = ""
    client_id: str | None = None
    body_hash: str = ""
    # The stream's last word on the talk: it takes no messages after this.
    seals: bool = False

    @classmethod
    def of(cls, stream: str, event: Event, *, handoff_id: int | None = None, author: str = "") -> Entry:
        return cls(stream=stream, type=event.TYPE, data=event.to_wire(), handoff_id=handoff_id, author=author)

    @property
    def key(self) -> tuple[str, str, str] | None:
        return None if self.client_id is None else (self.client_id, self.author, self.stream)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer for one entry; `id`, `seq` and `at` are those of the stored one."""

    status: Status
    id: str = ""
    seq: int = 0
    at: str = ""


@dataclass(slots=True)
class _Numbering:
    """The state of one append: locked rows, what is known of their client ids, what is to be written."""

    rows: dict[str, StreamRow]
    now: datetime
    known: dict[tuple[str, str, str], tuple[str, Outcome]] = field(default_factory=dict)
    fresh: list[Row] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)

    def take(self, entry: Entry) -> Outcome:
        if entry.key is not None and entry.key in self.known:
            stored_hash, outcome = self.known[entry.key]
            return outcome if stored_hash == entry.body_hash else Outcome(Status.CONFLICT)
        row = self.rows.get(entry.stream)
        if row is None or (row.sealed and entry.client_id is not None):
            return Outcome(Status.SEALED)
        return self._number(entry, row)

    def _number(self, entry: Entry, row: StreamRow) -> Outcome:
        row.last_seq += 1
        # Never earlier than its predecessor: readers merge streams by time, and processes wait for each other's locks.
        row.last_at = max(self.now, row.last_at) if row.last_at else self.now
        row.sealed = row.sealed or entry.seals
        at = clock.rfc3339(row.last_at)
        self.fresh.append(Row(entry=entry, stream_id=row.id, seq=row.last_seq, at=row.last_at))
        self.delivered.append(Delivered(stream=entry.stream, seq=row.last_seq, at=at, type=entry.type, data=entry.data))
        outcome = Outcome(Status.STORED, str(entry.data.get("id", "")), row.last_seq, at)
        if entry.key is not None:
            repeat = Outcome(Status.REPEAT, outcome.id, outcome.seq, outcome.at)
            self.known[entry.key] = (entry.body_hash, repeat)
        return outcome


def body_hash(text: str) -> str:
    """What tells a repeat from another body under the same client id."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def refusal(outcome: Outcome) -> DomainError | None:
    """What the sender of a client id has to be told, if it was not stored and is no repeat."""
    if outcome.status is Status.SEALED:
        return DomainError("handoff_closed", "This handoff is closed; the text was not sent.")
    if outcome.status is Status.CONFLICT:
        return DomainError("idempotency_conflict", "This client id was used for another text.")
    return None


def answer(outcome: Outcome) -> dict[str, Any]:
    """What the sender is told: the same for the first time and for a repeat. Raises the refusal."""
    refused = refusal(outcome)
    if refused is not None:
        raise refused
    return {"id": outcome.id, "seq": outcome.seq, "at": outcome.at}


def append(entry: Entry, *, now: datetime) -> Outcome:
    """A batch of one."""
    return append_many([entry], now=now)[0]


def lock(names: Collection[str]) -> dict[str, StreamRow]:
    """Lock existing streams in id order, for a caller that looks at something under the lock before it appends."""
    return engines.lock(names)


def append_many(
    entries: Sequence[Entry], *, now: datetime, locked: dict[str, StreamRow] | None = None
) -> list[Outcome]:
    """Write entries in order inside the caller's transaction; each stream's numbers stay gapless.

    Locks the Stream rows only, in id order, and makes those that are missing; with `locked` those are all there are.
    Answers one Outcome an entry. A repeated client id gets the stored answer; readers are told after the commit.
    """
    if not entries:
        return []
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("append_many needs the caller's transaction.")
    rows = _lock({entry.stream for entry in entries}) if locked is None else locked
    numbering = _Numbering(rows=rows, now=now)
    numbering.known = _stored_keys(entries, rows)
    outcomes = [numbering.take(entry) for entry in entries]
    if numbering.fresh:
        touched = Counter(row.stream_id for row in numbering.fresh)
        engines.write(numbering.fresh, [row for row in rows.values() if row.id in touched])
        delivered = numbering.delivered
        transaction.on_commit(lambda: _announce(delivered))
    return outcomes


def find_stored(entry: Entry, locked: Mapping[str, StreamRow]) -> Outcome | None:
    """What became of this client id before, for a sender who may not write any more but did."""
    if entry.key is None or entry.stream not in locked:
        return None
    stored = _stored_keys([entry], locked).get(entry.key)
    if stored is None:
        return None
    return stored[1] if stored[0] == entry.body_hash else Outcome(Status.CONFLICT)


def _announce(delivered: Sequence[Delivered]) -> None:
    hub.announce(delivered)
    for type_, count in Counter(entry.type for entry in delivered).items():
        metrics.ENTRIES.labels(type_).inc(count)


def heads_of(names: Iterable[str]) -> dict[str, int]:
    """The last seq of each stream; 0 for one that holds nothing yet."""
    wanted = list(names)
    found = dict(Stream.objects.filter(name__in=wanted).values_list("name", "last_seq"))
    return {name: found.get(name, 0) for name in wanted}


def read_after(stream: str, cursor: int, *, limit: int) -> list[Delivered]:
    """Entries of one stream with seq > cursor, in order."""
    rows = LogEntry.objects.filter(stream__name=stream, seq__gt=cursor).order_by("seq")
    return [_delivered(stream, *row) for row in rows.values_list("seq", "at", "type", "data")[:limit]]


def read_last(streams: Sequence[str], *, limit: int, before: Mapping[str, int] | None = None) -> list[Delivered]:
    """The newest entries of several streams together, merged by (at, stream, seq), oldest first."""
    found: list[Delivered] = []
    for stream in streams:
        rows = LogEntry.objects.filter(stream__name=stream).order_by("-seq")
        if before and stream in before:
            rows = rows.filter(seq__lt=before[stream])
        found += [_delivered(stream, *row) for row in rows.values_list("seq", "at", "type", "data")[:limit]]
    found.sort(key=lambda entry: (entry.at, entry.stream, entry.seq))
    return found[-limit:]


def erase(handoff_id: int) -> None:
    """Empty every entry about one handoff, in whatever stream; places and numbers stay."""
    LogEntry.objects.filter(handoff_id=handoff_id).update(data={}, client_id=None, body_hash="")


def forget(names: Collection[str]) -> None:
    """Streams that nobody reads or writes any more, with all that is in them."""
    rows = Stream.objects.filter(name__in=names)
    LogEntry.objects.filter(stream__in=rows).delete()
    rows.delete()


def epoch() -> str:
    """The log's identity, made with the database; one that lost it gets another, so that every reader starts anew."""
    found, _ = Epoch.objects.get_or_create(singleton=True, defaults={"value": secrets.token_hex(8)})
    return found.value


def begin_epoch() -> str:
    """Another identity for the log: its history is not what readers remember."""
    value = secrets.token_hex(8)
    Epoch.objects.update_or_create(singleton=True, defaults={"value": value})
    return value


def _delivered(stream: str, seq: int, at: datetime, type_: str, data: dict[str, Any]) -> Delivered:
    return Delivered(stream=stream, seq=seq, at=clock.rfc3339(at), type=type_, data=data)


def _lock(names: set[str]) -> dict[str, StreamRow]:
    rows = engines.lock(names)
    missing = names - rows.keys()
    if missing:
        rows |= engines.make(sorted(missing))
    return rows


def _stored_keys(
    entries: Sequence[Entry], rows: Mapping[str, StreamRow]
) -> dict[tuple[str, str, str], tuple[str, Outcome]]:
    """What the log already holds under these client ids; read under the locks, in a statement of its own."""
    names = {row.id: name for name, row in rows.items()}
    asked = [
        (entry.client_id, entry.author, rows[entry.stream].id)
        for entry in entries
        if entry.client_id is not None and entry.stream in rows
    ]
    if not asked:
        return {}
    return {
        (found.client_id, found.author, names[found.stream_id]): (
            found.body_hash,
            Outcome(Status.REPEAT, found.id, found.seq, clock.rfc3339(found.at)),
        )
        for found in engines.find(asked)
    }


@dataclass
class Recording:
    """One transaction's `now`, and the entries it will append as its last act."""

    now: datetime
    entries: list[Entry] = field(default_factory=list)
    held: dict[str, StreamRow] = field(default_factory=dict)

    def hold(self, names: Iterable[str]) -> None:
        """Lock streams before the end, to look at what is in them. Name all that this transaction may append to, once:
        a second lock could come out of order."""
        self.held = _lock(set(names))

    def add(self, entries: Iterable[Entry]) -> None:
        self.entries.extend(entries)

    def add_event(self, stream: str, event: Event, *, handoff_id: int | None = None) -> None:
        self.entries.append(Entry.of(stream, event, handoff_id=handoff_id))


@contextmanager
def recording() -> Iterator[Recording]:
    """A transaction whose events are appended once, last: state and log change together or not at all."""
    with transaction.atomic():
        record = Recording(now=database_now())
        yield record
        rest = {entry.stream for entry in record.entries} - record.held.keys()
        append_many(record.entries, now=record.now, locked=record.held | (_lock(rest) if rest else {}))


@contextmanager
def reading() -> Iterator[datetime]:
    """Several reads that see one state of the database; yields its now."""
    if connection.in_atomic_block:
        yield database_now()
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield database_now()
    else:
        # Django's own blocks begin IMMEDIATE here: a reader must not wait for the one writer, nor hold it up.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield database_now()
            finally:
                cursor.execute("COMMIT")
