"""The heads of the lines, read by their index: however many wait behind them, a look costs the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from django.db import connection

from handoff.realtime.clock import moment_or_none
from handoff.routing.matching import Rank


class Head(NamedTuple):
    """One handoff in line, as it stands in its row; `is_away` is its customer."""

    handoff_id: int
    version: int
    queue_id: int
    queue_name: str
    intent_id: int
    intent_label: str
    intent_queue_id: int
    enqueued_at: datetime | None
    ranked_at: datetime | None
    preferred_agent_id: int | None
    preferred_until: datetime | None
    excluded_agent_id: int | None
    excluded_until: datetime | None
    channel: str
    is_simulated: bool
    is_away: bool


@dataclass(frozen=True)
class Wanted:
    """Which heads: of these lines (queue, whether it is practice), or waiting for one of these agents wherever.

    `beyond` are intents that nobody with room has the skills for; in their own queue they are held back, as are those
    whose customer was last seen before `seen_before`.
    """

    lines: Sequence[tuple[int, bool]]
    agent_ids: Sequence[int]
    beyond: Sequence[int]
    seen_before: datetime
    now: datetime


# A subselect and not a join: planned as a filter of the index's order, it is asked of the first few alone. What was
# left out of hours has nobody who holds the line.
_AWAY: Final = """
(h.channel IN ('chat', 'voice') AND NOT h.is_left AND (
  SELECT c.seen_at <= {seen_before} AND (c.present_until IS NULL OR c.present_until <= {now})
  FROM handoff_customer c WHERE c.id = h.customer_id
))
"""
# In the intent's own queue: who was passed on to another was sent there by a person, skills or not.
_UNABLE: Final = """
({beyond} AND h.queue_id = (SELECT i.queue_id FROM handoff_intent i WHERE i.id = h.intent_id))
"""
_WORTH: Final = f"NOT {_AWAY} AND NOT {_UNABLE} AND NOT {{without}} AND {{after}}"
_HELD: Final = f"({_AWAY} OR {_UNABLE}) AND {{before}}"
# The first condition is the index's own.
_FIRST: Final = """
SELECT h.id, h.ranked_at FROM handoff_handoff h
WHERE h.queue_id = {queue} AND h.is_simulated = {practice} AND h.state IN ('queued', 'offered') AND h.state = 'queued'
  AND {which} ORDER BY h.ranked_at, h.id LIMIT {limit}
"""
_AGAIN: Final = """
SELECT h.id, h.ranked_at FROM handoff_handoff h
WHERE {preferred} AND h.preferred_until > {now} AND h.state = 'queued' AND {which}
"""
_TOLD: Final = f"""
SELECT h.id, h.version, h.queue_id, q.name, h.intent_id, i.label, i.queue_id, h.enqueued_at, h.ranked_at,
  h.preferred_agent_id, h.preferred_until, h.excluded_agent_id, h.excluded_until, h.channel, h.is_simulated, {_AWAY}
