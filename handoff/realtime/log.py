"""The one writer of the log, and its reader."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final

import msgspec
from django.db import connection, transaction
from django.db.models import QuerySet

from handoff.lib import clock
from handoff.lib.errors import DomainError
from handoff.protocol.events import Event
from handoff.realtime import engines, metrics
from handoff.realtime.clock import database_now
from handoff.realtime.delivery import Delivered, hub
from handoff.realtime.engines import Found, Place, Row, StreamRow
from handoff.realtime.lookups import among
from handoff.realtime.models import Epoch, LogEntry, Stream

# A reader further behind than this starts anew from a snapshot.
REPLAY_LIMIT: Final = 1000


class Status(Enum):
    """What became of an entry: written now; there already; refused as another body; refused as the stream is shut."""

    STORED = "stored"
    REPEAT = "repeat"
    CONFLICT = "conflict"
    SEALED = "sealed"


class Entry(msgspec.Struct, frozen=True):
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
    # `data` as JSON, where it was made for many entries at once.
    raw: msgspec.Raw | None = None

    @classmethod
    def of(cls, stream: str, event: Event, *, handoff_id: int | None = None, author: str = "") -> Entry:
        return cls(stream=stream, type=event.TYPE, data=event.to_wire(), handoff_id=handoff_id, author=author)

    @property
    def key(self) -> tuple[str, str, str] | None:
        return None if self.client_id is None else (self.client_id, self.author, self.stream)


class Outcome(msgspec.Struct, frozen=True):
    """The answer for one entry; `id`, `seq` and `at` are those of the stored one."""

    status: Status
    id: str = ""
    seq: int = 0
    at: str = ""


@dataclass(slots=True)
class Numbering:
    """The state of one append: locked rows, what is known of their client ids, what is to be written."""

    rows: dict[str, StreamRow]
    now: datetime
    known: dict[tuple[str, str, str], tuple[str, Outcome]] = field(default_factory=dict)
    fresh: list[Row] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)
    _now_text: str = ""

    def __post_init__(self) -> None:
        self._now_text = clock.rfc3339(self.now)

    def find(self, entry: Entry) -> Outcome | None:
        """What became of this client id before, if it was used."""
        if entry.key is None or entry.key not in self.known:
            return None
        stored_hash, outcome = self.known[entry.key]
        if stored_hash != entry.body_hash:
            return Outcome(Status.CONFLICT)
        return Outcome(Status.REPEAT, outcome.id, outcome.seq, outcome.at)

    def take(self, entry: Entry) -> Outcome:
        """Number an entry, unless it is there already or its stream takes no more."""
        if (stored := self.find(entry)) is not None:
            return stored
        row = self.rows.get(entry.stream)
        if row is None or (row.sealed and entry.client_id is not None):
            return Outcome(Status.SEALED)
        return self._number(entry, row)

    def touched(self) -> list[StreamRow]:
        """The streams whose counters have moved."""
        ids = {row.stream_id for row in self.fresh}
        return [row for row in self.rows.values() if row.id in ids]

    def _number(self, entry: Entry, row: StreamRow) -> Outcome:
        row.last_seq += 1
        # Never earlier than its predecessor: readers merge streams by time, and processes wait for each other's locks.
        if row.last_at is None or row.last_at <= self.now:
            row.last_at, at = self.now, self._now_text
        else:
            at = clock.rfc3339(row.last_at)
        row.sealed = row.sealed or entry.seals
        self.fresh.append(Row(entry, row.id, row.last_seq, row.last_at))
        self.delivered.append(Delivered(entry.stream, row.last_seq, at, entry.type, entry.data, entry.raw))
        outcome = Outcome(Status.STORED, entry.data.get("id", ""), row.last_seq, at)
        if entry.key is not None:
            self.known[entry.key] = entry.body_hash, outcome
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
    keys = [entry.key for entry in entries if entry.key is not None]
    with appending(rows, keys, now=now) as numbering:
        return [numbering.take(entry) for entry in entries]


@contextmanager
def appending(
    locked: dict[str, StreamRow], keys: Sequence[tuple[str, str, str]], *, now: datetime
) -> Iterator[Numbering]:
    """Number entries one by one under their streams' locks; what was taken is written at the end, and told after the
    commit. `keys` are all that may be asked for."""
    numbering = Numbering(locked, now, _stored_keys(keys, locked))
    yield numbering
    if numbering.fresh:
        engines.write(numbering.fresh, numbering.touched())
        transaction.on_commit(lambda: announce(numbering.delivered))


def announce(delivered: Sequence[Delivered]) -> None:
    """Tell readers of entries that are committed."""
    hub.announce(delivered)
    metrics.count_entries(delivered)


def announce_again(stored: Collection[tuple[str, int]]) -> None:
    """Tell of entries, (stream, seq), whose writer may have ended between its commit and its word of it: who knows of
    them drops what they hear twice, and the others need not wait for the poll."""
    found = [entry for stream, seq in stored for entry in read_after(stream, seq - 1, limit=1)]
    if found:
        hub.announce(found)


def heads_of(names: Iterable[str]) -> dict[str, int]:
    """The last seq of each stream; 0 for one that holds nothing yet."""
    wanted = list(names)
    found = dict(Stream.objects.filter(among("name", wanted)).values_list("name", "last_seq"))
    return {name: found.get(name, 0) for name in wanted}


def read_after(stream: str, cursor: int, *, limit: int) -> list[Delivered]:
    """Entries of one stream with seq > cursor, in order."""
    rows = _entries_of(stream).filter(seq__gt=cursor).order_by("seq")
    return [_delivered(stream, *row) for row in rows.values_list("seq", "at", "type", "data")[:limit]]


def _entries_of(stream: str) -> QuerySet[LogEntry]:
    """By a subquery and not by a join: only so does PostgreSQL walk the index in order, and stop at the limit."""
    return LogEntry.objects.filter(stream_id=Stream.objects.filter(name=stream).values("pk")[:1])


def read_last(streams: Sequence[str], *, limit: int, before: Mapping[str, int] | None = None) -> list[Delivered]:
    """The newest entries of several streams together, merged by (at, stream, seq), oldest first."""
    found: list[Delivered] = []
    for stream in streams:
        rows = _entries_of(stream).order_by("-seq")
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
    value = Epoch.objects.values_list("value", flat=True).first()
    if value is None:
        value = Epoch.objects.get_or_create(singleton=True, defaults={"value": secrets.token_hex(8)})[0].value
    return value


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
    keys: Sequence[tuple[str, str, str]], rows: Mapping[str, StreamRow]
) -> dict[tuple[str, str, str], tuple[str, Outcome]]:
    """What the log already holds under these (client id, author, stream); read under the locks, in a statement of its
    own."""
    names = {row.id: name for name, row in rows.items()}
    asked = [(client_id, author, rows[stream].id) for client_id, author, stream in keys if stream in rows]
    if not asked:
        return {}
    return {(found.client_id, found.author, names[found.stream_id]): as_known(found) for found in engines.find(asked)}


def placed(entries: Sequence[Entry], place: Place) -> list[tuple[Outcome, Delivered]]:
    """The answer for each entry of a stream that was written behind a place, and what its readers are told."""
    at = clock.rfc3339(place.at)
    return [
        (
            Outcome(Status.STORED, entry.data.get("id", ""), seq, at),
            Delivered(entry.stream, seq, at, entry.type, entry.data, entry.raw),
        )
        for seq, entry in enumerate(entries, place.last_seq + 1)
    ]


def as_known(found: Found) -> tuple[str, Outcome]:
    """What a numbering has to know of a stored entry: its hash, and the answer to a repeat."""
    return found.body_hash, Outcome(Status.STORED, found.id, found.seq, clock.rfc3339(found.at))


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
