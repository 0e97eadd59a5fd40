"""What a supervisor does: read along, whisper, join, take over, pass on, set somebody away."""

from __future__ import annotations

from typing import Any

from handoff.broker import actions as broker
from handoff.broker import queries as handoffs
from handoff.broker.models import Handoff
from handoff.broker.phone import PHONES
from handoff.broker.states import OWNED, State
from handoff.calls.queries import has_caller
from handoff.conversations import actions as conversations
from handoff.lib.errors import DomainError, NotFound
from handoff.protocol.events import HandoffWatched
from handoff.realtime import log, streams
from handoff.realtime.log import Recording
from handoff.routing import actions as routing
from handoff.routing import takeovers, transfers
from handoff.routing.queries import why_of
from handoff.staffing.models import Agent, Queue
from handoff.supervision import actions as supervision
from handoff.supervision.models import Watch
from handoff.supervision.queries import supervised_by, supervises, supervises_agent, unlawful

REASON_LIMIT = 100


def watch(agent: Agent, handoff_id: str) -> dict[str, Any]:
    """Opens the handoff's streams to the supervisor, on all their sockets; answers it as the desk shows it.

    Raises NotFound, `handoff_closed`, `illegal_transition` for their own, `invalid_request` for too many at once.
    """
    with log.recording() as record:
        handoff = supervision.lock_supervised(agent, handoff_id)
        broker.refuse_closed(handoff)
        if handoff.agent_id == agent.pk:
            raise DomainError("illegal_transition", "It is on your own desk.")
        heads = log.heads_of([streams.handoff(handoff_id), streams.desk(handoff_id)])
        view = handoffs.desk_view(handoff, why=why_of(handoff), now=record.now, heads=heads)
        told = supervision.begin_watch(handoff, agent, now=record.now)
        if told is not None:
            record.add(told)
            opened = HandoffWatched(handoff=view, joined=False, heads=heads)
            record.add_event(streams.agent(agent.public_id), opened, handoff_id=handoff.pk)
    return view.to_wire()


def unwatch(agent: Agent, handoff_id: str) -> None:
    """Raises NotFound for what they do not read along."""
    with log.recording() as record:
        handoff = broker.lock_any(handoff_id)
        if handoff is None:
            raise NotFound
        record.add(supervision.end_watch(supervision.watch_of(handoff, agent), handoff, reason="stopped"))


def whisper(agent: Agent, handoff_id: str, *, text: str, client_id: str | None) -> dict[str, Any]:
    """A word to the agent that no customer sees. Raises NotFound, `illegal_transition` without an agent, `too_long`."""
    with log.recording() as record:
        handoff = supervision.lock_supervised(agent, handoff_id)
        if handoff.state not in OWNED or handoff.agent_id == agent.pk:
            raise DomainError("illegal_transition", "There is no other agent here to hear it.")
        note = conversations.add_note(handoff, agent, text=text, client_id=client_id, whisper=True)
        return log.answer(log.append(note, now=record.now))


def join(agent: Agent, handoff_id: str) -> None:
    """The supervisor may write to the customer as themselves. Raises NotFound, `illegal_transition`."""
    with log.recording() as record:
        handoff = supervision.lock_supervised(agent, handoff_id)
        _refuse_practice(handoff, agent)
        record.add(supervision.join(handoff, agent, now=record.now))


def leave(agent: Agent, handoff_id: str) -> None:
    with log.recording() as record:
        handoff = supervision.lock_supervised(agent, handoff_id)
        record.add(supervision.leave(supervision.watch_of(handoff, agent), handoff))


def take_over(agent: Agent, handoff_id: str, *, version: int | None) -> None:
    """The handoff becomes the supervisor's own, with its place and all it holds.

    Raises NotFound, `stale_version`, `illegal_transition`.
    """
    with log.recording() as record:
        handoff = supervision.lock_supervised(agent, handoff_id, version=version)
        _refuse_practice(handoff, agent)
        if handoff.agent_id == agent.pk:
            raise DomainError("illegal_transition", "It is on your own desk.")
        if handoff.channel in PHONES:
            raise DomainError("illegal_transition", "A call is on its agent's line: reassign it instead.")
        record.entries.append(supervision.recorded(handoff, agent, "took_over"))
        record.add(takeovers.take_over(handoff, agent, now=record.now))


