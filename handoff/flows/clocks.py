"""What the clock does to handoffs: a turn at what is due, each under its lock, if it is still due then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import OperationalError
from django.db.models import Exists, OuterRef, Q, QuerySet

from handoff.broker import actions as broker
from handoff.broker import queries as handoffs
from handoff.broker import schedule
from handoff.broker.channels import IN_THE_PAGE
from handoff.broker.models import Handoff
from handoff.broker.states import Channel, CloseReason, State
from handoff.calls.models import Call
from handoff.calls.progress import LIVE, Status
from handoff.calls.queries import has_caller
from handoff.conversations import composing
from handoff.flows import announcing, supervise
from handoff.identity import actions as identity
from handoff.lib.turns import KEYS_LIMIT, take_turn
from handoff.realtime import log
from handoff.realtime.beats import absence_counts
from handoff.realtime.clock import database_now
from handoff.realtime.log import Entry
from handoff.staffing.actions import end_lease
from handoff.supervision.models import Watch

Act = Callable[[Handoff, datetime], list[Entry]]

# One heartbeat may be late, by as much as a busy page takes to send it.
HEARTBEATS_MISSED: Final = 1.25


def finish_wrap_ups() -> int:
    """Wrap-ups that took longer than their limit close by themselves, with the note as far as it was written."""
    due = Handoff.objects.filter(state=State.WRAP_UP, ended_at__lte=_ago("WRAP_UP"))
    return _each(due.order_by("ended_at"), _finish)


def close_abandoned() -> int:
    """Chats and page voice in line whose customer has been gone too long."""
    if not _absence_counts("CUSTOMER_GONE"):
        return 0
    # Left for the opening hours: nobody is expected to hold the line open until then.
    due = Handoff.objects.filter(
        state__in=[State.QUEUED, State.OFFERED],
        channel__in=IN_THE_PAGE,
        customer__seen_at__lte=_ago("CUSTOMER_GONE"),
        is_left=False,
    )
    return _each(due.order_by("id"), lambda handoff, now: broker.abandon(handoff, now=now))


def end_signed_out() -> int:
    """Talks in a page whose customer signed out and did not come back."""
    if not _absence_counts("LOGGED_OUT"):
        return 0
    due = Handoff.objects.filter(
        state=State.CONNECTED, channel__in=IN_THE_PAGE, signed_out_at__lte=_ago("LOGGED_OUT")
    ).order_by("signed_out_at")
    return _each(due, lambda handoff, now: broker.end(handoff, reason=CloseReason.CUSTOMER_LEFT, now=now))


def lose_agents() -> int:
    """Talks whose agent has been gone too long are the next to be offered: their old place is kept."""
    if not _absence_counts("AGENT_GRACE"):
        return 0
    # While the two hear each other, a page that is gone is not an agent that is gone.
    talking = Call.objects.filter(handoff=OuterRef("pk"), status=Status.BRIDGED)
    due = Handoff.objects.filter(_is_lost(), ~Exists(talking), state=State.CONNECTED)
    return _each(due.order_by("id"), _lose_agent)


def come_due() -> int:
    """What was scheduled for now goes into its line."""
    due = Handoff.objects.filter(state=State.SCHEDULED, due_at__lte=database_now())
    return _each(due.order_by("due_at"), _come_due, holds_customer=True)


def expire() -> int:
    """Callers who did not call, and what was scheduled and could not be served."""
    waiting = [State.AWAITING_CALL, State.SCHEDULED]
    due = Handoff.objects.filter(state__in=waiting, expires_at__lte=database_now()).order_by("expires_at")
    return _each(due, lambda handoff, now: schedule.expire(handoff, now=now))


def _is_lost() -> Q:
    """No socket and no heartbeat for the grace of the channel; or a socket, and a page that shows no life.

    A browser keeps the socket of a frozen page open. A heartbeat may be late, so such a page is given more than one.
    """
    seconds = settings.HANDOFF_SECONDS
    no_life = max(seconds["AGENT_GRACE"], HEARTBEATS_MISSED * seconds["HEARTBEAT"])
    unseen = Q(agent__seen_at__lte=_ago("AGENT_GRACE")) & _unheard(seconds["AGENT_GRACE"])
    on_the_line = Q(channel=Channel.VOICE, agent__seen_at__lte=_ago("VOICE_GRACE")) & _unheard(seconds["VOICE_GRACE"])
    return unseen | on_the_line | _unheard(no_life)


def _unheard(seconds: float) -> Q:
    """No heartbeat for so long. A sign-out ends the lease and not the talk, so both are asked.

    A process of a former version renews the lease alone.
    """
    since = database_now() - timedelta(seconds=seconds)
    renewed_by = since + timedelta(seconds=settings.HANDOFF_SECONDS["LEASE"])
    return (Q(agent__heard_at__lte=since) | Q(agent__heard_at=None)) & Q(agent__lease_expires_at__lte=renewed_by)


def close_hung_up() -> int:
    """Callers in line whose call is over, whatever report of it was lost."""
    due = Handoff.objects.filter(
        ~Exists(_callers()), state__in=[State.QUEUED, State.OFFERED], channel=Channel.PHONE
    ).order_by("id")
    return _each(due, lambda handoff, now: broker.abandon(handoff, now=now))


def _callers() -> QuerySet[Call]:
    return Call.objects.filter(handoff=OuterRef("pk"), direction=Call.Direction.INBOUND, status__in=LIVE)


def _finish(handoff: Handoff, now: datetime) -> list[Entry]:
    note = composing.note_of(handoff)
    if handoff.agent is None or not note:
        return broker.finish(handoff, now=now)
    return broker.wrap_up_late(handoff, handoff.agent, note=note, now=now)


def _lose_agent(handoff: Handoff, now: datetime) -> list[Entry]:
    agent = handoff.agent
    if handoff.channel == Channel.PHONE and not has_caller(handoff):
        # Nobody is on the line: there is nobody for another agent to talk to.
        return broker.end(handoff, reason=CloseReason.CUSTOMER_LEFT, now=now)
    entries = broker.lose_agent(handoff, now=now)
    if agent is not None:
        # Or it would be offered to the one who has just lost it.
        end_lease(agent, now=now)
    return entries


def _come_due(handoff: Handoff, now: datetime) -> list[Entry]:
    entries = schedule.come_due(handoff, now=now)
    return [*entries, announcing.opened(handoff)] if entries else []


def _absence_counts(interval: str) -> bool:
    """Nobody is gone for us who only could not come in: after an outage everybody gets the time to be back."""
    return absence_counts(settings.HANDOFF_SECONDS[interval], now=database_now())


def _ago(interval: str) -> datetime:
    return database_now() - timedelta(seconds=settings.HANDOFF_SECONDS[interval])


def _each(due: QuerySet[Handoff], act: Act, *, holds_customer: bool = False) -> int:
    keys = list(due.values_list("public_id", flat=True)[:KEYS_LIMIT])
    return take_turn(
        keys, lambda public_id: _act_once(public_id, due, act, holds_customer=holds_customer), fatal=OperationalError
    )


def _act_once(public_id: str, due: QuerySet[Handoff], act: Act, *, holds_customer: bool) -> bool:
    with log.recording() as record:
        if holds_customer:
            identity.hold_customer(handoffs.by_id(public_id).customer)
        handoff = broker.claim(public_id)
        if handoff is None or not due.filter(pk=handoff.pk).exists():
            return False
        record.add(act(handoff, record.now))
    return True


def end_watches() -> int:
    """Supervisors who have left the desk, or may not read along any more."""
    ended = supervise.end_unlawful()
    if not _absence_counts("AGENT_GRACE"):
        return ended
    gone = Watch.objects.filter(Q(agent__seen_at__lte=_ago("AGENT_GRACE")) | Q(agent__seen_at=None))
    return ended + supervise.end_gone(list(gone.values_list("pk", flat=True)[:KEYS_LIMIT]))
