"""The worker's ticks: what the clock does to handoffs. Any number may run; rows decide, not timers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import connection

from handoff.attachments import actions as attachments
from handoff.broker import actions as broker
from handoff.calls import actions as calls
from handoff.flows import clocks, dispatch
from handoff.identity import actions as identity
from handoff.lib.ids import new_id
from handoff.lib.turns import TURN_LIMIT
from handoff.realtime.clock import database_now
from handoff.realtime.delivery import hub
from handoff.realtime.models import WorkerBeat
from handoff.routing import actions as routing
from handoff.supervision.ledger import SHIFT_SECONDS, draw_shifts

logger = logging.getLogger(__name__)

BEAT_SECONDS: Final = 5
TIDY_SECONDS: Final = 60
# A worker's name is its process's: the rows of those that are gone are of no use to anybody.
FORGOTTEN_AFTER: Final = timedelta(hours=1)
FAILED: Final = -1


class Worker:
    """Matches when woken by a hint, and looks at every clock once a tick."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._beat_at = 0.0
        self._tidy_at = 0.0
        self._shifts_at = 0.0

    def run(self) -> None:
        """Until `stop`; a database that is away is waited for."""
        forget = hub.on_wake(self._woken.set)
        try:
            while not self._stopped.is_set():
                if self.tick():
                    continue
                self._match_until(time.monotonic() + settings.HANDOFF_SECONDS["TICK"])
        finally:
            forget()
            connection.close()

    def _match_until(self, deadline: float) -> None:
        """Between two looks at the clocks only what hints bring: a click must not wait for the clocks' queries."""
        while (left := deadline - time.monotonic()) > 0 and self._woken.wait(left) and not self._stopped.is_set():
            self._woken.clear()
            self._attempt(match_waiting, woken_by=hub.woken_by)

    def stop(self) -> None:
        self._stopped.set()
        self._woken.set()

    def tick(self) -> bool:
        """A turn at each clock; True if one has left something over, so that the next turn is due at once.

        What fails does not keep the rest from being done.
        """
        jobs: tuple[Callable[[], int | None], ...] = (
            self._beat,
            routing.expire_offers,
            routing.lose_offers,
            clocks.lose_agents,
            clocks.come_due,
            match_waiting,
            clocks.finish_wrap_ups,
            clocks.close_abandoned,
            clocks.close_hung_up,
            clocks.end_signed_out,
            clocks.expire,
            clocks.end_watches,
            dispatch.recover,
            dispatch.poll_silent,
            self._tidy,
            self._draw_shifts,
        )
        done = [self._attempt(job) for job in jobs]
        if FAILED in done:
            self._stopped.wait(1)
        return max(done) >= TURN_LIMIT

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
            broker.rank_unranked()
            calls.forget_old(now=now)
            attachments.sweep(now=now)
            WorkerBeat.objects.filter(beat_at__lt=now - FORGOTTEN_AFTER).delete()

    def _draw_shifts(self) -> None:
        now = database_now()
        if now.timestamp() - self._shifts_at >= SHIFT_SECONDS:
            self._shifts_at = now.timestamp()
            draw_shifts(now=now)

    def _attempt(self, work: Callable[[], int | None], **woken: str) -> int:
        """How much was done. Whatever a job raises, the worker goes on: nobody else would."""
        with structlog.contextvars.bound_contextvars(job=work.__name__, job_id=new_id("jb"), **woken):
            try:
                return work() or 0
            except Exception:
                logger.exception("a worker's job failed; the next tick tries again")
                connection.close()
                return FAILED


def match_waiting() -> None:
    """Offer all that can be offered now; a transaction that was not full has left nothing over."""
    while made := routing.run_matching():
        logger.info("made %d offers", made)
        if made < routing.MATCHES_LIMIT:
            return
