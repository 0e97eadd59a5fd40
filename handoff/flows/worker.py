"""The worker's ticks: what the clock does to handoffs. Any number may run; rows decide, not timers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import QuerySet

from handoff.broker import actions as broker
from handoff.broker.models import Handoff
from handoff.broker.states import CloseReason, State
from handoff.identity import actions as identity
from handoff.realtime import log
from handoff.realtime.clock import database_now
from handoff.realtime.delivery import hub
from handoff.realtime.log import Entry
from handoff.realtime.models import WorkerBeat
from handoff.routing import actions as routing

logger = logging.getLogger(__name__)

TICK_LIMIT: Final = 100
BEAT_SECONDS: Final = 5
TIDY_SECONDS: Final = 60
# A worker's name is its process's: the rows of those that are gone are of no use to anybody.
FORGOTTEN_AFTER: Final = timedelta(hours=1)


class Worker:
    """Matches when woken by a hint, and looks at every clock once a tick."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._beat_at = 0.0
        self._tidy_at = 0.0

    def run(self) -> None:
        """Until `stop`; a database that is away is waited for."""
        forget = hub.on_wake(self._woken.set)
        try:
            while not self._stopped.is_set():
                self.tick()
                self._match_until(time.monotonic() + settings.HANDOFF_SECONDS["TICK"])
        finally:
            forget()
            connection.close()

    def _match_until(self, deadline: float) -> None:
        """Between two looks at the clocks only what hints bring: a click must not wait for the clocks' queries."""
        while (left := deadline - time.monotonic()) > 0 and self._woken.wait(left) and not self._stopped.is_set():
            self._woken.clear()
            self._attempt(match_waiting)

    def stop(self) -> None:
        self._stopped.set()
        self._woken.set()

    def tick(self) -> None:
        """Everything that is due now; what fails does not keep the rest from being done."""
        jobs = (
            self._beat,
            routing.expire_offers,
            match_waiting,
            finish_wrap_ups,
            close_abandoned,
            end_signed_out,
            self._tidy,
        )
        if not all([self._attempt(job) for job in jobs]):
            self._stopped.wait(1)

    def _beat(self) -> None:
        now = database_now()
        if now.timestamp() - self._beat_at >= BEAT_SECONDS:
            WorkerBeat.objects.update_or_create(name=self.name, defaults={"beat_at": now})
            self._beat_at = now.timestamp()

    def _tidy(self) -> None:
        now = database_now()
        if now.timestamp() - self._tidy_at >= TIDY_SECONDS:
            self._tidy_at = now.timestamp()
            identity.forget_old(now=now)
            WorkerBeat.objects.filter(beat_at__lt=now - FORGOTTEN_AFTER).delete()

    def _attempt(self, work: Callable[[], object]) -> bool:
        """False if it failed. Whatever a job raises, the worker goes on: nobody else would."""
        try:
            work()
        except Exception:
            logger.exception("a worker's job failed; the next tick tries again")
            connection.close()
            return False
        return True


def match_waiting() -> None:
    """Offer all that can be offered now; a transaction that was not full has left nothing over."""
    while routing.run_matching() == routing.MATCHES_LIMIT:
        pass


def finish_wrap_ups() -> int:
    """Wrap-ups that took longer than their limit close by themselves."""
    before = database_now() - timedelta(seconds=settings.HANDOFF_SECONDS["WRAP_UP"])
    due = Handoff.objects.filter(state=State.WRAP_UP, ended_at__lte=before)
    return _each(due, lambda handoff, now: broker.finish(handoff, now=now))


def close_abandoned() -> int:
    """Chats in line whose customer has been gone too long."""
    before = database_now() - timedelta(seconds=settings.HANDOFF_SECONDS["CUSTOMER_GONE"])
    # Left for the opening hours: nobody is expected to hold the line open until then.
    due = Handoff.objects.filter(
        state__in=[State.QUEUED, State.OFFERED], channel="chat", customer__seen_at__lte=before, is_left=False
    )
    return _each(due, lambda handoff, now: broker.abandon(handoff, now=now))


def end_signed_out() -> int:
    """Talks whose customer signed out and did not come back."""
    before = database_now() - timedelta(seconds=settings.HANDOFF_SECONDS["LOGGED_OUT"])
    due = Handoff.objects.filter(state=State.CONNECTED, signed_out_at__lte=before)
    return _each(due, lambda handoff, now: broker.end(handoff, reason=CloseReason.CUSTOMER_LEFT, now=now))


def _each(due: QuerySet[Handoff], act: Callable[[Handoff, datetime], list[Entry]]) -> int:
    """Act on each that is still due once it is locked."""
    done = 0
    for public_id in list(due.values_list("public_id", flat=True)[:TICK_LIMIT]):
        try:
            done += _act_once(public_id, due, act)
        except DatabaseError:
            raise
        except Exception:
            # One that cannot be moved must not hold up those behind it.
            logger.exception("the clock could not move %s", public_id)
    return done


def _act_once(public_id: str, due: QuerySet[Handoff], act: Callable[[Handoff, datetime], list[Entry]]) -> bool:
    with log.recording() as record:
        handoff = broker.lock_any(public_id)
        if handoff is None or not due.filter(pk=handoff.pk).exists():
            return False
        record.add(act(handoff, record.now))
    return True
