"""Hints over a real Redis that answers nonsense, dies, hangs and comes back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis

from deploy.redis_server import RedisServer, temporary_server
from handoff.realtime import bridge as module
from handoff.realtime.bridge import TOPIC, RedisBridge
from handoff.realtime.delivery import Delivered, Hub, Signal

STREAM = "handoff/ho_1"
ENTRY = Delivered(STREAM, 7, "2026-01-01T00:00:00.000Z", "message.posted", {"text": "hello"})


class Reader:
    role = "agent"

    def __init__(self) -> None:
        self.got: list[Any] = []

    def deliver(self, entry: Delivered) -> None:
        self.got.append((entry.seq, entry.data))

    def show(self, frame: dict[str, Any]) -> None:
        self.got.append(frame)


class Broken(Reader):
    def deliver(self, entry: Delivered) -> None:
        raise KeyError("heads")


class Process:
    """One process as far as hints go."""

    def __init__(self, url: str) -> None:
        self.hub, self.reader, self.changes = Hub(), Reader(), 0
        self.hub.attach(asyncio.get_running_loop())
        self.hub.subscribe(STREAM, self.reader)
        self.bridge = self.hub.bridge = RedisBridge(url, self.hub, on_change=self._count)
        self.task = asyncio.create_task(self.bridge.run())

    def _count(self) -> None:
        self.changes += 1

    async def is_connected(self, wanted: bool) -> None:
        await until(lambda: self.bridge.is_connected is wanted)


async def until(check: Callable[[], bool], *, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(0.01)


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with temporary_server() as running:
        yield running


@asynccontextmanager
async def processes(server: RedisServer, count: int) -> AsyncIterator[list[Process]]:
    started = [Process(server.url) for _ in range(count)]
    try:
        for one in started:
            await one.is_connected(True)
        yield started
    finally:
        for one in started:
            one.task.cancel()
        _, hanging = await asyncio.wait([one.task for one in started], timeout=10)
        assert not hanging, "a bridge does not let itself be cancelled"


def send(server: RedisServer, number: signal.Signals) -> None:
    assert server.process is not None
    os.kill(server.process.pid, number)


async def test_a_hint_reaches_the_other_process_once_and_its_own_never(server) -> None:
    async with processes(server, 2) as (here, there):
        here.hub.bridge.publish([ENTRY], [Signal(STREAM, {"ev": "typing"}, "agent"), Signal(STREAM, {}, "customer")])
        await until(lambda: len(there.reader.got) == 2)
        assert there.reader.got == [(7, {"text": "hello"}), {"ev": "typing"}]
        assert here.reader.got == []


ODD: dict[str, Any] = {
    "a seq that is text": {"from": "x", "entries": [ENTRY.to_wire() | {"seq": "7"}], "signals": []},
    "an entry without data": {"from": "x", "entries": [{"stream": STREAM, "seq": 7}], "signals": []},
    "entries that are none": {"from": "x", "entries": 7, "signals": []},
    "a signal too short": {"from": "x", "entries": [], "signals": [[STREAM]]},
    "a frame that is text": {"from": "x", "entries": [], "signals": [[STREAM, "frame", None]]},
    "no sender": {"entries": [], "signals": []},
    "a list": [],
}


@pytest.mark.parametrize("odd", [*(json.dumps(one).encode() for one in ODD.values()), b"{", b"", b"\xff"])
async def test_a_hint_that_makes_no_sense_changes_nothing(server, odd: bytes) -> None:
    async with processes(server, 2) as (here, there):
        with redis.Redis.from_url(server.url) as client:
            assert client.publish(TOPIC, odd) == 2
        here.hub.announce([ENTRY])
        await until(lambda: there.reader.got == [(7, {"text": "hello"})])
        assert there.changes == 1


async def test_a_reader_that_fails_keeps_nothing_from_the_others(server) -> None:
    async with processes(server, 2) as (here, there):
        readers = [Reader() for _ in range(5)]
        for one in (*readers, Broken()):
            there.hub.subscribe(STREAM, one)
        here.hub.announce([ENTRY])
        await until(lambda: all(one.got for one in readers))
        assert there.bridge.is_connected


async def test_whatever_goes_wrong_the_bridge_comes_back(server, monkeypatch) -> None:
    async with processes(server, 1) as (here,):
        monkeypatch.setattr(here.hub, "receive", lambda *_: 1 / 0)
        monkeypatch.setattr(module, "RECONNECT_SECONDS", 0.1)
        with redis.Redis.from_url(server.url) as client:
            client.publish(TOPIC, json.dumps({"from": "x", "entries": [], "signals": []}))
        # Counted, not watched: it may be back before a look at it would see it gone.
        await until(lambda: here.changes >= 3 and here.bridge.is_connected)


async def test_its_death_and_its_return_are_noticed_and_what_waited_is_told(server) -> None:
    async with processes(server, 2) as (here, there):
        server.stop()
        await there.is_connected(False)
        await here.is_connected(False)
        here.hub.announce([ENTRY])
        server.start()
        await there.is_connected(True)
        await until(lambda: here.bridge.is_connected)
        assert (here.changes, there.changes) == (3, 3)


async def test_one_that_hangs_counts_as_gone_for_those_who_only_listen_too(server) -> None:
    async with processes(server, 2) as (_, there):
        send(server, signal.SIGSTOP)
        try:
            await until(lambda: not there.bridge.is_connected)
            await asyncio.sleep(0.5)
            assert not there.bridge.is_connected
        finally:
            send(server, signal.SIGCONT)
        await there.is_connected(True)


async def test_silence_is_no_reason_to_leave(server, monkeypatch) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.1)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 1.5)
    async with processes(server, 2) as (here, there):
        await asyncio.sleep(4)
        assert (here.changes, there.changes) == (1, 1)
