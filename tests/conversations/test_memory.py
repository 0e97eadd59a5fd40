"""What is remembered of a talk is used while it holds, and never a moment longer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from handoff.broker.models import Handoff
from handoff.conversations import memory
from handoff.conversations.memory import Supposition
from handoff.flows import supervise
from handoff.identity.models import Customer
from handoff.realtime import log
from handoff.realtime.models import LogEntry, Stream
from handoff.realtime.threads import in_database
from handoff.staffing.models import Agent
from tests.conftest import make_agent
from tests.conversations.lanes import Door, by_agent, code_of, codes_of, message, open_door, stored
from tests.scenes import close

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def name_in(client_id: str) -> str:
    return str(LogEntry.objects.get(client_id=client_id).data["author"]["name"])


async def test_a_talk_that_is_known_costs_one_exchange(talks, amira, door) -> None:
    sends = [message(tab, handoff, "m1") for tab, handoff in talks]
    assert await door.exchanges_of(*sends) == (["stored"] * 6, 2)
    more = [message(tab, handoff, f"m{n}") for n in range(2, 5) for tab, handoff in talks]
    answers = [by_agent(amira, handoff, "a1") for _, handoff in talks]
    assert await door.exchanges_of(*more, *answers) == (["stored"] * 24, 1)
    rows = await in_database(stored)
    for _, handoff in talks:
        said = [client_id for client_id, _ in rows[f"handoff/{handoff}"]]
        assert said == ["m1", "m2", "m3", "m4", "a1"]
    assert door.by_thread == 0


async def test_a_new_talk_beside_known_ones_is_looked_at_alone(talks, door) -> None:
    await door.send(*(message(tab, handoff, "m1") for tab, handoff in talks[1:]))
    sends = [message(tab, handoff, "m2") for tab, handoff in talks]
    assert await door.exchanges_of(*sends) == (["stored"] * 6, 3)
    assert await door.exchanges_of(message(*talks[0], "m3")) == (["stored"], 1)


async def test_what_was_sent_before_keeps_its_answer(talks, door) -> None:
    known = message(*talks[0], "m1")
    (first,) = await door.send(known)
    again, other, twice, same = await door.send(
        known, message(*talks[0], "m1", "another"), message(*talks[0], "m2"), message(*talks[0], "m2")
    )
    assert [code_of(one) for one in (again, other, twice, same)] == [
        "repeat", "idempotency_conflict", "stored", "repeat",
    ]  # fmt: skip
    assert (again.id, again.seq, again.at) == (first.id, first.seq, first.at)
    assert same.seq == twice.seq == first.seq + 1
    await in_database(stored)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda handoff, agent: close(agent, handoff.public_id), "handoff_closed"),
        (lambda handoff, agent: handoff.delete(), "not_found"),
        (lambda handoff, agent: Handoff.objects.filter(pk=handoff.pk).update(customer=stranger(handoff)), "not_found"),
        (lambda handoff, agent: Stream.objects.filter(name__contains=handoff.public_id).update(sealed=True),
         "handoff_closed"),
    ],
)  # fmt: skip
async def test_whose_talk_it_is_no_more_is_told_so(
    talks, amira, door, change: Callable[[Any, Any], Any], code: str
) -> None:
    tab, handoff = talks[0]
    assert codes_of(await door.send(message(tab, handoff, "m1"))) == ["stored"]
    row = await in_database(lambda: Handoff.objects.get(public_id=handoff))
    await in_database(change, row, amira)
    beside = message(*talks[1], "m1")
    assert codes_of(await door.send(message(tab, handoff, "m2"), beside)) == [code, "stored"]
    assert door.by_thread == 0


def stranger(handoff: Handoff) -> Customer:
    """Who has no handoff open."""
    customer = Customer.objects.get(pk=handoff.customer_id)
    customer.pk, customer.public_id, customer.subject = None, "cu_stranger", "stranger"
    customer.save()
    return customer


async def test_an_agent_who_gave_it_away_writes_no_more_and_the_next_one_does(talks, cards, amira, door) -> None:
    ben = await in_database(make_agent, "ben", "Ben", cards)
    handoff = talks[0][1]
    assert codes_of(await door.send(by_agent(amira, handoff, "a1"), message(*talks[0], "m1"))) == ["stored"] * 2
    await in_database(give, handoff, ben)
    answers, _ = await door.exchanges_of(
        message(*talks[0], "m2"), by_agent(ben, handoff, "b1"), by_agent(amira, handoff, "a2")
    )
    assert answers == ["stored", "stored", "not_found"]
    assert await in_database(name_in, "b1") == "Ben"
    assert await door.exchanges_of(by_agent(ben, handoff, "b2"), message(*talks[0], "m3")) == (["stored"] * 2, 1)


def give(handoff_id: str, agent: Agent) -> None:
    """As a transfer leaves it."""
    handoff = Handoff.objects.get(public_id=handoff_id)
    Handoff.objects.filter(pk=handoff.pk).update(agent=agent, version=handoff.version + 1)


async def test_a_version_is_compared_with_the_one_of_now(talks, amira, door) -> None:
    handoff = talks[0][1]
    version = (await in_database(lambda: Handoff.objects.get(public_id=handoff))).version
    assert codes_of(await door.send(by_agent(amira, handoff, "a1", version=version))) == ["stored"]
    assert await door.exchanges_of(by_agent(amira, handoff, "a2", version=version)) == (["stored"], 1)
    await in_database(lambda: Handoff.objects.filter(public_id=handoff).update(version=version + 1))
    old, new = by_agent(amira, handoff, "a3", version=version), by_agent(amira, handoff, "a4", version=version + 1)
    assert codes_of(await door.send(old, new)) == ["stale_version", "stored"]


async def test_who_is_renamed_writes_under_the_new_name(talks, amira, door) -> None:
    tab, handoff = talks[0]
    assert codes_of(await door.send(message(tab, handoff, "m1"), by_agent(amira, handoff, "a1"))) == ["stored"] * 2
    await in_database(lambda: Customer.objects.filter(public_id=tab.customer["id"]).update(name="Mai"))
    assert codes_of(await door.send(message(tab, handoff, "m2"))) == ["stored"]
    await in_database(lambda: Agent.objects.filter(pk=amira.pk).update(name="Amira B."))
    assert codes_of(await door.send(by_agent(amira, handoff, "a2"))) == ["stored"]
    assert [await in_database(name_in, one) for one in ("m2", "a2")] == ["Mai", "Amira B."]


async def test_people_without_names_are_remembered_too(talks, amira, door) -> None:
    tab, handoff = talks[0]
    await in_database(lambda: Customer.objects.filter(public_id=tab.customer["id"]).update(name=""))
    await in_database(lambda: Agent.objects.filter(pk=amira.pk).update(name=""))
    await door.send(message(tab, handoff, "m1"), by_agent(amira, handoff, "a1"))
    sends = message(tab, handoff, "m2"), by_agent(amira, handoff, "a2")
    assert await door.exchanges_of(*sends) == (["stored"] * 2, 1)
    assert [await in_database(name_in, one) for one in ("m2", "a1", "a2")] == ["Customer", "", ""]


async def test_a_stream_of_the_same_number_is_not_taken_for_the_one_that_was_lost(talks, door) -> None:
    """As after a standby took over without the last commits: numbers are given away a second time."""
    (tab, lost), (_, other) = talks[:2]
    assert codes_of(await door.send(message(tab, lost, "m1"))) == ["stored"]

    def lose() -> None:
        Stream.objects.filter(name=f"handoff/{lost}").update(name="handoff/ho_gone")
        Stream.objects.filter(name=f"handoff/{other}").update(name=f"handoff/{lost}")
        Stream.objects.filter(name="handoff/ho_gone").update(name=f"handoff/{other}")

    await in_database(lose)
    assert codes_of(await door.send(message(tab, lost, "m2"))) == ["stored"]
    assert [one for one, _ in (await in_database(stored))[f"handoff/{lost}"]] == ["m2"]


async def test_a_handoff_of_the_same_number_is_not_taken_for_the_one_that_was_lost(talks, door) -> None:
    tab, lost = talks[0]
    assert codes_of(await door.send(message(tab, lost, "m1"))) == ["stored"]
    await in_database(lambda: Handoff.objects.filter(public_id=lost).update(public_id="ho_another"))
    assert codes_of(await door.send(message(tab, lost, "m2"))) == ["not_found"]


async def test_a_supervisor_who_joined_keeps_the_order_of_the_talk(talks, cards, amira, door) -> None:
    sofia = await in_database(make_agent, "sofia", "Sofia", cards, role="supervisor")
    tab, handoff = talks[0]
    await in_database(supervise.watch, sofia, handoff)
    await in_database(supervise.join, sofia, handoff)
    assert codes_of(await door.send(message(tab, handoff, "m1"))) == ["stored"]
    sends = [message(tab, handoff, "m2"), by_agent(sofia, handoff, "s1"), message(tab, handoff, "m3")]
    assert codes_of(await door.send(*sends)) == ["stored"] * 3
    assert [one for one, _ in (await in_database(stored))[sends[0].stream]] == ["m1", "m2", "s1", "m3"]


async def test_a_move_under_way_is_waited_for_and_believed(talks, amira, door) -> None:
    """What commits while the message waits for the stream is what it is judged by."""
    tab, handoff = talks[0]
    assert codes_of(await door.send(message(tab, handoff, "m1"))) == ["stored"]
    moving, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def close_slowly() -> None:
        with transaction.atomic():
            close(amira, handoff)
            loop.call_soon_threadsafe(moving.set)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(20)

    closing = asyncio.create_task(in_database(close_slowly))
    await moving.wait()
    answer = asyncio.create_task(door.send(message(tab, handoff, "m2")))
    await until_somebody_waits()
    go_on.set()
    assert codes_of(await answer) == ["handoff_closed"]
    await closing
    await in_database(stored)


async def until_somebody_waits() -> None:
    """For a lock."""

    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            return bool(cursor.fetchone()[0])

    async with asyncio.timeout(10):
        while not await asyncio.to_thread(in_own_connection, waits):
            await asyncio.sleep(0.01)


def in_own_connection(ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    finally:
        connection.close()


async def test_two_processes_write_to_the_same_talks(talks, amira, door) -> None:
    """Each remembers; neither leaves a gap, writes anything twice or gives a wrong answer."""
    chance = random.Random(3)
    async with open_door() as other:

        async def talk_on(own: Door, prefix: str) -> list[tuple[Any, Any]]:
            told = []
            for turn in range(25):
                sends = [
                    message(tab, handoff, f"{prefix}{turn}")
                    for tab, handoff in talks
                    for _ in range(chance.choice((1, 2)))
                ]
                # Both say it, as a customer does who changed servers before the answer came.
                sends += [message(tab, handoff, f"both{turn}") for tab, handoff in talks if chance.random() < 0.3]
                told += zip(sends, await own.send(*sends), strict=True)
            return told

        parts = await asyncio.gather(talk_on(door, "one"), talk_on(other, "two"))
        assert (door.by_thread, other.by_thread) == (0, 0)
    told = [one for part in parts for one in part]
    rows = await in_database(stored)
    assert {code_of(answer) for _, answer in told} == {"stored", "repeat"}
    assert sum(code_of(answer) == "stored" for _, answer in told) == sum(map(len, rows.values()))
    for send, answer in told:
        assert (send.client_id, answer.seq) in rows[send.stream]
    for _, handoff in talks:
        said = [one for one, _ in rows[f"handoff/{handoff}"]]
        for prefix in ("one", "two"):
            assert [one for one in said if one.startswith(prefix)] == [
                one for one in (f"{prefix}{turn}" for turn in range(25)) if one in said
            ]


async def test_what_fails_after_it_was_written_is_answered_once(talks, door, monkeypatch) -> None:
    assert codes_of(await door.send(message(*talks[0], "m1"))) == ["stored"]

    def fail(*_: Any) -> Any:
        raise ValueError("not this time")

    with monkeypatch.context() as failing:
        failing.setattr(Supposition, "settle", fail)
        assert codes_of(await door.send(message(*talks[0], "m2"))) == ["repeat"]
    assert door.by_thread == 1
    await door.until_open()
    assert codes_of(await door.send(message(*talks[0], "m3"))) == ["stored"]
    assert [one for one, _ in (await in_database(stored))[f"handoff/{talks[0][1]}"]] == ["m1", "m2", "m3"]


async def test_readers_are_told_once_and_in_order(talks, door, monkeypatch) -> None:
    announced: list[tuple[str, int]] = []
    monkeypatch.setattr(log.hub, "announce", lambda entries: announced.extend((e.stream, e.seq) for e in entries))
    for turn in range(3):
        await door.send(*(message(tab, handoff, f"m{turn}{n}") for n in range(3) for tab, handoff in talks))
    rows = await in_database(stored)
    for stream, said in rows.items():
        assert [seq for name, seq in announced if name == stream] == [seq for _, seq in said]


async def test_only_so_much_is_remembered(talks, door, monkeypatch) -> None:
    monkeypatch.setattr(memory, "TALKS_LIMIT", 2)
    for tab, handoff in talks:
        assert await door.exchanges_of(message(tab, handoff, "m1")) == (["stored"], 2)
    assert len(door.lane._memory._talks) == 2
    assert await door.exchanges_of(message(*talks[5], "m2")) == (["stored"], 1)
    assert await door.exchanges_of(message(*talks[0], "m2")) == (["stored"], 2)
