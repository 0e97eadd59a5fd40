"""R11, R12: what is due fires once, by the database's clock, whoever was down and whatever the time elsewhere."""

from __future__ import annotations

import asyncio
import glob
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from tests.faults import ledger
from tests.faults.checker import assert_kept
from tests.faults.figures import FULL, note, short_or_full
from tests.faults.guests import Guests, Watch
from tests.faults.history import History
from tests.faults.house import CONFIGURATION, QUICK_SECONDS, intervals
from tests.faults.people import Agent, Customer
from tests.faults.stack import Stack, off_loop, random_subject
from tests.faults.wire import Answer, Network, Socket

LATE_SECONDS: Final = 5.0
SKEW_SECONDS: Final = 90
# Clocks apart by this much may still call a moment the same.
NEAR_SECONDS: Final = 2.0

# -- R11

# How many handoffs there are of each kind that a clock moves. The last two are about somebody's absence.
DUE: Final = short_or_full(
    {"offered": 10, "wrap_up": 8, "connected": 6, "queued": 6},
    {"offered": 40, "wrap_up": 24, "connected": 18, "queued": 18},
)
ABSENCE: Final = ("connected", "queued")
BECOMES: Final = {"offered": "queued", "wrap_up": "closed", "connected": "wrap_up", "queued": "closed"}
GONE_SECONDS: Final = 5
# Time passes while nobody is there to see it: everything that has a clock moves back by an hour. Whose clock it is
# not is there and wants nothing more, so that nothing but these clocks moves anything.
AN_HOUR_PASSES: Final = (
    "UPDATE handoff_serverbeat SET since = since - interval '1 hour', beat_at = beat_at - interval '1 hour'",
    "UPDATE handoff_offer SET made_at = made_at - interval '1 hour', expires_at = expires_at - interval '1 hour'",
    "UPDATE handoff_handoff SET ended_at = ended_at - interval '1 hour' WHERE state = 'wrap_up'",
    "UPDATE handoff_handoff SET signed_out_at = signed_out_at - interval '1 hour' WHERE signed_out_at IS NOT NULL",
    """UPDATE handoff_customer SET seen_at = seen_at - interval '1 hour', present_until = NULL WHERE id IN (
        SELECT customer_id FROM handoff_handoff WHERE state = 'queued')""",
    """UPDATE handoff_customer SET seen_at = now() + interval '1 hour' WHERE id IN (
        SELECT customer_id FROM handoff_handoff WHERE state = 'offered')""",
    """UPDATE handoff_agent SET wanted = false, seen_at = now() + interval '1 hour',
        heard_at = now() + interval '1 hour', lease_expires_at = now() + interval '1 hour'""",
)


async def test_r11_what_came_due_while_everything_was_down_happens_once_when_it_is_up() -> None:
    """Nobody is taken for gone who could not come in: those clocks wait until a server has been there for as long."""
    impatient = {f"HANDOFF_{name}_SECONDS": str(GONE_SECONDS) for name in ("CUSTOMER_GONE", "LOGGED_OUT")}
    with Stack(servers=1, workers=0, configuration=CONFIGURATION, TICK=1) as stack:
        due = await prepare(stack)
        stack.servers[0].kill()
        ((head,),) = ledger.rows(stack.database_url, "SELECT max(id) FROM handoff_logentry")
        assert {state: len(ids) for state, ids in due.items()} == DUE == states(stack)
        ledger.change(stack.database_url, *AN_HOUR_PASSES)
        for _ in range(3):
            stack.add_worker(**impatient)
        began = await first_beat(stack)
        prompt = {id_: [BECOMES[state]] for state, ids in due.items() for id_ in ids if state not in ABSENCE}
        late = await fired(stack, set(prompt), head, began)
        # Whoever else wanted to do the same has had a turn to do so.
        await asyncio.sleep(2)
        assert moves_since(stack, head) == prompt
        await off_loop(stack.servers[0].start, **impatient)
        absent = {id_: [BECOMES[state]] for state in ABSENCE for id_ in due[state]}
        reachable = await served_since(stack) + timedelta(seconds=GONE_SECONDS)
        late = max(late, await fired(stack, set(absent), head, reachable))
        await asyncio.sleep(2)
        assert moves_since(stack, head) == prompt | absent
    assert late <= LATE_SECONDS
    note(
        "R11",
        f"{sum(DUE.values())} timers of {len(DUE)} kinds, 4 processes at once: once each, {late:.1f} s late at most",
    )


