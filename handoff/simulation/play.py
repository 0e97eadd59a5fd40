"""One simulation from the first sign-in to the last goodbye."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

from handoff.simulation.agents import Agent
from handoff.simulation.chance import arrivals
from handoff.simulation.customers import Customer
from handoff.simulation.ledger import Ledger
from handoff.simulation.scripts import read_library
from handoff.simulation.stage import Plan, Stage
from handoff.simulation.web import Refused, Web

# Agents who could not sit down in this time are missing for the whole play.
SEATED_SECONDS: Final = 60.0


def run(plan: Plan) -> Ledger:
    """Until the plan's time is up and everybody has left.

    Raises ValueError for a script that cannot be read, and where no server is ready.
    """
    return asyncio.run(_play(Stage(plan, read_library())))


async def _play(stage: Stage) -> Ledger:
    if not await Web(stage.plan, stage.ledger).is_served():
        raise ValueError(f"No server is ready at {stage.plan.url}.")
    agents = [Agent(stage, account, number) for number, account in enumerate(stage.plan.accounts, start=1)]
    working = [asyncio.create_task(_work(stage, agent)) for agent in agents]
    await _seated(agents)
    visits = [
        asyncio.create_task(_visit(stage, number, at))
        for number, at in enumerate(
            arrivals(stage.plan.customers, seconds=stage.plan.seconds, seed=stage.plan.seed), start=1
        )
    ]
    # A play is over early when nobody is left in it.
    await asyncio.wait(visits or working, timeout=stage.plan.seconds)
    stage.is_closing.set()
    await _let_go(stage, visits)
    stage.is_over.set()
    await _let_go(stage, working)
    return stage.ledger


async def _seated(agents: Sequence[Agent]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SEATED_SECONDS):
            await asyncio.gather(*(agent.is_there.wait() for agent in agents))


async def _let_go(stage: Stage, tasks: Sequence[asyncio.Task[None]]) -> None:
    """Everybody finishes in their own time, within the plan's patience; who does not has left something open."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=stage.plan.grace_seconds)
    for task in late:
        stage.ledger.left_open += 1
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _visit(stage: Stage, number: int, at: float) -> None:
    await asyncio.sleep(at)
    try:
        outcome = await Customer(stage, number).live()
    except Refused as refusal:
        outcome = f"broken off: {refusal.code}"
        stage.ledger.crashes.append(f"customer {number}: refused with {refusal.code}")
    except Exception as error:
        outcome = "broken off"
        stage.ledger.crashes.append(f"customer {number}: {error!r}")
    stage.ledger.outcomes[outcome] += 1


async def _work(stage: Stage, agent: Agent) -> None:
    try:
        await agent.work()
    except Exception as error:
        agent.is_there.set()
        stage.ledger.crashes.append(f"agent {agent.account.username}: {error!r}")
