"""Nothing that was acked is lost, doubled or out of order, whoever dies (R1, R2, R3, R20)."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Final

from tests.faults.checker import assert_kept
from tests.faults.crowd import Crowd
from tests.faults.figures import note, short_or_full
from tests.faults.hints import UnreliableHints
from tests.faults.history import History
from tests.faults.nemesis import Nemesis, kill_server
from tests.faults.people import Agent, Customer, Manners
from tests.faults.proxy import Proxy
from tests.faults.stack import Stack, off_loop
from tests.faults.wire import Network

# CONTRACT 7: of a stream without a cursor.
SHOWN_ENTRIES: Final = 50


async def test_r1_an_acked_message_survives_the_death_of_its_server(stack: Stack, history_file: Path) -> None:
    customers, each = short_or_full((8, 12), (50, 300))
    crowd = Crowd(stack, customers=customers, agents=short_or_full(2, 6), history=history_file)
    async with crowd, Nemesis(stack, crowd.history, faults=[kill_server], every=short_or_full((1, 2), (2, 5))) as kills:
        crowd.answer_back()
        await crowd.chatter(each=each, gap_seconds=0.25)
        while kills.count < 2:
            await crowd.chatter(each=1, gap_seconds=0.25)
        await kills.stop()
        await crowd.assert_all_kept()
        said = {record["client_id"] for record in crowd.history.of("say")}
        assert len(said) >= 2 * customers * each
        assert {ack["client_id"] for ack in crowd.history.of("ack")} == said
        note("R1", f"{len(said):,} acked by {customers} customers and their agents, {kills.count} kills, 0 lost")


async def test_r2_what_is_sent_again_to_another_process_is_stored_once(stack: Stack) -> None:
    manners = Manners(base_seconds=0.3, cap_seconds=1, resend_seconds=0.4, drop_acks=0.3, resend_elsewhere=1.0)
    customers, each = short_or_full((6, 15), (20, 200))
    async with Crowd(stack, customers=customers, manners=manners) as crowd:
        await crowd.chatter(each=each, gap_seconds=0)
        await crowd.assert_all_kept()
        acks = Counter(ack["client_id"] for ack in crowd.history.of("ack"))
        repeats = sum(count - 1 for count in acks.values())
        assert len(acks) == customers * each
        assert repeats > len(acks) / 10
        note("R2", f"{len(acks):,} messages, {repeats:,} sent again elsewhere after a lost ack, 0 doubles")


async def test_r2_another_body_under_the_same_id_is_refused(stack: Stack) -> None:
    async with Crowd(stack, customers=1) as crowd:
        [customer] = crowd.customers
        assert customer.handoff is not None
        ack = await customer.say(customer.handoff, "the first body", client_id="word-1")
        assert ack is not None
        for port in stack.ports:
            body = {"client_id": "word-1", "text": "another body"}
            refused = await customer.call("POST", f"handoffs/{customer.handoff}/messages", body, port=port)
            assert (refused.status, refused.code) == (409, "idempotency_conflict")
        assert await customer.say(customer.handoff, "another body", client_id="word-1") is None
        assert [one["code"] for one in crowd.history.of("refused")] == ["idempotency_conflict"]
        assert await customer.say(customer.handoff, "the first body", client_id="word-1") == ack
        await crowd.assert_all_kept()


async def test_r3_a_line_that_is_cut_in_the_middle_of_a_frame_goes_on_where_it_was(stack: Stack) -> None:
    async with Proxy(stack.ports[0]) as first, Proxy(stack.ports[1]) as second:
        ports = [first.port, second.port]
        for proxy in (first, second):
            proxy.set(cut_between=(0.1, 1))
        async with Crowd(stack, customers=short_or_full(5, 20), ports=ports) as crowd:
            crowd.answer_back()
            await crowd.chatter(each=short_or_full(15, 100), gap_seconds=0.15)
            for proxy in (first, second):
                proxy.set()
            await crowd.assert_all_kept()
            cuts = len(crowd.history.of("closed"))
            assert cuts >= 10
            note("R3", f"{cuts} cuts in the middle of what was sent: 0 gaps, doubles or inversions")


async def test_r3_hints_that_are_lost_doubled_and_late_do_no_harm(stack: Stack) -> None:
    async with UnreliableHints(stack.redis.url) as hints:
        servers = [await off_loop(stack.add_server, REDIS_URL=hints.url, HANDOFF_POLL_SECONDS="1") for _ in range(2)]
        try:
            ports = [server.port for server in servers if server.port is not None]
            async with Crowd(stack, customers=short_or_full(6, 20), ports=ports) as crowd:
                crowd.answer_back()
                await crowd.chatter(each=short_or_full(15, 200), gap_seconds=0.05)
                await crowd.assert_all_kept()
        finally:
            for server in servers:
                stack.remove(server)
        assert hints.counts["lost"] >= 20
        assert hints.counts["doubled"] >= 20
        assert hints.counts["late"] >= 20
        note("R3", f"hints: {hints.counts}: 0 gaps, doubles or inversions")


async def test_r20_what_is_said_between_a_snapshot_and_its_stream_is_not_missed(stack: Stack) -> None:
    """Tab after tab opens while the agent never stops talking; each has to have seen everything since its snapshot."""
    tabs = short_or_full(30, 300)
    async with Crowd(stack, customers=1) as crowd:
        [customer] = crowd.customers
        agent = next(agent for agent in crowd.agents if customer.handoff in agent.owned)
        talking = asyncio.create_task(_talk_on(agent, str(customer.handoff)))
        # A person may have five sockets: the sixth would close the first.
        slots = asyncio.Semaphore(4)
        seen = await asyncio.gather(*[_look(crowd, customer, number, slots) for number in range(tabs)])
        talking.cancel()
        await crowd.read_everything()
        for tab, end in seen:
            crowd.history.add(tab, "settled", stream=f"handoff/{customer.handoff}", cursor=end, head=end)
            _assert_past_was_shown(crowd.history, tab)
        assert_kept(crowd.history)
        note("R20", f"{tabs} sockets opened while {len(crowd.history.of('ack')):,} messages were written, 0 missing")


async def _talk_on(agent: Agent, handoff: str) -> None:
    while True:
        await agent.say(handoff, "still there?")
        await asyncio.sleep(0.01)


async def _look(crowd: Crowd, customer: Customer, number: int, slots: asyncio.Semaphore) -> tuple[str, int]:
    """Open one more tab of this customer, let it see a few words come in, and close it."""
    tab = Customer(f"tab-{number}", crowd.stack, Network(crowd.ports, seed=number), crowd.history)
    tab.session, stream = customer.session, f"handoff/{customer.handoff}"
    async with slots:
        tab.start()
        await tab.online()
        first = tab.view.cursors[stream]
        async with asyncio.timeout(30):
            while tab.view.cursors[stream] < first + 5:
                await asyncio.sleep(0.02)
        await tab.stop()
    return tab.name, tab.view.cursors[stream]


def _assert_past_was_shown(history: History, tab: str) -> None:
    """A snapshot holds the newest entries up to where live starts."""
    [welcome] = history.of("welcome", who=tab)
    log = next(one for one in history.of("final") if not one["stream"].endswith("/desk"))
    past = [entry[0] for entry in log["entries"] if entry[0] <= welcome["cursors"][log["stream"]]]
    assert set(past[-SHOWN_ENTRIES:]) <= {entry[1] for entry in welcome["timeline"]}
