"""Who is there, as far as this process can tell: signs of life for its sockets, and what the other side is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from handoff.broker import queries as handoffs
from handoff.identity import actions as identity
from handoff.protocol.shapes import Presence
from handoff.realtime import streams
from handoff.realtime.clock import database_now
from handoff.realtime.roster import roster
from handoff.realtime.socket import Outlet
from handoff.realtime.threads import in_database
from handoff.staffing import presence as staffing

# A socket that opens or closes is told at once; this look tells what no socket could: a killed process, a long absence.
LOOK_SECONDS: Final = 3
OTHER_SIDE: Final = {"agent": "customer", "customer": "agent"}
# Customers whose departure has still to be written.
_departed: Final[set[int]] = set()


@dataclass(frozen=True)
class Sight:
    """What the record says of one side of a talk."""

    status: Presence
    signed_of_life_ago: float
    # How long the talk waits for an agent who is gone.
    until: str | None = None


async def note_customers() -> None:
    """A customer with a socket is present, whether or not the page's timers run; one whose last has closed is not."""
    customers = {session.customer_id for session in roster.identities("customer")}
    _departed.update(session.customer_id for session in roster.take_departed("customer"))
    _departed.difference_update(customers)
    if customers or _departed:
        await in_database(lambda: _note_customers(customers))


async def note_agents() -> None:
    """An agent with a socket keeps the talks, though only the page's heartbeat brings new ones."""
    agents = {agent.pk for agent in roster.identities("agent")}
    roster.take_departed("agent")
    if agents:
        await in_database(lambda: staffing.note_life(agents, now=database_now()))


async def show_presence() -> None:
    """One look for all sockets here: each is told what differs from what it was told last."""
    listeners = [
        (outlet, role, handoff_id)
        for role in OTHER_SIDE
        for outlet in roster.outlets(role)
        for handoff_id in _talks_of(outlet)
    ]
    if not listeners:
        return
    sights = await in_database(_look, {handoff_id for _, _, handoff_id in listeners})
    now = asyncio.get_running_loop().time()
    for outlet, role, handoff_id in listeners:
        who = OTHER_SIDE[role]
        if (sight := sights.get((handoff_id, who))) is not None:
            _show(outlet, handoff_id, who, sight, now)


def _talks_of(outlet: Outlet) -> Iterable[str]:
    named = ((stream, streams.handoff_id_of(stream)) for stream in outlet.cursors)
    return [handoff_id for stream, handoff_id in named if handoff_id and stream == streams.handoff(handoff_id)]


def _show(outlet: Outlet, handoff_id: str, who: str, sight: Sight, now: float) -> None:
    told, told_at = outlet.presence.get(handoff_id, (None, 0.0))
    if told == sight.status:
        return
    # A line that was seen to break is not back because of a sign from before it broke.
    if told == "reconnecting" and sight.status == "here" and now - sight.signed_of_life_ago <= told_at:
        return
    until = {"until": sight.until} if sight.until else {}
    outlet.show({"ev": "presence", "handoff": handoff_id, "who": who, "status": sight.status, **until})


def _note_customers(here: set[int]) -> None:
    now = database_now()
    identity.note_lives(here, now=now)
    gone = set(_departed)
    _departed.difference_update(gone - identity.note_departures(gone, now=now))


def _look(public_ids: set[str]) -> dict[tuple[str, str], Sight]:
    now = database_now()
    found: dict[tuple[str, str], Sight] = {}
    for handoff in handoffs.connected_among(public_ids):
        ago = _seconds_between(handoff.customer.seen_at, now)
        found[handoff.public_id, "customer"] = Sight(handoffs.customer_presence(handoff, now=now), ago)
        if handoff.agent is not None:
            ago = _seconds_between(handoff.agent.seen_at or now, now)
            presence, until = handoffs.agent_presence(handoff.agent, now=now), handoffs.agent_until(handoff, now=now)
            found[handoff.public_id, "agent"] = Sight(presence, ago, until)
    return found


def _seconds_between(then: datetime, now: datetime) -> float:
    return (now - then).total_seconds()
