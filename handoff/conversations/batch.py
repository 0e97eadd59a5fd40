"""The one door for messages: sends of many handoffs become one transaction, and each gets its own answer."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from django.db import DatabaseError, connection, transaction

from handoff.broker.actions import check_length
from handoff.broker.models import Handoff
from handoff.broker.states import OWNED
from handoff.conversations import carrying
from handoff.lib import ids
from handoff.lib.errors import DomainError, NotFound
from handoff.protocol.events import MessagePosted
from handoff.protocol.shapes import Author
from handoff.realtime import log, metrics, streams
from handoff.realtime.clock import database_now
from handoff.realtime.log import Entry, Outcome, Status
from handoff.supervision.queries import joined_among

logger = logging.getLogger(__name__)

BATCH_LIMIT: Final = 100
# Sends that may wait for the writer; beyond it the sender is told to come back.
BACKLOG_LIMIT: Final = 5000
# An idle writer gives its connection back.
IDLE_SECONDS: Final = 0.5
UNNAMED_CUSTOMER: Final = "Customer"

Answer = Outcome | DomainError


@dataclass(frozen=True, slots=True)
class Send:
    """One message on its way. `author_id` is a customer's or an agent's public id; `text` is redacted already."""

    handoff_id: str
    author_kind: str
    author_id: str
    client_id: str
    text: str
    version: int | None = None
    attachments: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        handoff_id: str,
        author_kind: str,
        author_id: str,
        client_id: str,
        text: str,
        version: int | None = None,
        attachments: Sequence[str] = (),
    ) -> Send:
        """Redacts and checks the text, which may be empty beside files. Raises `too_long`, `invalid_request`."""
        ids = carrying.check_ids(attachments)
        safe = check_length(text, field="text") if text.strip() or not ids else ""
        return cls(handoff_id, author_kind, author_id, client_id, safe, version, ids)

    @property
    def stream(self) -> str:
        return streams.handoff(self.handoff_id)


@dataclass(frozen=True, slots=True)
class _Job:
    send: Send
    done: Callable[[Answer], object]
    # Where `done` has to be called; None for the writer's own thread.
    loop: asyncio.AbstractEventLoop | None


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Whose handoff it is, read under the lock of its stream, which orders it against every move."""

    handoff_pk: int
    customer_id: str
    customer_name: str
    agent_id: str | None
    agent_name: str | None
    state: str
    version: int
    # Supervisors who write here beside the agent: their names by public id.
    joined: dict[str, str]

    def name_for(self, send: Send) -> str | None:
        """The author's name if it is theirs to write here, else None."""
        if send.author_kind == "customer":
            return (self.customer_name or UNNAMED_CUSTOMER) if send.author_id == self.customer_id else None
        if self.state not in OWNED:
            return None
        return self.agent_name if send.author_id == self.agent_id else self.joined.get(send.author_id)


