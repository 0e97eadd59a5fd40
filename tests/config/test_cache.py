"""The cache that counts sign-ins: shared, plain, and no reason not to let anybody in."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.core.cache import CacheHandler
from django.test import override_settings

from deploy.redis_server import RedisServer, temporary_server
from handoff.config import cache as module
from handoff.config.cache import SharedCache
from handoff.lib.outage import Outage

OPTIONS: dict[str, Any] = {
    "serializer": "handoff.config.cache.PlainSerializer",
    "socket_timeout": 0.2,
    "socket_connect_timeout": 0.25,
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    monkeypatch.setattr(module, "_outage", Outage())
    with temporary_server() as running:
        yield running


def of_a_process(server: RedisServer) -> SharedCache:
    settings = {"default": {"BACKEND": "handoff.config.cache.SharedCache", "LOCATION": server.url, "OPTIONS": OPTIONS}}
    with override_settings(CACHES=settings):
        return CacheHandler()["default"]


def test_two_processes_see_the_same_and_nothing_is_pickled(server) -> None:
    here, there = of_a_process(server), of_a_process(server)
    assert here.add("key:lock", True, timeout=10)
    assert not there.add("key:lock", True, timeout=10)
    here.set("history", [1.5, 2.5], 60)
    assert there.get("history") == [1.5, 2.5]
    here.set("count", 1)
    assert there.incr("count") == 2
    assert there.delete("key:lock")
    with redis.Redis.from_url(server.url) as client:
        assert client.get(":1:history") == b"[1.5, 2.5]"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["dead", "hanging"])
def test_without_redis_the_process_counts_for_itself(server, number: signal.Signals) -> None:
    cache = of_a_process(server)
    # The local part outlives a cache object, so each of these tests has a key of its own.
    key = f"history-{number.name}"
    cache.set(key, [1], 60)
    assert server.process is not None
    server.process.send_signal(number)
    began = time.monotonic()
    assert cache.get(key, []) == []
    for n in range(50):
        cache.set(key, [n], 60)
        assert cache.get(key) == [n]
    # It waits for what hangs once, and not each time.
    assert time.monotonic() - began < 50 * OPTIONS["socket_timeout"]
    server.process.send_signal(signal.SIGCONT)
