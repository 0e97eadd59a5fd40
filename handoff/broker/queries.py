"""Read handoffs, as their customer and as an agent may see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, cast

import msgspec
from django.conf import settings
from django.db.models import Count
from msgspec import UNSET

from handoff.broker import phone
from handoff.broker.models import Handoff, VerificationRequest
from handoff.broker.states import OPEN, OWNED, Channel, State
from handoff.identity.actions import sign_of_life_seconds
from handoff.identity.models import Customer
from handoff.identity.queries import assurance_of
from handoff.intents.verdicts import Standing, judge
from handoff.journeys import queries as journeys
from handoff.journeys.brief import brief
from handoff.journeys.context import Context, Step
from handoff.lib.clock import rfc3339, rfc3339_or_none
from handoff.lib.errors import NotFound
from handoff.protocol import shapes
from handoff.protocol.events import TransferRecorded
from handoff.realtime import log, streams
from handoff.realtime.clock import database_now
from handoff.realtime.lookups import among
from handoff.realtime.models import LogEntry
from handoff.staffing.models import Agent
from handoff.staffing.presence import awaited_until, is_here

TIMELINE_ENTRIES: Final = 50
HISTORY_ENTRIES: Final = 20

_ROWS = Handoff.objects.select_related("customer", "intent", "queue", "agent", "site")


def by_id(public_id: str) -> Handoff:
    """Raises NotFound."""
    try:
        return _ROWS.get(public_id=public_id)
    except Handoff.DoesNotExist:
        raise NotFound from None


def of_customer(customer: Customer, public_id: str) -> Handoff:
    """The customer's own; a foreign one and an absent one raise the same NotFound."""
    try:
        return _ROWS.get(public_id=public_id, customer=customer)
    except Handoff.DoesNotExist:
        raise NotFound from None


def open_of(customer: Customer) -> Handoff | None:
    return _ROWS.filter(customer=customer, state__in=OPEN).first()


def has_other_open(handoff: Handoff) -> bool:
    """Whether the customer has another one open."""
    return Handoff.objects.filter(customer=handoff.customer_id, state__in=OPEN).exclude(pk=handoff.pk).exists()


def owned_by(agent: Agent) -> list[Handoff]:
    """What is on an agent's desk, oldest first."""
    rows = _ROWS.select_related("wrap_up", "survey", "verification__agent").filter(agent=agent, state__in=OWNED)
    return list(rows.prefetch_related("intent__actions").order_by("connected_at"))


def scheduled_of(customer: Customer) -> list[Handoff]:
    return list(_ROWS.filter(customer=customer, state=State.SCHEDULED).order_by("due_at"))


def card(handoff: Handoff) -> shapes.CustomerCard:
    """Who it is, with the assurance of this handoff."""
    customer = handoff.customer
    return shapes.CustomerCard(
        id=customer.public_id, name=customer.name or None, verified=customer.is_verified, assurance=assurance(handoff)
    )


def assurance(handoff: Handoff) -> shapes.Assurance | None:
    return assurance_of(handoff.customer.is_verified, handoff.acr, handoff.amr, handoff.auth_time)


def intent_ref(handoff: Handoff) -> shapes.IntentRef:
    return shapes.IntentRef(key=handoff.intent.key, label=handoff.intent.label)


def queue_ref(handoff: Handoff) -> shapes.QueueRef:
    return shapes.QueueRef(key=handoff.queue.key, name=handoff.queue.name)


def site_ref(handoff: Handoff) -> shapes.SiteRef:
    return shapes.SiteRef(key=handoff.site.key, name=handoff.site.name)


def brief_of(handoff: Handoff, steps: list[Step]) -> str:
    return brief(
        name=handoff.customer.name or None,
        verified=handoff.customer.is_verified,
        amr=handoff.amr,
        intent_label=handoff.intent.label,
        statement=handoff.statement or None,
        steps=steps,
    )


def verdicts_of(handoff: Handoff, *, now: datetime) -> list[shapes.Verdict]:
    is_trusted = phone.is_trusted(handoff)
    standing = Standing(
        verified=handoff.customer.is_verified and phone.is_recognised(handoff),
        acr=(handoff.acr or None) if is_trusted else None,
        auth_time=handoff.auth_time if is_trusted else None,
        channel=handoff.channel,
    )
    return judge(list(handoff.intent.actions.all()), standing, now=now)


def may_look_back(agent: Agent, handoff: Handoff) -> bool:
    """It is over in a queue they serve (practice: trainees alone), or earlier than what they have of its customer."""
    if handoff.state == State.CLOSED and handoff.is_for(agent) and agent.queues.filter(pk=handoff.queue_id).exists():
        return True
    theirs = Handoff.objects.filter(agent=agent, state__in=OWNED, customer=handoff.customer_id)
    return theirs.filter(opened_at__gte=handoff.opened_at).exists()


