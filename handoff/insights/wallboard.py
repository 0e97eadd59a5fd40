"""The wallboard: what is now, today and in the last hour, for the queues that a supervisor may see."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Min

from handoff.broker.models import Handoff
from handoff.insights import floor, gathering, metrics
from handoff.insights.gathering import LINE, Counted, Seconds
from handoff.insights.metrics import Tally
from handoff.lib.clock import rfc3339, rfc3339_or_none
from handoff.protocol import insight_shapes as shapes
from handoff.realtime import replica
from handoff.staffing.models import Queue
from handoff.supervision.ledger import slot_of

HOUR: Final = timedelta(hours=1)
# What a day counts changes slowly, and a wallboard is looked at by many.
KEPT: Final = timedelta(seconds=15)


@dataclass(frozen=True)
class _Kept:
    at: datetime
    today: Counted
    last_hour: Counted


_kept: _Kept | None = None
_counting: Final = threading.Lock()


def forget() -> None:
    """Count anew at the next look."""
    global _kept
    _kept = None


def day_start(now: datetime) -> datetime:
    """Midnight where the deployment is."""
    zone = ZoneInfo(settings.HANDOFF_TIME_ZONE)
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def wallboard(queues: Sequence[Queue], *, now: datetime, shown: str | None = None) -> shapes.Wallboard:
    """`shown` narrows the half hours and the totals to one queue, by key."""
    kept = _count(now)
    agents, lines, conditions = replica.ask(
        lambda: (gathering.agents_by_queue(), _lines(queues), floor.conditions(now=now))
    )
    chosen = {queue.pk for queue in queues if shown in (None, queue.key)}

    def line(queue_ids: set[int]) -> shapes.LineNow:
        here = set().union(*(agents[queue_id] for queue_id in queue_ids)) if queue_ids else set()
        counts = Counter(condition for agent_id, condition in conditions.items() if agent_id in here)
        waiting = [lines[queue_id] for queue_id in queue_ids if queue_id in lines]
        return shapes.LineNow(
            waiting=sum(number for number, _ in waiting),
            oldest_enqueued_at=rfc3339_or_none(min((oldest for _, oldest in waiting if oldest), default=None)),
            available=counts["available"],
            talking=counts["talking"] + counts["wrap_up"],
            away=counts["away"] + counts["disconnected"],
        )

    def figures(counted: Counted, queue_ids: set[int]) -> shapes.Figures:
        here = set().union(*(agents[queue_id] for queue_id in queue_ids)) if queue_ids else set()
        return _figures(counted.of(queue_ids), occupancy=_occupancy(counted, here))

    return shapes.Wallboard(
        at=rfc3339(now),
        zone=settings.HANDOFF_TIME_ZONE,
        since=rfc3339(kept.today.since),
        now=line(chosen),
        today=figures(kept.today, chosen),
        last_hour=figures(kept.last_hour, chosen),
        queues=[
            shapes.QueueFigures(
                key=queue.key,
                name=queue.name,
                service_level_seconds=queue.service_level_seconds,
                now=line({queue.pk}),
                today=figures(kept.today, {queue.pk}),
                last_hour=figures(kept.last_hour, {queue.pk}),
            )
            for queue in queues
        ],
        half_hours=_half_hours(kept.today, chosen, set().union(*(agents[pk] for pk in chosen)) if chosen else set()),
        definitions=[shapes.Definition(key=one.key, label=one.label, text=one.text) for one in metrics.DEFINITIONS],
    )


def _count(now: datetime) -> _Kept:
    """Counted once for all who look in these seconds, and by one of them."""
    global _kept
    with _counting:
        found = _kept
        if found is None or not now - KEPT < found.at <= now:
            found = _kept = replica.ask(
                lambda: _Kept(now, gathering.count(day_start(now), now=now), gathering.count(now - HOUR, now=now))
            )
        return found


def _lines(queues: Collection[Queue]) -> dict[int, tuple[int, datetime | None]]:
    rows = Handoff.objects.filter(state__in=LINE, queue__in=queues, is_simulated=False).values("queue_id")
    counted = rows.annotate(number=Count("pk"), oldest=Min("enqueued_at"))
    return {row["queue_id"]: (row["number"], row["oldest"]) for row in counted}


def _occupancy(counted: Counted, agents: set[int]) -> float | None:
    handling = sum(counted.handling.get(agent, 0.0) for agent in agents)
    return metrics.occupancy(handling, sum(counted.present.get(agent, 0.0) for agent in agents))


def _figures(tally: Tally, *, occupancy: float | None) -> shapes.Figures:
    return shapes.Figures(
        offered=metrics.offered(tally),
        answered=tally.answered,
        abandoned=tally.abandoned,
        abandoned_short=tally.abandoned_short,
        callbacks=tally.callbacks,
        service_level=metrics.service_level(tally),
        asa_seconds=metrics.asa_seconds(tally),
        aht_seconds=metrics.aht_seconds(tally),
        abandonment=metrics.abandonment(tally),
        occupancy=occupancy,
        transfer_rate=metrics.transfer_rate(tally),
        reask_rate=metrics.reask_rate(tally),
        context_delivered=metrics.context_delivered(tally),
        effort=metrics.effort(tally),
        efforts=tally.efforts,
        promises_kept=metrics.promises_kept(tally),
        promised_seconds=tally.promised_seconds / tally.promises if tally.promises else None,
        actual_seconds=tally.actual_seconds / tally.promises if tally.promises else None,
        deflected=tally.deflected,
    )


def _half_hours(counted: Counted, queue_ids: set[int], agents: set[int]) -> list[shapes.HalfHour]:
    slots = range(slot_of(counted.since), slot_of(counted.until) + 1)
    rows = [_half_hour(counted, slot, queue_ids, agents) for slot in slots]
    # The night before the first one came says nothing.
    start = next((at for at, row in enumerate(rows) if row.arrivals or row.agents or row.away), len(rows))
    return rows[start:]


def _half_hour(counted: Counted, slot: int, queue_ids: set[int], agents: set[int]) -> shapes.HalfHour:
    tally, within = counted.in_slot(slot, queue_ids), gathering.span_of(slot)
    seconds = (min(within.end, counted.until) - max(within.start, counted.since)).total_seconds()

    def mean(side: Seconds) -> float:
        return round(sum(side.get((agent, slot), 0.0) for agent in agents) / seconds, 1) if seconds > 0 else 0.0

    return shapes.HalfHour(
        at=rfc3339(within.start),
        arrivals=metrics.offered(tally),
        answered=tally.answered,
        left=tally.abandoned,
        wait_seconds=metrics.asa_seconds(tally),
        promised_seconds=tally.promised_seconds / tally.promises if tally.promises else None,
        aht_seconds=metrics.aht_seconds(tally),
        agents=mean(counted.wanted),
        away=mean(counted.away),
    )
