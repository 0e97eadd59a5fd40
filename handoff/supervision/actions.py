"""Read along, join and leave. Callers hold a `recording` and the handoff's lock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from handoff.broker.actions import agent_ref
from handoff.broker.models import Handoff
from handoff.broker.states import Action, State
from handoff.broker.transitions import FOLLOWERS, Move, lock
from handoff.lib.errors import DomainError, NotFound
from handoff.protocol.events import AgentJoined, AgentLeft, HandoffUnwatched, SupervisionRecorded
from handoff.protocol.shapes import Named, SupervisionAct
from handoff.realtime import streams
from handoff.realtime.clock import database_now
from handoff.realtime.log import Entry
from handoff.staffing.models import Agent
from handoff.supervision.models import RecordRead, Watch
from handoff.supervision.queries import supervises

# Each is a whole handoff in the supervisor's snapshot.
WATCHES_LIMIT: Final = 10
CLOSED: Final = "closed"
ASSIGNED: Final = "assigned"
ONE_LOOK: Final = timedelta(minutes=10)
_ENDED: Final = (State.WRAP_UP, State.CLOSED)


def lock_supervised(agent: Agent, public_id: str, *, version: int | None = None) -> Handoff:
    """A handoff of one of the supervisor's queues, locked. Raises NotFound, `stale_version`."""
    handoff = lock(public_id)
    if handoff is None or not supervises(agent, handoff):
        raise NotFound
    if version is not None and version != handoff.version:
        raise DomainError("stale_version", "The handoff has changed since; look again.")
    return handoff


def begin_watch(handoff: Handoff, agent: Agent, *, now: datetime) -> list[Entry] | None:
    """What the desk learns of it; None if it was so already. Raises `invalid_request` for too many at once."""
    if Watch.objects.filter(handoff=handoff, agent=agent).exists():
        return None
    if Watch.objects.filter(agent=agent).count() >= WATCHES_LIMIT:
        raise DomainError("invalid_request", f"At most {WATCHES_LIMIT} at once: stop reading another one first.")
    Watch.objects.create(handoff=handoff, agent=agent, since=now)
    return [recorded(handoff, agent, "watching")]


def end_watch(watch: Watch, handoff: Handoff, *, reason: str) -> list[Entry]:
    """The streams shut; who had joined leaves the talk first, unless it has become their own."""
    entries = leave(watch, handoff) if watch.joined_at is not None and reason != ASSIGNED else []
    watch.delete()
    if reason not in (ASSIGNED, CLOSED):
        entries.append(recorded(handoff, watch.agent, "stopped"))
    gone = HandoffUnwatched(id=handoff.public_id, reason=reason)
    return [*entries, Entry.of(streams.agent(watch.agent.public_id), gone, handoff_id=handoff.pk)]


def join(handoff: Handoff, agent: Agent, *, now: datetime) -> list[Entry]:
    """From here on they write to the customer too. Raises NotFound without a watch, `illegal_transition`."""
    watch = watch_of(handoff, agent)
    if handoff.state != State.CONNECTED:
        raise DomainError("illegal_transition", "Only a talk that goes on can be joined.")
    if watch.joined_at is not None:
        return []
    watch.joined_at = now
    watch.save(update_fields=["joined_at"])
    joined = AgentJoined(agent=Named(name=agent.name))
    return [_on_handoff(handoff, joined), recorded(handoff, agent, "joined")]


def leave(watch: Watch, handoff: Handoff) -> list[Entry]:
    """They write to the customer no more; a talk that has ended needs no goodbye."""
    if watch.joined_at is None:
        return []
    watch.joined_at = None
    watch.save(update_fields=["joined_at"])
    told = [] if handoff.state in _ENDED else [_on_handoff(handoff, AgentLeft(agent=Named(name=watch.agent.name)))]
    return [*told, recorded(handoff, watch.agent, "left")]


def watch_of(handoff: Handoff, agent: Agent) -> Watch:
    """Raises NotFound."""
    watch = Watch.objects.select_related("agent").filter(handoff=handoff, agent=agent).first()
    if watch is None:
        raise NotFound
    return watch


def recorded(handoff: Handoff, agent: Agent, act: SupervisionAct, *, to: str | None = None) -> Entry:
    """What the desk learns of a supervisor's act."""
    event = SupervisionRecorded(agent=agent_ref(agent), act=act, to=to)
    return Entry.of(streams.desk(handoff.public_id), event, handoff_id=handoff.pk)


def note_read(agent: Agent, handoff: Handoff) -> None:
    """Somebody opened what is over; looking through it for some minutes is one look."""
    now = database_now()
    if not RecordRead.objects.filter(agent=agent, handoff=handoff, at__gt=now - ONE_LOOK).exists():
        RecordRead.objects.create(agent=agent, handoff=handoff, at=now)


def end_with_move(move: Move) -> list[Entry]:
    """What is closed is read to its end; whoever it becomes the desk of reads it as their own; a joined talk is over
    with the talk."""
    entries: list[Entry] = []
    if move.action is Action.OFFER:
        # It was in line before, where nobody has joined it, and it is nobody's desk yet.
        return entries
    for watch in Watch.objects.select_related("agent").filter(handoff=move.handoff).order_by("id"):
        if move.handoff.state == State.CLOSED:
            entries += end_watch(watch, move.handoff, reason=CLOSED)
        elif watch.agent_id == move.handoff.agent_id:
            entries += end_watch(watch, move.handoff, reason=ASSIGNED)
        elif move.handoff.state != State.CONNECTED:
            entries += leave(watch, move.handoff)
    return entries


def _on_handoff(handoff: Handoff, event: AgentJoined | AgentLeft) -> Entry:
    return Entry.of(streams.handoff(handoff.public_id), event, handoff_id=handoff.pk)


FOLLOWERS.append(end_with_move)