@dataclass
class Batcher:
    """A writer thread of its own: it writes at once when idle and collects while it is busy."""

    _jobs: deque[_Job] = field(default_factory=deque)
    _filled: threading.Event = field(default_factory=threading.Event)
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def submit(
        self, send: Send, done: Callable[[Answer], object], *, loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        """Hand over one send; `done` gets its answer, on the loop or on the writer's thread.

        Raises `not_saved` if too much waits.
        """
        if len(self._jobs) >= BACKLOG_LIMIT:
            raise DomainError("not_saved", "Too much is waiting to be saved; try again.")
        self._jobs.append(_Job(send, done, loop))
        self._filled.set()
        self._ensure_started()

    def send(self, send: Send, *, timeout_seconds: float = 15) -> Outcome:
        """Hand over one send and wait for its answer. Raises its refusal."""
        future: Future[Answer] = Future()
        self.submit(send, future.set_result)
        try:
            answer = future.result(timeout_seconds)
        except TimeoutError:
            raise _not_saved() from None
        if isinstance(answer, DomainError):
            raise answer
        return answer

    def _ensure_started(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="message batch", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while True:
            if not self._filled.wait(IDLE_SECONDS):
                connection.close()
                self._filled.wait()
            self._filled.clear()
            while self._jobs:
                jobs = [self._jobs.popleft() for _ in range(min(BATCH_LIMIT, len(self._jobs)))]
                _tell(jobs, _store(jobs))


def _tell(jobs: Sequence[_Job], answers: Sequence[Answer]) -> None:
    """One hop to a loop for the whole batch: waking it for each answer costs more than storing the message."""
    by_loop: dict[asyncio.AbstractEventLoop | None, list[tuple[_Job, Answer]]] = defaultdict(list)
    for job, answer in zip(jobs, answers, strict=True):
        by_loop[job.loop].append((job, answer))
    for loop, told in by_loop.items():
        try:
            if loop is None:
                _hand_over(told)
            else:
                loop.call_soon_threadsafe(_hand_over, told)
        except RuntimeError:
            logger.warning("%d answers found their loop closed", len(told))
    outcomes = Counter(one.code if isinstance(one, DomainError) else one.status.value for one in answers)
    for outcome, count in outcomes.items():
        metrics.SENDS.labels(outcome).inc(count)


def _hand_over(told: Sequence[tuple[_Job, Answer]]) -> None:
    for job, answer in told:
        try:
            job.done(answer)
        except Exception:
            logger.exception("nobody took the answer of a stored message")


def _store(jobs: Sequence[_Job]) -> list[Answer]:
    """All in one transaction; when that fails, in halves, so that one bad row refuses itself alone."""
    try:
        return _write([job.send for job in jobs])
    except DatabaseError:
        logger.exception("a batch of %d messages was not saved", len(jobs))
        connection.close()
    except Exception:
        logger.exception("a batch of %d messages failed", len(jobs))
        connection.close()
    if len(jobs) == 1:
        return [_not_saved()]
    middle = len(jobs) // 2
    return _store(jobs[:middle]) + _store(jobs[middle:])


@transaction.atomic
def _write(sends: Sequence[Send]) -> list[Answer]:
    locked = log.lock({send.stream for send in sends})
    speakers = _speakers(sends)
    files = carrying.lock_files(sends)
    claims = carrying.Claims(files)
    answers: dict[int, Answer] = {}
    entries: list[Entry] = []
    places: list[int] = []
    for place, send in enumerate(sends):
        speaker = speakers.get(send.handoff_id)
        entry = _entry(send, speaker, files)
        refused = _refusal(send, speaker, claims)
        if refused is not None:
            # What was stored while it was theirs keeps its answer; the id in the key is the sender's own.
            stored = log.find_stored(entry, locked)
            answers[place] = refused if stored is None else log.refusal(stored) or stored
        else:
            entries.append(entry)
            places.append(place)
    metrics.BATCH.observe(len(sends))
    outcomes = log.append_many(entries, now=database_now(), locked=locked)
    if files:
        told = zip(places, outcomes, strict=True)
        carrying.mark_sent([sends[place] for place, outcome in told if outcome.status is Status.STORED], files)
    answers |= {place: log.refusal(outcome) or outcome for place, outcome in zip(places, outcomes, strict=True)}
    return [answers[place] for place in range(len(sends))]


def _speakers(sends: Sequence[Send]) -> dict[str, _Speaker]:
    rows = Handoff.objects.filter(public_id__in={send.handoff_id for send in sends}).values_list(
        "public_id",
        "pk",
        "customer__public_id",
        "customer__name",
        "agent__public_id",
        "agent__name",
        "state",
        "version",
    )
    speakers = {row[0]: _Speaker(*row[1:], joined={}) for row in rows}
    # Hardly anybody writes in a talk that is not their own: only then it is worth a look.
    others = {
        (send.handoff_id, send.author_id)
        for send in sends
        if send.author_kind == "agent" and send.handoff_id in speakers
        if send.author_id != speakers[send.handoff_id].agent_id
    }
    for (handoff_id, agent_id), name in (joined_among(others) if others else {}).items():
        speakers[handoff_id].joined[agent_id] = name
    return speakers


def _refusal(send: Send, speaker: _Speaker | None, claims: carrying.Claims) -> DomainError | None:
    """Why this author may not write here now, if so."""
    if speaker is None or speaker.name_for(send) is None:
        return NotFound()
    if send.author_kind == "agent" and send.version not in (None, speaker.version):
        return DomainError("stale_version", "The handoff has changed since; look again.")
    return claims.refusal(send, handoff_pk=speaker.handoff_pk) if send.attachments else None


def _entry(send: Send, speaker: _Speaker | None, files: carrying.Files) -> Entry:
    name = speaker.name_for(send) if speaker is not None else None
    author = Author(kind="customer" if send.author_kind == "customer" else "agent", name=name or "")
    event = MessagePosted(
        id=ids.new_message_id(),
        author=author,
        text=send.text,
        client_id=send.client_id,
        attachments=carrying.views_of(send, files),
    )
    return Entry(
        stream=send.stream,
        type=MessagePosted.TYPE,
        data=event.to_wire(),
        handoff_id=speaker.handoff_pk if speaker is not None else None,
        author=send.author_id,
        client_id=send.client_id,
        body_hash=hash_of(send.text, send.attachments),
    )


def hash_of(text: str, attachments: Sequence[str]) -> str:
    """What a message is known by when it comes again. No text holds NUL."""
    return log.body_hash("\0".join((text, *attachments)))


def _not_saved() -> DomainError:
    return DomainError("not_saved", "It could not be saved; nothing was lost here. Try again.")


batcher = Batcher()
