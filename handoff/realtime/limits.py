"""The limits that HTTP and the sockets share, so that neither is a way around the other."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from handoff.lib.rates import Limiter

_SCALE: Final[float] = settings.HANDOFF_LIMIT_SCALE

SESSION_OPENS = Limiter(120, 60, scale=_SCALE)
HANDOFF_OPENS = Limiter(5, 600, scale=_SCALE)
MESSAGES = Limiter(20, 10, scale=_SCALE)
TICKETS = Limiter(20, 60, scale=_SCALE)
# Everything else a session asks of the API: a page's script in a loop must not starve its neighbours.
REQUESTS = Limiter(240, 60, scale=_SCALE)
# Any frame of one socket: typing, read marks and journey steps together stay far under this.
FRAMES_BURST: Final = 200 * _SCALE
FRAMES_SECONDS: Final = 10