async def prepare(stack: Stack) -> dict[str, list[str]]:
    """So many handoffs in each state that a clock ends; answers their ids."""
    history, network = History(), Network(stack.ports)
    talkers, hesitant = agents_for(stack, history, network)
    connected = await click_all(stack, history, network, DUE["wrap_up"] + DUE["connected"])
    await asyncio.gather(*(talker.online() for talker in talkers))
    await until_states(stack, connected=len(connected))
    for talker in talkers:
        await talker.command("availability.set", available=False)
    for customer in connected[: DUE["wrap_up"]]:
        await customer.insist("POST", f"handoffs/{customer.handoff}/end")
    for customer in connected[DUE["wrap_up"] :]:
        await customer.insist("DELETE", "sessions")
    for agent in hesitant:
        agent.start()
        await agent.online()
        await agent.command("availability.set", available=True)
    offered = await click_all(stack, history, network, DUE["offered"])
    await until_states(stack, offered=len(offered))
    queued = await click_all(stack, history, network, DUE["queued"])
    await asyncio.gather(*(agent.stop() for agent in (*talkers, *hesitant)))
    groups = {"offered": offered, "wrap_up": connected[: DUE["wrap_up"]], "queued": queued}
    groups["connected"] = connected[DUE["wrap_up"] :]
    return {state: [str(one.handoff) for one in group] for state, group in groups.items()}


