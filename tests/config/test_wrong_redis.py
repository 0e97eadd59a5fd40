"""A real Redis that is not what it should be: each time a sentence that says what to do."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from django.core.cache.backends.redis import RedisCache
from django.test import override_settings

from deploy.redis_server import RedisServer, temporary_server
from handoff.config import hints
from handoff.realtime.counters import Counters, Spending
from tests.config.asking import get, started, until
from tests.processes import ROOT, manage

RIGHTS = ("on", ">secret", "resetchannels", "&handoff:hints", "~handoff:*", "-@all", "+@all", "-@dangerous")


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with temporary_server() as running:
        yield running


@pytest.fixture
def admin(server: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url) as client:
        yield client


@pytest.fixture
def user(server: RedisServer, admin: redis.Redis) -> Callable[..., str]:
    """A user with all that is needed and then these rules too; answers the URL to come in by."""

    def make(*rules: str) -> str:
        admin.execute_command("ACL", "SETUSER", "desk", "reset", *RIGHTS, *rules)
        return f"unix://desk:secret@{server.socket}"

    return make


def trouble(url: str) -> str | None:
    with override_settings(REDIS_URL=url):
        return hints.find_trouble()


def test_a_user_with_the_rights_that_the_documentation_names_will_do(user) -> None:
    assert trouble(user()) is None


def test_the_rights_that_a_refusal_names_are_enough(user) -> None:
    """As narrow as the two sentences say, and not a step wider."""
    keys = hints.NO_KEYS.split("`")[1].split()
    channels = hints.NO_HINTS.split("`")[1].split()
    url = user("reset", "on", ">secret", "resetchannels", *keys, *channels)
    assert trouble(url) is None
    assert Counters(url).spend([Spending("handoff:rate:test", 1, 10)]) == 0
    shared = RedisCache([url], {"KEY_PREFIX": "handoff"})
    assert shared.add("tried", 1)
    assert (shared.get("tried"), shared.touch("tried", 5), shared.delete("tried")) == (1, True, True)


def test_the_user_of_the_deployments_own_configuration_will_do(server, admin) -> None:
    lines = (ROOT / "deploy" / "redis.conf").read_text().splitlines()
    [rules] = [line.split()[2:] for line in lines if line.startswith("user handoff ")]
    admin.execute_command("ACL", "SETUSER", "handoff", "reset", *(r for r in rules if not r.startswith("#")), ">secret")
    assert trouble(f"unix://handoff:secret@{server.socket}") is None


def test_a_wrong_password(server, user) -> None:
    user()
    assert trouble(f"unix://desk:another@{server.socket}") == hints.REFUSED


def test_a_password_that_is_missing(server, admin) -> None:
    admin.config_set("requirepass", "secret")
    try:
        assert trouble(server.url) == hints.REFUSED
    finally:
        admin.config_set("requirepass", "")


@pytest.mark.parametrize("rule", ["resetchannels", "-publish", "-subscribe"])
def test_no_right_to_pub_sub(user, rule: str) -> None:
    assert trouble(user(rule)) == hints.NO_HINTS


def test_no_right_to_our_keys(user) -> None:
    assert trouble(user("resetkeys", "~other:*")) == hints.NO_KEYS


def test_a_replica_that_takes_no_writes(server, admin) -> None:
    # Of a primary that nobody has: it is read-only all the same.
    admin.replicaof("127.0.0.1", "1")
    try:
        assert trouble(server.url) == hints.REPLICA
    finally:
        admin.replicaof("NO", "ONE")
    assert trouble(server.url) is None


def test_one_that_hangs_and_one_that_is_gone(server, tmp_path: Path) -> None:
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        assert trouble(server.url) == hints.SILENT
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    assert trouble(f"unix://{tmp_path}/nobody.sock") == hints.UNREACHABLE


def test_a_url_that_cannot_be_meant() -> None:
    with override_settings(REDIS_URL="redis+sentinel://127.0.0.1:1"):
        assert "redis+sentinel://" in hints.look_at_delivery().troubles["delivery"]


def test_without_redis_there_is_one_process_and_nothing_to_carry() -> None:
    with override_settings(REDIS_URL=""):
        assert hints.look_at_delivery().troubles == {}


def test_a_worker_says_so_and_is_well_as_soon_as_it_has_the_right(tmp_path, user, admin) -> None:
    """Of the two rights the one whose lack shows last: the link looks whole until the first word on it."""
    url = user("-publish")
    assert manage(tmp_path, "migrate", "--no-input").returncode == 0
    with started(tmp_path, "run_worker", REDIS_URL=url) as worker:

        def delivery() -> tuple[bool, str]:
            told = get(f"{worker.origin}/readyz")[2]
            return told["checks"]["delivery"], told["reasons"].get("delivery", "")

        until(lambda: delivery() == (False, hints.NO_HINTS))
        for _ in range(5):
            assert delivery()[0] is False
        admin.execute_command("ACL", "SETUSER", "desk", "+publish")
        until(lambda: get(f"{worker.origin}/readyz")[0] == 200)
        assert "handoff_redis_up 1.0" in get(f"{worker.origin}/metrics")[2]
