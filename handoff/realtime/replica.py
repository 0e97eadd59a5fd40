"""Reads that may be a little old, from a copy of the database while there is one that keeps up; else from the primary.

For history and figures alone. What somebody has just done, and whatever decides, is read where it was written.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connection, connections
from django.db.models import Max, Model

from handoff.realtime import metrics
from handoff.realtime.clock import database_now
from handoff.realtime.models import ServerBeat, WorkerBeat

logger = logging.getLogger(__name__)
T = TypeVar("T")

ALIAS: Final = "replica"
# How far behind it is, is asked so often; and one that failed is left alone for longer.
FRESH_SECONDS: Final = 2.0
AWAY_SECONDS: Final = 10.0
# A copy that hangs costs one reader this, and nobody else anything.
PATIENCE_SECONDS: Final = 5.0
READS_AT_ONCE: Final = 4

_asks_replica: ContextVar[bool] = ContextVar("asks_replica", default=False)


class Router:
    """Everything is the primary's, but for what is read inside of `ask`."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return ALIAS if _asks_replica.get() else DEFAULT_DB_ALIAS

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS


class BusyError(Exception):
    """As many read there as may: no more is known of the replica than that it is in use."""


@dataclass
class Standing:
    """What was last seen of the replica."""

    keeps_up: bool = False
    look_at: float = 0.0
    _places: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(READS_AT_ONCE))

    def forget(self) -> None:
        self.look_at = 0.0

    def is_usable(self) -> bool:
        """Looks anew where the last look is too old; one reader at a time finds out for all."""
        if time.monotonic() >= self.look_at:
            self.look_at = time.monotonic() + FRESH_SECONDS
            try:
                lag = self._lag_seconds()
            except BusyError:
                # The next one asks: nobody reads there without knowing how far behind it is.
                self.forget()
                return False
            metrics.REPLICA_LAG.set(lag)
            self._note(lag <= settings.HANDOFF_SECONDS["REPLICA_LAG"], f"it is {lag:.0f} s behind")
        return self.keeps_up

    def run(self, read: Callable[[], T]) -> T:
        """On a thread of its own, which may hang. Raises BusyError, TimeoutError, and what `read` raises."""
        if not self._places.acquire(blocking=False):
            raise BusyError
        answer: Future[T] = Future()
        work = copy_context()
        # No pool's: the interpreter waits for those when it ends.
        threading.Thread(target=lambda: work.run(self._answer, read, answer), name="replica", daemon=True).start()
        return answer.result(PATIENCE_SECONDS)

    def give_up(self, why: str) -> None:
        self.look_at = time.monotonic() + AWAY_SECONDS
        self._note(False, why)

    def _answer(self, read: Callable[[], T], answer: Future[T]) -> None:
        _asks_replica.set(True)
        try:
            answer.set_result(read())
        except BaseException as error:
            answer.set_exception(error)
        finally:
            connections.close_all()
            self._places.release()

    def _lag_seconds(self) -> float:
        """The age of the newest sign of life in the copy. Servers and workers give one every 5 seconds, and it comes
        the way that everything comes; without any, nobody can say.
        """
        try:
            newest = self.run(_newest_beat)
        except (DatabaseError, InterfaceError, TimeoutError) as error:
            self.give_up(f"it does not answer ({type(error).__name__})")
            return float("inf")
        return float("inf") if newest is None else max(0.0, (database_now() - newest).total_seconds())

    def _note(self, keeps_up: bool, why: str) -> None:
        if self.keeps_up and not keeps_up:
            logger.warning("the replica is not asked any more: %s", why)
        elif keeps_up and not self.keeps_up:
            logger.info("the replica is asked for history and figures")
        self.keeps_up = keeps_up
        metrics.REPLICA_UP.set(keeps_up)


standing: Final = Standing()


def is_configured() -> bool:
    return ALIAS in connections.databases


def ask(read: Callable[[], T]) -> T:
    """What `read` answers, from the replica if it keeps up and from the primary if not, or if it fails.

    `read` may run twice, on another thread and in no transaction: it reads, and nothing else.
    """
    if not is_configured() or connection.in_atomic_block:
        return read()
    if standing.is_usable():
        try:
            found = standing.run(read)
        except BusyError:
            # Those who wait there find out whether it hangs; this one does not wait with them.
            pass
        except (DatabaseError, InterfaceError, TimeoutError) as error:
            standing.give_up(f"a read failed ({type(error).__name__})")
        else:
            metrics.REPLICA_READS.labels("replica").inc()
            return found
    metrics.REPLICA_READS.labels("primary").inc()
    return read()


def is_there_since(now: datetime) -> datetime:
    """What was written before then is in the replica, if it is asked at all."""
    behind = settings.HANDOFF_SECONDS["REPLICA_LAG"] + FRESH_SECONDS
    return now - timedelta(seconds=behind)


def _newest_beat() -> datetime | None:
    beats = [model.objects.aggregate(at=Max("beat_at"))["at"] for model in (ServerBeat, WorkerBeat)]
    return max((beat for beat in beats if beat is not None), default=None)
