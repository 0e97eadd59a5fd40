"""R19, R21, R25 and clients that ask for too much: resume tells the truth, a restart or an expiry loses nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
import websockets

from tests.faults import ledger
from tests.faults.checker import assert_kept
from tests.faults.figures import note, short_or_full
from tests.faults.guests import Guests, Watch, connect
from tests.faults.house import CONFIGURATION, intervals
from tests.faults.people import Agent, Customer
from tests.faults.person import Person
from tests.faults.stack import Process, Stack, off_loop
from tests.faults.wire import Frame, Socket

# As the product has it: who is further behind starts anew from a snapshot.
REPLAY_LIMIT: Final = 1000
JOURNEY: Final = {
    "steps": [
        {"path": "/dispute/1", "title": "Which charge?", "status": "done", "at": "2026-01-05T10:00:40.000Z"},
        {"name": "upload", "path": "/dispute/2", "status": "failed", "error": "FILE_TOO_LARGE",
         "at": "2026-01-05T10:01:30.000Z"},
    ],
    "facts": [{"key": "charge", "label": "Charge", "value": "GBP 42.10, Corner Cafe"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(servers=2, workers=0, configuration=CONFIGURATION, **intervals(REVOCATION=0.5, TICK=1)) as running:
        yield running


# -- R19: resume tells the truth


async def test_r19_another_epoch_a_cursor_ahead_and_one_too_old_are_all_told(stack: Stack) -> None:
    async with Guests(stack) as guests:
        maya, amira = await guests.customer(), await guests.agent(0)
        handoff = await connect(maya, amira)
        stream = f"handoff/{handoff}"
        for person in (maya, amira):
            person.view.cursors[stream] += REPLAY_LIMIT
            await told_to_start_anew(person, "ahead")
        await off_loop(stack.manage, "new_epoch")
        for person in (maya, amira):
            await told_to_start_anew(person, "epoch_changed")
        behind = maya.view.cursors[stream]
        await asyncio.gather(*(amira.say(handoff, f"line {number}") for number in range(REPLAY_LIMIT + 1)))
        await maya.has_read(await amira.read_log(handoff), seconds=30)
        maya.view.cursors[stream] = behind
        await told_to_start_anew(maya, "too_old")
        # Exactly as far behind as is replayed: whole, and without a word.
        maya.view.cursors[stream] -= REPLAY_LIMIT
        await come_back(maya)
        await maya.has_read(await maya.read_log(), seconds=30)
        assert len(guests.history.of("resync", who=maya.name)) == 3
        assert await maya.say(handoff, "it goes on") is not None
        await amira.has_read(await maya.read_log(), seconds=10)
        assert_kept(guests.history)
    note("R19", "epoch_changed, ahead, too_old: each told, nothing shown in part")


async def come_back(person: Person) -> Watch:
    """The socket is cut, and the next one is welcome."""
    watch = Watch(person)
    assert person.socket is not None
    person.socket.abort()
    await watch.until(is_welcome)
    return watch


def is_welcome(frame: Frame) -> bool:
    return bool(frame["ev"] == "welcome")


async def told_to_start_anew(person: Person, reason: str) -> None:
    """Next to the welcome, before any event of the past, and that is how it goes on."""
    watch = await come_back(person)
    place = next(place for place, frame in enumerate(watch.frames) if is_welcome(frame)) + 1
    await watch.until(lambda frame: len(watch.frames) > place)
    told = watch.frames[place]
    assert (told["ev"], told.get("reason")) == ("resync", reason), told


# -- R21: nothing lives in memory alone


async def test_r21_everything_restarted_at_any_step_of_a_journey_leaves_all_of_it_as_it_was() -> None:
    servers, workers = short_or_full((1, 0), (2, 2))
    # A restart of everything may take its time here: nothing is due before it is over.
    patient = CONFIGURATION.replace("offer_seconds = 25", "offer_seconds = 300")
    with Stack(servers=servers, workers=workers, configuration=patient, LEASE=300, AGENT_GRACE=300) as stack:
        async with Guests(stack) as guests:
            first, maya = await guests.customer(), await guests.customer()
            amira = await guests.agent(0, available=False)
            await first.click()
            handoff = await maya.click(statement="I did not buy this coffee.", journey=JOURNEY)

            async def unchanged(step: str) -> None:
                before = await everything(maya, amira)
                await off_loop(restart, stack)
                after = await everything(maya, amira)
                assert after == before, step
                assert before["seen"]["state"] == step, before

            await unchanged("queued")
            assert (await everything(maya, amira))["seen"]["position"] == 2
            at_amira = Watch(amira)
            await amira.command("availability.set", available=True)
            offer = (await at_amira.offer(handoff))["data"]
            await unchanged("offered")
            await amira.command("offer.accept", offer=offer["id"], token=offer["token"])
            await maya.say(handoff, "are you there?")
            await amira.command("note.add", handoff=handoff, text="a note")
            await unchanged("connected")
            await amira.command("handoff.end", handoff=handoff)
            await unchanged("wrap_up")
            await amira.command("handoff.wrap_up", handoff=handoff, disposition="resolved")
            await maya.read_log(handoff)
            assert_kept(guests.history)
    note(
        "R21",
        f"{servers + workers} processes and Redis killed while queued, offered, connected, wrapping up: all as it was",
    )


def restart(stack: Stack) -> None:
    processes = [*stack.servers, *stack.workers]
    for process in processes:
        process.kill()
    stack.redis.kill()
    stack.redis.start()
    for process in processes:
        process.start(wait=False)
    for process in processes:
        process.wait_until_ready()


async def everything(maya: Customer, amira: Agent) -> dict[str, Any]:
    """What both sides are shown of the handoff, without what is about this very moment."""
    handoff = maya.handoff
    seen = (await maya.insist("GET", f"handoffs/{handoff}")).body
    receipt = (await maya.insist("GET", f"handoffs/{handoff}/receipt")).body
    events = (await maya.insist("GET", f"handoffs/{handoff}/events?after=0")).body["events"]
    await amira.online()
    snapshot = next(frame for frame in (await come_back(amira)).frames if is_welcome(frame))["snapshot"]
    desk = {name: snapshot[name] for name in ("offers", "handoffs")}
    shown = json.dumps({"seen": seen, "receipt": receipt, "events": events, "desk": desk})
    found: dict[str, Any] = json.loads(shown, object_hook=_lasting)
    return found


def _lasting(part: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name not in ("estimate", "presence", "agent_presence")}


# -- R25: an expired identity never kills a talk

EXPIRED: Final = "UPDATE handoff_session SET expires_at = now() - interval '1 second' WHERE ended_at IS NULL"
IDLE: Final = "UPDATE handoff_session SET seen_at = now() - interval '2 hours' WHERE ended_at IS NULL"


@pytest.mark.parametrize("ends", [EXPIRED, IDLE], ids=["expired", "idle"])
async def test_r25_a_session_that_ends_is_asked_for_again_and_the_talk_goes_on(stack: Stack, ends: str) -> None:
    async with Guests(stack) as guests:
        amira = await guests.agent(0)
        talking, waiting = await guests.customer(), await guests.customer()
        handoff = await connect(talking, amira)
        await amira.command("availability.set", available=False)
        queued = await waiting.click(statement="I wait.")
        place = await place_of(waiting)
        ledger.change(stack.database_url, ends)
        for customer in (talking, waiting):
            await closed_with(guests, customer, 4401)
            refused = await customer.call("GET", f"handoffs/{customer.handoff}")
            assert (refused.status, refused.code) == (401, "session_expired")
            assert "session_expired" in refused.headers["www-authenticate"]
        assert await amira.say(handoff, "take your time") is not None
        written = talking.say(handoff, "written while signed out")
        for customer in (talking, waiting):
            customer.session = ""
            await customer.arrive()
            await customer.online()
        assert await written is not None
        assert (talking.state, waiting.state) == ("connected", "queued")
        assert await place_of(waiting) == place
        assert (await waiting.insist("GET", f"handoffs/{queued}")).body["statement"] == "I wait."
        await talking.has_read(await talking.read_log(), seconds=10)
        await amira.has_read(await amira.read_log(handoff), seconds=10)
        assert_kept(guests.history)
    note("R25", "a session that ran out: 4401, a fresh token, the same talk and the same place, nothing lost")


async def place_of(customer: Customer) -> tuple[int, str]:
    body = (await customer.insist("GET", f"handoffs/{customer.handoff}")).body
    return body["position"], body["enqueued_at"]


async def closed_with(guests: Guests, person: Person, code: int) -> None:
    async with asyncio.timeout(10):
        while not any(record["code"] == code for record in guests.history.of("closed", who=person.name)):
            await asyncio.sleep(0.05)


# -- clients that ask for too much


async def test_who_sends_too_much_or_too_big_is_told_and_disturbs_nobody(stack: Stack) -> None:
    strict = await off_loop(stack.add_server, HANDOFF_LIMIT_SCALE="1")
    try:
        async with Guests(stack) as guests:
            maya, amira = await guests.customer(stack.ports[0]), await guests.agent(0)
            handoff = await connect(maya, amira)
            greedy = await guests.customer(stack.ports[0])
            await refused_over_http(greedy, strict)
            for frame, code in {"x" * 70_000: 4413, "x" * 2_000_000: 1009}.items():
                assert await ends_with(greedy, strict, [frame]) == code
            assert await ends_with(greedy, strict, ["{", "[]", "nothing"]) == 4400
            assert await ends_with(greedy, strict, ['{"cmd": "ping", "id": "p"}'] * 300) == 4429
            assert await maya.say(handoff, "undisturbed") is not None
            await maya.read_log()
            assert_kept(guests.history)
    finally:
        stack.remove(strict)


async def refused_over_http(greedy: Customer, strict: Process) -> None:
    """Twenty in ten seconds, and then when to come back."""
    handoff = await greedy.click("mortgage")
    answers = []
    for number in range(22):
        body = {"client_id": f"greedy-{number}", "text": "more"}
        answers.append(await greedy.call("POST", f"handoffs/{handoff}/messages", body, port=strict.port))
    assert {answer.status for answer in answers[:20]} == {201}
    assert (answers[-1].status, answers[-1].code) == (429, "rate_limited")
    assert int(answers[-1].headers["retry-after"]) >= 1


async def ends_with(customer: Customer, server: Process, frames: list[str]) -> int:
    """How a socket that sends these is closed."""
    assert server.port is not None
    socket = await Socket.open(server.port, "customer", customer.origin())
    ticket = await customer.ticket(server.port)
    await socket.send({"cmd": "hello", "ticket": ticket, "resume": None, "client": "faults/1"})
    await socket.connection.recv()
    try:
        for frame in frames:
            await socket.connection.send(frame)
        async with asyncio.timeout(15):
            async for _ in socket:
                pass
    except websockets.ConnectionClosed:
        pass
    return socket.close_code


def test_a_second_process_without_redis_does_not_start_on_postgresql_either() -> None:
    with Stack(servers=1, workers=0, redis=False, configuration=CONFIGURATION) as stack:
        second = stack.add_server(wait=False)
        assert second.child is not None
        assert second.child.wait(60) != 0
        assert "REDIS_URL" in second.log.read_text()
        stack.servers[0].wait_until_ready()
