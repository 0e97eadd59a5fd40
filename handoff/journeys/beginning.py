"""A new journey with its steps and facts: one statement on PostgreSQL, four on SQLite, where each costs little."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
from django.db import connection

from handoff.journeys.context import Context
from handoff.journeys.models import Fact as FactRow
from handoff.journeys.models import Journey
from handoff.journeys.models import Step as StepRow

# Facts are read back in the order of their ids.
_BEGIN: Final = """
WITH journey AS (
  INSERT INTO handoff_journey (created_at) VALUES (%s) RETURNING id
), steps AS (
  INSERT INTO handoff_step (journey_id, place, path, status, at, name, title, error)
  SELECT journey.id, n - 1, r->>0, r->>1, (r->>2)::timestamptz, r->>3, r->>4, r->>5
  FROM journey, jsonb_array_elements(%s::jsonb) WITH ORDINALITY e(r, n)
), facts AS (
  INSERT INTO handoff_fact (journey_id, key, label, value, source, at)
  SELECT journey.id, r->>0, r->>1, r->2, r->>3, (r->>4)::timestamptz
  FROM journey, jsonb_array_elements(%s::jsonb) WITH ORDINALITY e(r, n) ORDER BY n
)
SELECT id FROM journey
"""
_json = msgspec.json.Encoder()


def store(known: Context, *, now: datetime) -> Journey:
    """All that is known at the click, merged and within the limits."""
    if connection.vendor == "postgresql":
        return _store_at_once(known, now=now)
    journey = Journey.objects.create(created_at=now)
    add_steps(journey.pk, known)
    FactRow.objects.bulk_create(
        FactRow(journey_id=journey.pk, key=fact.key, source=fact.source, label=fact.label, value=fact.value, at=fact.at)
        for fact in known.facts
    )
    return journey


def add_steps(journey_id: int, known: Context) -> None:
    StepRow.objects.bulk_create(
        StepRow(
            journey_id=journey_id,
            place=place,
            name=step.name or "",
            path=step.path,
            title=step.title or "",
            status=step.status,
            error=step.error or "",
            at=step.at,
        )
        for place, step in enumerate(known.steps)
    )


def _store_at_once(known: Context, *, now: datetime) -> Journey:
    steps = [
        (step.path, step.status, step.at, step.name or "", step.title or "", step.error or "") for step in known.steps
    ]
    facts = [(fact.key, fact.label, fact.value, fact.source, fact.at) for fact in known.facts]
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [now, _json.encode(steps).decode(), _json.encode(facts).decode()])
        [journey_id] = cursor.fetchone()
    journey = Journey(pk=journey_id, created_at=now)
    journey._state.adding, journey._state.db = False, connection.alias
    return journey
