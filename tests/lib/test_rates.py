"""Token buckets: a burst at once, then as fast as they refill."""

from __future__ import annotations

import pytest

from handoff.lib.errors import RateLimited
from handoff.lib.rates import Bucket, Limiter


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_burst_passes_and_the_next_waits_for_a_refill() -> None:
    clock = Clock()
    limiter = Limiter(3, 30, clock=clock)
    for _ in range(3):
        limiter.check("maya")
    with pytest.raises(RateLimited) as refused:
        limiter.check("maya")
    assert refused.value.retry_after_seconds == 10
    clock.at = 10
    limiter.check("maya")
    with pytest.raises(RateLimited):
        limiter.check("maya")


def test_keys_do_not_spend_each_others_limits() -> None:
    limiter = Limiter(1, 60, clock=Clock())
    limiter.check("maya")
    limiter.check("daniel")
    with pytest.raises(RateLimited):
        limiter.check("maya")


def test_a_scale_widens_the_burst() -> None:
    limiter = Limiter(1, 60, scale=2, clock=Clock())
    limiter.check("maya")
    limiter.check("maya")
    with pytest.raises(RateLimited):
        limiter.check("maya")


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket = Bucket(2, 1, at=0)
    assert bucket.is_full(1000)
    assert [bucket.take(1000), bucket.take(1000)] == [0, 0]
    assert bucket.take(1000) > 0