def agents_for(stack: Stack, history: History, network: Network) -> tuple[list[Agent], list[Agent]]:
    """Some who take everything, at work; and just enough who answer nothing, not yet."""
    count = -(-(DUE["wrap_up"] + DUE["connected"]) // 10)
    everybody = [Agent(one, stack, network, history) for one in stack.agents[: count + DUE["offered"] // 10]]
    talkers, hesitant = everybody[:count], everybody[count:]
    for talker in talkers:
        talker.start()
    for agent in hesitant:
        agent.available, agent.decide = False, lambda offer: None
    return talkers, hesitant


async def click_all(stack: Stack, history: History, network: Network, count: int) -> list[Customer]:
    customers = [Customer(random_subject(), stack, network, history) for _ in range(count)]
    for customer in customers:
        await customer.arrive()
        await customer.click()
    return customers


def states(stack: Stack) -> dict[str, int]:
    query = "SELECT state, count(*) FROM handoff_handoff GROUP BY state"
    return {str(state): int(count) for state, count in ledger.rows(stack.database_url, query)}


async def until_states(stack: Stack, **wanted: int) -> None:
    async with asyncio.timeout(30):
        while any(states(stack).get(state) != count for state, count in wanted.items()):
            await asyncio.sleep(0.1)


async def first_beat(stack: Stack) -> datetime:
    """When the first of the workers was up."""
    names = [f"%-{worker.pid}" for worker in stack.workers]
    return await moment(stack, "SELECT min(beat_at) FROM handoff_workerbeat WHERE name LIKE ANY(?)", names)


async def served_since(stack: Stack) -> datetime:
    """When people could come in again."""
    name = f"%-{stack.servers[0].pid}"
    return await moment(stack, "SELECT since FROM handoff_serverbeat WHERE name LIKE ?", name)


async def moment(stack: Stack, query: str, value: object) -> datetime:
    """The first time there is one."""
    async with asyncio.timeout(60):
        while not (found := ledger.rows(stack.database_url, query, value)) or found[0][0] is None:
            await asyncio.sleep(0.05)
    answer: datetime = found[0][0]
    return answer


async def fired(stack: Stack, wanted: set[str], head: int, due_at: datetime) -> float:
    """How much later than that the last of them was."""
    until = time.monotonic() + 30
    while missing := wanted - moves_since(stack, head).keys():
        assert time.monotonic() < until, f"{len(missing)} have not fired: {states(stack)}\n{stack.log_text()}"
        await asyncio.sleep(0.1)
    query = """
        SELECT max(at) FROM handoff_logentry e JOIN handoff_handoff h ON h.id = e.handoff_id
        WHERE e.id > ? AND e.type = 'handoff.changed' AND h.public_id = ANY(?)
    """
    ((last,),) = ledger.rows(stack.database_url, query, head, list(wanted))
    seconds: float = (last - due_at).total_seconds()
    return seconds


def moves_since(stack: Stack, head: int) -> dict[str, list[str]]:
    query = """
        SELECT h.public_id, e.data->>'state' FROM handoff_logentry e JOIN handoff_handoff h ON h.id = e.handoff_id
        WHERE e.id > ? AND e.type = 'handoff.changed' ORDER BY e.id
    """
    found: dict[str, list[str]] = {}
    for handoff, state in ledger.rows(stack.database_url, query, head):
        found.setdefault(handoff, []).append(state)
    return found


# -- R12


def skewed(seconds: int) -> dict[str, str]:
    """What makes a process believe in another time of day; its monotonic clock goes on as a wrong machine's does."""
    libraries = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    assert libraries, "faketime is not installed. On Debian: apt-get install faketime"
    return {"LD_PRELOAD": libraries[0], "FAKETIME": f"{seconds:+d}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.fixture(scope="module")
def skewed_stack() -> Iterator[Stack]:
    """One server with its worker in the future, one in the past, further apart than most intervals are long."""
    changes = intervals(SESSION_IDLE=60, TICKET_LIFE=10, WRAP_UP=3)
    with Stack(servers=0, workers=0, configuration=CONFIGURATION, **changes) as stack:
        for seconds in (SKEW_SECONDS, -SKEW_SECONDS):
            stack.add_server(wait=False, **skewed(seconds))
            if FULL:
                stack.add_worker(**skewed(seconds))
        for server in stack.servers:
            server.wait_until_ready()
        yield stack


@pytest.fixture
def ahead(skewed_stack: Stack) -> int:
    return skewed_stack.ports[0]


@pytest.fixture
def behind(skewed_stack: Stack) -> int:
    return skewed_stack.ports[1]


async def test_r12_with_wrong_clocks_nothing_is_early_and_the_order_is_by_seq(
    skewed_stack: Stack, ahead: int, behind: int
) -> None:
    async with Guests(skewed_stack) as guests:
        maya, ravi = await guests.customer(ahead), await guests.customer(behind)
        amira = await guests.agent(0, behind)
        at_maya, at_amira = Watch(maya), Watch(amira)
        waiting = await ravi.click("mortgage")
        handoff = await maya.click("lost-card")
        offer = await at_amira.offer(handoff)
        missed = await at_amira.event("offer.ended", id=offer["data"]["id"], status="timed_out")
        assert QUICK_SECONDS - 0.5 <= missed["heard_at"] - offer["heard_at"] <= QUICK_SECONDS + LATE_SECONDS
        again = await at_amira.until(lambda frame: _is_another_offer(frame, offer))
        answer = await amira.command("offer.accept", offer=again["data"]["id"], token=again["data"]["token"])
        assert answer["ev"] == "ack", answer
        for number in range(10):
            await maya.say(handoff, f"question {number}")
            await amira.say(handoff, f"answer {number}")
        await amira.command("handoff.end", handoff=handoff)
        ended = await at_maya.event("handoff.changed", state="wrap_up")
        closed = await at_maya.event("handoff.changed", state="closed")
        assert 2.5 <= closed["heard_at"] - ended["heard_at"] <= 3 + LATE_SECONDS
        # Further apart than a customer may be away, and than a session may be idle: nobody was taken for gone.
        assert (await ravi.insist("GET", f"handoffs/{waiting}")).body["state"] == "queued"
        assert not guests.history.of("closed", who=ravi.name) + guests.history.of("closed", who=maya.name)
        await maya.has_read(await maya.read_log(), seconds=10)
        assert_kept(guests.history)
        assert_told_in_order(guests.history.of("final")[-1]["entries"])
    note("R12", f"processes at +{SKEW_SECONDS} s and -{SKEW_SECONDS} s: nothing early, order by seq")


def _is_another_offer(frame: dict[str, object], offer: dict[str, object]) -> bool:
    return frame.get("type") == "offer.made" and frame["data"] != offer["data"]


def assert_told_in_order(entries: list[list[object]]) -> None:
    """By number and by time, and by no clock but the database's, which is this machine's."""
    times = [datetime.fromisoformat(str(at)) for _, at, *_ in entries]
    assert [entry[0] for entry in entries] == list(range(1, len(entries) + 1))
    assert times == sorted(times)
    now = datetime.fromtimestamp(time.time(), tz=UTC)
    assert 0 <= (now - times[-1]).total_seconds() + NEAR_SECONDS < 30


async def test_r12_sessions_tickets_and_tokens_are_judged_by_the_databases_clock(
    skewed_stack: Stack, ahead: int, behind: int
) -> None:
    now = int(time.time())
    async with Guests(skewed_stack) as guests:
        for here, there in ((ahead, behind), (behind, ahead)):
            maya = await guests.customer(here)
            # What one server has issued is good at the other.
            assert await is_let_in(there, await maya.ticket(here), maya)
            assert (await maya.call("GET", "availability", port=there)).status == 200
            elsewhere = await guests.customer(there, name=maya.name)
            assert elsewhere.id == maya.id
            for claims, code in refused(now).items():
                answer = await open_with(maya, dict(claims), here)
                assert (answer.status, answer.code) == (401, code), (here, claims, answer)


async def is_let_in(port: int, ticket: str, customer: Customer) -> bool:
    socket = await Socket.open(port, "customer", customer.origin())
    await socket.send({"cmd": "hello", "ticket": ticket, "resume": None, "client": "faults/1"})
    async for frame in socket:
        await socket.close()
        return bool(frame["ev"] == "welcome")
    return False


def refused(now: int) -> dict[tuple[tuple[str, int], ...], str]:
    """A site's server, or a customer's device, whose clock is wrong; by how much is beyond the leeway of 30 s."""
    return {
        (("iat", now - 200), ("exp", now - 60)): "token_expired",
        (("iat", now + 60), ("exp", now + 120)): "token_not_yet_valid",
        (("auth_time", now + 60),): "token_not_yet_valid",
        (("iat", now - 400), ("exp", now + 60)): "token_too_old",
    }


async def open_with(maya: Customer, claims: dict[str, int], port: int) -> Answer:
    body = {"site": "harbour", "identity_token": maya.place.sign(maya.name, **claims)}
    return await maya.call("POST", "sessions", body, port=port)
