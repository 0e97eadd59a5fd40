"""What happens to a handoff beside routing: opened, enriched, ended, wrapped up, rated. Callers hold a `recording`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import F

from handoff.broker import phone, queries
from handoff.broker.models import Handoff, Survey, WrapUp
from handoff.broker.states import OWNED, Action, CloseReason, State
from handoff.broker.transitions import apply, changed, create, lock, rank
from handoff.identity.models import Customer
from handoff.intents.models import Intent
from handoff.journeys import actions as journeys
from handoff.journeys import queries as journey_queries
from handoff.journeys.context import Context, Fact
from handoff.journeys.redaction import redact
from handoff.lib.errors import DomainError, NotFound
from handoff.protocol import events
from handoff.protocol.shapes import AgentRef, Evidence, FactKey, Source
from handoff.realtime import log, streams
from handoff.realtime.log import Entry
from handoff.realtime.models import LogEntry
from handoff.staffing.models import Agent

TEXT_LIMIT: Final = 4000
# What a wrap-up says for which the agent chose no outcome in time.
NO_OUTCOME: Final = "not_recorded"
_TELLING_FACTS: Final = (
    events.FactsChanged.TYPE,
    events.HandoffAssigned.TYPE,
    events.HandoffOpened.TYPE,
    events.HandoffWatched.TYPE,
)


def open_handoff(*, state: State, **fields: Any) -> tuple[Handoff, Entry]:
    """A new handoff in an initial state, and its stream's first entry."""
    handoff = create(state=state, **fields)
    return handoff, _on_handoff(handoff, changed(handoff))


def lock_any(public_id: str) -> Handoff | None:
    """Any handoff, locked, for the clock and for what concerns several customers."""
    return lock(public_id)


def claim(public_id: str) -> Handoff | None:
    """Any handoff, locked, unless somebody else is at work on it."""
    return lock(public_id, skip_locked=True)


@dataclass(frozen=True)
class Identity:
    """Who a site vouches for, and how surely."""

    customer: Customer
    acr: str
    amr: Sequence[str]
    auth_time: int | None


def lock_own(customer: Customer, public_id: str) -> Handoff:
    """The customer's handoff, locked. Raises NotFound, also for a foreign one."""
    handoff = lock(public_id)
    if handoff is None or handoff.customer_id != customer.pk:
        raise NotFound
    return handoff


def lock_owned(agent: Agent, public_id: str, *, version: int | None = None) -> Handoff:
    """The agent's handoff, locked. Raises NotFound, or `stale_version` if the agent saw an older one."""
    handoff = lock(public_id)
    if handoff is None or handoff.agent_id != agent.pk or handoff.state not in OWNED:
        raise NotFound
    if version is not None and version != handoff.version:
        raise DomainError("stale_version", "The handoff has changed since; look again.")
    return handoff


def refuse_closed(handoff: Handoff) -> None:
    """Raises `handoff_closed`."""
    if handoff.state == State.CLOSED:
        raise DomainError("handoff_closed", "This handoff is closed.")


def check_length(text: str, *, field: str) -> str:
    """The redacted text. Raises `too_long`, or `invalid_request` for an empty one."""
    if len(text) > TEXT_LIMIT:
        raise DomainError("too_long", f"At most {TEXT_LIMIT} characters.", fields={field: "too long"})
    if not text.strip():
        raise DomainError("invalid_request", "The text is empty.", fields={field: "empty"})
    return redact(text)


def add_context(handoff: Handoff, added: Context, *, now: datetime) -> list[Entry]:
    """Add to the journey; answers what readers have to learn. Raises `handoff_closed`, `context_too_large`."""
    refuse_closed(handoff)
    new = journeys.record(handoff.journey_id, added)
    return _entries_of_context(handoff, new, now=now)


def absorb_journey(handoff: Handoff, other: Handoff, *, now: datetime) -> list[Entry]:
    """Take over what another handoff of the same person knew."""
    return _entries_of_context(handoff, journeys.move_in(handoff.journey_id, other.journey_id), now=now)


def strike_fact(handoff: Handoff, *, key: str, source: Source, now: datetime) -> list[Entry]:
    """Take a fact back, in the record and in what the log told of it. Raises NotFound, `invalid_request`."""
    journeys.strike(handoff.journey_id, key=key, source=source)
    _forget_value(handoff, key=key, source=source)
    for merged in Handoff.objects.filter(merged_into=handoff):
        journeys.forget(merged.journey_id, key=key, source=source)
        _forget_value(merged, key=key, source=source)
    event = events.FactsChanged(added=[], struck=[FactKey(key=key, source=source)])
    return [_on_handoff(handoff, event)]


