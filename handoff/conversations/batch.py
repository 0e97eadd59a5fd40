"""The one door for messages: sends of many handoffs become one transaction, and each gets its own answer."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

import msgspec
from django.db import DatabaseError, connection, transaction

from handoff.conversations import carrying, judging
from handoff.conversations.judging import Answer, Send
from handoff.lib.clock import rfc3339
from handoff.lib.errors import DomainError
from handoff.realtime import log, metrics
from handoff.realtime.clock import database_now
from handoff.realtime.log import Outcome, Status
from handoff.supervision.queries import joined_among

logger = logging.getLogger(__name__)

BATCH_LIMIT: Final = 100
# Sends that may wait for the writer; beyond it the sender is told to come back.
BACKLOG_LIMIT: Final = 5000
# An idle writer gives its connection back.
IDLE_SECONDS: Final = 0.5

# Longer ago, every reader has read on by the poll.
REPEATED_LATELY: Final = timedelta(seconds=60)

Done = Callable[[Answer], object]


class Job(msgspec.Struct, frozen=True):
    """A send, and who is told what became of it."""

    send: Send
    done: Done
    # Where `done` has to be called; None for the writer's own thread.
    loop: asyncio.AbstractEventLoop | None = None


class Lane(Protocol):
    """A quicker way for what is sent from one loop."""

    loop: asyncio.AbstractEventLoop

    def submit(self, job: Job) -> None: ...


@dataclass
class Batcher:
    """A writer thread of its own: it writes at once when idle and collects while it is busy."""

    # Set by a serving process whose database can be asked from its loop.
    lane: Lane | None = None
    _jobs: deque[Job] = field(default_factory=deque)
    _filled: threading.Event = field(default_factory=threading.Event)
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def submit(self, send: Send, done: Done, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Hand over one send; `done` gets its answer, on the loop or on the writer's thread.

        Raises `not_saved` if too much waits.
        """
        if self.lane is not None and loop is self.lane.loop:
            self.lane.submit(Job(send, done, loop))
        else:
            self.put(Job(send, done, loop))

    def put(self, job: Job) -> None:
        """For the thread. Raises `not_saved` if too much waits, RuntimeError if no thread can be started."""
        check_backlog(len(self._jobs))
        # First: a job that was refused must not wait for a thread that comes later.
        self._ensure_started()
        self._jobs.append(job)
        self._filled.set()

    def send(self, send: Send, *, timeout_seconds: float = 15) -> Outcome:
        """Hand over one send and wait for its answer. Raises its refusal."""
        future: Future[Answer] = Future()
        self.put(Job(send, future.set_result))
        try:
            answer = future.result(timeout_seconds)
        except TimeoutError:
            raise not_saved() from None
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


def check_backlog(waiting: int) -> None:
    if waiting >= BACKLOG_LIMIT:
        raise DomainError("not_saved", "Too much is waiting to be saved; try again.")


def _tell(jobs: Sequence[Job], answers: Sequence[Answer]) -> None:
    """One hop to a loop for the whole batch: waking it for each answer costs more than storing the message."""
    by_loop: dict[asyncio.AbstractEventLoop | None, list[tuple[Job, Answer]]] = defaultdict(list)
    for job, answer in zip(jobs, answers, strict=True):
        by_loop[job.loop].append((job, answer))
    for loop, told in by_loop.items():
        try:
            if loop is None:
                hand_over(told)
            else:
                loop.call_soon_threadsafe(hand_over, told)
        except RuntimeError:
            logger.warning("%d answers found their loop closed", len(told))
    count(answers)


def count(answers: Sequence[Answer]) -> None:
    """Into what operators see."""
    for outcome, many in Counter(_name_of(answer) for answer in answers).items():
        metrics.SENDS.labels(outcome).inc(many)


def _name_of(answer: Answer) -> str:
    return answer.status.value if isinstance(answer, Outcome) else answer.code


def hand_over(told: Sequence[tuple[Job, Answer]]) -> None:
    """Each sender's answer to each sender."""
    for job, answer in told:
        try:
            job.done(answer)
        except Exception:
            logger.exception("nobody took the answer of a stored message")


def _store(jobs: Sequence[Job]) -> list[Answer]:
    """All in one transaction; when that fails, in halves, so that one bad row refuses itself alone."""
    try:
        with metrics.BATCH_SECONDS.time():
            return _write([job.send for job in jobs])
    except DatabaseError:
        logger.exception("a batch of %d messages was not saved (%s)", len(jobs), _handoffs_in(jobs))
        connection.close()
    except Exception:
        logger.exception("a batch of %d messages failed (%s)", len(jobs), _handoffs_in(jobs))
        connection.close()
    if len(jobs) == 1:
        return [not_saved()]
    middle = len(jobs) // 2
    return _store(jobs[:middle]) + _store(jobs[middle:])


def _handoffs_in(jobs: Sequence[Job]) -> str:
    return ", ".join(sorted({job.send.handoff_id for job in jobs})[:5])


@transaction.atomic
def _write(sends: Sequence[Send]) -> list[Answer]:
    locked = log.lock({send.stream for send in sends})
    speakers = judging.speakers_of(sends)
    _add_joined(speakers, sends)
    claims = carrying.Claims(carrying.lock_files(sends))
    metrics.BATCH.observe(len(sends))
    now = database_now()
    with log.appending(locked, [send.key for send in sends], now=now) as numbering:
        answers = [
            judging.judge(send, speakers.get(send.handoff_id), find=numbering.find, take=numbering.take, claims=claims)
            for send in sends
        ]
    if again := lately_repeated(sends, answers, now=now):
        transaction.on_commit(partial(log.announce_again, again))
    if claims.files:
        told = zip(sends, answers, strict=True)
        carrying.mark_sent([send for send, answer in told if is_new(answer)], claims.files)
    return answers


def lately_repeated(sends: Sequence[Send], answers: Sequence[Answer | None], *, now: datetime) -> set[tuple[str, int]]:
    """What was stored a moment ago and comes again: maybe nobody but the database has heard of it."""
    since = rfc3339(now - REPEATED_LATELY)
    return {
        (send.stream, answer.seq)
        for send, answer in zip(sends, answers, strict=True)
        if isinstance(answer, Outcome) and answer.status is Status.REPEAT and answer.at > since
    }


def is_new(answer: Answer) -> bool:
    return isinstance(answer, Outcome) and answer.status is Status.STORED


def _add_joined(speakers: dict[str, judging.Speaker], sends: Sequence[Send]) -> None:
    """Hardly anybody writes in a talk that is not their own: only then it is worth a look."""
    others = {
        (send.handoff_id, send.author_id) for send in sends if judging.is_guest(send, speakers.get(send.handoff_id))
    }
    for (handoff_id, agent_id), name in (joined_among(others) if others else {}).items():
        speakers[handoff_id].joined = speakers[handoff_id].joined | {agent_id: name}


def not_saved() -> DomainError:
    return DomainError("not_saved", "It could not be saved; nothing was lost here. Try again.")


batcher = Batcher()
