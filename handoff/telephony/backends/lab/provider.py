"""The lab as a provider: the engine on a thread of its own, asked from any other."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

from handoff.telephony.backends.lab.engine import Engine, Setup
from handoff.telephony.backends.lab.sockets import Address
from handoff.telephony.base import Audio, CallError, CallEvent, Control, Order, Report

T = TypeVar("T")

_SECONDS: Final = 10.0
_log = logging.getLogger(__name__)


class LabProvider:
    """Calls on this machine alone, without TLS, SRTP or authentication: for trial, demonstration and tests.

    `report` is called on threads of its own and may block. Nothing can be asked before `start` or after `stop`.
    """

    controls: frozenset[Control] = frozenset(Control)

    def __init__(self, report: Report, *, setup: Setup | None = None) -> None:
        self._report = report
        self._setup = setup or Setup()
        self.name = self._setup.name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: Engine | None = None

    @property
    def address(self) -> Address:
        """Where it listens for SIP. Raises CallError while it is not started."""
        _, engine = self._running()
        return engine.address

    def start(self) -> None:
        """Begin to listen; started already it does nothing. Raises OSError if the port is taken."""
        with self._lock:
            if self._thread is not None:
                return
            started: Future[None] = Future()
            thread = threading.Thread(target=self._run, args=(started,), name="lab", daemon=True)
            thread.start()
            try:
                started.result(_SECONDS)
            except OSError:
                thread.join(_SECONDS)
                raise
            self._thread = thread

    def stop(self) -> None:
        """Hang up every call and stop listening; stopped already it does nothing."""
        with self._lock:
            if self._thread is None or self._loop is None:
                return
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_SECONDS)
            self._thread = None

    def is_reachable(self) -> bool:
        return self._engine is not None

    # -- the port

    def originate(self, order: Order) -> str:
        return self._ask(lambda engine: engine.originate(order))

    def connect(self, call_id: str, agent: Audio, *, reference: str) -> None:
        self._ask(lambda engine: engine.connect(call_id, agent=agent, reference=reference))

    def park(self, call_id: str) -> None:
        self._ask(lambda engine: engine.park(call_id))

    def control(self, call_id: str, control: Control) -> None:
        self._ask(lambda engine: engine.control(call_id, control=control))

    def hang_up(self, call_id: str) -> None:
        self._ask(lambda engine: engine.hang_up(call_id))

    def look_up(self, *, call_id: str, reference: str) -> CallEvent | None:
        return self._ask(lambda engine: engine.look_up(call_id=call_id, reference=reference))

    # -- the thread

    def _ask(self, act: Callable[[Engine], T]) -> T:
        """Do it on the engine's loop and wait for what comes of it."""
        loop, engine = self._running()
        answer: Future[T] = Future()

        def work() -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                answer.set_result(act(engine))
            except Exception as error:
                answer.set_exception(error)

        try:
            loop.call_soon_threadsafe(work)
            return answer.result(_SECONDS)
        except TimeoutError as error:
            # Taken back before it began, it certainly did not happen.
            raise CallError("The lab did not answer in time.", is_ambiguous=not answer.cancel()) from error
        except RuntimeError as error:  # the loop was closed in between
            raise CallError("The lab is not running.") from error

    def _running(self) -> tuple[asyncio.AbstractEventLoop, Engine]:
        if self._loop is None or self._engine is None:
            raise CallError("The lab is not running.")
        return self._loop, self._engine

    def _run(self, started: Future[None]) -> None:
        loop = asyncio.new_event_loop()
        try:
            engine = loop.run_until_complete(self._open())
        except OSError as error:
            loop.close()
            started.set_exception(error)
            return
        self._loop, self._engine = loop, engine
        started.set_result(None)
        try:
            loop.run_forever()
        finally:
            self._engine = None
            loop.run_until_complete(engine.close())
            loop.close()

    async def _open(self) -> Engine:
        engine = Engine(self._report, setup=self._setup)
        _log.info("lab: listening for SIP on %s:%s", *engine.address)
        return engine
