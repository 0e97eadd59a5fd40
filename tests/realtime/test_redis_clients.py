"""REDIS_URL in all its forms."""

from __future__ import annotations

import pytest

from handoff.realtime import redis_clients
from handoff.realtime.redis_clients import UrlRefused, Watched


def test_a_url_of_sentinels_names_them_all_and_what_they_watch() -> None:
    watched = Watched.parse(
        "redis+sentinel://hand:p%40ss@one:26380,two,[::1]:26381/main?db=3&sentinel_username=s&sentinel_password=t"
    )
    assert watched == Watched(
        sentinels=(("one", 26380), ("two", 26379), ("::1", 26381)), service="main", username="hand", password="p@ss",
        sentinel_username="s", sentinel_password="t", db=3,
    )  # fmt: skip
    assert watched.url_of("10.0.0.7", 6379) == "redis://hand:p%40ss@10.0.0.7:6379/3"
    assert Watched.parse("rediss+sentinel://one/main").url_of("::1", 6380) == "rediss://[::1]:6380/0"


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://one:26379",
        "redis+sentinel:///main",
        "redis+sentinel://one,,two/main",
        "redis+sentinel://one:port/main",
        "redis+sentinel://one:/main",
        "redis+sentinel://::1/main",
        "redis+sentinel://one/main?datbase=3",
        "redis+sentinel://one/main?db=three",
    ],
)
def test_a_url_that_cannot_be_meant_says_what_to_write(url: str) -> None:
    with pytest.raises(UrlRefused, match="redis\\+sentinel://"):
        Watched.parse(url)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:6379/0", "rediss://one", "unix:///run/redis.sock"])
async def test_any_other_url_is_left_to_redis_py(url: str) -> None:
    assert not redis_clients.is_watched(url)
    assert await redis_clients.primary_url(url) == url
