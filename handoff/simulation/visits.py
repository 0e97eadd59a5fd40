"""Single simulated customers whom a serving process brings to its trainees, on a loop in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import Counter
from concurrent.futures import Future
from enum import Enum
from typing import Final

from handoff.simulation.customers import Customer
from handoff.simulation.scripts import read_library
from handoff.simulation.stage import Plan, Stage
from handoff.simulation.web import Web

MOST_EACH: Final = 3
# In one process: each takes a socket and some requests a minute.
MOST: Final = 30
# At once on their way: whoever asked holds one of the process's threads, and the customer needs another of them.
MOST_COMING: Final = 4
# How long whoever asked may wait for the server, the session and the click, all together.
CLICK_SECONDS: Final = 20.0
logger = logging.getLogger(__name__)


class Begun(Enum):
    """What became of a wish for a customer."""

    COMING = "coming"
    TOO_MANY = "too many"
    BUSY = "busy"
    NOTHING_OPEN = "nothing open"
    UNREACHABLE = "unreachable"


class Visits:
    """Who is under way from this process, by the trainee they came for."""

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()
        self._coming = 0
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, plan: Plan, number: int, *, trainee: str) -> Begun:
        """Waits until the customer has asked for help, or it is known why nobody comes. Not for an event loop."""
        with self._lock:
            if self._under_way[trainee] >= MOST_EACH or self._under_way.total() >= MOST:
                return Begun.TOO_MANY
            if self._coming >= MOST_COMING:
                return Begun.BUSY
            self._under_way[trainee] += 1
            self._coming += 1
            self._loop = self._loop or _start_loop()
        begun: Future[Begun] = Future()
        asyncio.run_coroutine_threadsafe(self._visit(plan, number, trainee, begun), self._loop)
        try:
            return begun.result()
        finally:
            with self._lock:
                self._coming -= 1

    async def _visit(self, plan: Plan, number: int, trainee: str, begun: Future[Begun]) -> None:
        try:
            await _live(plan, number, begun)
        except Exception:
            logger.warning("a customer for practice broke off", exc_info=True)
        finally:
            with self._lock:
                self._under_way.subtract([trainee])
                if not self._under_way[trainee]:
                    del self._under_way[trainee]
            if not begun.done():
                begun.set_result(Begun.UNREACHABLE)


async def _live(plan: Plan, number: int, begun: Future[Begun]) -> None:
    stage = Stage(plan, read_library())
    latest = asyncio.get_running_loop().time() + CLICK_SECONDS
    try:
        # An address that swallows what is sent there lets each look take half a minute.
        async with asyncio.timeout_at(latest):
            if not await Web(plan, stage.ledger).is_served():
                return
    except TimeoutError:
        return
    customer = Customer(stage, number)
    visit = asyncio.create_task(customer.live())
    click = asyncio.create_task(customer.has_asked.wait())
    try:
        left = latest - asyncio.get_running_loop().time()
        await asyncio.wait((visit, click), timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if visit.done():
            await visit
        if visit.done() or click.done():
            begun.set_result(Begun.COMING if click.done() else Begun.NOTHING_OPEN)
            await asyncio.wait((visit,), timeout=plan.seconds)
            stage.is_closing.set()
            await asyncio.wait((visit,), timeout=plan.grace_seconds)
    finally:
        click.cancel()
        visit.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await visit


def _start_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    # A process that ends does not wait for them: to the server they are customers whose line broke.
    threading.Thread(target=loop.run_forever, name="practice", daemon=True).start()
    return loop
