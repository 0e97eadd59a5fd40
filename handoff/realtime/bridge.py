"""Hints between processes over Redis: one connection listens, one tells; a lost one is healed by the poll."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final

import msgspec
from redis import asyncio as redis
from redis.exceptions import RedisError

from handoff.realtime import metrics, redis_clients
from handoff.realtime.delivery import Delivered, Hub, Signal

logger = logging.getLogger(__name__)

TOPIC: Final = "handoff:hints"
# Hints that may wait for Redis; older ones are dropped, and the poll makes up for them.
WAITING_LIMIT: Final = 2000
# Of them, told in one: each costs Redis and everybody who hears it more than what is in it.
TOGETHER: Final = 20
RECONNECT_SECONDS: Final = 2.0

# Long enough for a busy Redis, short enough that nobody waits long for what one that hangs does not carry.
PATIENCE_SECONDS: Final = 2.0
# Sentinels that do not answer are asked one after the other.
CONNECT_SECONDS: Final = 2 * PATIENCE_SECONDS
# A quiet process tells an empty hint this often, and hears it itself: silence is how it notices that it is deaf.
BEAT_SECONDS: Final = 1.0

_encoder = msgspec.json.Encoder()
_TOLD, _HEARD, _DROPPED = (metrics.HINTS.labels(what) for what in ("told", "heard", "dropped"))


_Told = tuple[Sequence[Delivered], Sequence[Signal]]


class _Hint(msgspec.Struct):
    """What one process tells the others."""

    sender: str = msgspec.field(name="from")
    entries: list[Delivered]
    signals: list[tuple[str, dict[str, Any], str | None]]


_decoder = msgspec.json.Decoder(_Hint)


def _obey_cancellation() -> None:
    """Raise the cancellation this task was sent, if what it awaited has swallowed it.

    redis-py waits for its connection with ``wait_for``, and Python 3.11's drops a cancellation that comes in the same
    turn of the loop as the answer.
    """
    if (task := asyncio.current_task()) is not None and task.cancelling():
        raise asyncio.CancelledError


class RedisBridge:
    """Publishes from any thread, listens on the hub's loop; `on_change` is called when Redis falls and comes back."""

    def __init__(self, url: str, hub: Hub, *, on_change: Callable[[], object] = lambda: None) -> None:
        self._hub = hub
        self._url = url
        self._on_change = on_change
        # Tells our own hints from others': local sockets have been reached already.
        self._name = secrets.token_urlsafe(8)
        self._waiting: deque[_Told] = deque(maxlen=WAITING_LIMIT)
        self._filled = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.is_connected = False

    def publish(self, entries: Sequence[Delivered], signals: Sequence[Signal]) -> None:
        if len(self._waiting) == WAITING_LIMIT:
            _DROPPED.inc()
        self._waiting.append((entries, signals))
        self._loop.call_soon_threadsafe(self._filled.set)

    def _encode(self, told: Sequence[_Told]) -> bytes:
        hint = {
            "from": self._name,
            "entries": [entry.to_wire() for entries, _ in told for entry in entries],
            "signals": [[one.stream, one.frame, one.role] for _, signals in told for one in signals],
        }
        return _encoder.encode(hint)

    async def run(self) -> None:
        """Until cancelled: listen and tell, coming back whenever Redis does, whatever went wrong."""
        while True:
            try:
                await self._carry()
            except* (RedisError, OSError, TimeoutError) as errors:
                logger.warning("redis is away: %r", errors.exceptions[0])
            except* Exception as errors:
                logger.error("hints stopped; they start anew", exc_info=errors.exceptions[0])
            # A task group that fails as it is cancelled tells of the failure alone.
            _obey_cancellation()
            await asyncio.sleep(RECONNECT_SECONDS * random.random())

    async def _carry(self) -> None:
        # redis-py's own 5 s socket timeout would cut an idle subscription.
        async with asyncio.timeout(CONNECT_SECONDS):
            url = await redis_clients.primary_url(self._url)
        client = redis.from_url(url, socket_timeout=15, socket_connect_timeout=3)
        async with client, client.pubsub() as subscription, asyncio.TaskGroup() as group:
            try:
                await self._subscribe(subscription)
                group.create_task(self._tell(client))
                await self._listen(subscription)
            finally:
                # At once: ending the connection may take as long as Redis hangs.
                self._note(is_connected=False)

    async def _subscribe(self, subscription: Any) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await subscription.subscribe(TOPIC)
            # Only its answer proves that nothing published from here on is missed.
            while await subscription.get_message(timeout=PATIENCE_SECONDS) is None:
                pass
        self._note(is_connected=True)

    def _note(self, *, is_connected: bool) -> None:
        if is_connected != self.is_connected:
            self.is_connected = is_connected
            metrics.BRIDGE_UP.set(is_connected)
            self._on_change()

    async def _listen(self, subscription: Any) -> None:
        while True:
            _obey_cancellation()
            message = await subscription.get_message(timeout=BEAT_SECONDS + PATIENCE_SECONDS)
            if message is None:
                raise TimeoutError("not even our own hints come back")
            self._receive(message["data"])

    async def _tell(self, client: Any) -> None:
        while True:
            # Not wait_for: when the event comes with a cancellation, Python 3.11's forgets the cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT_SECONDS):
                    await self._filled.wait()
            self._filled.clear()
            if not self._waiting:
                self._waiting.append(((), ()))
            while self._waiting:
                # What came while the one before was on its way goes together.
                together = list(islice(self._waiting, TOGETHER))
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await client.publish(TOPIC, self._encode(together))
                _TOLD.inc()
                _obey_cancellation()
                for _ in together:
                    self._waiting.popleft()

    def _receive(self, raw: bytes) -> None:
        try:
            hint = _decoder.decode(raw)
        except (msgspec.DecodeError, ValueError):
            logger.warning("a hint could not be read; the poll makes up for it")
            return
        if hint.sender != self._name:
            _HEARD.inc()
            self._hub.receive(hint.entries, [Signal(*signal) for signal in hint.signals])
