"""What goes wrong, when: a schedule of faults from a seed, done to a stack while people talk."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Final

from tests.faults.history import History
from tests.faults.stack import Process, Stack, off_loop

Fault = Callable[["Nemesis"], None]


class Nemesis:
    """`async with Nemesis(stack, history, faults=[kill_server], every=(2, 5))`: whatever it breaks it mends again."""

    def __init__(
        self,
        stack: Stack,
        history: History,
        *,
        faults: Sequence[Fault],
        every: tuple[float, float] = (2.0, 5.0),
        seed: int = 1,
        freeze_seconds: float = 1.0,
    ) -> None:
        self.stack, self.history, self.freeze_seconds = stack, history, freeze_seconds
        self.random = random.Random(seed)
        self.count = 0
        self._faults, self._every = list(faults), every
        self._stopped = asyncio.Event()

    async def __aenter__(self) -> Nemesis:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Let the fault under way be mended, so that the next test finds a whole stack."""
        self._stopped.set()
        await self._task

    async def _run(self) -> None:
        while not await self._is_stopped_within(self.random.uniform(*self._every)):
            fault = self.random.choice(self._faults)
            await off_loop(fault, self)
            self.count += 1

    async def _is_stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            return False
        return True

    # -- on a thread of its own

    def note(self, what: str) -> None:
        self.history.add("nemesis", "fault", what=what)

    def pick(self, group: Sequence[Process]) -> Process:
        return self.random.choice([process for process in group if process.is_running] or list(group))

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


def kill_server(nemesis: Nemesis) -> None:
    _kill(nemesis, nemesis.stack.servers)


def kill_worker(nemesis: Nemesis) -> None:
    _kill(nemesis, nemesis.stack.workers)


def _kill(nemesis: Nemesis, group: Sequence[Process]) -> None:
    process = nemesis.pick(group)
    nemesis.note(f"kill -9 {process.name}")
    process.kill()
    process.start()


def stop_server(nemesis: Nemesis) -> None:
    process = nemesis.pick(nemesis.stack.servers)
    nemesis.note(f"SIGTERM {process.name}")
    process.stop()
    process.start()


def freeze_server(nemesis: Nemesis) -> None:
    process = nemesis.pick(nemesis.stack.servers)
    nemesis.note(f"SIGSTOP {process.name}")
    process.freeze()
    nemesis.wait(nemesis.freeze_seconds)
    process.thaw()


def kill_redis(nemesis: Nemesis) -> None:
    nemesis.note("kill -9 redis")
    nemesis.stack.redis.kill()
    nemesis.wait(nemesis.freeze_seconds)
    nemesis.stack.redis.start()


def flush_redis(nemesis: Nemesis) -> None:
    nemesis.note("flushall")
    nemesis.stack.redis.flush()


def freeze_redis(nemesis: Nemesis) -> None:
    nemesis.note("SIGSTOP redis")
    nemesis.stack.redis.freeze()
    nemesis.wait(nemesis.freeze_seconds)
    nemesis.stack.redis.thaw()


def restart_postgres(nemesis: Nemesis) -> None:
    nemesis.note("pg_ctl restart -m immediate")
    nemesis.stack.postgres.restart("immediate")


EVERY_FAULT: Final[tuple[Fault, ...]] = (
    kill_server,
    kill_worker,
    stop_server,
    freeze_server,
    kill_redis,
    flush_redis,
    freeze_redis,
    restart_postgres,
)
