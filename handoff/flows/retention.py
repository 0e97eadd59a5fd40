"""How long things are kept: what is past its time goes, a small batch at a time. Nothing open or owed ever does."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.contrib.sessions.models import Session as SignIn
from django.db import DatabaseError, OperationalError, connection
from django.db.models import CharField, Exists, F, Func, OuterRef, Q, QuerySet, Value

from handoff.attachments import actions as attachments
from handoff.attachments.models import Attachment, Status
from handoff.broker.models import Handoff
from handoff.broker.states import State
from handoff.calls import actions as calls
from handoff.calls.models import Call
from handoff.calls.progress import LIVE
from handoff.identity.models import Customer, Session
from handoff.journeys.models import Journey
from handoff.knowledge.models import Deflection
from handoff.lib.ids import new_id
from handoff.realtime import dropping, expiry, log, metrics, partitions, streams
from handoff.realtime.clock import database_now
from handoff.realtime.models import Stream
from handoff.realtime.partitions import Part
from handoff.staffing.models import Agent
from handoff.supervision.models import RecordRead, Shift, Stint, Wait

logger = logging.getLogger(__name__)

# A handoff brings some dozens of rows along; all of one batch goes in one transaction.
HANDOFFS_AT_ONCE: Final = 20
ROWS_AT_ONCE: Final = 500
# Customers are walked through: an index on when they were last seen would be written with every sign of life.
CUSTOMERS_LOOKED_AT: Final = 2000
# While nothing is due: what is counted in days may be some minutes late.
LOOK_SECONDS: Final = 600.0


@dataclass(frozen=True)
class Kind:
    """Something with a time of its own: `setting` says how long, `due` what is past it, `remove` takes a batch away."""

    name: str
    setting: str | None
    count: Callable[[datetime], int]
    remove: Callable[[datetime], int]

    def before(self, now: datetime) -> datetime | None:
        """What is older goes; None: it is kept for ever."""
        if self.setting is None:
            return now
        days: int = settings.HANDOFF_RETENTION_DAYS[self.setting]
        return now - timedelta(days=days) if days else None


def count_due(*, now: datetime) -> dict[str, int | None]:
    """How much of each kind is past its time; None for what is kept for ever."""
    found: dict[str, int | None] = {}
    for kind in KINDS:
        before = kind.before(now)
        found[kind.name] = None if before is None else kind.count(before)
    return found


def retain(*, now: datetime) -> dict[str, int]:
    """A batch of each kind; answers how much of each went. Safe to run twice, at once, and to be cut off anywhere.

    Raises DatabaseError, after the others had their turn: a kind that cannot go holds up no other.
    """
    gone: dict[str, int] = {}
    failed: DatabaseError | None = None
    for kind in KINDS:
        before = kind.before(now)
        try:
            gone[kind.name] = 0 if before is None else kind.remove(before)
        except DatabaseError as error:
            failed = failed or error
            continue
        metrics.RETIRED.labels(kind.name).inc(gone[kind.name])
    if failed is not None:
        raise failed
    return gone


def is_midway() -> bool:
    """Whether there are customers who were not looked at yet."""
    return _Walk.after > 0


class Retention:
    """A process's share of it, on a thread of its own: what takes long or has to wait here holds up no clock.

    A batch of each kind a tick while there is something to do, else a look now and then.
    """

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._look_at = self._parts_at = 0.0

    def run(self) -> None:
        """Until `stop`; whatever fails is tried again at a later look."""
        while not self._stopped.wait(settings.HANDOFF_SECONDS["TICK"]):
            with structlog.contextvars.bound_contextvars(job="retention", job_id=new_id("jb")):
                try:
                    self.take_turn()
                except Exception:
                    logger.exception("retention failed; a later look tries again")
                    connection.close()
            connection.close_if_unusable_or_obsolete()
        connection.close()

    def stop(self) -> None:
        self._stopped.set()

    def take_turn(self) -> None:
        if time.monotonic() >= self._parts_at:
            # By a clock of its own: where people come and go all the time, something is always due.
            self._parts_at = time.monotonic() + LOOK_SECONDS
            partitions.keep_ahead(now=database_now())
        if time.monotonic() >= self._look_at:
            # First: what fails is tried again at the next look, not at each tick.
            self._look_at = time.monotonic() + LOOK_SECONDS
            if any(retain(now=database_now()).values()) or is_midway():
                self._look_at = 0.0


# -- handoffs, with all that hangs from them


def due_handoffs(before: datetime) -> QuerySet[Handoff]:
    """Closed long enough, without a call that goes on. One that was joined to another goes when that one may."""
    target = Handoff.objects.filter(pk=OuterRef("merged_into"))
    joined = Handoff.objects.filter(merged_into=OuterRef("pk"))
    live = Call.objects.filter(handoff=OuterRef("pk"), status__in=LIVE)
    # Whose file could not be removed waits for the sweep that tries it again, and holds up nobody.
    stuck = Attachment.objects.filter(handoff=OuterRef("pk"), status=Status.DROPPED)
    rows = Handoff.objects.filter(state=State.CLOSED, closed_at__lt=before)
    young = Exists(target.exclude(state=State.CLOSED, closed_at__lt=before))
    return rows.filter(~young | Q(merged_into=None), ~Exists(joined), ~Exists(live), ~Exists(stuck))


def _remove_handoffs(before: datetime) -> int:
    found = list(due_handoffs(before).order_by("closed_at", "id").values_list("pk", "public_id")[:HANDOFFS_AT_ONCE])
    if not found:
        return 0
    # In no transaction: files go one at a time, and a talk of many thousand words in parts.
    attachments.forget([pk for pk, _ in found])
    expiry.drain(_streams_of(public_id for _, public_id in found))
    return _remove_locked(before, [pk for pk, _ in found])


@expiry.giving_way()
def _remove_locked(before: datetime, keys: Collection[int]) -> int:
    """Those that are still due under their lock; what somebody else holds is theirs, or waits for the next batch."""
    held = Attachment.objects.filter(handoff=OuterRef("pk"))
    due = due_handoffs(before).filter(~Exists(held), pk__in=keys)
    rows = list(due.select_for_update(skip_locked=True).order_by("pk"))
    if not rows:
        return 0
    pks = [row.pk for row in rows]
    expiry.forget_handoffs(pks, _streams_of(row.public_id for row in rows))
    calls.forget(pks)
    Handoff.objects.filter(pk__in=pks).delete()
    Journey.objects.filter(pk__in=[row.journey_id for row in rows]).delete()
    return len(pks)


def _streams_of(public_ids: Any) -> list[str]:
    return [name for public_id in public_ids for name in (streams.handoff(public_id), streams.desk(public_id))]


# -- a log in parts: a month of which nothing is kept goes as a whole, before its handoffs do


def _droppable(before: datetime) -> list[Part]:
    if not partitions.is_partitioned():
        return []
    return [part for part in partitions.months(before=before) if not _is_needed(part, before)]


def _is_needed(part: Part, before: datetime) -> bool:
    """Whether a stream of this part is of a handoff that stays. The latest first: they are kept the longest."""
    of = Func(F("name"), Value("/"), Value(2), function="split_part", output_field=CharField())
    due = due_handoffs(before).filter(public_id=OuterRef("of"))
    rows = Stream.objects.filter(id__gte=part.low, id__lt=part.high).annotate(of=of)
    return rows.filter(~Exists(due)).order_by("-id").exists()


class _Months:
    """Until when they are left alone, because somebody was in the way: one who reads for long goes on reading."""

    rest_until = 0.0


def _drop_month(before: datetime) -> int:
    if time.monotonic() < _Months.rest_until or not partitions.is_partitioned():
        return 0
    try:
        dropping.finish_dropping()
        for part in _droppable(before)[:1]:
            dropping.drop(part)
            return 1
    except OperationalError as error:
        # The other kinds do not wait for it.
        _Months.rest_until = time.monotonic() + LOOK_SECONDS
        logger.warning("a month of the log is dropped at a later look, as somebody is in the way: %s", error)
    return 0


# -- calls that led to no handoff


def _callers(before: datetime) -> QuerySet[Call]:
    return Call.objects.filter(handoff=None, ended_at__lt=before)


def _remove_callers(before: datetime) -> int:
    return _delete(_callers(before), "ended_at")


# -- customers of whom nothing is left but who they were


class _Walk:
    """Where the next batch of customers begins. Lost with the process, which only begins anew."""

    after = 0


def due_customers(before: datetime) -> QuerySet[Customer]:
    handoffs = Handoff.objects.filter(customer=OuterRef("pk"))
    # Of one that goes on: its device was here since.
    sessions = Session.objects.filter(customer=OuterRef("pk"), expires_at__gte=before)
    return Customer.objects.filter(~Exists(handoffs), ~Exists(sessions), seen_at__lt=before)


def _remove_customers(before: datetime) -> int:
    start = _Walk.after
    rest = Customer.objects.filter(pk__gt=start).order_by("pk").values_list("pk", flat=True)
    end = next(iter(rest[CUSTOMERS_LOOKED_AT - 1 : CUSTOMERS_LOOKED_AT]), None)
    _Walk.after = end or 0
    window = due_customers(before).filter(pk__gt=start)
    if end is not None:
        window = window.filter(pk__lte=end)
    keys = list(window.order_by("pk").values_list("pk", flat=True))
    parts = (keys[at : at + ROWS_AT_ONCE] for at in range(0, len(keys), ROWS_AT_ONCE))
    return sum(_remove_strangers(before, part) for part in parts)


@expiry.giving_way()
def _remove_strangers(before: datetime, keys: Collection[int]) -> int:
    # The whole lock: somebody who signs in meanwhile waits for it, and comes as somebody new.
    held = Customer.objects.select_for_update(skip_locked=True).filter(pk__in=keys).order_by("pk")
    pks = [customer.pk for customer in held]
    # Looked at anew, under the lock.
    rows = due_customers(before).filter(pk__in=pks)
    found = dict(rows.values_list("pk", "public_id"))
    log.forget([streams.customer(public_id) for public_id in found.values()])
    Customer.objects.filter(pk__in=list(found)).delete()
    return len(found)


# -- rows with a time of their own


def _streams_of_agents() -> list[str]:
    return [streams.agent(public_id) for public_id in Agent.objects.values_list("public_id", flat=True)]


def _old_sessions(before: datetime) -> QuerySet[Session]:
    """No session lives longer than it was given at its start, whatever ended it."""
    return Session.objects.filter(expires_at__lt=before)


def _old_reads(before: datetime) -> QuerySet[RecordRead]:
    return RecordRead.objects.filter(at__lt=before)


def _old_sign_ins(before: datetime) -> QuerySet[SignIn]:
    return SignIn.objects.filter(expire_date__lt=before)


def _old_deflections(before: datetime) -> QuerySet[Deflection]:
    return Deflection.objects.filter(at__lt=before)


def _old_waits(before: datetime) -> QuerySet[Wait]:
    """The waits of a handoff that goes on are still asked for."""
    return Wait.objects.filter(Q(handoff=None) | Q(handoff__state=State.CLOSED), began_at__lt=before)


def _old_stints(before: datetime) -> QuerySet[Stint]:
    over = Q(handoff=None) | Q(handoff__state=State.CLOSED)
    return Stint.objects.filter(over, began_at__lt=before, ended_at__lt=before)


def _old_shifts(before: datetime) -> QuerySet[Shift]:
    return Shift.objects.filter(until__lt=before)


def _delete(rows: QuerySet[Any], at: str) -> int:
    """A batch of the oldest, by an index on their time."""
    keys = list(rows.order_by(at).values_list("pk", flat=True)[:ROWS_AT_ONCE])
    if keys:
        with expiry.giving_way():
            rows.filter(pk__in=keys).delete()
    return len(keys)


def _delete_first(rows: QuerySet[Any]) -> int:
    """What is due of those that were written first. No index is kept for it: numbers are given in the order of time."""
    first = rows.model._default_manager.order_by("pk").values_list("pk", flat=True)
    end = next(iter(first[ROWS_AT_ONCE - 1 : ROWS_AT_ONCE]), None)
    keys = list((rows if end is None else rows.filter(pk__lte=end)).order_by("pk").values_list("pk", flat=True))
    if keys:
        with expiry.giving_way():
            rows.filter(pk__in=keys).delete()
    return len(keys)


def _by_time(name: str, setting: str | None, rows: Callable[[datetime], QuerySet[Any]], at: str) -> Kind:
    return Kind(name, setting, lambda before: rows(before).count(), lambda before: _delete(rows(before), at))


def _by_number(name: str, setting: str, rows: Callable[[datetime], QuerySet[Any]]) -> Kind:
    return Kind(name, setting, lambda before: rows(before).count(), lambda before: _delete_first(rows(before)))


# In this order: what is dropped need not be deleted, sessions point to customers, and customers have handoffs.
KINDS: Final = (
    Kind("months of the log", "HANDOFFS", lambda before: len(_droppable(before)), _drop_month),
    Kind("handoffs", "HANDOFFS", lambda before: due_handoffs(before).count(), _remove_handoffs),
    _by_time("calls of nobody", "HANDOFFS", _callers, "ended_at"),
    _by_number("reads of records", "READS", _old_reads),
    _by_number("sessions", "SESSIONS", _old_sessions),
    Kind("customers", "CUSTOMERS", lambda before: due_customers(before).count(), _remove_customers),
    Kind(
        "entries of agents' streams",
        "STREAMS",
        lambda before: expiry.trimmable(_streams_of_agents(), before=before),
        lambda before: expiry.trim_streams(_streams_of_agents(), before=before),
    ),
    _by_time("waits", "FIGURES", _old_waits, "began_at"),
    _by_time("stints", "FIGURES", _old_stints, "began_at"),
    _by_time("shifts", "FIGURES", _old_shifts, "until"),
    _by_number("deflections", "FIGURES", _old_deflections),
    _by_time("expired sign-ins", None, _old_sign_ins, "expire_date"),
)
