"""Since when people could reach us: nobody is gone who only could not come in."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Min

from handoff.realtime.models import ServerBeat

BEAT_SECONDS: Final = 5
# A server that was silent for so long was away, or its database was.
GAP: Final = timedelta(seconds=15)
# Clients come back within their longest pause, 30 s, and need a moment to be seen.
RETURN_SECONDS: Final = 35
FORGOTTEN_AFTER: Final = timedelta(hours=1)


def process_name() -> str:
    """What a process signs with: its machine and its id there."""
    return f"{socket.gethostname()}-{os.getpid()}"


def note_serving(name: str, *, now: datetime) -> None:
    """This process serves. A first beat, or one after a gap, begins its time anew."""
    ServerBeat.objects.filter(beat_at__lt=now - FORGOTTEN_AFTER).exclude(name=name).delete()
    if not ServerBeat.objects.filter(name=name, beat_at__gt=now - GAP).update(beat_at=now):
        ServerBeat.objects.update_or_create(name=name, defaults={"since": now, "beat_at": now})


def absence_counts(seconds: float, *, now: datetime) -> bool:
    """Whether somebody unseen for so long has really been away: a server was there, and long enough to come back to.

    Without any record of a server (nothing was ever served here) there was nothing to stay away from.
    """
    served = ServerBeat.objects.filter(beat_at__gt=now - GAP).aggregate(since=Min("since"))["since"]
    if served is None:
        return not ServerBeat.objects.exists()
    return bool(served <= now - timedelta(seconds=min(seconds, RETURN_SECONDS)))
