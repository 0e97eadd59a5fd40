"""`manage.py check --deploy` asks the parts themselves, with the sentences of `/readyz`."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.checks import run_checks

from handoff.config import hints, live_checks
from tests.processes import manage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_demo(settings) -> None:
    settings.HANDOFF_DEMO = False


def found() -> set[str | None]:
    return {message.id for message in live_checks.parts_answer(None)}


def test_where_all_is_well_nothing_is_said() -> None:
    assert found() == set()


def test_each_part_has_an_id(settings, monkeypatch) -> None:
    monkeypatch.setattr("handoff.config.parts.is_read_only", lambda: True)
    monkeypatch.setattr("handoff.config.parts.clock_ahead_seconds", lambda: 10.0)
    settings.REDIS_URL = "redis://127.0.0.1:1"
    settings.HANDOFF_METRICS_ADDRESS = "0.0.0.0:9101"
    assert found() == {"handoff.E010", "handoff.W011", "handoff.E011", "handoff.W014"}
    settings.HANDOFF_METRICS_ADDRESS = "9101"
    assert "handoff.E012" in found()


@pytest.mark.parametrize(
    ("address", "is_told"),
    [
        ("0:9101", True),
        ("[::]:9101", True),
        ("8.8.8.8:9101", True),
        ("127.0.0.1:9101", False),
        ("10.0.0.5:9101", False),
    ],
)
def test_metrics_for_everybody_are_told_of(settings, address: str, is_told: bool) -> None:
    settings.HANDOFF_METRICS_ADDRESS = address
    assert ("handoff.W014" in found()) == is_told


def test_the_demo_is_spared(settings) -> None:
    settings.REDIS_URL, settings.HANDOFF_DEMO = "redis://127.0.0.1:1", True
    assert found() == set()


def test_they_are_asked_before_a_deployment_only(settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1"
    assert "handoff.E011" not in {message.id for message in run_checks()}
    assert "handoff.E011" in {message.id for message in run_checks(include_deployment_checks=True)}


def test_by_hand_it_says_what_to_do(tmp_path: Path) -> None:
    refused = manage(tmp_path, "check", "--deploy", REDIS_URL="redis://127.0.0.1:1")
    assert refused.returncode != 0
    assert hints.UNREACHABLE in refused.stderr
    assert "Migrations are not applied" in refused.stderr
