"""Clients of Redis from one URL, whether it names a server or the Sentinels that know which server it is.

``redis+sentinel://user:password@sentinel-1:26379,sentinel-2,sentinel-3/service?db=0&sentinel_password=...``; with
``rediss+sentinel`` the server is reached by TLS. Everything else is redis-py's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import redis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

SCHEMES: Final = ("redis+sentinel", "rediss+sentinel")
SENTINEL_PORT: Final = 26379
_ADDRESS: Final = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\])(:[1-9][0-9]{0,4})?")
# Sentinels are asked one after the other, and one whose machine is gone does not even refuse.
SENTINEL_SECONDS: Final = 0.5


class UrlRefused(ValueError):
    """A REDIS_URL that cannot be meant; its text says what to write."""


@dataclass(frozen=True)
class Watched:
    """A server that Sentinels watch."""

    sentinels: tuple[tuple[str, int], ...]
    service: str
    username: str | None = None
    password: str | None = None
    sentinel_username: str | None = None
    sentinel_password: str | None = None
    db: int = 0
    tls: bool = False

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises UrlRefused."""
        parts = urlsplit(url)
        login, _, hosts = parts.netloc.rpartition("@")
        username, _, password = login.partition(":")
        options = dict(parse_qsl(parts.query))
        service = unquote(parts.path.strip("/"))
        known = {"db", "sentinel_username", "sentinel_password"}
        has_hosts = all(map(_ADDRESS.fullmatch, hosts.split(",")))
        if not service or not has_hosts or options.keys() - known or not options.get("db", "0").isdigit():
            raise UrlRefused(
                "REDIS_URL for Sentinel is redis+sentinel://[user:password@]host[:port],host[:port],.../service, with "
                "?db=, &sentinel_username= and &sentinel_password= where they are needed."
            )
        return cls(
            sentinels=tuple(_address(host) for host in hosts.split(",")), service=service,
            username=unquote(username) or None, password=unquote(password) or None,
            sentinel_username=options.get("sentinel_username"), sentinel_password=options.get("sentinel_password"),
            db=int(options.get("db", "0")), tls=parts.scheme == "rediss+sentinel",
        )  # fmt: skip

    @property
    def sentinel_options(self) -> dict[str, Any]:
        """For a connection to one of the Sentinels: the next one is the retry."""
        return {
            "username": self.sentinel_username, "password": self.sentinel_password,
            "socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS,
        }  # fmt: skip

    def url_of(self, host: str, port: int) -> str:
        """The plain URL of the server at this address."""
        login = (
            "" if self.password is None else f"{quote(self.username or '', safe='')}:{quote(self.password, safe='')}@"
        )
        return f"{'rediss' if self.tls else 'redis'}://{login}{f'[{host}]' if ':' in host else host}:{port}/{self.db}"


def is_watched(url: str) -> bool:
    """Whether Sentinels have to be asked where the server is."""
    return urlsplit(url).scheme in SCHEMES


async def primary_url(url: str) -> str:
    """The URL of the server that takes writes now. Raises redis-py's ConnectionError while there is none.

    Whoever is connected when another server takes over is disconnected by Sentinel, and has to ask again.
    """
    if not is_watched(url):
        return url
    watched = Watched.parse(url)
    manager = AsyncSentinel(  # type: ignore[no-untyped-call]
        watched.sentinels, sentinel_kwargs=watched.sentinel_options | {"retry": AsyncRetry(NoBackoff(), 0)}
    )
    try:
        return watched.url_of(*await manager.discover_master(watched.service))
    finally:
        for sentinel in manager.sentinels:
            await sentinel.aclose()


def pool(url: str, **options: Any) -> redis.ConnectionPool:
    """Connections for threads; each new one goes to the server that takes writes then."""
    if not is_watched(url):
        return redis.ConnectionPool.from_url(url, **options)
    watched = Watched.parse(url)
    retry = Retry(NoBackoff(), 0)
    manager = Sentinel(  # type: ignore[no-untyped-call]
        watched.sentinels, sentinel_kwargs=watched.sentinel_options | {"retry": retry}
    )
    login = {"username": watched.username, "password": watched.password, "db": watched.db, "ssl": watched.tls}
    return SentinelConnectionPool(watched.service, manager, **(login | options))  # type: ignore[no-untyped-call]


def _address(host: str) -> tuple[str, int]:
    name, _, port = host.rpartition(":") if host.rpartition(":")[2].isdigit() else (host, "", "")
    return name.strip("[]"), int(port or SENTINEL_PORT)
