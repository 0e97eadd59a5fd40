"""The worker's tick: one job that fails stops neither the others nor the worker."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from handoff.broker import actions as broker
from handoff.broker.models import Handoff
from handoff.flows import worker as module
from handoff.flows.worker import Worker
from handoff.lib.clock import utc_now
from handoff.realtime.models import WorkerBeat
from handoff.routing import actions as routing
from tests.scenes import connect

pytestmark = pytest.mark.django_db(transaction=True)


def fail(*_: Any, **__: Any) -> None:
    raise LookupError("nobody thought of this")


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    one = Worker("w1")
    monkeypatch.setattr(one._stopped, "wait", lambda seconds: None)
    return one


def overdue(handoff_id: str, agent: Any) -> None:
    from handoff.flows import end_talk

    end_talk.end_by_agent(agent, handoff_id, version=None)
    Handoff.objects.filter(public_id=handoff_id).update(ended_at=utc_now() - timedelta(days=1))


@pytest.mark.parametrize("job", ["expire_offers", "run_matching"])
def test_a_job_that_fails_leaves_the_rest_to_be_done(worker, maya, amira, monkeypatch, job) -> None:
    handoff_id = connect(maya, amira)
    overdue(handoff_id, amira)
    monkeypatch.setattr(routing, job, fail)
    worker.tick()
    assert Handoff.objects.get(public_id=handoff_id).state == "closed"
    assert WorkerBeat.objects.filter(name="w1").exists()


def test_a_handoff_that_cannot_be_moved_does_not_hold_up_the_next(worker, maya, page, amira, monkeypatch) -> None:
    other = page()
    other.open(other.token(sub="other-1"))
    stuck, due = connect(maya, amira), connect(other, amira)
    for one in (stuck, due):
        overdue(one, amira)
    finish = broker.finish

    def finish_most(handoff: Handoff, **options: Any) -> Any:
        return fail() if handoff.public_id == stuck else finish(handoff, **options)

    monkeypatch.setattr(broker, "finish", finish_most)
    worker.tick()
    assert Handoff.objects.get(public_id=due).state == "closed"
    assert Handoff.objects.get(public_id=stuck).state == "wrap_up"


def test_the_worker_survives_whatever_its_jobs_raise(db, monkeypatch) -> None:
    one, ticks = Worker("w2"), []
    monkeypatch.setattr(one, "_beat", fail)
    monkeypatch.setattr(one, "_tidy", lambda: ticks.append(1))
    monkeypatch.setattr(module.settings, "HANDOFF_SECONDS", module.settings.HANDOFF_SECONDS | {"TICK": 0.01})
    thread = threading.Thread(target=one.run)
    thread.start()
    deadline = time.monotonic() + 5
    while len(ticks) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    one.stop()
    thread.join(5)
    assert len(ticks) >= 2


def test_workers_that_are_gone_are_forgotten(worker) -> None:
    now = utc_now()
    WorkerBeat.objects.create(name="gone", beat_at=now - timedelta(hours=2))
    WorkerBeat.objects.create(name="slow", beat_at=now - timedelta(minutes=1))
    worker.tick()
    assert set(WorkerBeat.objects.values_list("name", flat=True)) == {"slow", "w1"}


def test_who_a_former_version_put_in_line_gets_a_place(worker, maya) -> None:
    """During a rolling deploy processes of both versions write."""
    handoff_id = maya.ask().body["id"]
    Handoff.objects.update(ranked_at=None)
    assert maya.get(f"handoffs/{handoff_id}").body["position"] == 1
    assert maya.open(maya.token()).body["handoff"]["position"] == 1
    worker.tick()
    handoff = Handoff.objects.get()
    assert handoff.ranked_at == handoff.enqueued_at
