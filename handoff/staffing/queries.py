"""Who is at work, and which queues are open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from handoff.staffing.models import Agent, Queue
from handoff.staffing.opening import Opening


def opening_of(queue: Queue) -> Opening | None:
    """The queue's hours, or None: always open."""
    hours = queue.hours
    return None if hours is None else Opening(zone=hours.zone, weekly=hours.weekly, closed=hours.closed)


def count_with_audio(queue: Queue) -> int:
    """How many agents of a queue can take calls, at work or not."""
    return queue.agents.filter(user__is_active=True, is_trainee=False).exclude(audio="").count()


def signed_in_by_queue(
    queue_ids: Iterable[int], *, now: datetime, with_audio: bool = False, are_trainees: bool = False
) -> dict[int, int]:
    """How many agents of each queue hold a live lease; `with_audio`, of those who can take calls.

    Trainees staff no line but the practice's.
    """
    pairs = Agent.queues.through.objects.filter(
        queue_id__in=list(queue_ids), agent__lease_expires_at__gt=now, agent__is_trainee=are_trainees
    )
    if with_audio:
        pairs = pairs.exclude(agent__audio="")
    counts: dict[int, int] = {}
    for queue_id in pairs.values_list("queue_id", flat=True):
        counts[queue_id] = counts.get(queue_id, 0) + 1
    return counts
