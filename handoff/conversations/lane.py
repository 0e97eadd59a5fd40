"""The door's quicker way on PostgreSQL: the event loop itself writes what its sockets sent.

One exchange a batch where all is as it was remembered (`memory`), two for what has to be looked at. The rules are the
thread's (`judging`), and so is whatever is out of the ordinary: files, supervisors who joined, a database that fails.
What goes to the thread keeps its place behind what its sender sent before.
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
from handoff.conversations.batch import Batcher, Job, check_backlog, count, hand_over, lately_repeated, not_saved
from handoff.conversations.judging import Answer, Send
from handoff.conversations.memory import Memory, Supposition
from handoff.lib.errors import DomainError
from handoff.realtime import engines, log, metrics, pipeline, poolers, streams
from handoff.realtime.delivery import Delivered
from handoff.realtime.log import Numbering
from handoff.realtime.pipeline import COMMIT, Pipeline, Row, Statement
from handoff.realtime.threads import in_database

logger = logging.getLogger(__name__)

BATCH_LIMIT: Final = 200
REOPEN_SECONDS: Final = 1.0


class Outbox:
    """What a batch has come to, to be told while the database works on the next one."""

    def __init__(self) -> None:
        self.answers: list[tuple[Job, Answer]] = []
        self.delivered: list[Delivered] = []

    def tell(self) -> None:
        """Once: readers first, then each sender. Never raises."""
        delivered, self.delivered = self.delivered, []
        answers, self.answers = self.answers, []
        try:
            if delivered:
                log.announce(delivered)
            count([answer for _, answer in answers])
        except Exception:
            logger.exception("readers were not told of %d stored messages; they heal by polling", len(delivered))
        hand_over(answers)


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
        self._memory = Memory()
        self._telling: set[asyncio.Task[None]] = set()

    def submit(self, job: Job) -> None:
        """Raises `not_saved` if too much waits."""
        check_backlog(len(self._jobs))
        self._jobs.append(job)
        self._filled.set()

    async def run(self) -> None:
        """Until cancelled. What became of one batch is told while the database writes the next."""
        opening = asyncio.create_task(self._keep_open())
        outbox = Outbox()
        try:
            while True:
                if not self._jobs:
                    outbox.tell()
                    if not self._jobs:
                        self._filled.clear()
                        await self._filled.wait()
                outbox = await self._write(self._take(), outbox)
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

    async def _write(self, jobs: list[Job], before: Outbox) -> Outbox:
        """Store a batch; answers what has to be told. `before` is what the batch before came to."""
        plain, others = self._part(jobs)
        pipe, outbox = self._pipe if plain else None, Outbox()
        answers: list[Answer | None] = [None] * len(plain)
        if pipe is not None and pipe.is_open:
            await self._store(pipe, [job.send for job in plain], answers, before=before, outbox=outbox)
        before.tell()
        for job, answer in zip(plain, answers, strict=True):
            if answer is None:
                self._leave_to_thread(job)
            else:
                outbox.answers.append((job, answer))
        for job in others:
            self._leave_to_thread(job)
        return outbox

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

    async def _store(
        self, pipe: Pipeline, sends: list[Send], answers: list[Answer | None], *, before: Outbox, outbox: Outbox
    ) -> None:
        """Fill in the answers; None stays for what the thread has to look at, which is all that failed."""
        started = time.perf_counter()
        try:
            supposition = Supposition(sends, self._memory)
            if statements := supposition.statements():
                rows = await self._exchange(pipe, statements, before)
                outbox.delivered += supposition.settle(rows, answers)
            if rest := [place for place, answer in enumerate(answers) if answer is None]:
                batch = _Batch([sends[place] for place in rest])
                batch.decide(await self._exchange(pipe, batch.look(), before), self._memory)
                await self._exchange(pipe, batch.write(), before)
                outbox.delivered += batch.numbering.delivered
                self._tell_again(batch.repeated())
                for place, answer in zip(rest, batch.answers, strict=True):
                    answers[place] = answer
            metrics.BATCH.observe(len(sends))
            metrics.BATCH_SECONDS.observe(time.perf_counter() - started)
        except DatabaseError:
            logger.warning("a batch of %d messages failed; the thread tries again", len(sends), exc_info=True)
        except Exception:
            logger.exception("a batch of %d messages failed; the thread tries again", len(sends))
            # Its transaction goes with it.
            pipe.close()

    @staticmethod
    async def _exchange(pipe: Pipeline, statements: Sequence[Statement], before: Outbox) -> list[list[Row]]:
        asked = pipe.send(*statements)
        before.tell()
        return await asked

    def _tell_again(self, stored: set[tuple[str, int]]) -> None:
        """Beside the next batch: hardly ever, and many at once when a server has ended."""
        if stored:
            task = self.loop.create_task(_announce_again(stored))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

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


async def _announce_again(stored: set[tuple[str, int]]) -> None:
    try:
        await in_database(log.announce_again, stored)
    except Exception:
        logger.exception("readers were not told again of %d stored messages; they heal by polling", len(stored))


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

    def decide(self, rows: Sequence[Sequence[Row]], memory: Memory) -> None:
        look, speakers = engines.read_look(rows[:-1]), judging.read_speakers(rows[-1])
        known = {key: log.as_known(found) for key, found in look.found.items()}
        self.numbering = Numbering(look.rows, look.now, known)
        for handoff_id, found in speakers.items():
            if (row := look.rows.get(streams.handoff(handoff_id))) is not None:
                memory.learn(handoff_id, row, found)
        # Once somebody's message has to be looked at, what follows in that talk waits for it.
        doubtful: set[str] = set()
        for send in self._sends:
            speaker = speakers.get(send.handoff_id)
            if judging.is_guest(send, speaker) or send.handoff_id in doubtful:
                doubtful.add(send.handoff_id)
                self.answers.append(None)
            else:
                find, take = self.numbering.find, self.numbering.take
                self.answers.append(judging.judge(send, speaker, find=find, take=take))

    def repeated(self) -> set[tuple[str, int]]:
        """What was stored lately, and not by this batch."""
        own = {(one.stream, one.seq) for one in self.numbering.delivered}
        return lately_repeated(self._sends, self.answers, now=self.numbering.now) - own

    def write(self) -> list[Statement]:
        fresh = self.numbering.fresh
        return [engines.piped_write(fresh, self.numbering.touched()), COMMIT] if fresh else [COMMIT]
