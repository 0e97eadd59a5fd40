"""Since when people could reach us: nobody is gone who only could not come in."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Min, Q

from handoff.realtime.models import ServerBeat

BEAT_SECONDS: Final = 5
# A server that was silent for so long was away, or its database was.
GAP: Final = timedelta(seconds=15)
# Clients come back within their longest pause, 30 s; a herd of thousands needs as long again to be let in.
RETURN_SECONDS: Final = 60
FORGOTTEN_AFTER: Final = timedelta(hours=1)


def process_name() -> str:
    """What a process signs with: its machine and its id there."""
    return f"{socket.gethostname()}-{os.getpid()}"


def note_serving(name: str, *, now: datetime) -> None:
    """This process serves. A first beat, or one after a gap, begins its time anew."""
    if not ServerBeat.objects.filter(name=name, beat_at__gt=now - GAP).update(beat_at=now):
        ServerBeat.objects.update_or_create(name=name, defaults={"since": now, "beat_at": now})
    # Last: there must be no moment at which it looks as if nothing had ever been served.
    ServerBeat.objects.filter(beat_at__lt=now - FORGOTTEN_AFTER).delete()


def absence_counts(seconds: float, *, now: datetime) -> bool:
    """Whether somebody unseen for so long has really been away: a server was there, and long enough to come back to.

    Without any record of a server (nothing was ever served here) there was nothing to stay away from.
    """
    alive = Min("since", filter=Q(beat_at__gt=now - GAP))
    found = ServerBeat.objects.aggregate(beats=Count("pk"), since=alive)
    if found["since"] is None:
        return bool(found["beats"] == 0)
    return bool(found["since"] <= now - timedelta(seconds=min(seconds, RETURN_SECONDS)))
