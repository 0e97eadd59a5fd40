"""Read a journey back as the pure rules know it."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from django.db.models import Max

from handoff.journeys.context import Fact, Step
from handoff.journeys.models import Fact as FactRow
from handoff.journeys.models import Step as StepRow
from handoff.protocol.shapes import Source, StepStatus


def steps_of(journey_id: int) -> list[Step]:
    """In the customer's order, newest last."""
    return [
        Step(
            path=row.path,
            status=cast(StepStatus, row.status),
            at=row.at,
            name=row.name or None,
            title=row.title or None,
            error=row.error or None,
        )
        for row in StepRow.objects.filter(journey=journey_id).order_by("place")
    ]


def newest_step_at(journey_id: int) -> datetime | None:
    """When the newest step happened; None before the first."""
    newest: datetime | None = StepRow.objects.filter(journey=journey_id).aggregate(Max("at"))["at__max"]
    return newest


def facts_of(journey_id: int) -> list[Fact]:
    """In the order in which they became known."""
    return [
        Fact(key=row.key, label=row.label, value=row.value, source=cast(Source, row.source), at=row.at)
        for row in FactRow.objects.filter(journey=journey_id).order_by("id")
    ]
