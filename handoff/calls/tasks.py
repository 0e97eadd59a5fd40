"""What a provider still has to be asked: written with the decision, done after it, once, by whoever can reach it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from handoff.calls.models import Call, CallTask
from handoff.telephony.base import CallError

Kind = CallTask.Kind

# What is of no use any more once the call is to end.
WHILE_TALKING: Final = (Kind.CONNECT, Kind.PARK, Kind.HOLD, Kind.RESUME, Kind.MUTE, Kind.UNMUTE)
TRIES_LIMIT: Final = 4
# A claim this old belongs to a process that died: what it asked may have happened.
CLAIM_LIFE: Final = timedelta(seconds=20)
_FIRST_WAIT_SECONDS: Final = 1.0


def add(call: Call, kind: CallTask.Kind, *, due_at: datetime) -> None:
    """One waiting task of a kind a call: asking again brings it forward, and doubles nothing.

    One that is being done already was asked for by what has changed since, so it is not the same.
    """
    task, is_new = CallTask.objects.get_or_create(
        call=call, kind=kind, done_at=None, claimed_at=None, defaults={"provider": call.provider, "due_at": due_at}
    )
    if not is_new and task.due_at > due_at:
        CallTask.objects.filter(pk=task.pk, done_at=None).update(due_at=due_at)


def withdraw(call: Call, *kinds: CallTask.Kind) -> bool:
    """What nobody has begun yet is not asked any more; answers whether there was such a thing."""
    open_ones = CallTask.objects.filter(call=call, kind__in=kinds, done_at=None, claimed_at=None)
    # Locked, so that nobody begins it in the meantime.
    keys = list(open_ones.select_for_update(no_key=True).values_list("pk", flat=True))
    return CallTask.objects.filter(pk__in=keys, claimed_at=None).delete()[0] > 0


def is_open(call: Call, kind: CallTask.Kind) -> bool:
    return CallTask.objects.filter(call=call, kind=kind, done_at=None).exists()


def was_tried(call: Call, kind: CallTask.Kind) -> bool:
    """Whether the one that is being done was refused before."""
    return CallTask.objects.filter(call=call, kind=kind, done_at=None, tries__gt=0).exists()


@transaction.atomic
def claim_due(providers: Collection[str], *, now: datetime, limit: int) -> list[CallTask]:
    """Take tasks that are due, so that nobody else does them; one at a time a call, in the order they were asked."""
    # One that is tried again later still comes before those that were asked after it; a question holds up nothing.
    is_begun = Q(claimed_at__isnull=False) | Q(due_at__lte=now) | (Q(tries__gt=0) & ~Q(kind=Kind.LOOK_UP))
    before = CallTask.objects.filter(is_begun, call=OuterRef("call"), done_at=None, pk__lt=OuterRef("pk"))
    due = CallTask.objects.filter(
        ~Exists(before), provider__in=providers, done_at=None, claimed_at=None, due_at__lte=now
    )
    rows = due.select_for_update(skip_locked=True, no_key=True).order_by("pk").values_list("pk", flat=True)
    keys = list(rows[:limit])
    CallTask.objects.filter(pk__in=keys).update(claimed_at=now)
    return list(CallTask.objects.select_related("call__agent", "call__handoff").filter(pk__in=keys).order_by("pk"))


def next_due(providers: Collection[str], *, now: datetime) -> datetime | None:
    """When something comes due that is not due yet; what is due and was not claimed waits for its turn."""
    later = CallTask.objects.filter(provider__in=providers, done_at=None, claimed_at=None, due_at__gt=now)
    return later.order_by("due_at").values_list("due_at", flat=True).first()


def begin(task: CallTask, *, now: datetime) -> bool:
    """False if it was taken for lost while it waited to be done. From now on its time counts anew."""
    is_ours = _claim_of(task).update(claimed_at=now) == 1
    task.claimed_at = now
    return is_ours


def finish(task: CallTask, *, now: datetime, error: str = "") -> bool:
    """False if somebody else has finished it or taken it over meanwhile."""
    return _claim_of(task).update(done_at=now, error=error[:200]) == 1


def put_off(task: CallTask, error: CallError, *, now: datetime) -> bool:
    """Try again by the provider's own word, or later each time; False when that is no use any more.

    Only a dial does harm the second time: whatever else may have happened is asked for again.
    Who says when to come back has most likely done nothing; whoever comes back looks first (see `was_tried`).
    """
    is_in_doubt = task.kind == Kind.ORIGINATE and error.is_ambiguous and error.retry_after_seconds is None
    if error.is_permanent or is_in_doubt or task.tries + 1 >= TRIES_LIMIT:
        return False
    wait = error.retry_after_seconds or _FIRST_WAIT_SECONDS * 2**task.tries
    later = {"due_at": now + timedelta(seconds=wait), "tries": task.tries + 1, "error": str(error)[:200]}
    _let_go(task, now=now, **later)
    return True


def stale(*, now: datetime, limit: int) -> list[CallTask]:
    """Claimed long ago and never finished: their process died in the middle."""
    rows = CallTask.objects.select_related("call__agent", "call__handoff").filter(
        done_at=None, claimed_at__lte=now - CLAIM_LIFE
    )
    return list(rows.order_by("pk")[:limit])


def give_back(task: CallTask, *, now: datetime) -> None:
    """For somebody else to do: asking this kind twice does no harm."""
    _let_go(task, now=now)


def _let_go(task: CallTask, *, now: datetime, **changes: Any) -> None:
    """To wait again; or not at all, if the same was asked for again meanwhile."""
    try:
        with transaction.atomic():
            _claim_of(task).update(claimed_at=None, **changes)
    except IntegrityError:
        finish(task, now=now, error="asked for again")


def _claim_of(task: CallTask) -> QuerySet[CallTask]:
    """The row, as long as nobody else has it."""
    return CallTask.objects.filter(pk=task.pk, done_at=None, claimed_at=task.claimed_at)
