"""R8, R9, R10, R14, R22: one offer and one owner at a time, in turn, and nobody stranded."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Final

import pytest

from tests.faults import ledger, line
from tests.faults.checker import assert_kept
from tests.faults.figures import FULL, note, short_or_full
from tests.faults.guests import PATIENCE_SECONDS, Guests, Watch, close, connect, is_offer_of
from tests.faults.history import History
from tests.faults.house import CONFIGURATION, QUICK_SECONDS, SINGLES, intervals
from tests.faults.lone_agent import LoneAgent
from tests.faults.nemesis import Nemesis, kill_server, kill_worker
from tests.faults.people import Agent, Customer
from tests.faults.stack import Stack
from tests.faults.wire import Frame, Unreachable

# What an offer may need beyond its time to reach the next agent (R10).
LATE_SECONDS: Final = 5.0
# The router does not wait long for a row that somebody is writing: the next of its rounds takes that one (R22).
ROUND_SECONDS: Final = 3.0
GRACE_SECONDS: Final = short_or_full(intervals()["AGENT_GRACE"], 60)
LEASE_SECONDS: Final = short_or_full(intervals()["LEASE"], 45)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    changes: dict[str, Any] = {} if FULL else intervals()
    with Stack(servers=2, workers=1, configuration=CONFIGURATION, **changes) as running:
        yield running


@pytest.fixture
async def guests(stack: Stack) -> AsyncIterator[Guests]:
    async with Guests(stack) as people:
        yield people


# -- R8: at most one live offer, at most one owner


@pytest.fixture
def crowded(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The shared deployment will do for the short form; the promise is about eight processes."""
    if not FULL:
        yield request.getfixturevalue("stack")
        return
    with Stack(servers=4, workers=4, configuration=CONFIGURATION, **intervals()) as stack:
        yield stack


async def test_r8_no_handoff_has_two_offers_or_two_owners_while_processes_are_killed(crowded: Stack) -> None:
    agents, customers, kills = short_or_full((8, 12, 3), (20, 40, 25))
    async with Guests(crowded) as guests:
        with ledger.watched(crowded.database_url, guests.history):
            desks = [await guests.agent(number, decide=whim(number)) for number in range(agents)]
            people = [await guests.customer() for _ in range(customers)]
            async with busy(*(work(desk) for desk in desks), *(come_again(one) for one in people)):
                faults = [kill_server, kill_worker]
                async with Nemesis(crowded, guests.history, faults=faults, every=(1, 3)) as nemesis:
                    while nemesis.count < kills:
                        await asyncio.sleep(0.1)
        for desk in desks:
            desk.decide, desk.available = nothing, False
        # Whoever was in line goes, so that nothing moves on behind the readers of the logs.
        await asyncio.gather(*(guests.let_go(one) for one in people))
        await asyncio.gather(*(read_all(one, guests.history) for one in people))
        assert_kept(guests.history)
    assert not (seen := guests.history.of("broken")), [record["promise"] for record in seen[:5]]
    assert not (broken := ledger.broken_promises(crowded.database_url)), broken
    ((taken,),) = ledger.rows(crowded.database_url, "SELECT count(*) FROM handoff_offer WHERE status = 'accepted'")
    assert taken >= agents, "hardly anybody worked: the row would say nothing"
    processes = len(crowded.servers) + len(crowded.workers)
    note("R8", f"0 doubles in {taken} talks of {agents} agents, {kills} kills among {processes} processes")


def nothing(offer: Frame) -> None:
    """Lets it ring."""


def whim(seed: int) -> Callable[[Frame], str | None]:
    """Takes most, declines some, and misses the rest."""
    choice = random.Random(seed)
    return lambda offer: choice.choices(["accept", "decline", None], [6, 2, 1])[0]


async def work(agent: Agent) -> None:
    """At the desk: a few words, the end, the wrap-up; back at work whenever the router thinks otherwise."""
    while True:
        await asyncio.sleep(0.1)
        with contextlib.suppress(Unreachable):
            for handoff in list(agent.owned):
                agent.say(handoff, "how can I help?")
                await close(agent, handoff)
            if not agent.at_work:
                await agent.command("availability.set", available=True)


async def read_all(customer: Customer, history: History) -> None:
    for clicked in history.of("clicked", who=customer.name):
        await customer.read_log(clicked["handoff"])


async def come_again(customer: Customer) -> None:
    while True:
        handoff = await customer.click("lost-card")
        state = "queued"
        while state not in ("wrap_up", "closed"):
            await asyncio.sleep(0.3)
            state = (await customer.insist("GET", f"handoffs/{handoff}")).body["state"]


