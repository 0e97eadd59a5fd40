"""A look at Redis: whether hints travel, and if not, what keeps them."""

from __future__ import annotations

import logging
from typing import Any, Final

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError

from handoff.config.parts import Report, note_refusal
from handoff.realtime import redis_clients
from handoff.realtime.bridge import TOPIC, RedisBridge
from handoff.realtime.delivery import hub
from handoff.realtime.redis_clients import UrlRefused

logger = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 0.5
PROBE_KEY: Final = "handoff:probe"
# What every process understands and nobody acts on.
_EMPTY_HINT: Final = b'{"from":"probe","entries":[],"signals":[]}'

NO_PRIMARY: Final = "The Sentinels name no Redis that takes writes: is one being chosen, or the service's name wrong?"
UNREACHABLE: Final = (
    "Nothing answers at Redis' address: is it up, and REDIS_URL right? Talks go on, later and from the log."
)
SILENT: Final = "Redis does not answer in time. Talks go on, later and from the log."
REFUSED: Final = "Redis does not let us in: look at the user and the password in REDIS_URL."
REPLICA: Final = (
    "REDIS_URL leads to a read-only replica: hints told there reach nobody else. It has to lead to the primary."
)
NO_KEYS: Final = (
    "The Redis user may not use our keys: give it `~handoff:* +@connection +@read +@write +@scripting +time`."
)
NO_HINTS: Final = f"The Redis user may not use pub/sub: give it `&{TOPIC} +publish +subscribe +unsubscribe`."
DEAF: Final = "Our own hints do not come back from Redis: the link is being made anew."


def look_at_delivery() -> Report:
    """Never raises."""
    if not settings.REDIS_URL:
        return Report()
    try:
        found = find_trouble(are_hints_proven=hints_travel())
    except UrlRefused as error:
        found = str(error)
    except Exception:
        logger.exception("looking at redis failed")
        found = UNREACHABLE
    if found is None and not hints_travel():
        found = DEAF
    return Report(troubles={} if found is None else {"delivery": found})


def hints_travel() -> bool:
    """Whether this process hears what is told over Redis."""
    return isinstance(hub.bridge, RedisBridge) and hub.bridge.is_connected


class _Told:
    """Whether this process was seen to publish since hints last stopped: a link that is cut at its first word looks
    whole in between."""

    is_proven = False


def find_trouble(*, are_hints_proven: bool = False) -> str | None:
    """What keeps Redis from carrying our hints and counting our limits, as a sentence."""
    client = _client()
    try:
        client.set(PROBE_KEY, 1, px=1000)
        if not (are_hints_proven and _Told.is_proven):
            _Told.is_proven = False
            _try_hints(client)
            _Told.is_proven = True
    except RedisError as error:
        note_refusal("redis", error)
        return explain(error)
    finally:
        client.close()
        client.connection_pool.disconnect()
    return None


def _client() -> redis.Redis:
    """That gives up soon. Raises UrlRefused."""
    pool = redis_clients.pool(
        settings.REDIS_URL,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    return redis.Redis(connection_pool=pool)


def _try_hints(client: Any) -> None:
    with client.pubsub() as subscription:
        subscription.subscribe(TOPIC)
        # Its answer is a right or the lack of one.
        subscription.get_message(timeout=ANSWER_SECONDS)
    client.publish(TOPIC, _EMPTY_HINT)


def explain(error: RedisError) -> str:
    said = str(error)
    if isinstance(error, AuthenticationError) or said.startswith(("WRONGPASS", "NOAUTH")):
        return REFUSED
    if isinstance(error, NoPermissionError):
        is_of_hints = any(word in said for word in ("channel", "subscribe", "publish"))
        return NO_HINTS if is_of_hints else NO_KEYS
    if isinstance(error, ReadOnlyError):
        return REPLICA
    if isinstance(error, MasterNotFoundError):
        return NO_PRIMARY
    if isinstance(error, RedisTimeout):
        return SILENT
    if isinstance(error, ResponseError):
        return f"Redis refuses: {said.split()[0][:20]}. The log says the rest."
    return UNREACHABLE
