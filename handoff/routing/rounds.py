"""One round of the router: plan from a look without locks, lock what was planned, offer what still holds."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from handoff.broker.models import Handoff
from handoff.broker.states import Action
from handoff.broker.transitions import apply_many
from handoff.realtime import editions, log
from handoff.realtime.clock import database_now
from handoff.realtime.log import Recording
from handoff.realtime.lookups import among
from handoff.routing import crew, offers, supply
from handoff.routing.matching import Match, Round, Waiting
from handoff.routing.offers import Proposal
from handoff.routing.supply import Reach
from handoff.staffing.models import Agent

MATCHES_LIMIT: Final = 20
# Handoffs of the first look at the lines: enough for a full round if hardly anybody is passed over.
FIRST_LOOK: Final = 2 * MATCHES_LIMIT
# Seconds to wait for what somebody else changes at this moment: the agents of those first in line are not given
# to those behind them. What its holder does not let go, handoff or agent, is passed by after the last.
_PATIENCE: Final = (0.02, 0.05, 0.1)


@dataclass(frozen=True)
class _Missed:
    """What was planned and could not be had: these handoffs, and these agents."""

    handoffs: frozenset[int] = frozenset()
    agents: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.handoffs or self.agents)


_NOTHING: Final = _Missed()


def run_matching() -> int:
    """Offer what waits to who is free; answers how many offers were made. Any worker may run it, at any time."""
    made, missed = _play(without=_NOTHING)
    for seconds in _PATIENCE:
        if not missed:
            return made
        time.sleep(seconds)
        more, missed = _play(without=_NOTHING)
        made += more
    return made + (_play(without=missed)[0] if missed else 0)


def _play(*, without: _Missed) -> tuple[int, _Missed]:
    """How many offers were made, and what was missed."""
    # Most wakes find nobody free or nobody in line: that is looked at before a transaction takes SQLite's write lock.
    now, edition = editions.look()
    within = supply.reach(now=now, able=crew.abilities(edition=edition), held=without.agents)
    if not within.has_room or not supply.has_line(within):
        return 0, _NOTHING
    with log.recording() as record:
        supply.lock_queues(within)
        # Read after the lock: what another round has just offered is neither in line nor free. A line that somebody
        # could serve only since then is not locked; what made it so wakes a worker again.
        record.now = database_now()
        look = supply.reach(now=record.now, able=within.abilities, held=without.agents)
        within = look.within(within.queue_ids)
        waiting, matches = _plan(within, without.handoffs)
        return _offer(waiting, matches, record, is_last=bool(without))


def _plan(within: Reach, without: Collection[int]) -> tuple[dict[int, Waiting], list[Match]]:
    """Page by page, until enough is planned, nobody has room, or the line has ended."""
    played = Round(within.candidates, now=within.now, limit=MATCHES_LIMIT)
    seen: dict[int, Waiting] = {}
    # Most rounds need no more than the heads of the lines.
    limit = min(FIRST_LOOK, supply.PAGE_LIMIT)
    page = supply.line(within, after=None, without=without, limit=limit)
    asked = False
    while page:
        if not asked and any(one.needs_line for one in page):
            asked = True
            supply.note_calls(within.candidates)
        played.play(page)
        seen |= {one.handoff_id: one for one in page}
        is_last = played.is_over or len(page) < limit
        limit = supply.PAGE_LIMIT
        page = [] if is_last else supply.line(within, after=page[-1].rank, without=without, limit=limit)
    if played.last_rank is not None:
        played.held = supply.held(within, before=played.last_rank)
    matches = played.matches
    return {match.handoff_id: seen[match.handoff_id] for match in matches}, matches


def _offer(
    waiting: dict[int, Waiting], matches: list[Match], record: Recording, *, is_last: bool
) -> tuple[int, _Missed]:
    """State, lease and room are looked at again under the locks.

    Behind one that could not be had nobody of its line is served, until it has been waited for long enough.
    """
    if not matches:
        return 0, _NOTHING
    handoffs = supply.lock_handoffs(waiting.values())
    agents = crew.lock_agents({match.agent_id for match in matches}, now=record.now)
    loads = crew.loads_of(agents)
    calling = crew.on_a_call(agents) if any(one.needs_line for one in waiting.values()) else set()
    missed: list[Match] = []
    chosen: list[Proposal] = []
    held_up: set[tuple[int, bool]] = set()
    for match in matches:
        handoff, agent = handoffs.get(match.handoff_id), _suited(match, handoffs, agents)
        seen = waiting[match.handoff_id]
        line, is_taken = seen.line, seen.needs_line and match.agent_id in calling
        if handoff is None or agent is None or is_taken or not _has_room(agent, loads) or line in held_up:
            missed.append(match)
            held_up |= set() if is_last else {line}
            continue
        chosen.append(Proposal(handoff, agent, match.why))
        loads[agent.pk] += 1
        calling |= {agent.pk} if seen.needs_line else set()
    if chosen:
        record.add(apply_many([one.handoff for one in chosen], Action.OFFER, now=record.now))
        record.add(offers.make_many(chosen, now=record.now))
        asked = among("pk", {one.agent.pk for one in chosen})
        Agent.objects.filter(asked).update(last_offered_at=record.now)
    return len(matches) - len(missed), _Missed(
        handoffs=frozenset(match.handoff_id for match in missed if match.handoff_id not in handoffs),
        agents=frozenset(match.agent_id for match in missed if not _has_room(agents.get(match.agent_id), loads)),
    )


def _suited(match: Match, handoffs: Mapping[int, Handoff], agents: Mapping[int, Agent]) -> Agent | None:
    """Whose training began or ended between the look and the lock is asked by the next look."""
    handoff, agent = handoffs.get(match.handoff_id), agents.get(match.agent_id)
    return agent if handoff is not None and agent is not None and handoff.is_for(agent) else None


def _has_room(agent: Agent | None, loads: Mapping[int, int]) -> bool:
    return agent is not None and loads[agent.pk] < agent.capacity
