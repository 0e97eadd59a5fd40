"""A customer's handoffs as their panel shows them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db.models import Q

from handoff.broker.models import Handoff
from handoff.broker.states import OPEN, State
from handoff.identity.models import Customer

RECENT: Final = timedelta(hours=24)


class OnPanel(NamedTuple):
    """The open one, the talk that just ended, and what is scheduled, the next first."""

    open: Handoff | None
    recent: Handoff | None
    scheduled: list[Handoff]


def on_panel(customer: Customer, *, now: datetime) -> OnPanel:
    """All of them in one query, which a connect or a sign-in can afford."""
    rows = Handoff.objects.select_related("customer", "intent", "queue", "agent", "survey", "verification__agent")
    standing = Q(state__in=[*OPEN, State.SCHEDULED]) | _ended_lately(now)
    # Sorted here: there are few, and Django takes longer to write an ORDER BY than all of this takes to read.
    found = sorted(rows.filter(standing, customer=customer), key=lambda row: (row.due_at or now, row.pk))
    for handoff in found:
        handoff.site = customer.site
    ended = [handoff for handoff in found if handoff.state in (State.WRAP_UP, State.CLOSED)]
    return OnPanel(
        open=next((handoff for handoff in found if handoff.is_open), None),
        recent=max(ended, key=lambda row: row.ended_at or now, default=None),
        scheduled=[handoff for handoff in found if handoff.state == State.SCHEDULED],
    )


def _ended_lately(now: datetime) -> Q:
    """The talk that just ended: in wrap-up, or closed in the last day after somebody talked."""
    return Q(state=State.WRAP_UP) | Q(state=State.CLOSED, closed_at__gt=now - RECENT, ended_at__isnull=False)
