"""From the release before to this one while people talk: the database first, then one process after the other."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.shell import ROOT
from tests.faults import desk, templates
from tests.faults.crowd import Crowd
from tests.faults.figures import note, short_or_full
from tests.faults.measures import ack_seconds, offline_seconds, quantile
from tests.faults.people import Customer, Manners
from tests.faults.stack import Process, Stack, off_loop
from tests.faults.test_deployment import talking
from tests.faults.wire import Network
from tests.processes import environment

BEFORE = "14081cf"
# What a deployment of that release has by the time it is upgraded.
OLD_TALKS, ENTRIES_A_TALK = short_or_full((2_000, 20), (50_000, 20))
_FILL = (
    """INSERT INTO handoff_stream (name, last_seq, last_at, sealed)
       SELECT 'handoff/ho_old' || n, {entries}, now(), true FROM generate_series(1, {talks}) n""",
    """INSERT INTO handoff_logentry (stream_id, seq, at, type, data, author, client_id, body_hash)
       SELECT s.id, n, now() - interval '9 days', 'message.posted',
              jsonb_build_object('id', 'me_' || n, 'text', repeat('x', 80)), 'cu_old', s.id || '-' || n, ''
       FROM handoff_stream s, generate_series(1, {entries}) n WHERE s.name LIKE 'handoff/ho\\_old%'""",
    """WITH made AS
       (INSERT INTO handoff_journey (created_at) SELECT now() FROM generate_series(1, {talks}) RETURNING id)
       INSERT INTO handoff_handoff ({columns})
       SELECT {values} FROM made, (SELECT * FROM handoff_handoff ORDER BY id LIMIT 1) one""",
    "ANALYZE",
)
_CHANGED = {
    "public_id": "'ho_old' || made.id",
    "journey_id": "made.id",
    "client_id": "'old-' || made.id",
    "state": "'closed'",
    "close_reason": "'resolved'",
    "closed_at": "now() - interval '9 days'",
    "ended_at": "now() - interval '9 days'",
}


@pytest.fixture(scope="module")
def code() -> Iterator[Path]:
    """The release before."""
    folder = templates.folder() / BEFORE
    with tarfile.open(Path(__file__).parent / "releases" / f"{BEFORE}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def before(code: Path) -> Iterator[Stack]:
    """Two servers and two workers of that release, on a database that it made."""
    with Stack(code=code, POLL=2, TICK=0.5, WRAP_UP=3) as stack:
        yield stack


def fill(stack: Stack) -> None:
    """Much that is over already: a migration that reads or rewrites it takes as long as it would."""
    columns_of = "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id'"
    with psycopg.connect(stack.database_url, autocommit=True) as link:
        columns = [name for (name,) in link.execute(columns_of, ["handoff_handoff"])]
        told = {
            "columns": ", ".join(columns), "values": ", ".join(_CHANGED.get(name, f"one.{name}") for name in columns),
            "talks": OLD_TALKS, "entries": ENTRIES_A_TALK,
        }  # fmt: skip
        for statement in _FILL:
            link.execute(statement.format(**told).encode())


def migrating(url: str) -> subprocess.Popen[str]:
    """As docs/operations.md says it: by the new release, while the old one serves."""
    env = environment(templates.folder(), DATABASE_URL=url, DIRECT_DATABASE_URL=url)
    return subprocess.Popen(
        [ROOT / "deploy" / "migrate"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def migrate(stack: Stack) -> None:
    process = migrating(stack.database_url)
    told, _ = process.communicate(timeout=300)
    assert process.returncode == 0, told


def replace(process: Process) -> None:
    """It leaves as the release before does, and comes back as this one."""
    assert process.stop() == 0
    process.code = ROOT
    process.start()


async def newcomer(crowd: Crowd, port: int) -> Customer:
    """Somebody who comes, clicks and is answered by whatever release is behind this port."""
    customer = crowd.customer(network=Network([port]))
    await crowd.bring(customer)
    crowd.customers.append(customer)
    assert customer.handoff is not None
    assert await customer.say(customer.handoff, "Is anybody there?") is not None
    # From here on they come in by any door, as everybody.
    customer.network = Network(crowd.ports)
    return customer


async def test_the_release_before_serves_on_while_its_database_and_its_processes_are_replaced(before: Stack) -> None:
    manners = Manners(base_seconds=1, resend_seconds=2)
    async with Crowd(before, customers=short_or_full(6, 40), agents=short_or_full(2, 6), manners=manners) as crowd:
        await off_loop(fill, before)
        talks = {customer.name: customer.handoff for customer in crowd.customers}
        async with talking(crowd):
            began = time.monotonic()
            await off_loop(migrate, before)
            migrated = time.monotonic()
            # The old code on the new tables, both together, and the new code on what the old one has left.
            await newcomer(crowd, before.ports[0])
            for process in (*before.workers, *before.servers):
                await off_loop(replace, process)
                if process is before.servers[0]:
                    await asyncio.gather(*(newcomer(crowd, port) for port in before.ports))
            await asyncio.gather(*(person.online() for person in crowd.people))
            await newcomer(crowd, before.ports[1])
        await crowd.assert_all_kept()
        assert_nobody_was_refused(crowd, since=began)
        assert {customer.name: customer.handoff for customer in crowd.customers if customer.name in talks} == talks
        waits = ack_seconds(crowd.history, since=began, until=migrated)
        breaks = offline_seconds(crowd.history, since=began)
        note(
            "upgrade",
            f"from {BEFORE}, with {OLD_TALKS:,} old talks of {ENTRIES_A_TALK} entries: migrated in "
            f"{migrated - began:.1f} s, longest ack meanwhile {max(waits):.2f} s; "
            f"{len(crowd.history.of('ack')):,} acked, 0 lost, 0 refused, offline p95 {quantile(breaks, 0.95):.1f} s",
        )


def assert_nobody_was_refused(crowd: Crowd, *, since: float) -> None:
    """Nothing said was turned down, which is what a server does with a lock that it cannot have; no request failed.

    How the release before takes in those who come all at once is not what is asked here.
    """
    assert [(record["who"], record["code"]) for record in crowd.history.of("refused")] == []
    failed = [record for record in crowd.history.of("http") if record["t"] >= since and record["status"] >= 500]
    # A server that is leaving gives no more tickets.
    assert [record for record in failed if "ticket" not in record["asked"]] == []


def test_an_upgrade_that_cannot_have_its_lock_lets_everybody_pass(code: Path, tmp_path: Path) -> None:
    """Whoever waits for a table makes all others wait: after half a second it gives way, and comes back."""
    with templates.copied("postgres", desk.configuration(), tmp_path, code=code) as (url, _):
        with psycopg.connect(url) as report:
            # Somebody's long report.
            report.execute("SELECT count(*) FROM handoff_handoff")
            process = migrating(url)
            assert process.stdout is not None
            assert "tables are busy" in next(line for line in process.stdout if line.startswith("attempt"))
            # Others are served meanwhile.
            with psycopg.connect(url, options="-c statement_timeout=4s") as other:
                other.execute("SELECT count(*) FROM handoff_handoff")
        told, _ = process.communicate(timeout=300)
        assert process.returncode == 0, told
        with psycopg.connect(url) as link:
            names = {name for (name,) in link.execute("SELECT name FROM django_migrations WHERE app = 'handoff'")}
    assert {path.stem for path in (ROOT / "handoff" / "migrations").glob("0*.py")} <= names
