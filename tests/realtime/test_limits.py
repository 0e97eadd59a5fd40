"""S8: what all processes count together, and what each counts while Redis is away."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.redis_server import RedisServer, temporary_server
from handoff.lib import outage
from handoff.lib.errors import RateLimited
from handoff.realtime import counters as counting
from handoff.realtime import limits
from handoff.realtime.counters import Counters, Spending
from handoff.realtime.limits import SharedLimiter


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with temporary_server() as running:
        yield running


@pytest.fixture
def counters(server, monkeypatch) -> Counters:
    # A server on a busy machine may need longer than a request would wait for it.
    monkeypatch.setattr(counting, "TIMEOUT_SECONDS", 5)
    monkeypatch.setattr(counting, "CONNECT_SECONDS", 5)
    found = Counters(server.url)
    monkeypatch.setattr(limits, "counters", found)
    return found


def taken(limiter: SharedLimiter, key: object, times: int) -> int:
    def take(_: int) -> bool:
        try:
            limiter.check(key)
        except RateLimited:
            return False
        return True

    with ThreadPoolExecutor(4) as crowd:
        return sum(crowd.map(take, range(times)))


def test_s8_two_processes_spend_one_limit(server, counters) -> None:
    here, there = Spending("both", 6, 60), Counters(server.url)
    answers = [(counters if n % 2 else there).spend([here]) for n in range(14)]
    assert answers[:10] == [0] * 10
    assert all(wait is not None and 5 < wait <= 6 for wait in answers[10:])


def test_s8_a_burst_from_many_threads_gets_exactly_the_limit(counters) -> None:
    limiter = SharedLimiter("burst", 20, 3600)
    assert taken(limiter, "maya", 60) == 20
    assert taken(limiter, "tomas", 60) == 20


def test_s8_a_bucket_refills_and_is_forgotten_when_full(server, counters) -> None:
    quick = Spending("quick", 0.8, 1.6)
    assert [counters.spend([quick]) for _ in range(2)] == [0, 0]
    assert counters.spend([quick])
    time.sleep(1.7)
    assert counters.spend([quick]) == 0


def test_s8_of_several_limits_none_is_spent_when_one_refuses(counters) -> None:
    small, large = SharedLimiter("small", 1, 3600), SharedLimiter("large", 2, 3600)
    limits.check((small, 1), (large, 1))
    for _ in range(3):
        with pytest.raises(RateLimited) as refused:
            limits.check((small, 1), (large, 1))
        assert refused.value.retry_after_seconds == 3600
    large.check(1)
    with pytest.raises(RateLimited):
        large.check(1)


def test_s8_while_redis_is_away_a_local_limit_holds_and_nobody_waits_for_it(server, counters, monkeypatch) -> None:
    monkeypatch.setattr(outage, "RETRY_SECONDS", 0.5)
    limiter = SharedLimiter("away", 5, 3600)
    assert taken(limiter, "maya", 3) == 3
    server.stop()
    assert taken(limiter, "maya", 40) == 5
    server.start()
    time.sleep(0.6)
    assert taken(limiter, "maya", 40) == 5


def test_s8_a_redis_that_hangs_costs_one_request_a_moment(server) -> None:
    counters = Counters(server.url)
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert [counters.spend([Spending("hangs", 1, 1)]) for _ in range(200)] == [None] * 200
        # All of them would wait for twice as long.
        assert time.monotonic() - began < 100 * counting.TIMEOUT_SECONDS
    finally:
        server.process.send_signal(signal.SIGCONT)