def history_of(handoff: Handoff) -> list[shapes.PastHandoff]:
    """Earlier handoffs of the same customer, newest first."""
    earlier = (
        Handoff.objects.select_related("intent", "wrap_up")
        .filter(customer=handoff.customer_id, opened_at__lte=handoff.opened_at)
        .exclude(pk=handoff.pk)
        .order_by("-opened_at")[:HISTORY_ENTRIES]
    )
    return [_past(other) for other in earlier]


def transfer_of(handoff: Handoff) -> shapes.TransferView | None:
    """Who passed it on last and with which words, until somebody has taken it since."""
    told = LogEntry.objects.filter(handoff_id=handoff.pk, type=TransferRecorded.TYPE)
    last = told.filter(at__gte=handoff.connected_at).order_by("-seq").first() if handoff.connected_at else None
    if last is None or not last.data:
        return None
    event = msgspec.convert(last.data, TransferRecorded)
    return shapes.TransferView(agent=event.agent, note=event.note)


def count_histories(handoffs: Collection[Handoff]) -> dict[int, int]:
    """By handoff, how many others its customer has had."""
    theirs = Handoff.objects.filter(customer__in={handoff.customer_id for handoff in handoffs})
    counts = dict(theirs.values("customer_id").annotate(count=Count("pk")).values_list("customer_id", "count"))
    return {handoff.pk: counts.get(handoff.customer_id, 1) - 1 for handoff in handoffs}


def receipt_of(handoff: Handoff) -> shapes.Receipt:
    """What the agent has, as the customer may see it."""
    steps, facts = journeys.steps_of(handoff.journey_id), journeys.facts_of(handoff.journey_id)
    return receipt(handoff, Context(tuple(steps), tuple(facts)))


def receipt(handoff: Handoff, known: Context) -> shapes.Receipt:
    """The receipt of a handoff whose journey is at hand."""
    return shapes.Receipt(
        name=handoff.customer.name or None,
        facts=[fact.to_shape() for fact in known.facts],
        steps=[step.to_shape() for step in known.steps],
        statement=handoff.statement or None,
        assurance=assurance(handoff),
    )


def customer_view(
    handoff: Handoff, *, place: int | None, estimate: shapes.Estimate | None, head: int, with_code: bool
) -> shapes.CustomerHandoff:
    """A handoff as GET. `place` counts from 1 while it waits. `with_code`: what is a key to it too, never stored."""
    presence, until = _line_of_agent(handoff)
    return shapes.CustomerHandoff(
        id=handoff.public_id,
        state=handoff.state,
        version=handoff.version,
        channel=handoff.channel,
        intent=intent_ref(handoff),
        statement=handoff.statement or None,
        opened_at=rfc3339(handoff.opened_at),
        enqueued_at=rfc3339_or_none(handoff.enqueued_at),
        position=place if place is None or place <= 100 else "100+",
        estimate=estimate,
        agent=shapes.Named(name=handoff.agent.name) if handoff.agent else None,
        agent_presence=presence,
        close_reason=handoff.close_reason or None,
        head=head,
        agent_until=until,
        due_at=rfc3339_or_none(handoff.due_at),
        phone=phone.READERS.phone(handoff) if with_code else None,
        callback=phone.callback_for_customer(handoff, with_link=with_code),
        call=phone.READERS.call(handoff),
        verification=verification_of(handoff),
    )


def _line_of_agent(handoff: Handoff) -> tuple[shapes.Presence | None, str | None]:
    """Whether its agent is there, and if not, until when the talk waits."""
    if handoff.agent is None:
        return None, None
    now = database_now()
    return agent_presence(handoff.agent, now=now), agent_until(handoff, now=now)


def recent_view(handoff: Handoff) -> shapes.RecentHandoff:
    return shapes.RecentHandoff(
        id=handoff.public_id,
        state=handoff.state,
        intent=intent_ref(handoff),
        channel=handoff.channel,
        at=rfc3339(handoff.ended_at or handoff.opened_at),
        close_reason=handoff.close_reason or None,
        survey_due=not hasattr(handoff, "survey"),
    )


def connected_among(public_ids: Collection[str]) -> list[Handoff]:
    """Those of these handoffs in which two people talk now."""
    rows = Handoff.objects.select_related("customer", "agent")
    return list(rows.filter(among("public_id", public_ids), state=State.CONNECTED))


def customer_presence(handoff: Handoff, *, now: datetime) -> shapes.Presence:
    """How the record sees the customer: two missed signs are a lost line, and what lasts is an absence."""
    customer = handoff.customer
    if handoff.signed_out_at is not None:
        return "signed_out"
    if customer.present_until is not None and customer.present_until > now:
        return "here"
    if customer.seen_at <= now - timedelta(seconds=settings.HANDOFF_SECONDS["CUSTOMER_AWAY"]):
        return "away"
    return "here" if customer.seen_at > now - timedelta(seconds=2 * sign_of_life_seconds()) else "reconnecting"


def agent_presence(agent: Agent, *, now: datetime) -> shapes.Presence:
    return "here" if is_here(agent, now=now) else "reconnecting"