def reassign(
    agent: Agent, handoff_id: str, *, queue: str | None, to_agent: str | None, note: str, version: int | None
) -> str:
    """To a queue or another agent, from the line or out of a talk; answers the state it is in now.

    Raises NotFound, `stale_version`, `illegal_transition`, `invalid_request`, `too_long`.
    """
    if (queue is None) == (to_agent is None):
        raise DomainError("invalid_request", "Name a queue or an agent.", fields={"queue": "either", "agent": "or"})
    with log.recording() as record:
        handoff = supervision.lock_supervised(agent, handoff_id, version=version)
        if handoff.state == State.CONNECTED:
            note = broker.check_length(note, field="note")
            _pass_on(handoff, agent, _target(handoff, queue, to_agent), note=note, record=record)
        else:
            _move_in_line(handoff, agent, _target(handoff, queue, to_agent), note=note, record=record)
    return handoff.state


def set_away(agent: Agent, other_id: str, *, reason: str) -> None:
    """Another agent gets no more offers, and is told why and by whom. Raises NotFound, `invalid_request`."""
    other = Agent.objects.filter(public_id=other_id, user__is_active=True).exclude(pk=agent.pk).first()
    if other is None or not supervises_agent(agent, other):
        raise NotFound
    reason = reason.strip()
    if not reason:
        raise DomainError("invalid_request", "Give a reason: the agent reads it.", fields={"reason": "empty"})
    routing.set_away(other, reason=f"Set away by {agent.name}: {reason}"[:REASON_LIMIT])


def end_unlawful() -> int:
    """Whose role or queue was taken away reads along no more; answers how many."""
    return sum(_end(pk, reason="not_allowed") for pk in list(unlawful().values_list("pk", flat=True)))


def _end(watch_id: int, *, reason: str) -> bool:
    with log.recording() as record:
        bare = Watch.objects.filter(pk=watch_id).values_list("handoff__public_id", flat=True).first()
        handoff = broker.lock_any(bare) if bare is not None else None
        found = Watch.objects.select_related("agent").filter(pk=watch_id).first()
        if handoff is None or found is None or (reason == "not_allowed" and supervises(found.agent, handoff)):
            return False
        record.add(supervision.end_watch(found, handoff, reason=reason))
    return True


def end_gone(watch_ids: list[int]) -> int:
    """Who has left the desk reads along no more; answers how many."""
    return sum(_end(pk, reason="gone") for pk in watch_ids)


def _pass_on(handoff: Handoff, agent: Agent, target: Queue | Agent, *, note: str, record: Recording) -> None:
    if handoff.channel in PHONES and not has_caller(handoff):
        raise DomainError("illegal_transition", "The caller has hung up: there is nobody to pass on.")
    owner = handoff.agent
    moved = (
        transfers.to_queue(handoff, target, agent=agent, note=note, now=record.now, leaving=owner)
        if isinstance(target, Queue)
        else transfers.to_agent(handoff, target, agent=agent, note=note, now=record.now, leaving=owner)
    )
    record.entries.append(supervision.recorded(handoff, agent, "reassigned", to=target.name))
    record.add(moved)


def _move_in_line(handoff: Handoff, agent: Agent, target: Queue | Agent, *, note: str, record: Recording) -> None:
    record.entries.append(supervision.recorded(handoff, agent, "reassigned", to=target.name))
    if note.strip():
        # The offer tells it too.
        note = broker.check_length(note, field="note")
        record.entries.append(conversations.add_note(handoff, agent, text=note, client_id=None, whisper=True))
    if isinstance(target, Queue):
        record.add(takeovers.to_line(handoff, target, now=record.now))
    else:
        record.add(takeovers.offer_to(handoff, target, by=agent, note=note, now=record.now))


def _target(handoff: Handoff, queue: str | None, to_agent: str | None) -> Queue | Agent:
    if queue is not None:
        line = Queue.objects.filter(key=queue).first()
        if line is None:
            raise DomainError("invalid_request", "There is no such queue.", fields={"queue": "unknown"})
        return line
    found = Agent.objects.filter(public_id=to_agent, user__is_active=True).first()
    if found is None or found.pk == handoff.agent_id:
        raise DomainError("invalid_request", "There is no such other agent.", fields={"agent": "unknown"})
    return found


def _refuse_practice(handoff: Handoff, agent: Agent) -> None:
    if not handoff.is_for(agent):
        raise DomainError("illegal_transition", "Practice stays with its trainee: read along and whisper.")


def keys_of_supervised(agent: Agent) -> list[str]:
    """The keys of the queues whose handoffs an agent supervises."""
    return list(supervised_by(agent).values_list("key", flat=True))
