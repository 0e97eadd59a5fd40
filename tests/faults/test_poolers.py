"""PgBouncer before PostgreSQL: people talk through the modes that keep a transaction together; the third is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError

from handoff.realtime import poolers
from tests.faults import ledger, templates
from tests.faults.crowd import Crowd
from tests.faults.figures import note, short_or_full
from tests.faults.measures import ack_seconds, quantile
from tests.faults.poolers import CONFIGURATION, PgBouncer, PooledStack
from tests.faults.stack import off_loop
from tests.processes import manage

# Two servers and a worker want far more connections than transaction mode has here.
SIZE = {"transaction": 6, "session": 70}


@pytest.fixture(params=["transaction", "session"])
def pooled(request: pytest.FixtureRequest) -> Iterator[PooledStack]:
    mode = request.param
    with PooledStack(mode=mode, size=SIZE[mode], workers=1, POLL=2, TICK=0.5, WRAP_UP=3) as stack:
        yield stack


async def test_people_talk_through_a_pooler_that_keeps_transactions_together(pooled: PooledStack) -> None:
    """Its death and a server's are no more than a pause."""
    each = short_or_full(15, 150)
    async with Crowd(pooled, customers=short_or_full(6, 30), agents=short_or_full(2, 4)) as crowd:
        crowd.answer_back()
        talk = asyncio.create_task(crowd.chatter(each=each, gap_seconds=0.1))
        await asyncio.sleep(1)
        ours, theirs = await off_loop(pooled.pooler.count_connections)
        assert theirs <= SIZE[pooled.mode]
        await off_loop(pooled.servers[0].kill)
        await off_loop(pooled.pooler.kill)
        await off_loop(pooled.pooler.start)
        await off_loop(pooled.servers[0].start)
        await talk
        await crowd.assert_all_kept()
        acked = {ack["client_id"] for ack in crowd.history.of("ack")}
        assert len(acked) == 2 * each * len(crowd.customers)
        assert ledger.broken_promises(pooled.database_url) == []
        waits = ack_seconds(crowd.history)
        note(
            "pooler",
            f"{pooled.mode} mode: {ours} connections of ours on {theirs} of PostgreSQL's, {len(acked):,} acked, "
            f"ack p50 {quantile(waits, 0.5) * 1000:.0f} ms, PgBouncer and one server killed meanwhile, 0 lost",
            of=pooled.mode,
        )


@pytest.fixture
def database() -> str:
    """An empty one."""
    return templates.cluster().url


@pytest.fixture
def statement_mode(database: str) -> Iterator[PgBouncer]:
    with PgBouncer(url=database, mode="statement") as pooler:
        yield pooler


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("run_worker",)], ids=["serve", "run_worker"])
def test_statement_mode_is_refused_with_what_to_do(
    statement_mode: PgBouncer, tmp_path: Path, command: tuple[str, ...]
) -> None:
    refused = manage(tmp_path, *command, DATABASE_URL=statement_mode.url, REDIS_URL="redis://127.0.0.1:1")
    assert refused.returncode == 1
    assert "statement mode" in refused.stderr
    assert "pool_mode = transaction" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_behind_a_pooler_nothing_of_a_connection_is_needed_by_the_next_transaction(database: str, mode: str) -> None:
    """Two of our connections take turns on one of PostgreSQL's, where a prepared statement would meet another's."""
    with (
        PgBouncer(url=database, mode=mode) as pooler,
        connect(pooler.url) as one,
        connect(pooler.url) as other,
    ):
        assert poolers.adapt(one).is_pooled
        assert poolers.adapt(other).is_pooled
        for number in range(10):
            assert one.execute("SELECT %s::int", [number]).fetchone() == (number,)
            assert other.execute("SELECT %s::text", [str(number)]).fetchone() == (str(number),)


def test_limits_that_nobody_has_set_are_told(database: str) -> None:
    """And those that the pooler sets are found in force."""
    advice = []
    for has_limits in (False, True):
        with PgBouncer(url=database, mode="transaction", has_limits=has_limits) as pooler, connect(pooler.url) as link:
            advice.append(poolers.advise(poolers.adapt(link)))
    assert advice[0] is not None
    # Word for word what deploy/pgbouncer.ini says.
    assert advice[0][advice[0].index("connect_query=") :].partition("; in session mode")[0] in CONFIGURATION.read_text()
    assert advice[1] is None


def test_without_a_pooler_a_process_that_serves_sets_its_limits_itself(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(database) as link:
        assert poolers.adapt(link) == poolers.Standing(is_pooled=False)
        assert link.execute("SHOW lock_timeout").fetchone() == ("0",)
        monkeypatch.setattr(poolers, "_is_limited", True)
        poolers.adapt(link)
        for name, value in poolers.LIMITS.items():
            assert link.execute(f"SHOW {name}").fetchone() == (value,)
        assert link.prepare_threshold == 3


@pytest.mark.parametrize(
    ("said", "todo"),
    [
        ("FATAL:  unsupported startup parameter: options", "take it out of the URL"),
        ("FATAL:  query_wait_timeout", "default_pool_size"),
        ("FATAL:  no more connections allowed (max_client_conn)", "raise its max_client_conn"),
        ("FATAL:  no such user: handoff", "auth_file"),
        ("FATAL:  no such database: handoff", "[databases]"),
        ("transaction blocks not allowed in statement pooling mode", "pool_mode = transaction"),
    ],
)
def test_what_a_pooler_says_is_answered_with_what_to_do(said: str, todo: str) -> None:
    sentence = poolers.explain(OperationalError(f"connection failed: {said}"))
    assert sentence is not None
    assert todo in sentence


def test_what_postgresql_says_is_left_alone() -> None:
    assert poolers.explain(OperationalError('connection to server at "127.0.0.1" failed: Connection refused')) is None


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url, autocommit=True, prepare_threshold=3)
