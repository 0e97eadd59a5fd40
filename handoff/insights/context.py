"""Whether what was known at the click reached the desk: read from what the log told both sides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from handoff.protocol.events import HandoffAssigned, HandoffOpened
from handoff.realtime.models import LogEntry
from handoff.supervision.models import Wait

LAST: Final = 100


def last_delivered(since: datetime) -> Iterator[tuple[int, int, int]]:
    """Of the last ones answered: the queue, how many facts and steps were known, and how many of these were shown."""
    answered = Wait.objects.filter(
        began_at__gte=since, outcome=Wait.Outcome.ANSWERED, is_first=True, is_simulated=False
    ).order_by("-began_at")[:LAST]
    queues = dict(answered.values_list("handoff_id", "queue_id"))
    rows = LogEntry.objects.filter(handoff_id__in=list(queues), type__in=[HandoffOpened.TYPE, HandoffAssigned.TYPE])
    known: dict[int, set[str]] = {}
    shown: dict[int, set[str]] = {}
    for handoff_id, kind, data in rows.order_by("id").values_list("handoff_id", "type", "data"):
        # The first of each: the click, and the accept that ended the wait.
        if handoff_id is not None and data:
            side = known if kind == HandoffOpened.TYPE else shown
            side.setdefault(handoff_id, _items(kind, data))
    for handoff_id, items in known.items():
        if handoff_id in shown and items:
            yield queues[handoff_id], len(items), len(items & shown[handoff_id])


def _items(kind: str, data: dict[str, Any]) -> set[str]:
    """A step goes by its time and place, a fact by its key and source: its value may have been corrected since."""
    opened = kind == HandoffOpened.TYPE
    steps = data["receipt"]["steps"] if opened else data["journey"]["steps"]
    facts = data["receipt"]["facts"] if opened else data["facts"]
    return {f"step {step.get('at')} {step.get('path')}" for step in steps} | {
        f"fact {fact['source']} {fact['key']}" for fact in facts
    }
