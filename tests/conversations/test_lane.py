"""The loop's own way to the database: the same answers as the thread's, in its senders' order, whatever breaks."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from typing import Any

import psycopg
import pytest
from django.db import connection

from handoff.attachments.models import Attachment
from handoff.conversations import batch, lane
from handoff.conversations.judging import Answer, Send
from handoff.flows import supervise
from handoff.lib.errors import DomainError
from handoff.realtime import engines, log
from handoff.realtime.threads import in_database
from tests.attachments.files import image
from tests.attachments.files import send as upload
from tests.conftest import Page, make_agent
from tests.conversations.lanes import Door, by_agent, code_of, codes_of, message, stored
from tests.scenes import close

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


async def test_many_senders_with_repeats_and_conflicts_each_get_the_answer_of_their_row(talks, door) -> None:
    chance = random.Random(7)
    sends = [message(tab, handoff, f"m{n}", f"line {n}") for tab, handoff in talks for n in range(40)]
    again = [send for send in sends if chance.random() < 0.3]
    other = [message(tab, handoff, "m7", "another text") for tab, handoff in talks]
    everything = sends + again + other
    chance.shuffle(everything)
    parts = [everything[start::7] for start in range(7)]
    answers = [answer for part in await asyncio.gather(*(door.send(*part) for part in parts)) for answer in part]
    told = [(send, answer) for send, answer in zip([one for part in parts for one in part], answers, strict=True)]
    rows = await in_database(stored)
    kinds = Counter(codes_of(answers))
    assert kinds["stored"] == sum(map(len, rows.values())) == len({send.key for send in everything})
    for send, answer in told:
        if not isinstance(answer, DomainError):
            assert (send.client_id, answer.seq) in rows[send.stream]
        else:
            assert answer.code == "idempotency_conflict"
    assert door.by_thread == 0


async def test_readers_are_told_again_of_what_comes_again(talks, door, monkeypatch) -> None:
    """Who stored it may have ended before it told anybody."""
    sends = [message(tab, handoff, "m1") for tab, handoff in talks]
    first = await door.send(*sends)
    announced: list[tuple[str, int]] = []
    monkeypatch.setattr(log.hub, "announce", lambda entries: announced.extend((e.stream, e.seq) for e in entries))
    assert set(codes_of(await door.send(*sends))) == {"repeat"}
    expected = {(send.stream, answer.seq) for send, answer in zip(sends, first, strict=True)}
    async with asyncio.timeout(10):
        while set(announced) != expected:
            await asyncio.sleep(0.01)
    assert door.by_thread == 0


async def test_who_may_write_is_decided_as_by_the_thread(talks, amira, tomas, door) -> None:
    (tab, own), (_, foreign), (last, closed) = talks[:3]
    first = await door.send(message(last, closed, "m1"))
    await in_database(close, amira, closed)
    answers = await door.send(
        message(tab, own, "m1"),
        message(tab, foreign, "m1"),
        message(tab, "ho_absent", "m1"),
        message(last, closed, "m1"),
        message(last, closed, "m1", "another"),
        message(last, closed, "m2"),
        by_agent(amira, own, "a1"),
        by_agent(amira, own, "a2", version=1),
        by_agent(tomas, foreign, "t1"),
    )
    assert codes_of(answers) == [
        "stored", "not_found", "not_found", "repeat", "idempotency_conflict", "handoff_closed", "stored",
        "stale_version", "not_found",
    ]  # fmt: skip
    assert (answers[3].seq, answers[3].id, answers[3].at) == (first[0].seq, first[0].id, first[0].at)
    # Only who might have joined had to be looked up.
    assert door.by_thread == 1
    await in_database(stored)


async def test_a_supervisor_who_joined_writes_in_order_with_what_they_sent_before(talks, cards, amira, door) -> None:
    sofia = await in_database(make_agent, "sofia", "Sofia", cards, role="supervisor")
    _, handoff = talks[0]
    await in_database(supervise.watch, sofia, handoff)
    await in_database(supervise.join, sofia, handoff)
    answers = await door.send(*(by_agent(sofia, handoff, f"s{n}") for n in range(5)), by_agent(amira, handoff, "a1"))
    assert codes_of(answers) == ["stored"] * 6
    assert [answer.seq for answer in answers] == sorted(answer.seq for answer in answers)
    assert door.by_thread == 6
    # And then it is quick again for the owner.
    assert codes_of(await door.send(by_agent(amira, handoff, "a2"))) == ["stored"]
    assert door.by_thread == 6


async def test_files_go_their_own_way_and_the_order_of_a_talk_is_kept(talks, door) -> None:
    tab, handoff = talks[0]
    photo = (await in_database(upload, tab, handoff, image())).body["id"]
    sends = [message(tab, handoff, f"m{n}") for n in range(30)]
    sends[11] = message(tab, handoff, "m11", "", attachments=[photo])
    answers = await asyncio.gather(
        door.send(*sends), door.send(*(message(other, theirs, "m1") for other, theirs in talks[1:]))
    )
    assert {code for part in answers for code in codes_of(part)} == {"stored"}
    rows = await in_database(stored)
    assert [client_id for client_id, _ in rows[sends[0].stream]] == [send.client_id for send in sends]
    assert await in_database(lambda: Attachment.objects.get().status) == "sent"
    assert 19 <= door.by_thread <= 30 - 11


async def test_a_connection_that_is_cut_costs_nobody_a_message(talks, door) -> None:
    def cut(pid: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])

    async def talk(tab: Page, handoff: str) -> list[str]:
        return [code_of((await door.send(message(tab, handoff, f"m{n}")))[0]) for n in range(25)]

    talking = [asyncio.create_task(talk(tab, handoff)) for tab, handoff in talks]
    for _ in range(4):
        await asyncio.sleep(0.05)
        await in_database(cut, pid := door.backend_pid())
        await door.until_open(after=pid)
    codes = Counter(code for codes in await asyncio.gather(*talking) for code in codes)
    # A repeat: its transaction had been committed when its answer was cut off.
    assert set(codes) <= {"stored", "repeat"}
    assert sum(map(len, (await in_database(stored)).values())) == 25 * len(talks)
    before = door.by_thread
    assert codes_of(await door.send(message(*talks[0], "after"))) == ["stored"]
    assert door.by_thread == before


async def talk_on(door: Door, tab: Page, handoff: str, chance: random.Random) -> list[Send]:
    """Sixty messages in bursts, some with a file that is not there; answers the others once all are answered."""
    sends: list[Send] = []
    answers: list[Answer] = []
    for number in range(60):
        files = ["at_absent"] if chance.random() < 0.1 else []
        sends.append(message(tab, handoff, f"m{number}", attachments=files))
        door.batcher.submit(sends[-1], answers.append, loop=asyncio.get_running_loop())
        if chance.random() < 0.4:
            await asyncio.sleep(chance.random() / 100)
    async with asyncio.timeout(30):
        while len(answers) < len(sends):
            await asyncio.sleep(0.01)
    return [send for send in sends if not send.attachments]


async def test_the_order_of_a_talk_is_kept_while_batches_fail(talks, door, monkeypatch) -> None:
    chance, look = random.Random(11), engines.read_look

    def fail_now_and_then(answers: Any) -> Any:
        if chance.random() < 0.3:
            raise ValueError("not this time")
        return look(answers)

    monkeypatch.setattr(engines, "read_look", fail_now_and_then)
    said = await asyncio.gather(*(talk_on(door, tab, handoff, chance) for tab, handoff in talks))
    rows = await in_database(stored)
    for sends in said:
        assert [client_id for client_id, _ in rows[sends[0].stream]] == [send.client_id for send in sends]
    assert door.by_thread
    assert not door.lane._elsewhere


@pytest.mark.parametrize("step", ["read_look", "piped_write"])
async def test_what_fails_here_is_tried_by_the_thread(talks, door, monkeypatch, step) -> None:
    def fail(*_: Any) -> Any:
        raise ValueError("not this time")

    monkeypatch.setattr(engines, step, fail)
    answers = await door.send(*(message(tab, handoff, f"m{n}") for n in range(5) for tab, handoff in talks))
    assert codes_of(answers) == ["stored"] * 30
    assert door.by_thread == 30
    await in_database(stored)


async def test_a_connection_that_breaks_as_it_is_taken_over_is_made_anew(talks, door, monkeypatch) -> None:
    broken: list[str] = []

    def break_once(*_: Any, **__: Any) -> Any:
        monkeypatch.undo()
        broken.append("once")
        raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr(lane, "Pipeline", break_once)
    assert door.lane._pipe is not None
    door.lane._pipe.close()
    async with asyncio.timeout(10):
        while not broken or not door.lane._pipe.is_open:
            await asyncio.sleep(0.01)
    assert codes_of(await door.send(message(*talks[0], "m1"))) == ["stored"]
    assert door.by_thread == 0


async def test_where_no_thread_can_be_started_the_sender_is_told_and_the_lane_goes_on(talks, door, monkeypatch) -> None:
    tab, handoff = talks[0]

    def refuse(self: Any) -> None:
        raise RuntimeError("can't start new thread")

    sends = [message(tab, handoff, "m1", attachments=["at_absent"]), message(*talks[1], "m1")]
    with monkeypatch.context() as limited:
        limited.setattr(threading.Thread, "start", refuse)
        assert codes_of(await door.send(*sends)) == ["not_saved", "stored"]
    assert codes_of(await door.send(message(tab, handoff, "m2"), *sends)) == ["stored", "attachment_gone", "repeat"]
    assert not door.lane._elsewhere


async def test_what_fails_after_the_commit_costs_nobody_an_answer(talks, door, monkeypatch) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("not this time")

    with monkeypatch.context() as failing:
        failing.setattr(lane.log, "announce", fail)
        assert codes_of(await door.send(message(*talks[0], "m1"))) == ["stored"]
    assert codes_of(await door.send(message(*talks[0], "m1"), message(*talks[0], "m2"))) == ["repeat", "stored"]
    await in_database(stored)


async def test_readers_are_told_once_and_only_of_what_is_committed(talks, door, monkeypatch) -> None:
    announced: list[str] = []
    monkeypatch.setattr(log.hub, "announce", lambda entries: announced.extend(e.data["text"] for e in entries))
    tab, handoff = talks[0]
    await door.send(message(tab, handoff, "m1", "one"), message(tab, handoff, "m1", "one"), message(tab, "ho_no", "m2"))
    assert announced == ["one"]


async def test_too_much_is_refused_and_nothing_of_it_is_lost(talks, door, monkeypatch) -> None:
    monkeypatch.setattr(batch, "BACKLOG_LIMIT", 10)
    tab, handoff = talks[0]
    loop, answers = asyncio.get_running_loop(), []
    for number in range(10):
        door.batcher.submit(message(tab, handoff, f"m{number}"), answers.append, loop=loop)
    with pytest.raises(DomainError, match="Too much is waiting"):
        door.batcher.submit(message(tab, handoff, "m10"), answers.append, loop=loop)
    async with asyncio.timeout(10):
        while len(answers) < 10:
            await asyncio.sleep(0.01)
    assert codes_of(answers) == ["stored"] * 10
