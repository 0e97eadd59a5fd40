"""An agent passes a talk on, with a word to whoever takes it."""

from __future__ import annotations

from handoff.broker import actions as broker
from handoff.broker.states import Channel
from handoff.calls.queries import has_caller
from handoff.lib.errors import DomainError
from handoff.realtime import log
from handoff.routing import transfers
from handoff.staffing.models import Agent, Queue


def transfer(
    agent: Agent, handoff_id: str, *, queue: str | None, to_agent: str | None, note: str, version: int | None
) -> str:
    """To exactly one of a queue (its key) and an agent (public id); answers the state it is in now.

    Raises NotFound, `stale_version`, `illegal_transition` once the talk has ended, `invalid_request`, `too_long`.
    """
    note = broker.check_length(note, field="note")
    if (queue is None) == (to_agent is None):
        raise DomainError("invalid_request", "Name a queue or an agent.", fields={"queue": "either", "agent": "or"})
    with log.recording() as record:
        handoff = broker.lock_owned(agent, handoff_id, version=version)
        if handoff.channel == Channel.PHONE and not has_caller(handoff):
            raise DomainError("illegal_transition", "The caller has hung up: there is nobody to pass on.")
        if queue is not None:
            moved = transfers.to_queue(handoff, _queue(queue), agent=agent, note=note, now=record.now)
        else:
            moved = transfers.to_agent(handoff, _other(agent, to_agent), agent=agent, note=note, now=record.now)
        record.add(moved)
    return handoff.state


def _queue(key: str) -> Queue:
    found = Queue.objects.filter(key=key).first()
    if found is None:
        raise DomainError("invalid_request", "There is no such queue.", fields={"queue": "unknown"})
    return found


def _other(agent: Agent, public_id: str | None) -> Agent:
    found = Agent.objects.filter(public_id=public_id, user__is_active=True).exclude(pk=agent.pk).first()
    if found is None:
        raise DomainError("invalid_request", "There is no such other agent.", fields={"agent": "unknown"})
    return found
