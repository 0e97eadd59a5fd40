"""Read a journey back as the pure rules know it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import cast

from django.db.models import Max

from handoff.journeys.context import Fact, Step
from handoff.journeys.models import Fact as FactRow
from handoff.journeys.models import Step as StepRow
from handoff.protocol.shapes import Source, StepStatus


def steps_of(journey_id: int) -> list[Step]:
    """In the customer's order, newest last."""
    return steps_by_journey([journey_id])[journey_id]


def steps_by_journey(journey_ids: Collection[int]) -> dict[int, list[Step]]:
    """Those of many journeys at once."""
    found: dict[int, list[Step]] = {journey_id: [] for journey_id in journey_ids}
    rows = StepRow.objects.filter(journey__in=journey_ids).order_by("journey_id", "place")
    columns = ("journey_id", "path", "status", "at", "name", "title", "error")
    for journey_id, path, status, at, name, title, error in rows.values_list(*columns):
        step = Step(
            path=path,
            status=cast(StepStatus, status),
            at=at,
            name=name or None,
            title=title or None,
            error=error or None,
        )
        found[journey_id].append(step)
    return found


def newest_step_at(journey_id: int) -> datetime | None:
    """When the newest step happened; None before the first."""
    newest: datetime | None = StepRow.objects.filter(journey=journey_id).aggregate(Max("at"))["at__max"]
    return newest


def facts_of(journey_id: int) -> list[Fact]:
    """In the order in which they became known."""
    rows = FactRow.objects.filter(journey=journey_id).order_by("id")
    return [
        Fact(key=key, label=label, value=value, source=cast(Source, source), at=at)
        for key, label, value, source, at in rows.values_list("key", "label", "value", "source", "at")
    ]