@contextlib.asynccontextmanager
async def busy(*everybody: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """They do this while the block runs; what goes wrong for one of them is raised."""
    tasks = [asyncio.create_task(one) for one in everybody]
    try:
        yield
        for task in tasks:
            assert not task.done() or task.exception() is None, task.exception()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_r8_of_all_who_accept_at_once_exactly_one_wins(stack: Stack, guests: Guests) -> None:
    """The agent who was offered it, from a socket on each server, and another agent with a token that is not theirs."""
    lanes = short_or_full(3, 5)
    rounds = short_or_full(60, 1000) // lanes
    sides = [[await guests.agent(lane, port) for port in stack.ports] for lane in range(lanes)]
    thief = await guests.agent(12, available=False)
    customers = [await guests.customer() for _ in range(lanes)]
    async with asyncio.TaskGroup() as group:
        for customer in customers:
            group.create_task(compete(customer, sides, thief, rounds))
    assert_kept(guests.history)
    won = len(guests.history.of("answer", cmd="offer.accept", code=None))
    assert won == rounds * lanes
    note("R8", f"exactly one winner in each of {won} rounds")


async def compete(customer: Customer, sides: list[list[Agent]], thief: Agent, rounds: int) -> None:
    watches = [(Watch(first), first, second) for first, second in sides]
    for _ in range(rounds):
        handoff = await customer.click()
        offered = [asyncio.create_task(watch.offer(handoff)) for watch, _, _ in watches]
        done, others = await asyncio.wait(offered, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()
        chosen = next(index for index, task in enumerate(offered) if task in done)
        offer, (_, first, second) = offered[chosen].result()["data"], watches[chosen]
        answers = await asyncio.gather(
            *(one.command("offer.accept", offer=offer["id"], token=offer["token"]) for one in (thief, second, first))
        )
        assert sorted(answer.get("code", "won") for answer in answers) == ["offer_gone", "offer_gone", "won"], answers
        assert answers[0]["ev"] == "error", "it was taken by somebody to whom it was not offered"
        await close(first, handoff)


# -- R9: what is over cannot be accepted


async def refuse_all(agents: list[Agent], offers: list[Frame]) -> None:
    """Each of these agents is refused each of these offers, with each token there is."""
    for agent in agents:
        for offer in offers:
            for token in {one["token"] for one in offers}:
                answer = await agent.command("offer.accept", offer=offer["id"], token=token)
                assert answer.get("code") == "offer_gone", answer


async def test_r9_an_offer_that_ran_out_or_was_declined_cannot_be_accepted(guests: Guests) -> None:
    amira, tomas, neha = [await guests.agent(number, available=number == 0) for number in range(3)]
    maya = await guests.customer()
    watches = {agent: Watch(agent) for agent in (amira, tomas, neha)}
    handoff = await maya.click("lost-card")
    missed = (await watches[amira].offer(handoff))["data"]
    await watches[amira].event("offer.ended", id=missed["id"], status="timed_out")
    await refuse_all([amira, tomas], [missed])
    await hand_over(amira, tomas)
    declined = (await watches[tomas].offer(handoff))["data"]
    answer = await tomas.command("offer.decline", offer=declined["id"], token=declined["token"])
    assert answer["ev"] == "ack"
    await refuse_all([amira, tomas], [missed, declined])
    await hand_over(tomas, neha)
    taken = (await watches[neha].offer(handoff))["data"]
    assert (await neha.command("offer.accept", offer=taken["id"], token=taken["token"]))["ev"] == "ack"
    await refuse_all([amira, tomas, neha], [missed, declined, taken])
    await maya.read_log()
    assert_kept(guests.history)
    assert (await maya.insist("GET", f"handoffs/{handoff}")).body["agent"] == {"name": "Agent 2"}
    refused = len(guests.history.of("answer", cmd="offer.accept", code="offer_gone"))
    note("R9", f"timed out, declined, taken by another: {refused} late accepts, each refused")


async def hand_over(away: Agent, at_work: Agent) -> None:
    """One leaves, so that the line is the other's."""
    await away.command("availability.set", available=False)
    await at_work.command("availability.set", available=True)


async def test_r9_an_offer_that_was_taken_back_cannot_be_accepted(guests: Guests) -> None:
    amira, maya = await guests.agent(0), await guests.customer()
    watch = Watch(amira)
    handoff = await maya.click()
    left = (await watch.offer(handoff))["data"]
    await amira.command("availability.set", available=False)
    await watch.event("offer.ended", id=left["id"], status="withdrawn")
    await refuse_all([amira], [left])
    await amira.command("availability.set", available=True)
    again = await watch.until(lambda frame: is_offer_of(frame, handoff) and frame["data"]["id"] != left["id"])
    await refuse_all([amira], [left])
    assert (await maya.insist("POST", f"handoffs/{handoff}/cancel", {})).status == 200
    await watch.event("offer.ended", id=again["data"]["id"], status="withdrawn")
    await refuse_all([amira], [left, again["data"]])
    await maya.read_log()
    assert_kept(guests.history)
    refused = len(guests.history.of("answer", cmd="offer.accept", code="offer_gone"))
    note("R9", f"withdrawn, cancelled: {refused} late accepts, each refused")


# -- R10: nobody is stranded


async def test_r10_an_offer_to_a_killed_client_reaches_the_next_agent(stack: Stack, guests: Guests) -> None:
    intent, offer_seconds = short_or_full(("lost-card", QUICK_SECONDS), ("dispute-charge", 25))
    tomas, maya = await guests.agent(1, available=False), await guests.customer()
    watch = Watch(tomas)
    async with LoneAgent(stack, 0) as amira:
        await amira.command("1", "availability.set", available=True)
        handoff = await maya.click(intent)
        await amira.frames.offer(handoff)
        await tomas.command("availability.set", available=True)
        amira.kill()
        killed_at = time.monotonic()
        offer = await watch.offer(handoff, seconds=offer_seconds + LATE_SECONDS)
    assert offer["heard_at"] - killed_at <= offer_seconds + LATE_SECONDS
    assert offer["data"]["handoff"]["enqueued_at"] == enqueued_at(guests, handoff)
    waited = offer["heard_at"] - killed_at
    note("R10", f"killed mid-offer: re-offered after {waited:.1f} s, the offer's time being {offer_seconds} s")


async def test_r10_a_talk_whose_agent_is_gone_goes_back_to_its_place(guests: Guests) -> None:
    amira, tomas, maya = await guests.agent(0), await guests.agent(1, available=False), await guests.customer()
    handoff = await connect(maya, amira)
    at_amira, at_tomas, at_maya = Watch(amira), Watch(tomas), Watch(maya)
    began = enqueued_at(guests, handoff)
    await tomas.command("availability.set", available=True)
    await amira.stop()
    stopped_at = time.monotonic()
    await at_maya.until(lambda frame: frame["ev"] == "presence" and frame["status"] == "reconnecting")
    patience = GRACE_SECONDS + LATE_SECONDS
    back = await at_maya.event("handoff.changed", state="queued", seconds=patience)
    assert (back["data"]["enqueued_at"], back["data"]["agent"]) == (began, None)
    assert GRACE_SECONDS / 2 < back["heard_at"] - stopped_at <= patience
    offer = (await at_tomas.offer(handoff))["data"]
    assert offer["handoff"]["enqueued_at"] == began
    await tomas.command("offer.accept", offer=offer["id"], token=offer["token"])
    await at_maya.event("handoff.changed", state="connected", agent={"name": "Agent 1"})
    amira.available = False
    amira.start()
    await at_amira.event("handoff.unassigned", id=handoff, reason="lose_agent")
    assert handoff not in amira.owned
    await maya.read_log()
    assert_kept(guests.history)
    waited = back["heard_at"] - stopped_at
    note("R10", f"gone mid-chat: back at its old place after {waited:.1f} s, the grace being {GRACE_SECONDS:.0f} s")


def enqueued_at(guests: Guests, handoff: str) -> str:
    return str(guests.history.of("clicked", handoff=handoff)[0]["enqueued_at"])


# -- R14: a zombie cannot act


async def test_r14_what_a_frozen_agent_wanted_to_do_is_refused_when_it_wakes(stack: Stack, guests: Guests) -> None:
    tomas = await guests.agent(1, available=False, decide=lambda offer: "accept")
    at_tomas = Watch(tomas)
    maya, ravi = await guests.customer(), await guests.customer()
    async with LoneAgent(stack, 0) as amira:
        await amira.command("1", "availability.set", available=True)
        talk = await maya.click()
        first = await offered(amira, talk)
        await amira.command("2", "offer.accept", offer=first["id"], token=first["token"])
        version = (await amira.frames.event("handoff.assigned", id=talk))["data"]["version"]
        pending = await ravi.click()
        offer = (await amira.frames.offer(pending))["data"]
        amira.freeze()
        wanted = wishes(talk, version) | {"accept": ("offer.accept", {"offer": offer["id"], "token": offer["token"]})}
        for id_, (name, fields) in wanted.items():
            await amira.ask(id_, name, **fields)
        await tomas.command("availability.set", available=True)
        moved_on = GRACE_SECONDS + LEASE_SECONDS + 25 + LATE_SECONDS
        for handoff in (talk, pending):
            await at_tomas.event("handoff.assigned", id=handoff, seconds=moved_on)
        amira.thaw()
        answers = {id_: await amira.answer(id_) for id_ in wanted}
    codes = {id_: answer.get("code") for id_, answer in answers.items()}
    assert codes == {id_: "offer_gone" if id_ == "accept" else "not_found" for id_ in wanted}
    await maya.read_log()
    await ravi.read_log()
    await tomas.read_log(talk, desk=True)
    assert_kept(guests.history)
    for stream in (f"handoff/{talk}", f"handoff/{talk}/desk"):
        said = guests.history.of("final", stream=stream)[-1]["entries"]
        assert not [entry for entry in said if "zombie" in repr(entry)], said
    assert (await maya.insist("GET", f"handoffs/{talk}")).body["state"] == "connected"
    note("R14", f"{len(wanted)} commands of a frozen agent, each refused, nothing of them in the log")


async def offered(agent: LoneAgent, handoff: str) -> dict[str, Any]:
    """Its offer. What a row before left in line is declined: two offers ignored would set the agent to away."""
    declined: set[str] = set()
    while True:
        frame = await agent.frames.until(
            lambda frame: frame.get("type") == "offer.made" and frame["data"]["id"] not in declined,
            seconds=25 + PATIENCE_SECONDS,
        )
        offer: dict[str, Any] = frame["data"]
        if is_offer_of(frame, handoff):
            return offer
        declined.add(offer["id"])
        await agent.ask(f"decline-{len(declined)}", "offer.decline", offer=offer["id"], token=offer["token"])


def wishes(handoff: str, version: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """Everything an owner may do, each as a client that minds the version and as one that does not."""
    owners = {
        "say": ("message.send", {"client_id": "zombie-say", "text": "zombie: still there?"}),
        "note": ("note.add", {"client_id": "zombie-note", "text": "zombie: a note"}),
        "fact": ("fact.add", {"key": "zombie", "value": "zombie"}),
        "end": ("handoff.end", {}),
        "wrap-up": ("handoff.wrap_up", {"disposition": "resolved"}),
    }
    plain = {id_: (name, fields | {"handoff": handoff}) for id_, (name, fields) in owners.items()}
    return plain | {f"{id_}-{version}": (name, fields | {"version": version}) for id_, (name, fields) in plain.items()}


# -- R22: the line is fair


async def test_r22_nobody_is_passed_over(stack: Stack, guests: Guests) -> None:
    """Several workers serve one line whose people come, go on clicking, are declined, missed and offered again."""
    count, agents = short_or_full((24, 2), (300, 6))
    people = [await guests.customer() for _ in range(count)]
    intents = random.Random(22).choices(["lost-card", "stolen-card", "mortgage"], [6, 2, 1], k=count)
    desks = [await guests.agent(number, available=False, decide=whim(number)) for number in SINGLES[:agents]]
    first = count // 2
    for customer, intent in zip(people[:first], intents, strict=False):
        await customer.click(intent)
    async with busy(*(work(desk) for desk in desks), *(read_on(one) for one in people)):
        for customer, intent in zip(people[first:], intents[first:], strict=True):
            await customer.click(intent)
        plain = [one for one, intent in zip(people, intents, strict=True) if intent != "mortgage"]
        await until_served(plain, seconds=short_or_full(60, 600))
    clicked = {str(record["handoff"]) for record in guests.history.of("clicked")}
    excluded_seconds = short_or_full(intervals()["DECLINED"], 60)
    passed = line.passed_over(stack.database_url, clicked, excluded_seconds=excluded_seconds)
    lasting = [one for one in passed if one.seconds > ROUND_SECONDS]
    assert not lasting, f"{len(lasting)} times, for one: {lasting[0]}"
    made = line.offers(stack.database_url, clicked)
    assert len({offer.agent for offer in made}) >= agents
    brief = f"{len(passed)} times by one round, while a row was being written"
    note("R22", f"0 inversions that last in {len(made)} offers from a line of {count}; {brief}")


async def read_on(customer: Customer) -> None:
    """Who waits looks around on the site: their handoff's row is often being written when the router comes by."""
    while True:
        await asyncio.sleep(random.uniform(*short_or_full((1, 3), (5, 15))))
        if customer.state == "queued":
            step = {"path": "/help", "status": "done", "at": "2026-01-05T10:00:00.000Z"}
            await customer.insist("POST", f"handoffs/{customer.handoff}/journey", {"steps": [step]})


async def until_served(people: list[Customer], *, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        for customer in people:
            while customer.state in ("queued", "offered"):
                await asyncio.sleep(0.1)
