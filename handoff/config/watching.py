"""Whoever may read along no more does not: told through the log, and seen to here whatever became of the hint."""

from __future__ import annotations

from handoff.flows.supervise import end_unlawful
from handoff.realtime.roster import roster
from handoff.realtime.threads import in_database
from handoff.supervision.queries import live_watches


async def end_watches() -> None:
    """One look for all sockets here; none while nobody reads along."""
    everyone = list(zip(roster.outlets("agent"), roster.identities("agent"), strict=True))
    reading = [(outlet, agent, set(outlet.reads_along)) for outlet, agent in everyone if outlet.reads_along]
    if not reading:
        return
    await in_database(end_unlawful)
    live = await in_database(live_watches, {agent.pk for _, agent, _ in reading})
    for outlet, agent, read in reading:
        # What was opened since that look is newer than its answer.
        for handoff_id in read - live[agent.pk]:
            if handoff_id in outlet.reads_along:
                outlet.shut_handoff(handoff_id)
