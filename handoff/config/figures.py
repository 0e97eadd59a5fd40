"""What is true of the whole deployment, told to Prometheus: read from the database when it is asked for, seldom."""

from __future__ import annotations

import platform
import tomllib
from collections.abc import Iterator
from concurrent.futures import wait
from typing import Any, Final

import django
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Max, Min
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from handoff.broker.models import Handoff
from handoff.config.hints import hints_travel
from handoff.config.parts import WORKER_SILENCE, clock_ahead_seconds, with_own_connection
from handoff.config.readiness import Look
from handoff.realtime import log, metrics
from handoff.realtime.beats import GAP
from handoff.realtime.clock import database_now
from handoff.realtime.models import ServerBeat, WorkerBeat
from handoff.realtime.roster import roster
from handoff.routing.queries import BUILT_CHANNELS
from handoff.routing.waits import WAITING
from handoff.staffing.models import Queue
from handoff.staffing.queries import signed_in_by_queue

# All processes together look once in this time: they tell each other over the cache.
FRESH_SECONDS: Final = 10
ANSWER_SECONDS: Final = 1.0
CACHE_KEY: Final = "operator-figures"


def read_figures() -> dict[str, Any]:
    """Who waits, who could take them, and who is at work; from the cache if another process has just looked.

    Raises DatabaseError.
    """
    # The clock is this machine's, and the database's answer is what `database_up` says: both are never another's.
    metrics.clock.ahead_seconds, found = with_own_connection(lambda: (clock_ahead_seconds(), _shared()))
    return found


def _shared() -> dict[str, Any]:
    connection.ensure_connection()
    found: dict[str, Any] | None = cache.get(CACHE_KEY)
    if found is None:
        found = _read()
        cache.set(CACHE_KEY, found, FRESH_SECONDS)
    return found


def _read() -> dict[str, Any]:
    now = database_now()
    queues = dict(Queue.objects.values_list("pk", "key"))
    lines = Handoff.objects.filter(state__in=WAITING, is_simulated=False).values("queue_id", "channel")
    rows = lines.annotate(waiting=Count("pk"), oldest=Min("enqueued_at"))
    waiting = {(queues[key], str(channel)): (0, 0.0) for key in queues for channel in BUILT_CHANNELS}
    for row in rows:
        oldest = (now - row["oldest"]).total_seconds() if row["oldest"] else 0.0
        waiting[queues.get(row["queue_id"], "?"), row["channel"]] = (row["waiting"], max(0.0, oldest))
    signed_in = signed_in_by_queue(queues, now=now)
    worker = WorkerBeat.objects.aggregate(last=Max("beat_at"))["last"]
    return {
        "waiting": [[*line, *figures] for line, figures in waiting.items()],
        "signed_in": {key: signed_in.get(pk, 0) for pk, key in queues.items()},
        "worker_age": None if worker is None else max(0.0, (now - worker).total_seconds()),
        "workers": WorkerBeat.objects.filter(beat_at__gt=now - WORKER_SILENCE).count(),
        "servers": ServerBeat.objects.filter(beat_at__gt=now - GAP).count(),
        "epoch": log.epoch(),
    }


class Figures(Collector):  # type: ignore[misc]
    """Asked at each scrape; never waits longer than a second for the database."""

    def __init__(self) -> None:
        self.look = Look(read_figures, fresh_seconds=FRESH_SECONDS)

    def describe(self) -> list[Metric]:
        """Nothing: Prometheus' client would ask the database for the names, as the process starts."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield from _own()
        asked = self.look.ask()
        wait((asked,), timeout=ANSWER_SECONDS)
        figures = asked.result() if asked.done() and asked.exception() is None else None
        yield _one("handoff_database_up", "1 while the database answers this process.", float(figures is not None))
        if figures is not None:
            yield from _shared_by_all(figures)
            yield _one("handoff_clock_ahead_seconds", "This machine's clock against the database's.",
                       metrics.clock.ahead_seconds)  # fmt: skip


def _own() -> Iterator[Metric]:
    build = GaugeMetricFamily("handoff_build_info", "What runs here.", labels=["version", "python", "django"])
    build.add_metric([VERSION, platform.python_version(), django.get_version()], 1)
    yield build
    yield _one("handoff_draining", "1 while this process sees its sockets off.", float(roster.is_draining))
    if settings.REDIS_URL:
        yield _one("handoff_redis_up", "1 while Redis carries this process's hints.", float(hints_travel()))


def _shared_by_all(figures: dict[str, Any]) -> Iterator[Metric]:
    """The same from every process: take the highest of them, never the sum."""
    line = ["queue", "channel"]
    waiting = GaugeMetricFamily("handoff_waiting", "Handoffs that wait for an agent.", labels=line)
    oldest = GaugeMetricFamily("handoff_oldest_wait_seconds", "How long the first of them waits.", labels=line)
    for queue, channel, count, seconds in figures["waiting"]:
        waiting.add_metric([queue, channel], count)
        oldest.add_metric([queue, channel], seconds)
    agents = GaugeMetricFamily("handoff_agents_signed_in", "Agents with a live desk.", labels=["queue"])
    for queue, count in figures["signed_in"].items():
        agents.add_metric([queue], count)
    epoch = GaugeMetricFamily("handoff_log_epoch_info", "The log's identity; another one: a backup.", labels=["epoch"])
    epoch.add_metric([figures["epoch"]], 1)
    yield from (waiting, oldest, agents, epoch)
    if figures["worker_age"] is not None:
        yield _one("handoff_worker_heartbeat_age_seconds", "Since a worker's last sign of life.", figures["worker_age"])
    yield _one("handoff_workers", "Workers with a sign of life lately.", figures["workers"])
    yield _one("handoff_servers", "Serving processes with a sign of life lately.", figures["servers"])


def _one(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)


def _version() -> str:
    told: str = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
    return told


VERSION: Final = _version()
figures: Final = Figures()
REGISTRY.register(figures)