FROM (SELECT id FROM ({{first}} UNION {_AGAIN}) every_line ORDER BY ranked_at, id LIMIT {{limit}}) heads
JOIN handoff_handoff h ON h.id = heads.id
JOIN handoff_intent i ON i.id = h.intent_id JOIN handoff_queue q ON q.id = h.queue_id
ORDER BY h.ranked_at, h.id
"""
_SHARED_WORDS: Final = {name: f"%({name})s" for name in ("now", "seen_before")} | {
    "after": "(h.ranked_at, h.id) > (%(at)s, %(pk)s)",
    "before": "(h.ranked_at, h.id) < (%(at)s, %(pk)s)",
}
_PG_WORDS: Final = _SHARED_WORDS | {
    "beyond": "h.intent_id = ANY(%(beyond)s::bigint[])",
    "without": "h.id = ANY(%(without)s::bigint[])",
    "preferred": "h.preferred_agent_id = ANY(%(agents)s::bigint[])",
    "queue": "l.queue_id",
    "practice": "l.is_simulated",
}
_PG_LINES: Final = f"""
SELECT h.id, h.ranked_at FROM unnest(%(queues)s::bigint[], %(practice)s::boolean[]) l(queue_id, is_simulated)
CROSS JOIN LATERAL ({_FIRST}) h
"""
_LITE_WORDS: Final = _SHARED_WORDS | {
    "beyond": "h.intent_id IN (SELECT value FROM json_each(%(beyond)s))",
    "without": "h.id IN (SELECT value FROM json_each(%(without)s))",
    "preferred": "h.preferred_agent_id IN (SELECT value FROM json_each(%(agents)s))",
}


def read_worth(wanted: Wanted, *, limit: int, after: Rank | None = None, without: Collection[int] = ()) -> list[Head]:
    """The first of those worth a look, in the order of their places; others would only stand in their way."""
    which = _WORTH if after is not None else _WORTH.replace("{after}", "TRUE")
    return _read(which, wanted, limit=limit, rank=after, without=without)


def read_held(wanted: Wanted, *, limit: int, before: Rank) -> list[Head]:
    """The first of those that nobody is asked to take now, before this place."""
    return _read(_HELD, wanted, limit=limit, rank=before)


def _read(which: str, wanted: Wanted, *, limit: int, rank: Rank | None, without: Collection[int] = ()) -> list[Head]:
    is_postgres = connection.vendor == "postgresql"
    # Written out: a plan that knows neither the limit nor that a list is empty looks dear, and PostgreSQL would make
    # another one for every look, which takes it longer than to read.
    first = {"limit": str(int(limit))}
    first |= {name: "FALSE" for name, ids in (("beyond", wanted.beyond), ("without", without)) if not ids}
    at, pk = rank if rank is not None else (None, 0)
    parameters: dict[str, Any] = {
        "now": _time(wanted.now),
        "seen_before": _time(wanted.seen_before),
        "agents": _list(wanted.agent_ids),
        "beyond": _list(wanted.beyond),
        "without": _list(list(without)),
    }
    if rank is not None:
        parameters |= {"at": _time(at), "pk": pk}
    if is_postgres:
        parameters |= {"queues": [queue for queue, _ in wanted.lines], "practice": [held for _, held in wanted.lines]}
        sql = _told(which, _PG_LINES, _PG_WORDS | first)
    else:
        lines = " UNION ALL ".join(
            f"SELECT * FROM ({_fill(_FIRST, which, _LITE_WORDS | first | _line_words(*line))})" for line in wanted.lines
        )
        sql = _told(which, lines or "SELECT 0 AS id, NULL AS ranked_at WHERE 0", _LITE_WORDS | first)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [_head(row) for row in cursor.fetchall()]


def _told(which: str, lines: str, words: dict[str, str]) -> str:
    return _fill(_TOLD.replace("{first}", lines), which, words)


def _fill(sql: str, which: str, words: dict[str, str]) -> str:
    return sql.replace("{which}", which).format_map(words)


def _line_words(queue_id: int, is_practice: bool) -> dict[str, str]:
    return {"queue": str(int(queue_id)), "practice": str(int(is_practice))}


def _list(ids: Sequence[int]) -> Any:
    return list(ids) if connection.vendor == "postgresql" else msgspec.json.encode(list(ids)).decode()


def _time(moment: datetime | None) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _head(row: tuple[Any, ...]) -> Head:
    found = Head(*row)
    if connection.vendor == "postgresql":
        return found
    return found._replace(
        enqueued_at=moment_or_none(found.enqueued_at),
        ranked_at=moment_or_none(found.ranked_at),
        preferred_until=moment_or_none(found.preferred_until),
        excluded_until=moment_or_none(found.excluded_until),
        is_simulated=bool(found.is_simulated),
        is_away=bool(found.is_away),
    )
