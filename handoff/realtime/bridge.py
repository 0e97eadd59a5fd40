"""Hints between processes over Redis: one connection listens, one tells; a lost one is healed by the poll."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from redis import asyncio as redis
from redis.exceptions import RedisError

from handoff.realtime import metrics
from handoff.realtime.delivery import Delivered, Hub, Signal

logger = logging.getLogger(__name__)

TOPIC: Final = "handoff:hints"
# Hints that may wait for Redis; older ones are dropped, and the poll makes up for them.
WAITING_LIMIT: Final = 2000
RECONNECT_SECONDS: Final = 2.0

_encoder = msgspec.json.Encoder()


class RedisBridge:
    """Publishes from any thread, listens on the hub's loop."""

    def __init__(self, url: str, hub: Hub) -> None:
        self._hub = hub
        self._url = url
        # Tells our own hints from others': local sockets have been reached already.
        self._name = secrets.token_urlsafe(8)
        self._waiting: deque[bytes] = deque(maxlen=WAITING_LIMIT)
        self._filled = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.is_connected = False

    def publish(self, entries: Sequence[Delivered], signals: Sequence[Signal]) -> None:
        hint = {
            "from": self._name,
            "entries": [entry.to_wire() for entry in entries],
            "signals": [[signal.stream, signal.frame, signal.role] for signal in signals],
        }
        self._waiting.append(_encoder.encode(hint))
        self._loop.call_soon_threadsafe(self._filled.set)

    async def run(self) -> None:
        """Until cancelled: listen and tell, coming back whenever Redis does."""
        while True:
            try:
                async with asyncio.TaskGroup() as group:
                    client = self._client()
                    group.create_task(self._listen(client))
                    group.create_task(self._tell(client))
            except* (RedisError, OSError, TimeoutError) as errors:
                logger.warning("redis is away: %s", errors.exceptions[0])
            self.is_connected = False
            metrics.BRIDGE_UP.set(0)
            await asyncio.sleep(RECONNECT_SECONDS * random.random())

    def _client(self) -> Any:
        # redis-py's own 5 s socket timeout would cut an idle subscription.
        return redis.from_url(self._url, socket_timeout=15, socket_connect_timeout=3, health_check_interval=10)

    async def _listen(self, client: Any) -> None:
        async with client.pubsub() as subscription:
            await subscription.subscribe(TOPIC)
            self.is_connected = True
            metrics.BRIDGE_UP.set(1)
            while True:
                message = await subscription.get_message(ignore_subscribe_messages=True, timeout=10)
                if message is not None:
                    self._receive(message["data"])

    async def _tell(self, client: Any) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._waiting:
                await client.publish(TOPIC, self._waiting[0])
                self._waiting.popleft()

    def _receive(self, raw: bytes) -> None:
        try:
            hint = msgspec.json.decode(raw)
            if hint["from"] == self._name:
                return
            entries = [Delivered(**entry) for entry in hint["entries"]]
            signals = [Signal(stream, frame, role) for stream, frame, role in hint["signals"]]
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            logger.warning("a hint could not be read; the poll makes up for it")
            return
        self._hub.receive(entries, signals)
