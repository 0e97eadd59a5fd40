"""How lines stand: whether they are full, and who is signed in for them; one statement, bounded by their limits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from django.db import connection

from handoff.staffing.models import Queue

# Nothing is counted beyond what a queue's limit asks for, and one agent who is there is enough.
_READ: Final = """
SELECT q.id,
  (SELECT count(*) FROM (
    SELECT 1 FROM handoff_handoff h
    WHERE h.queue_id = q.id AND h.is_simulated = %(practice)s AND h.state IN ('queued', 'offered') LIMIT %(most)s
  ) w),
  EXISTS (
    SELECT 1 FROM handoff_agent_queues s JOIN handoff_agent a ON a.id = s.agent_id
    WHERE s.queue_id = q.id AND a.lease_expires_at > %(now)s AND a.is_trainee = %(practice)s
  ),
  EXISTS (
    SELECT 1 FROM handoff_agent_queues s JOIN handoff_agent a ON a.id = s.agent_id
    WHERE s.queue_id = q.id AND a.lease_expires_at > %(now)s AND a.is_trainee = %(practice)s AND a.audio <> ''
  )
FROM handoff_queue q WHERE q.id {among}
"""
_PG_AMONG: Final = "= ANY(%(queues)s::bigint[])"
_LITE_AMONG: Final = "IN (SELECT value FROM json_each(%(queues)s))"


class Line(NamedTuple):
    """A queue, how many wait in it as far as its limit, and whether anybody is signed in for it: at all, and with a
    line of their own."""

    queue: Queue
    waiting: int
    is_staffed: bool
    has_audio: bool

    @property
    def is_full(self) -> bool:
        return self.queue.max_waiting is not None and self.waiting >= self.queue.max_waiting


def read_lines(queues: Collection[Queue], *, now: datetime, is_simulated: bool) -> dict[int, Line]:
    """By queue."""
    is_postgres = connection.vendor == "postgresql"
    keys = [queue.pk for queue in queues]
    parameters = {
        "practice": is_simulated,
        "most": max((queue.max_waiting or 0 for queue in queues), default=0),
        "now": connection.ops.adapt_datetimefield_value(now),
        "queues": keys if is_postgres else msgspec.json.encode(keys).decode(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_READ.format(among=_PG_AMONG if is_postgres else _LITE_AMONG), parameters)
        rows = {queue_id: (waiting, bool(staffed), bool(audio)) for queue_id, waiting, staffed, audio in cursor}
    return {queue.pk: Line(queue, *rows[queue.pk]) for queue in queues}
