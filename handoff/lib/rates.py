"""Token buckets: how much of a thing one key may do."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Final

from handoff.lib.errors import RateLimited

# Buckets kept; beyond it the fullest ones (those that limit nobody) are forgotten.
KEYS_KEPT: Final = 50_000


class Bucket:
    """`burst` at once, refilled in `seconds`."""

    __slots__ = ("_at", "_left", "burst", "per_second")

    def __init__(self, burst: float, seconds: float, *, at: float) -> None:
        self.burst = burst
        self.per_second = burst / seconds
        self._left = burst
        self._at = at

    def take(self, at: float) -> float:
        """0 if one was there, else the seconds until one will be."""
        self._left = min(self.burst, self._left + (at - self._at) * self.per_second)
        self._at = at
        if self._left >= 1:
            self._left -= 1
            return 0
        return (1 - self._left) / self.per_second

    def is_full(self, at: float) -> bool:
        return self._left + (at - self._at) * self.per_second >= self.burst


class Limiter:
    """One limit for many keys, in this process."""

    def __init__(
        self, burst: float, seconds: float, *, scale: float = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst * scale
        self._seconds = seconds
        self._clock = clock
        self._buckets: dict[object, Bucket] = {}
        self._lock = threading.Lock()

    def check(self, key: object) -> None:
        """Take one; raises RateLimited with the seconds to wait."""
        wait = self.wait(key)
        if wait:
            raise RateLimited(math.ceil(wait))

    def wait(self, key: object) -> float:
        """Take one and answer 0, or answer the seconds to wait."""
        with self._lock:
            now = self._clock()
            bucket = self._buckets.get(key)
            if bucket is None:
                if len(self._buckets) >= KEYS_KEPT:
                    self._forget(now)
                bucket = self._buckets[key] = Bucket(self._burst, self._seconds, at=now)
            return bucket.take(now)

    def _forget(self, now: float) -> None:
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.is_full(now)}
