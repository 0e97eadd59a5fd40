"""Whether this process can serve, asked of each part at most once a second, and answered in time whatever hangs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from handoff.config.hints import look_at_delivery
from handoff.config.parts import UNKNOWN_WORKER, Report, look_at_database
from handoff.realtime.roster import roster

logger = structlog.get_logger(__name__)

# Balancers ask often, and several of them: parts are asked less.
FRESH_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 0.8
LEAVING: Final = "This process was asked to end, and sees its sockets off."


class Look:
    """One look at a time, on a thread that may hang without holding anything up; its result is good for a moment."""

    def __init__(self, look: Callable[[], Any], *, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._look, self._fresh_seconds = look, fresh_seconds
        self._asking = threading.Lock()
        self._answer: Future[Any] | None = None
        self._asked_at = 0.0
        self._awaited: tuple[Future[Any], asyncio.Future[Any]] | None = None

    def ask(self) -> Future[Any]:
        """The look under way or still good, or a new one."""
        with self._asking:
            is_old = time.monotonic() - self._asked_at >= self._fresh_seconds
            if self._answer is None or (self._answer.done() and is_old):
                answer: Future[Any] = Future()
                # Of its own, and not of a pool: the interpreter waits for a pool's threads when it ends.
                threading.Thread(target=self._run, args=(answer,), name="look", daemon=True).start()
                # Last: a thread that could not be started answers nobody, and the next who asks tries again.
                self._answer, self._asked_at = answer, time.monotonic()
            return self._answer

    def awaited(self, answer: Future[Any]) -> asyncio.Future[Any]:
        """An answer for the loop, the same for all who wait: nothing is ever taken back from one that does not come."""
        known = self._awaited
        if known is None or known[0] is not answer or known[1].get_loop() is not asyncio.get_running_loop():
            known = self._awaited = answer, asyncio.wrap_future(answer)
        return known[1]

    def age_seconds(self) -> float:
        """Since when the look under way, or the last one, was begun."""
        return time.monotonic() - self._asked_at

    def forget(self) -> None:
        self._answer = None

    def _run(self, answer: Future[Any]) -> None:
        try:
            answer.set_result(self._look())
        except BaseException as error:
            answer.set_exception(error)


@dataclass
class Readiness:
    """All parts together; what changes is said in the log, once."""

    database: Look = field(default_factory=lambda: Look(look_at_database))
    delivery: Look = field(default_factory=lambda: Look(look_at_delivery))
    _said: dict[str, str] = field(default_factory=dict)

    async def look(self) -> dict[str, Any]:
        """What `/readyz` tells; from a loop."""
        asked = self._ask()
        looks = (self.database, self.delivery)
        waited_for = {look.awaited(future) for look, future in zip(looks, asked.values(), strict=True)}
        await asyncio.wait(waited_for, timeout=ANSWER_SECONDS)
        return self._tell(asked)

    def look_and_wait(self) -> dict[str, Any]:
        """The same, from a thread."""
        asked = self._ask()
        wait(asked.values(), timeout=ANSWER_SECONDS)
        return self._tell(asked)

    def _ask(self) -> dict[str, Future[Report]]:
        return {"database": self.database.ask(), "delivery": self.delivery.ask()}

    def _tell(self, asked: dict[str, Future[Report]]) -> dict[str, Any]:
        found = Report()
        for part, future in asked.items():
            report = future.result() if future.done() else self._silence(part)
            found.troubles |= report.troubles
            found.notes |= report.notes
        checks = {part: part not in found.troubles for part in ("database", "delivery", "worker", "clock")}
        if roster.is_draining:
            found.troubles["leaving"] = LEAVING
        self._say(found.troubles | found.notes)
        status = "not_ready" if found.troubles else "ready"
        told: dict[str, Any] = {"status": status, "checks": checks, "reasons": found.troubles}
        return told | ({"notes": found.notes} if found.notes else {})

    def _silence(self, part: str) -> Report:
        """Of a look that has not ended."""
        if part == "delivery":
            return Report({part: f"Redis has not answered for {self.delivery.age_seconds():.1f} s."})
        told = f"The database has not answered for {self.database.age_seconds():.1f} s."
        return Report({part: told, "worker": UNKNOWN_WORKER})

    def _say(self, sentences: dict[str, str]) -> None:
        for part, sentence in sentences.items():
            if part not in self._said:
                logger.warning("not as it should be", part=part, why=sentence)
        for part in self._said.keys() - sentences.keys():
            logger.info("as it should be again", part=part)
        self._said = sentences


readiness: Final = Readiness()