def agent_until(handoff: Handoff, *, now: datetime) -> str | None:
    """While their agent is away from a talk: until when it waits for them."""
    agent = handoff.agent
    if agent is None or handoff.state != State.CONNECTED or is_here(agent, now=now):
        return None
    grace = "VOICE_GRACE" if handoff.channel == Channel.VOICE else "AGENT_GRACE"
    return rfc3339_or_none(awaited_until(agent, grace=grace))


def timeline_of(
    handoff: Handoff, *, for_desk: bool, heads: Mapping[str, int] | None = None
) -> list[shapes.TimelineEntry]:
    """The last entries of the customer's stream, and for an agent those of the desk's, merged; none beyond `heads`."""
    names = [streams.handoff(handoff.public_id)] + ([streams.desk(handoff.public_id)] if for_desk else [])
    before = {name: head + 1 for name, head in (heads or {}).items()}
    last = log.read_last(names, limit=TIMELINE_ENTRIES, before=before)
    return [shapes.TimelineEntry(**entry.to_wire()) for entry in last]


def desk_view(
    handoff: Handoff, *, why: list[str], now: datetime, heads: dict[str, int] | None = None
) -> shapes.DeskHandoff:
    """A handoff at the desk. Give `heads` as read before this call, so that live never starts too late."""
    steps = journeys.steps_of(handoff.journey_id)
    return shapes.DeskHandoff(
        id=handoff.public_id,
        state=handoff.state,
        version=handoff.version,
        channel=handoff.channel,
        intent=intent_ref(handoff),
        queue=queue_ref(handoff),
        site=site_ref(handoff),
        statement=handoff.statement or None,
        customer=card(handoff),
        verdicts=verdicts_of(handoff, now=now),
        journey=shapes.JourneyView(steps=[step.to_shape() for step in steps]),
        facts=[fact.to_shape() for fact in journeys.facts_of(handoff.journey_id)],
        history=history_of(handoff),
        brief=brief_of(handoff, steps),
        opened_at=rfc3339(handoff.opened_at),
        enqueued_at=rfc3339_or_none(handoff.enqueued_at),
        connected_at=rfc3339_or_none(handoff.connected_at),
        close_reason=handoff.close_reason or None,
        agent=shapes.AgentRef(id=handoff.agent.public_id, name=handoff.agent.name) if handoff.agent else None,
        presence=customer_presence(handoff, now=now),
        why=shapes.Why(text=why),
        timeline=timeline_of(handoff, for_desk=True, heads=heads),
        dispositions=list(handoff.queue.dispositions),
        wrap_up=_wrap_up(handoff),
        survey=_survey(handoff),
        read=shapes.ReadMarks(customer=handoff.customer_read_seq, agent=handoff.agent_read_seq),
        evidence=phone.evidence_of(handoff),
        callback=phone.READERS.callback(handoff),
        call=phone.READERS.call(handoff),
        caller_number=phone.READERS.caller_number(handoff),
        verification=verification_of(handoff),
        heads=heads if heads is not None else UNSET,
    )


def verification_of(handoff: Handoff) -> shapes.VerificationView | None:
    """What was last asked to be confirmed, however it ended. An agent asks, so before there was one nothing was."""
    if handoff.connected_at is None:
        return None
    if Handoff.verification.is_cached(handoff):
        # Read with the handoff itself.
        request = getattr(handoff, "verification", None)
    else:
        request = VerificationRequest.objects.select_related("agent").filter(handoff=handoff).first()
    return verification_view(request) if request else None


def verification_view(request: VerificationRequest) -> shapes.VerificationView:
    action = shapes.AskedFor(key=request.action_key, label=request.action_label) if request.action_key else None
    return shapes.VerificationView(
        acr_values=request.acr_values,
        max_age=request.max_age,
        action=action,
        at=rfc3339(request.asked_at),
        by=shapes.AskedBy(name=request.agent.name),
        expires_at=rfc3339(request.expires_at),
        status=cast(shapes.VerificationStatus, request.status),
        lacks=cast(shapes.Lack, request.lacks) if request.lacks else None,
        answered_at=rfc3339_or_none(request.answered_at),
    )


def _past(handoff: Handoff) -> shapes.PastHandoff:
    wrap_up = getattr(handoff, "wrap_up", None)
    return shapes.PastHandoff(
        id=handoff.public_id,
        at=rfc3339(handoff.opened_at),
        intent=intent_ref(handoff),
        channel=handoff.channel,
        disposition=wrap_up.disposition if wrap_up else None,
        note=(wrap_up.note or None) if wrap_up else None,
        close_reason=handoff.close_reason or None,
    )


def _wrap_up(handoff: Handoff) -> shapes.WrapUpView | None:
    wrap_up = getattr(handoff, "wrap_up", None)
    return shapes.WrapUpView(disposition=wrap_up.disposition, note=wrap_up.note or None) if wrap_up else None


def _survey(handoff: Handoff) -> shapes.SurveyView | None:
    survey = getattr(handoff, "survey", None)
    return shapes.SurveyView(effort=survey.effort, comment=survey.comment or None) if survey else None
