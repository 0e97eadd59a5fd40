"""The embedded default, SQLite and daphne in one process: killed in the middle of a talk, nothing is lost."""

from __future__ import annotations

import asyncio

from tests.faults import desk
from tests.faults.crowd import Crowd
from tests.faults.figures import note, short_or_full
from tests.faults.stack import Stack, off_loop


async def test_sqlite_and_daphne_survive_a_kill() -> None:
    each = short_or_full(8, 200)
    configuration = desk.configuration(agents=2)
    with Stack(
        servers=1, workers=0, database="sqlite", server="daphne", redis=False, configuration=configuration
    ) as stack:
        [server] = stack.servers
        async with Crowd(stack, customers=short_or_full(2, 20)) as crowd:
            crowd.answer_back()
            talk = asyncio.create_task(crowd.chatter(each=each, gap_seconds=0.1))
            for _ in range(short_or_full(1, 5)):
                await asyncio.sleep(0.7)
                await off_loop(server.kill)
                await off_loop(server.start)
            await talk
            await crowd.assert_all_kept()
            assert len({ack["client_id"] for ack in crowd.history.of("ack")}) == 2 * each * len(crowd.customers)
            note("smoke", f"SQLite, daphne: {2 * each * len(crowd.customers):,} acked, killed meanwhile, 0 lost")
