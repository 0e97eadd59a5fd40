"""Django's cache, which counts sign-ins: shared over Redis, and this process's own while Redis is away."""

from __future__ import annotations

import json
from typing import Any, Final

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

from handoff.lib.outage import Outage
from handoff.realtime import redis_clients

# One a process: Django makes a cache object for every thread.
_outage: Final = Outage()


class PlainSerializer:
    """JSON instead of Django's pickle: who can write to Redis must not be able to run code here."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


class _Client(RedisCacheClient):
    """Django's, at whatever kind of REDIS_URL."""

    _servers: list[str]
    _pools: dict[int, Any]
    _pool_options: dict[str, Any]

    def _get_connection_pool(self, write: bool) -> Any:
        if not self._pools:
            self._pools[0] = redis_clients.pool(self._servers[0], **self._pool_options)
        return self._pools[0]


class _Shared(RedisCache):
    def __init__(self, url: str, params: dict[str, Any]) -> None:
        # One URL: that of several Sentinels has commas.
        super().__init__([url], params)
        self._class = _Client


class SharedCache(BaseCache):
    """Nobody is kept from signing in because a cache has died."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._shared, self._local = _Shared(server, params), LocMemCache("while redis is away", {})

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._either("add", key, value, timeout, version))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._either("get", key, default, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._either("set", key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._either("touch", key, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._either("delete", key, version))

    def clear(self) -> None:
        self._either("clear")

    def _either(self, name: str, *arguments: Any) -> Any:
        if not _outage.is_on():
            try:
                return getattr(self._shared, name)(*arguments)
            except (RedisError, OSError):
                _outage.note()
        return getattr(self._local, name)(*arguments)
