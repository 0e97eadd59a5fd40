"""A small world for the life of handoffs, whose time moves when told to, and what must be true of it at any moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Count, F, Max, Q

from handoff.broker.models import Handoff
from handoff.broker.states import LIVE, OPEN, OWNED, Channel, State
from handoff.flows import sessions
from handoff.identity.models import Customer, Session
from handoff.identity.queries import session_by_token
from handoff.intents.models import Intent
from handoff.lib.clock import utc_now
from handoff.lib.errors import DomainError
from handoff.realtime import log
from handoff.realtime.clock import database_now
from handoff.realtime.models import LogEntry, Stream
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.staffing.models import Agent, AgentSkill, Queue, Skill
from tests.conftest import SECRET, SITE_ORIGIN, Page, make_agent, make_site

WAITING = (State.QUEUED, State.OFFERED)
HERE = sessions.Arrival(origin=SITE_ORIGIN, embedded_by="")
# What tells a row of one moment from the same row later.
_WATCHED: dict[type[models.Model], tuple[str, ...]] = {
    Handoff: ("pk", "state", "version", "agent_id", "queue_id", "channel", "enqueued_at", "due_at", "customer_id"),
    Offer: ("pk", "status"),
    Agent: ("pk", "wanted", "after_current", "missed_in_a_row"),
    Stream: ("pk", "last_seq", "sealed"),
}


class Crash(BaseException):
    """The process dies here."""


class World:
    """Two queues, three intents, three agents; three customers the site knows, and two tabs of nobody in particular."""

    def __init__(self) -> None:
        cards, loans = (Queue.objects.create(key=key, name=key.title()) for key in ("cards", "loans"))
        self.site = make_site("harbour", "Harbour Bank", SITE_ORIGIN, SECRET, cards)
        Intent.objects.create(site=self.site, key="loan", label="Loan", queue=loans, head_start_minutes=5)
        Intent.objects.update(channels=list(Channel))
        self.intents = ["dispute-charge", "lost-card", "loan"]
        self.queues = ["cards", "loans"]
        skill = Skill.objects.create(key="disputes")
        Intent.objects.get(key="dispute-charge").skills.add(skill)
        # Less room than customers, or nobody would ever have to wait for a turn.
        self.agents = [
            make_agent("amira", "Amira", cards, capacity=1),
            make_agent("tomas", "Tomas", cards, loans, capacity=2),
            make_agent("noor", "Noor", loans, capacity=1),
        ]
        for agent in self.agents[:2]:
            AgentSkill.objects.create(agent=agent, skill=skill, level=2)
        self.page = Page(self.site, SITE_ORIGIN, SECRET)
        self.sessions = [self.sign_in(number) for number in range(3)] + [self.arrive() for _ in range(2)]
        self.passed = timedelta(0)

    def sign_in(self, number: int, current: Session | None = None) -> Session:
        """The person's session, instead of `current` if that was one."""
        token = self.page.token(sub=f"customer-{number}", name=f"Customer {number}")
        bundle, _ = sessions.open_session(self.site, token=token, current=current, arrival=HERE)
        return session_by_token(bundle["token"], now=database_now())

    def arrive(self) -> Session:
        bundle, _ = sessions.open_session(self.site, token=None, current=None, arrival=HERE)
        return session_by_token(bundle["token"], now=database_now())

    def pass_time(self, seconds: float, *, everybody_stays: bool) -> None:
        """Every time in every row becomes so much older."""
        self.passed += timedelta(seconds=seconds)
        for model in apps.get_app_config("handoff").get_models():
            times = [field.name for field in model._meta.concrete_fields if isinstance(field, models.DateTimeField)]
            if times:
                model.objects.update(**{name: F(name) - timedelta(seconds=seconds) for name in times})
        if everybody_stays:
            now = database_now()
            Customer.objects.update(seen_at=now)
            Session.objects.filter(ended_at=None).update(seen_at=now, expires_at=now + timedelta(hours=12))
            for agent in Agent.objects.filter(lease_expires_at__isnull=False):
                routing.renew_lease(agent, now=now)


def digest() -> dict[str, Any]:
    """The whole state, as plain values."""
    found: dict[str, Any] = {
        model.__name__: sorted(model.objects.values_list(*names)) for model, names in _WATCHED.items()
    }
    return found | {"entries": LogEntry.objects.count()}


@contextmanager
def crashing(moment: str) -> Iterator[None]:
    """The process dies when it appends to the log: just before, or just after, and before the commit."""
    append = log.append_many

    def die(*args: Any, **options: Any) -> Any:
        if moment == "after the log":
            append(*args, **options)
        raise Crash

    with patch.object(log, "append_many", die):
        yield


def attempt(act: Callable[[], Any]) -> str:
    """Do it; the code if it was refused, else nothing. Whatever else it raises is a mistake."""
    try:
        act()
    except DomainError as refused:
        return refused.code
    return ""


# -- what must hold


def check_offers() -> None:
    """R8: offered exactly while one offer is pending."""
    pending = Counter(Offer.objects.filter(status="pending").values_list("handoff_id", flat=True))
    offered = Counter(Handoff.objects.filter(state=State.OFFERED).values_list("pk", flat=True))
    assert pending == offered, f"pending offers of {dict(pending)}, offered {dict(offered)}"


