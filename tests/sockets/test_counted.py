"""What happens on the message path is counted there, and its log lines carry the ids of what they are about."""

from __future__ import annotations

from typing import Any

import pytest
import structlog

from handoff.realtime import metrics, streams
from handoff.realtime.bridge import WAITING_LIMIT, RedisBridge
from handoff.realtime.delivery import Hub, hub
from handoff.realtime.log import Entry, recording
from handoff.realtime.threads import in_database
from handoff.routing.actions import run_matching
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)


def counted(metric: Any, *labels: str) -> float:
    return float((metric.labels(*labels) if labels else metric)._value.get())


def count_of(histogram: Any) -> float:
    return float(sum(bucket.get() for bucket in histogram._buckets))


async def test_a_talk_is_counted_from_the_offer_to_the_socket(serving, maya, amira) -> None:
    before = {
        "made": counted(metrics.OFFERS, "made"),
        "accepted": counted(metrics.OFFERS, "accepted"),
        "entries": counted(metrics.ENTRIES, "offer.recorded"),
        "lag": count_of(metrics.LAG),
        "batches": count_of(metrics.BATCH_SECONDS),
    }
    desk = await in_database(Desk, amira)
    at_amira = await serving.agent(desk)
    await at_amira.command("availability.set", available=True)
    at_maya = await serving.customer(maya)
    handoff = (await in_database(maya.ask)).body["id"]
    assert hub.woken_by == f"handoff/{handoff}#1"
    await in_database(run_matching)
    offer = (await at_amira.event("offer.made"))["data"]
    await at_amira.command("offer.accept", offer=offer["id"], token=offer["token"])
    await at_maya.event("handoff.changed", state="connected")
    await at_maya.command("message.send", handoff=handoff, client_id="one", text="hello")
    await at_amira.event("message.posted", text="hello")
    assert counted(metrics.OFFERS, "made") == before["made"] + 1
    assert counted(metrics.OFFERS, "accepted") == before["accepted"] + 1
    assert counted(metrics.ENTRIES, "offer.recorded") == before["entries"] + 2
    assert count_of(metrics.LAG) >= before["lag"] + 3
    assert count_of(metrics.BATCH_SECONDS) == before["batches"] + 1


async def test_what_a_socket_is_refused_is_counted_by_its_code(serving, maya) -> None:
    before = counted(metrics.REFUSALS, "socket", "unknown_command")
    at_maya = await serving.customer(maya)
    refused = await at_maya.command("nonsense.do")
    assert refused["code"] == "unknown_command"
    assert counted(metrics.REFUSALS, "socket", "unknown_command") == before + 1


async def test_log_lines_of_a_command_carry_its_id_and_its_sockets(serving, maya, monkeypatch, caplog) -> None:
    seen: list[dict[str, Any]] = []

    def perform(self: Any, command: Any) -> dict[str, Any]:
        seen.append(structlog.contextvars.get_contextvars())
        return {}

    monkeypatch.setattr("handoff.widget.consumer.CustomerConsumer.perform", perform)
    at_maya = await serving.customer(maya)
    await at_maya.command("handoff.cancel", handoff="ho_x")
    assert seen[0]["socket"].startswith("so_")
    assert seen[0]["command"]


async def test_what_only_the_poll_found_is_counted(serving, maya, monkeypatch) -> None:
    socket = await serving.customer(maya)
    await socket.settled()
    before = counted(metrics.HEALED)
    monkeypatch.setattr(hub, "announce", lambda entries: None)

    def write() -> None:
        with recording() as record:
            record.add([Entry(stream=streams.customer(maya.customer["id"]), type="session.changed", data={})])

    await in_database(write)
    await socket.event("session.changed")
    assert counted(metrics.HEALED) == before + 1


async def test_hints_that_redis_does_not_take_are_counted() -> None:
    bridge = RedisBridge("redis://127.0.0.1:1", Hub())
    before = counted(metrics.HINTS, "dropped")
    for _ in range(WAITING_LIMIT + 3):
        bridge.publish((), ())
    assert counted(metrics.HINTS, "dropped") == before + 3
