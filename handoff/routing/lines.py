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
    WHERE h.queue_id = q.id AND h.is_simulated = {practice} AND h.state IN ('queued', 'offered') LIMIT {most}
  ) w),
  EXISTS (
    SELECT 1 FROM handoff_agent_queues s JOIN handoff_agent a ON a.id = s.agent_id
    WHERE s.queue_id = q.id AND a.lease_expires_at > %(now)s AND a.is_trainee = {practice}
  ),
  EXISTS (
    SELECT 1 FROM handoff_agent_queues s JOIN handoff_agent a ON a.id = s.agent_id
    WHERE s.queue_id = q.id AND a.lease_expires_at > %(now)s AND a.is_trainee = {practice} AND a.audio <> ''
  )
FROM handoff_queue q WHERE q.id IN (SELECT {queues})
"""
# As a list of unknown length, and without any number that a plan could be made to measure for: PostgreSQL would plan
# it anew for every click, which takes it four times as long as reading does.
_PG: Final = {"queues": "jsonb_array_elements(%(queues)s::jsonb)::bigint", "most": "COALESCE(q.max_waiting, 0)"}
_LITE: Final = {"queues": "value FROM json_each(%(queues)s)", "most": "%(most)s"}
_STATEMENTS: Final = {
    (is_postgres, is_simulated): _READ.format(practice="TRUE" if is_simulated else "FALSE", **words)
    for is_postgres, words in ((True, _PG), (False, _LITE))
    for is_simulated in (True, False)
}


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
    parameters = {
        "now": connection.ops.adapt_datetimefield_value(now),
        "queues": msgspec.json.encode([queue.pk for queue in queues]).decode(),
        "most": max((queue.max_waiting or 0 for queue in queues), default=0),
    }
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENTS[is_postgres, is_simulated], parameters)
        rows = {queue_id: (waiting, bool(staffed), bool(audio)) for queue_id, waiting, staffed, audio in cursor}
    return {queue.pk: Line(queue, *rows[queue.pk]) for queue in queues}