def check_capacity() -> None:
    loads = Counter(Offer.objects.filter(status="pending").values_list("agent_id", flat=True))
    loads.update(Handoff.objects.filter(state__in=OWNED).values_list("agent_id", flat=True))
    over = {agent.name: loads[agent.pk] for agent in Agent.objects.all() if loads[agent.pk] > agent.capacity}
    assert not over, f"more than they can carry: {over}"


def check_nobody_stranded() -> None:
    """R10: each live one has somebody, a line, or a clock."""
    kept = (
        Q(state=State.SCHEDULED, due_at__isnull=False, expires_at__isnull=False)
        | Q(state=State.AWAITING_CALL, expires_at__isnull=False)
        | Q(state__in=WAITING, ranked_at__isnull=False, agent=None)
        | Q(state=State.CONNECTED, agent__seen_at__isnull=False, connected_at__isnull=False)
        | Q(state=State.WRAP_UP, agent__isnull=False, ended_at__isnull=False)
    )
    stranded = Handoff.objects.filter(state__in=LIVE).exclude(kept)
    assert not stranded, f"stranded: {list(stranded.values('state', 'channel'))}"


def check_nothing_due(*, now: datetime) -> None:
    """R10, R11: what the clocks had to do has been done."""

    def ago(interval: str) -> datetime:
        return now - timedelta(seconds=settings.HANDOFF_SECONDS[interval])

    voice = Q(state=State.CONNECTED, channel=Channel.VOICE)
    in_a_page = Q(channel__in=[Channel.CHAT, Channel.VOICE])
    late = (
        Q(state=State.WRAP_UP, ended_at__lte=ago("WRAP_UP"))
        | Q(state=State.CONNECTED, agent__seen_at__lte=ago("AGENT_GRACE"), agent__heard_at__lte=ago("AGENT_GRACE"))
        | Q(voice, agent__seen_at__lte=ago("VOICE_GRACE"), agent__heard_at__lte=ago("VOICE_GRACE"))
        | Q(in_a_page, state=State.CONNECTED, signed_out_at__lte=ago("LOGGED_OUT"))
        | Q(in_a_page, state__in=WAITING, customer__seen_at__lte=ago("CUSTOMER_GONE"), is_left=False)
        | Q(state__in=[State.AWAITING_CALL, State.SCHEDULED], expires_at__lte=now)
        | Q(state=State.SCHEDULED, due_at__lte=now)
    )
    assert not (found := Handoff.objects.filter(late)), f"overdue: {list(found.values('state', 'channel'))}"
    gone = Q(expires_at__lte=now) | Q(agent__lease_expires_at__lte=now)
    assert not Offer.objects.filter(gone, status="pending")


def check_one_open_a_customer() -> None:
    counts = Handoff.objects.filter(state__in=OPEN).values("customer").annotate(count=Count("pk"))
    assert not counts.filter(count__gt=1)


def check_streams() -> None:
    """R3: 1..n, without a gap."""
    held = Stream.objects.annotate(count=Count("entries"), top=Max("entries__seq")).filter(last_seq__gt=0)
    gaps = held.exclude(count=F("last_seq"), top=F("last_seq"))
    assert not gaps, f"gaps in {list(gaps.values_list('name', flat=True))}"


def check_in_turn(offer: Offer, *, now: datetime) -> None:
    """R22: whoever waits longer and could have had this agent has a reason not to."""
    taken, agent = offer.handoff, offer.agent
    if taken.preferred_agent_id == agent.pk and taken.preferred_until and taken.preferred_until > now:
        return
    earlier = Handoff.objects.select_related("customer", "intent").filter(
        Q(ranked_at__lt=taken.ranked_at) | Q(ranked_at=taken.ranked_at, pk__lt=taken.pk),
        state=State.QUEUED,
        queue__in=agent.queues.all(),
    )
    skills = set(agent.skills.values_list("skill_id", flat=True))
    passed_over = [one for one in earlier if not _may_be_passed_over(one, agent, skills, now=now)]
    assert not passed_over, f"{taken.pk} before {[one.pk for one in passed_over]}, to {agent.name}"


def _may_be_passed_over(one: Handoff, agent: Agent, skills: set[int], *, now: datetime) -> bool:
    since = now - timedelta(seconds=settings.HANDOFF_SECONDS["DECLINED"])
    away_since = now - timedelta(seconds=settings.HANDOFF_SECONDS["CUSTOMER_AWAY"])
    needed = set(one.intent.skills.values_list("pk", flat=True)) if one.queue_id == one.intent.queue_id else set()
    return (
        not needed <= skills
        or (one.excluded_agent_id == agent.pk and one.excluded_until is not None and one.excluded_until > now)
        or Offer.objects.filter(handoff=one, agent=agent, ended_at__gt=since).exclude(status="accepted").exists()
        or (one.channel in (Channel.CHAT, Channel.VOICE) and one.customer.seen_at <= away_since)
        or (one.preferred_until is not None and one.preferred_until > now and one.preferred_agent_id != agent.pk)
    )


def in_half_an_hour() -> datetime:
    return utc_now() + timedelta(minutes=30)
