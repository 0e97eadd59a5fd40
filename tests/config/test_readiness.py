"""`/readyz` names what is not ready in words that say what to do, in time whatever hangs."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from handoff.config import parts
from handoff.config.parts import Report
from handoff.config.readiness import ANSWER_SECONDS, Look, Readiness, readiness
from handoff.realtime.clock import database_now
from handoff.realtime.models import WorkerBeat
from handoff.realtime.roster import roster
from handoff.realtime.threads import in_database
from tests.config.asking import ask

pytestmark = pytest.mark.django_db(transaction=True)


def beat(*, seconds_ago: float = 0) -> None:
    WorkerBeat.objects.update_or_create(
        name="worker", defaults={"beat_at": database_now() - timedelta(seconds=seconds_ago)}
    )


@pytest.fixture
def ready() -> None:
    beat()


async def test_all_is_well(ready) -> None:
    status, headers, told = await ask("/readyz")
    assert status == 200, told
    assert told == {
        "status": "ready",
        "checks": {"database": True, "delivery": True, "worker": True, "clock": True},
        "reasons": {},
    }
    assert "retry-after" not in headers


async def test_no_worker_has_ever_worked() -> None:
    status, headers, told = await ask("/readyz")
    assert (status, headers["retry-after"], told["status"]) == (503, "2", "not_ready")
    assert told["checks"] == {"database": True, "delivery": True, "worker": False, "clock": True}
    assert told["reasons"] == {"worker": "No worker has ever worked here: start `manage.py run_worker`."}


def test_a_worker_that_has_fallen_silent() -> None:
    beat(seconds_ago=61)
    report = parts.look_at_database()
    assert list(report.troubles) == ["worker"]
    assert "No worker has given a sign of life for 61 s" in report.troubles["worker"]
    beat(seconds_ago=5)
    assert parts.look_at_database().troubles == {}


async def test_a_process_that_is_leaving(ready, monkeypatch) -> None:
    monkeypatch.setattr(roster, "is_draining", True)
    status, _, told = await ask("/readyz")
    assert (status, list(told["reasons"])) == (503, ["leaving"])
    assert all(told["checks"].values())


async def test_what_hangs_is_named_within_a_second(monkeypatch) -> None:
    hung = threading.Event()

    def hang() -> Report:
        hung.wait(20)
        return Report()

    monkeypatch.setattr(readiness, "database", Look(hang))
    began = time.monotonic()
    for _ in range(2):
        status, _, told = await ask("/readyz")
        assert status == 503
    assert told["reasons"]["database"].startswith("The database has not answered for ")
    assert told["checks"] == {"database": False, "delivery": True, "worker": False, "clock": True}
    # Long before it stops hanging; of a machine that is busy with something else this cannot ask for more.
    assert ANSWER_SECONDS < 1
    assert time.monotonic() - began < 10
    assert sum(thread.name == "look" for thread in threading.enumerate()) == 1
    hung.set()


async def test_many_balancers_cost_one_look(ready, monkeypatch) -> None:
    looks: list[int] = []

    def look() -> Report:
        looks.append(1)
        return Report()

    monkeypatch.setattr(readiness, "database", Look(look))
    for _ in range(20):
        assert (await ask("/readyz"))[0] == 200
    assert len(looks) == 1


@pytest.mark.parametrize(("ahead", "is_ready"), [(2.0, True), (30.0, True), (-7200.0, False), (121.0, False)])
def test_a_clock_is_told_before_it_matters_and_refused_when_it_does(monkeypatch, ready, ahead, is_ready) -> None:
    monkeypatch.setattr("handoff.config.parts.clock_ahead_seconds", lambda: ahead)
    report = parts.look_at_database()
    assert ("clock" not in report.troubles) is is_ready
    assert ("clock" in report.notes) is (is_ready and ahead > 3)
    if not is_ready:
        told = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the database's"
        assert told in report.troubles["clock"]


async def test_what_is_said_in_the_log_is_said_once(caplog) -> None:
    for _ in range(3):
        await ask("/readyz")
    assert str(caplog.messages).count("No worker has ever worked here") == 1
    await in_database(beat)
    readiness.database.forget()
    await ask("/readyz")
    assert "as it should be again" in caplog.messages[-1]


async def test_who_asks_while_a_part_hangs_leaves_nothing_behind(monkeypatch) -> None:
    over = threading.Event()
    looking = Readiness(database=Look(lambda: over.wait(10) and Report()), delivery=Look(lambda: Report()))
    monkeypatch.setattr("handoff.config.readiness.ANSWER_SECONDS", 0.01)
    try:
        for _ in range(20):
            assert (await looking.look())["status"] == "not_ready"
        assert len(looking.database.ask()._done_callbacks) == 1
    finally:
        over.set()


def test_a_look_that_could_not_begin_is_taken_the_next_time(monkeypatch) -> None:
    look = Look(lambda: "seen")
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", lambda self: (_ for _ in ()).throw(RuntimeError("no more threads")))
        with pytest.raises(RuntimeError):
            look.ask()
    assert look.ask().result(5) == "seen"
