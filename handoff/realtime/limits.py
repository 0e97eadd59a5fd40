"""The limits that HTTP and the sockets share, so that neither is a way around the other."""

from __future__ import annotations

import math
from typing import Final

from django.conf import settings

from handoff.lib.errors import RateLimited
from handoff.lib.rates import Limiter
from handoff.realtime.counters import Counters, Spending

_SCALE: Final[float] = settings.HANDOFF_LIMIT_SCALE

counters: Final = Counters(settings.REDIS_URL) if settings.REDIS_URL else None


class SharedLimiter(Limiter):
    """A limit that all processes count together while Redis answers, and each for itself while it does not.

    It waits for Redis, so it is not for the event loop.
    """

    def __init__(self, name: str, burst: float, seconds: float, *, scale: float = 1) -> None:
        super().__init__(burst, seconds, scale=scale)
        self.name = name

    def check(self, key: object) -> None:
        check((self, key))

    def spending(self, key: object) -> Spending:
        return Spending(f"{self.name}:{key}", self._seconds / self._burst, self._seconds)


def check(*asked: tuple[Limiter, object]) -> None:
    """Take one of each. Raises RateLimited with the seconds to wait; what waits for Redis is counted in one go."""
    shared = [limiter.spending(key) for limiter, key in asked if isinstance(limiter, SharedLimiter)]
    wait = counters.spend(shared) if counters is not None and shared else None
    for limiter, key in asked:
        if wait is None or not isinstance(limiter, SharedLimiter):
            Limiter.check(limiter, key)
    if wait:
        raise RateLimited(math.ceil(wait))


# An office or a mobile network may stand behind one address.
SESSION_OPENS = SharedLimiter("session_opens", 120, 60, scale=_SCALE)
HANDOFF_OPENS = SharedLimiter("handoff_opens", 5, 600, scale=_SCALE)
TICKETS = SharedLimiter("tickets", 20, 60, scale=_SCALE)
# In this process: checked on the event loop, where nothing may wait, for every message of a socket.
MESSAGES = Limiter(20, 10, scale=_SCALE)
# Messages over HTTP could go through every process in turn.
HTTP_MESSAGES = SharedLimiter("messages", 20, 10, scale=_SCALE)
# One person with many sessions.
CUSTOMER_HANDOFF_OPENS = SharedLimiter("customer_handoff_opens", 20, 600, scale=_SCALE)
CUSTOMER_MESSAGES = SharedLimiter("customer_messages", 60, 10, scale=_SCALE)
# One site must not take what all the others share; far more than a busy one needs.
SITE_SESSION_OPENS = SharedLimiter("site_session_opens", 6000, 60, scale=_SCALE)
SITE_HANDOFF_OPENS = SharedLimiter("site_handoff_opens", 3000, 60, scale=_SCALE)
SITE_MESSAGES = SharedLimiter("site_messages", 10_000, 10, scale=_SCALE)
# Each may cost a decoded image and a scan.
UPLOADS = SharedLimiter("uploads", 30, 60, scale=_SCALE)
# A search may read the talks of two thousand handoffs.
SEARCHES = Limiter(60, 60, scale=_SCALE)
# Everything else a session asks of the API: a page's script in a loop must not starve its neighbours in this process.
REQUESTS = Limiter(240, 60, scale=_SCALE)
# Any frame of one socket: typing, read marks and journey steps together stay far under this.
FRAMES_BURST: Final = 200 * _SCALE
FRAMES_SECONDS: Final = 10