def change_identity(handoff: Handoff, identity: Identity, signed: Sequence[Fact], *, now: datetime) -> list[Entry]:
    """The site vouches for the customer, anew or for the first time: assurance and signed facts follow.

    Answers only what is new: a page that signs the same person in again tells nobody anything.
    """
    known = _identity_of(handoff)
    handoff.customer = identity.customer
    handoff.acr, handoff.amr, handoff.auth_time = identity.acr, list(identity.amr), identity.auth_time
    handoff.save(update_fields=["customer", "acr", "amr", "auth_time"])
    entries = _entries_of_signed(handoff, signed)
    told = _identity_of(handoff)
    if told != known:
        entries.insert(0, _on_handoff(handoff, told))
    return [*entries, briefing(handoff, now=now)] if entries else []


def change_evidence(handoff: Handoff, evidence: Evidence) -> None:
    """What speaks for the person on the line of a locked handoff; tell the desk by a `briefing`."""
    handoff.evidence = evidence
    handoff.save(update_fields=["evidence"])


def end(handoff: Handoff, *, reason: CloseReason, now: datetime) -> list[Entry]:
    """The talk is over; the agent wraps up."""
    handoff.close_reason = reason
    return apply(handoff, Action.END, now=now, ended_at=now)


def wrap_up(handoff: Handoff, agent: Agent, *, disposition: str, note: str, now: datetime) -> list[Entry]:
    """The agent's outcome and note; closes. Raises `invalid_request` for a disposition that the queue does not have."""
    if disposition not in handoff.queue.dispositions:
        raise DomainError("invalid_request", "The queue has no such disposition.", fields={"disposition": "unknown"})
    return _close_with(handoff, agent, disposition=disposition, note=redact(note), now=now)


def wrap_up_late(handoff: Handoff, agent: Agent, *, note: str, now: datetime) -> list[Entry]:
    """The clock closes: the note that was begun is kept, and nobody makes up an outcome for it."""
    return _close_with(handoff, agent, disposition=NO_OUTCOME, note=note, now=now)


def _close_with(handoff: Handoff, agent: Agent, *, disposition: str, note: str, now: datetime) -> list[Entry]:
    WrapUp.objects.create(handoff=handoff, agent=agent, disposition=disposition, note=note, at=now)
    told = events.WrapUpRecorded(agent=agent_ref(agent), disposition=disposition, note=note or None)
    return [_on_desk(handoff, told), *finish(handoff, now=now)]


def finish(handoff: Handoff, *, now: datetime) -> list[Entry]:
    reason = CloseReason(handoff.close_reason or CloseReason.RESOLVED)
    return apply(handoff, Action.FINISH, now=now, close_reason=reason)


def cancel(handoff: Handoff, *, now: datetime) -> list[Entry]:
    return apply(handoff, Action.CANCEL, now=now, close_reason=CloseReason.CANCELLED)


def withdraw(handoff: Handoff, *, now: datetime) -> list[Entry]:
    """Take an offered one back to the line, at its place."""
    return apply(handoff, Action.WITHDRAW, now=now)


def abandon(handoff: Handoff, *, now: datetime) -> list[Entry]:
    return apply(handoff, Action.ABANDON, now=now, close_reason=CloseReason.ABANDONED)


def lose_agent(handoff: Handoff, *, now: datetime) -> list[Entry]:
    """Back in line at its old place: the agent is gone."""
    return apply(handoff, Action.LOSE_AGENT, now=now, agent=None)


def merge_into(handoff: Handoff, survivor: Handoff, *, now: datetime) -> list[Entry]:
    """Close an unverified handoff whose person turned out to have an open one."""
    return apply(handoff, Action.MERGE, now=now, close_reason=CloseReason.MERGED, merged_into=survivor)


def change_intent(handoff: Handoff, intent: Intent, *, now: datetime) -> list[Entry]:
    """Another need in the same handoff; who talks already goes on talking."""
    handoff.intent = intent
    if handoff.agent_id is None:
        handoff.queue = intent.queue
    rank(handoff)
    handoff.version += 1
    handoff.save(update_fields=["intent", "queue", "ranked_at", "version"])
    return [_on_handoff(handoff, changed(handoff)), briefing(handoff, now=now)]


def tell_anew(handoff: Handoff) -> Entry:
    """Something about a locked handoff that no event carries has changed: whoever shows it reads it again."""
    handoff.version += 1
    handoff.save()
    return _on_handoff(handoff, changed(handoff))


def rank_unranked() -> int:
    """Give a place to those that a process of a former version put in line."""
    waiting = Handoff.objects.filter(state__in=[State.QUEUED, State.OFFERED], ranked_at=None)
    return waiting.update(ranked_at=F("enqueued_at"))


