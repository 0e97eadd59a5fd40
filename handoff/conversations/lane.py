"""The door's quicker way on PostgreSQL: the event loop itself writes what its sockets sent, in two exchanges a batch.

The rules are the thread's (`judging`), and so is whatever is out of the ordinary: files, supervisors who joined, a
database that fails. What goes to the thread keeps its place behind what its sender sent before.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from django.db import DatabaseError

from handoff.conversations import judging
from handoff.conversations.batch import Batcher, Job, check_backlog, count, hand_over, is_guest, not_saved
from handoff.conversations.judging import Answer, Send
from handoff.lib.errors import DomainError
from handoff.realtime import engines, log, metrics, pipeline, poolers
from handoff.realtime.log import Numbering
from handoff.realtime.pipeline import COMMIT, Pipeline, Row, Statement

logger = logging.getLogger(__name__)

BATCH_LIMIT: Final = 200
REOPEN_SECONDS: Final = 1.0

Told = list[tuple[Job, Answer]]


class LoopLane:
    """One a process; everything on its loop."""

    def __init__(self, batcher: Batcher) -> None:
        self.loop = asyncio.get_running_loop()
        self._batcher = batcher
        self._jobs: deque[Job] = deque()
        self._filled = asyncio.Event()
        self._pipe: Pipeline | None = None
        # Streams of which something is with the thread: what follows has to go there too.
        self._elsewhere: Counter[str] = Counter()
        self._is_over = False
        self._link: psycopg.Connection[Any] | None = None

    def submit(self, job: Job) -> None:
        """Raises `not_saved` if too much waits."""
        check_backlog(len(self._jobs))
        self._jobs.append(job)
        self._filled.set()

    async def run(self) -> None:
        """Until cancelled. Answers of one batch are told while the database looks for the next."""
        opening = asyncio.create_task(self._keep_open())
        told: Told = []
        try:
            while True:
                if not self._jobs:
                    hand_over(told)
                    told = []
                    if not self._jobs:
                        self._filled.clear()
                        await self._filled.wait()
                told = await self._write(self._take(), told)
        finally:
            self._is_over = True
            opening.cancel()
            if self._pipe is not None:
                self._pipe.close()
            if self._link is not None:
                self._link.close()

    async def _keep_open(self) -> None:
        while True:
            if self._pipe is None or not self._pipe.is_open:
                try:
                    link, standing = await self.loop.run_in_executor(None, self._connect)
                    self._pipe = Pipeline(link, is_preparing=not standing.is_pooled)
                except Exception:
                    logger.warning("messages go through the thread: no connection for the loop", exc_info=True)
            await asyncio.sleep(REOPEN_SECONDS)

    def _connect(self) -> tuple[psycopg.Connection[Any], poolers.Standing]:
        self._link, standing = pipeline.connect()
        if self._is_over:
            # Nobody waits for it any more; who ended did not see it yet, or closes it too.
            self._link.close()
        return self._link, standing

    def _take(self) -> list[Job]:
        return [self._jobs.popleft() for _ in range(min(BATCH_LIMIT, len(self._jobs)))]

    async def _write(self, jobs: list[Job], told: Told) -> Told:
        """Store a batch; answers what its senders are to be told. `told` are the answers of the batch before."""
        plain, others = self._part(jobs)
        pipe = self._pipe if plain and self._pipe is not None and self._pipe.is_open else None
        if pipe is None:
            hand_over(told)
            answers: list[Answer | None] = [None] * len(plain)
        else:
            answers = await self._store(pipe, [job.send for job in plain], told)
        pairs = list(zip(plain, answers, strict=True))
        for job in (*(job for job, answer in pairs if answer is None), *others):
            self._leave_to_thread(job)
        return [(job, answer) for job, answer in pairs if answer is not None]

    def _part(self, jobs: list[Job]) -> tuple[list[Job], list[Job]]:
        """What can be written here, and what has to follow something of its stream to the thread."""
        following: set[str] = set()
        plain: list[Job] = []
        others: list[Job] = []
        for job in jobs:
            stream = job.send.stream
            if job.send.attachments or stream in self._elsewhere or stream in following:
                following.add(stream)
                others.append(job)
            else:
                plain.append(job)
        return plain, others

    async def _store(self, pipe: Pipeline, sends: list[Send], told: Told) -> list[Answer | None]:
        """In one transaction; None for what the thread has to look at, which is all of it if anything fails."""
        batch, started = _Batch(sends), time.perf_counter()
        try:
            asked = pipe.send(*batch.look())
            hand_over(told)
            batch.decide(await asked)
            await pipe.send(*batch.write())
            metrics.BATCH.observe(len(sends))
            metrics.BATCH_SECONDS.observe(time.perf_counter() - started)
            log.announce(batch.numbering.delivered)
            count([answer for answer in batch.answers if answer is not None])
        except DatabaseError:
            logger.warning("a batch of %d messages failed; the thread tries again", len(sends), exc_info=True)
            return [None] * len(sends)
        except Exception:
            logger.exception("a batch of %d messages failed; the thread tries again", len(sends))
            # Its transaction goes with it.
            pipe.close()
            return [None] * len(sends)
        return batch.answers

    def _leave_to_thread(self, job: Job) -> None:
        stream = job.send.stream
        self._elsewhere[stream] += 1

        def done(answer: Answer) -> None:
            self._elsewhere[stream] -= 1
            if not self._elsewhere[stream]:
                del self._elsewhere[stream]
            job.done(answer)

        try:
            self._batcher.put(Job(job.send, done, self.loop))
        except DomainError as full:
            hand_over([(Job(job.send, done), full)])
        except RuntimeError:
            logger.exception("no thread can be started")
            hand_over([(Job(job.send, done), not_saved())])


class _Batch:
    """One transaction: what is asked, what is decided, what is written."""

    def __init__(self, sends: list[Send]) -> None:
        self._sends = sends
        self.numbering: Numbering
        self.answers: list[Answer | None] = []

    def look(self) -> list[Statement]:
        keys = [send.key for send in self._sends]
        speakers = Statement(judging.PIPED_SPEAKERS, (judging.handoff_ids_of(self._sends),))
        return [*engines.piped_look({stream for *_, stream in keys}, keys), speakers]

    def decide(self, rows: Sequence[Sequence[Row]]) -> None:
        look, speakers = engines.read_look(rows[:-1]), judging.read_speakers(rows[-1])
        known = {key: log.as_known(found) for key, found in look.found.items()}
        self.numbering = Numbering(look.rows, look.now, known)
        # Once somebody's message has to be looked at, what follows in that talk waits for it.
        doubtful: set[str] = set()
        for send in self._sends:
            speaker = speakers.get(send.handoff_id)
            if is_guest(send, speaker) or send.handoff_id in doubtful:
                doubtful.add(send.handoff_id)
                self.answers.append(None)
            else:
                find, take = self.numbering.find, self.numbering.take
                self.answers.append(judging.judge(send, speaker, find=find, take=take))

    def write(self) -> list[Statement]:
        fresh = self.numbering.fresh
        return [engines.piped_write(fresh, self.numbering.touched()), COMMIT] if fresh else [COMMIT]
