"""What an operator counts: figures of the whole deployment, read seldom, and alert rules that name what there is."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.core.cache import cache
from django.core.management.base import CommandError
from django.db import DatabaseError
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

import handoff.config.certificate
import handoff.config.requests
from handoff.broker.models import Handoff
from handoff.config import figures as module
from handoff.config.figures import CACHE_KEY, figures
from handoff.config.listener import listening, parse_address
from handoff.lib.clock import rfc3339, utc_now
from handoff.protocol.close_codes import BYE_CODES
from handoff.realtime import metrics
from handoff.realtime.clock import database_now
from handoff.realtime.models import WorkerBeat
from handoff.realtime.roster import roster
from tests.config.asking import ask, get
from tests.processes import ROOT, free_port

ALERTS = ROOT / "deploy" / "prometheus_alerts.yml"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(autouse=True)
def look_anew() -> None:
    cache.delete(CACHE_KEY)


def samples() -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
    }


def value(name: str, **labels: str) -> float | None:
    return samples().get((name, frozenset(labels.items())))


# -- of the whole deployment


@pytest.mark.django_db(transaction=True)
def test_who_waits_and_how_long(maya, page, cards) -> None:
    assert value("handoff_waiting", queue="cards", channel="chat") == 0
    asked = maya.ask()
    assert asked.status == 201, asked.body
    Handoff.objects.update(enqueued_at=database_now() - timedelta(seconds=90))
    cache.delete(CACHE_KEY)
    figures.look.forget()
    assert value("handoff_waiting", queue="cards", channel="chat") == 1
    oldest = value("handoff_oldest_wait_seconds", queue="cards", channel="chat")
    assert oldest is not None
    assert 90 <= oldest < 100
    assert value("handoff_agents_signed_in", queue="cards") == 0
    assert value("handoff_waiting", queue="cards", channel="phone") == 0


@pytest.mark.django_db(transaction=True)
def test_workers_signs_of_life() -> None:
    assert value("handoff_worker_heartbeat_age_seconds") is None
    assert value("handoff_workers") == 0
    WorkerBeat.objects.create(name="one", beat_at=database_now() - timedelta(seconds=40))
    cache.delete(CACHE_KEY)
    figures.look.forget()
    age = value("handoff_worker_heartbeat_age_seconds")
    assert age is not None
    assert 40 <= age < 50
    assert value("handoff_workers") == 0


@pytest.mark.django_db(transaction=True)
def test_scrapes_are_no_storm(monkeypatch) -> None:
    """One look in ten seconds of this process, and none if another has just told it what it saw."""
    looks: list[int] = []
    read = module._read
    monkeypatch.setattr(module, "_read", lambda: looks.append(1) or read())
    for _ in range(20):
        assert value("handoff_database_up") == 1
    assert len(looks) == 1
    figures.look.forget()  # as another process sees it
    assert value("handoff_database_up") == 1
    assert len(looks) == 1


def test_without_a_database_nothing_old_is_told(monkeypatch) -> None:
    def away() -> Any:
        raise DatabaseError("away")

    monkeypatch.setattr(figures.look, "_look", away)
    assert value("handoff_database_up") == 0
    assert value("handoff_workers") is None
    assert value("handoff_draining") == 0


def test_a_database_that_hangs_does_not_hold_up_a_scrape(monkeypatch) -> None:
    hung = threading.Event()
    monkeypatch.setattr(figures.look, "_look", lambda: hung.wait(20))
    assert value("handoff_database_up") == 0
    hung.set()


def test_a_process_that_leaves_says_so(monkeypatch) -> None:
    monkeypatch.setattr(roster, "is_draining", True)
    assert next(one for one in module._own() if one.name == "handoff_draining").samples[0].value == 1


# -- of this process


def counted(metric: Any, *labels: str) -> float:
    return float((metric.labels(*labels) if labels else metric)._value.get())


class Entry:
    def __init__(self, type: str, **data: Any) -> None:
        self.type, self.data = type, data


@pytest.mark.parametrize(
    ("status", "outcome"), [("pending", "made"), ("accepted", "accepted"), ("timed_out", "timed_out")]
)
def test_offers_are_counted_by_what_became_of_them(status: str, outcome: str) -> None:
    before = counted(metrics.OFFERS, outcome), counted(metrics.ENTRIES, "offer.recorded")
    metrics.count_entries([Entry("offer.recorded", status=status), Entry("message.posted", text="not counted")])
    assert (counted(metrics.OFFERS, outcome), counted(metrics.ENTRIES, "offer.recorded")) == tuple(
        number + 1 for number in before
    )


def test_an_erased_offer_is_no_offer() -> None:
    metrics.count_entries([Entry("offer.recorded")])


def test_lag_is_by_the_databases_clock(monkeypatch) -> None:
    monkeypatch.setattr(metrics.clock, "ahead_seconds", 3600.0)
    before = metrics.LAG._sum.get()
    metrics.note_delivery(rfc3339(utc_now() - timedelta(seconds=3602)))
    assert 1.9 < metrics.LAG._sum.get() - before < 3
    metrics.note_delivery(rfc3339(utc_now()))  # never less than nothing
    assert metrics.LAG._sum.get() - before < 3


@pytest.mark.parametrize(
    ("code", "label"), [("rate_limited", "rate_limited"), ("x" * 50, "other"), ("Somebody's words", "other")]
)
def test_labels_are_ours(code: str, label: str) -> None:
    before = counted(metrics.REFUSALS, "socket", label)
    metrics.count_refusal("socket", code)
    assert counted(metrics.REFUSALS, "socket", label) == before + 1


@pytest.mark.django_db(transaction=True)
async def test_errors_are_counted_by_their_code() -> None:
    asked = [("/api/v1/nothing", "not_found"), ("/ws/agent", "websocket_required"), ("/accounts/nothing", "not_found")]
    for path, code in asked:
        before = counted(metrics.REFUSALS, "http", code)
        assert (await ask(path))[0] >= 400
        assert counted(metrics.REFUSALS, "http", code) == before + 1


@pytest.mark.django_db(transaction=True)
def test_errors_of_the_api_are_counted_too(maya) -> None:
    before = counted(metrics.REFUSALS, "http", "unknown_field")
    assert maya.ask(nonsense=1).code == "unknown_field"
    assert counted(metrics.REFUSALS, "http", "unknown_field") == before + 1


# -- where they are told


@pytest.mark.django_db(transaction=True)
def test_the_private_address_tells_metrics_and_health() -> None:
    port = free_port()
    with listening(f"127.0.0.1:{port}"):
        origin = f"http://127.0.0.1:{port}"
        status, _, text = get(f"{origin}/metrics")
        assert status == 200
        assert {"handoff_sockets", "handoff_build_info", "handoff_workers"} <= {
            family.name for family in text_string_to_metric_families(text)
        }
        assert get(f"{origin}/healthz")[0] == 200
        status, _, told = get(f"{origin}/readyz")
        assert (status, told["checks"]["database"]) == (503, True)
        assert get(f"{origin}/console/")[0] == 404
        with pytest.raises(CommandError, match="each process of a host needs a port of its own"):
            held(f"127.0.0.1:{port}")
    held(f"127.0.0.1:{port}")


def test_it_begins_without_asking_a_name_service_who_it_is(monkeypatch) -> None:
    def hang(name: str = "") -> str:
        raise AssertionError("it would have waited for a name service")

    monkeypatch.setattr("socket.getfqdn", hang)
    held(f"127.0.0.1:{free_port()}")


def held(address: str) -> None:
    with listening(address):
        pass


@pytest.mark.parametrize("address", ["9101", ":9101", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:0", "a@b:9101", "h:1/x"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(CommandError, match=r"like 127\.0\.0\.1:9101"):
        parse_address(address)


def test_both_kinds_of_address() -> None:
    assert parse_address("10.0.0.5:9101") == ("10.0.0.5", 9101)
    assert parse_address("[::1]:9101") == ("::1", 9101)


# -- alert rules


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.django_db(transaction=True)
def test_every_alert_is_about_something_that_is_counted(settings, cards) -> None:
    """By its name and by its labels."""
    settings.REDIS_URL = "redis://127.0.0.1:1"
    WorkerBeat.objects.create(name="one", beat_at=database_now())
    known: dict[str, set[str]] = {}
    for family in REGISTRY.collect():
        labels = getattr(REGISTRY._names_to_collectors.get(family.name), "_labelnames", ())
        for name in (family.name, *(f"{family.name}_{end}" for end in ("total", "bucket", "count", "sum"))):
            known.setdefault(name, set()).update(labels, *(sample.labels for sample in family.samples), {"le"})
    for rule in rules():
        expression = rule["expr"]
        names = set(re.findall(r"\bhandoff_\w+", expression))
        # What Prometheus itself tells of its targets has no name of ours.
        assert names or expression.startswith('up{job="handoff"}'), rule["alert"]
        assert names <= known.keys(), (rule["alert"], names - known.keys())
        for name, matchers in re.findall(r"\b(handoff_\w+)\{([^}]*)\}", expression):
            asked = set(re.findall(r"(\w+)\s*[=!]", matchers))
            assert asked <= known[name], (rule["alert"], asked - known[name])


def test_alerts_name_codes_outcomes_and_roles_that_there_are() -> None:
    text = ALERTS.read_text()
    [closed] = re.findall(r'handoff_sockets_closed_total\{code=~"([^"]+)"', text)
    assert set(closed.split("|")) <= set(BYE_CODES.values())
    outcomes = {outcome for found in re.findall(r'outcome=~?"([^"]+)"', text) for outcome in found.split("|")}
    assert outcomes - {"not_saved"} <= {labels[0] for labels in metrics.OFFERS._metrics}


def test_every_alert_says_what_to_do_and_whom_it_wakes() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) > 20
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"].keys() == {"summary", "action"}


def test_every_metric_is_in_the_operators_table() -> None:
    documented = set(re.findall(r"`(handoff_\w+)", (ROOT / "docs" / "operations.md").read_text()))
    ours = set(_names_of_ours())
    assert ours <= documented, ours - documented


def _names_of_ours() -> Iterator[str]:
    for metric in (
        *vars(metrics).values(),
        *vars(handoff.config.requests).values(),
        *vars(handoff.config.certificate).values(),
    ):
        described = getattr(metric, "describe", None)
        if described is not None and hasattr(metric, "_labelnames"):
            family = described()[0]
            yield f"{family.name}_total" if family.type == "counter" else family.name
    source = (ROOT / "handoff" / "config" / "figures.py").read_text()
    yield from re.findall(r'"(handoff_\w+)"', source)