def answer_survey(handoff: Handoff, *, effort: int, comment: str, now: datetime) -> list[Entry]:
    """How easy it was, 1 to 7. A second answer changes nothing.

    Raises `illegal_transition` before the end of the talk.
    """
    if handoff.state not in (State.WRAP_UP, State.CLOSED):
        raise DomainError("illegal_transition", "The talk has not ended yet.")
    if handoff.close_reason == CloseReason.ERASED:
        raise DomainError("handoff_closed", "This handoff was erased.")
    comment = redact(comment)
    _, created = Survey.objects.get_or_create(
        handoff=handoff, defaults={"effort": effort, "comment": comment, "at": now}
    )
    return [_on_handoff(handoff, events.SurveyAnswered(effort=effort, comment=comment or None))] if created else []


def mark_read(handoff: Handoff, *, by_agent: bool, seq: int) -> int | None:
    """Move a read mark forward, not beyond what there is to read; None if it stood there already."""
    stream = streams.handoff(handoff.public_id)
    seq = min(seq, log.heads_of([stream])[stream])
    column = "agent_read_seq" if by_agent else "customer_read_seq"
    behind = Handoff.objects.filter(pk=handoff.pk, **{f"{column}__lt": seq})
    return seq if behind.update(**{column: seq}) else None


def briefing(handoff: Handoff, *, now: datetime) -> Entry:
    """What the desk shows above the talk, anew."""
    steps = journey_queries.steps_of(handoff.journey_id)
    event = events.BriefingChanged(
        brief=queries.brief_of(handoff, steps),
        verdicts=queries.verdicts_of(handoff, now=now),
        customer=queries.card(handoff),
        evidence=phone.evidence_of(handoff),
    )
    return _on_desk(handoff, event)


def agent_ref(agent: Agent) -> AgentRef:
    return AgentRef(id=agent.public_id, name=agent.name)


def _entries_of_context(handoff: Handoff, new: Context, *, now: datetime) -> list[Entry]:
    entries: list[Entry] = []
    if new.steps:
        steps = events.JourneyRecorded(steps=[step.to_shape() for step in new.steps])
        entries += [_on_handoff(handoff, steps), briefing(handoff, now=now)]
    if new.facts:
        facts = events.FactsChanged(added=[fact.to_shape() for fact in new.facts], struck=[])
        entries.append(_on_handoff(handoff, facts))
    return entries


def _identity_of(handoff: Handoff) -> events.IdentityChanged:
    return events.IdentityChanged(
        verified=handoff.customer.is_verified,
        assurance=queries.assurance(handoff),
        name=handoff.customer.name or None,
    )


def _entries_of_signed(handoff: Handoff, signed: Sequence[Fact]) -> list[Entry]:
    before = {(fact.key, fact.source) for fact in journey_queries.facts_of(handoff.journey_id)}
    new = journeys.replace_signed(handoff.journey_id, signed)
    after = {(fact.key, fact.source) for fact in journey_queries.facts_of(handoff.journey_id)}
    struck = [FactKey(key=key, source=source) for key, source in sorted(before - after)]
    if not new.facts and not struck:
        return []
    told = events.FactsChanged(added=[fact.to_shape() for fact in new.facts], struck=struck)
    return [_on_handoff(handoff, told)]


def _forget_value(handoff: Handoff, *, key: str, source: str) -> None:
    """A fact that was taken back must not live on in the log; its entry and its number stay."""
    for entry in LogEntry.objects.filter(handoff_id=handoff.pk, type__in=_TELLING_FACTS):
        entry.data = _without_fact(entry.data, key=key, source=source)
        entry.save(update_fields=["data"])


def _without_fact(data: Any, *, key: str, source: str) -> Any:
    """Plain JSON without one fact, however deep it stands: a handoff at the desk holds a timeline of events."""
    if isinstance(data, list):
        kept = [item for item in data if not _is_fact(item, key=key, source=source)]
        return [_without_fact(item, key=key, source=source) for item in kept]
    if isinstance(data, dict):
        return {name: _without_fact(value, key=key, source=source) for name, value in data.items()}
    return data


def _is_fact(item: Any, *, key: str, source: str) -> bool:
    return isinstance(item, dict) and "value" in item and (item.get("key"), item.get("source")) == (key, source)


def _on_handoff(handoff: Handoff, event: events.Event) -> Entry:
    return Entry.of(streams.handoff(handoff.public_id), event, handoff_id=handoff.pk)


def _on_desk(handoff: Handoff, event: events.Event) -> Entry:
    return Entry.of(streams.desk(handoff.public_id), event, handoff_id=handoff.pk)
