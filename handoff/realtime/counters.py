"""Limits that all processes count together, in Redis."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from handoff.lib.outage import Outage
from handoff.realtime import redis_clients

logger = logging.getLogger(__name__)

PREFIX: Final = "handoff:rate:"
# A request waits this long for its limits, and then counts in its own process.
TIMEOUT_SECONDS: Final = 0.05
CONNECT_SECONDS: Final = 0.25

# A bucket as one number: when it will be full again. A thousandth of a second forgives what fractions lose.
_SPEND: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local longest, full_at = 0, {}
for i, key in ipairs(KEYS) do
    full_at[i] = math.max(now, tonumber(redis.call('GET', key) or 0)) + ARGV[2 * i - 1]
    longest = math.max(longest, full_at[i] - now - ARGV[2 * i])
end
if longest > 0.001 then
    return tostring(longest)
end
for i, key in ipairs(KEYS) do
    redis.call('SET', key, string.format('%.6f', full_at[i]), 'PX', math.ceil((full_at[i] - now) * 1000))
end
return '0'
"""


class Spending(NamedTuple):
    """One taken out of a bucket that refills one each `each_seconds`, all in `all_seconds`."""

    key: str
    each_seconds: float
    all_seconds: float


class Counters:
    """From any thread but the event loop's."""

    def __init__(self, url: str) -> None:
        connections = redis_clients.pool(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        client = redis.Redis(connection_pool=connections)
        self._spend = client.register_script(_SPEND)
        self._outage = Outage()

    def spend(self, asked: Sequence[Spending]) -> float | None:
        """Take one of each and answer 0, or take none and answer the seconds to wait; None while Redis is away."""
        if self._outage.is_on():
            return None
        keys = [PREFIX + one.key for one in asked]
        arguments = [number for one in asked for number in (one.each_seconds, one.all_seconds)]
        try:
            return float(self._spend(keys=keys, args=arguments))
        except (RedisError, OSError):
            logger.warning("limits are counted in this process only", exc_info=True)
            self._outage.note()
            return None
