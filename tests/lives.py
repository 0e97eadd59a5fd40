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
from handoff.broker.phone import PHONES
from handoff.broker.states import LIVE, OPEN, OWNED, Channel, State
from handoff.callbacks.models import Callback
from handoff.calls import progress
from handoff.calls.models import Call, CallReport, CallTask, Code, WrongCode
from handoff.flows import sessions
from handoff.identity.models import Customer, Session
from handoff.identity.queries import session_by_token
from handoff.intents.models import Intent
from handoff.lib.errors import DomainError
from handoff.realtime import log
from handoff.realtime.clock import database_now
from handoff.realtime.models import LogEntry, Stream
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.staffing.models import Agent, AgentSkill, Queue, Skill
from handoff.telephony import registry
from handoff.telephony.base import FINAL, Audio, CallEvent, Instruction, Kind, Order
from tests.conftest import SECRET, SITE_ORIGIN, Page, make_agent, make_site
from tests.phones import give_line, set_up_phone
from tests.scripted_phone import NUMBER, ScriptedPhone

WAITING = (State.QUEUED, State.OFFERED)
HERE = sessions.Arrival(origin=SITE_ORIGIN, embedded_by="")
# What tells a row of one moment from the same row later.
_WATCHED: dict[type[models.Model], tuple[str, ...]] = {
    Handoff: ("pk", "state", "version", "agent_id", "queue_id", "channel", "enqueued_at", "due_at", "customer_id"),
    Offer: ("pk", "status"),
    Agent: ("pk", "wanted", "after_current", "missed_in_a_row"),
    Stream: ("pk", "last_seq", "sealed"),
    Callback: ("pk", "number", "starts_at", "attempts", "next_at", "last_outcome"),
    Call: ("pk", "status", "handoff_id", "agent_id", "evidence", "claim", "outcome", "wrong_codes", "goodbye"),
    Code: ("pk", "digest", "used_at"),
    CallTask: ("pk", "kind", "due_at", "claimed_at", "done_at"),
    CallReport: ("pk",),
    WrongCode: ("pk",),
}


class Crash(BaseException):
    """The process dies here."""


class Network(ScriptedPhone):
    """Keeps how each call stands, as a real one does: it can be asked, and what was hung up is reported in time."""

    def __init__(self) -> None:
        super().__init__(name="network")
        self.stands: dict[str, Kind] = {}
        # Dials by our reference; each must be ordered once.
        self.ordered: list[str] = []
        self.hung_up: list[str] = []
        # The process that asks next dies: before it was heard, or after.
        self.dies = ""

    def originate(self, order: Order) -> str:
        self._die("before")
        assert order.reference not in self.ordered, "R13: dialled twice"
        self.ordered.append(order.reference)
        dial_id = super().originate(order)
        self.stands[dial_id] = Kind.AGENT_RINGING
        self._die("after")
        return dial_id

    def connect(self, call_id: str, agent: Audio, *, reference: str) -> None:
        self._die("before")
        super().connect(call_id, agent, reference=reference)
        self._die("after")

    def hang_up(self, call_id: str) -> None:
        self._die("before")
        super().hang_up(call_id)
        self.hung_up.append(call_id)
        self._die("after")

    def look_up(self, *, call_id: str, reference: str) -> CallEvent | None:
        call_id = call_id or f"dial-{reference}"
        kind = self.stands.get(call_id)
        return kind and self.event(call_id, kind, event_id=f"{call_id}:{kind}", reference=reference)

    def event(self, call_id: str, kind: Kind, **fields: str) -> CallEvent:
        """What it is about to report; it is true from now on."""
        if self.stands.get(call_id) not in FINAL and kind is not Kind.CODE_ENTERED:
            self.stands[call_id] = kind
        fields.setdefault("event_id", f"{call_id}:{kind}:{next(self._numbers)}")
        return CallEvent(provider=self.name, call_id=call_id, kind=kind, called=NUMBER, **fields)

    def report_ends(self) -> None:
        """Of all that was to be hung up."""
        ended, self.hung_up = self.hung_up, []
        for call_id in ended:
            if call_id:
                registry.report(self.event(call_id, Kind.ENDED))

    def told(self, call_id: str, kind: Kind, **fields: str) -> Instruction:
        return registry.report(self.event(call_id, kind, **fields))

    def _die(self, moment: str) -> None:
        if self.dies == moment:
            self.dies = ""
            raise Crash


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
        # Noor has no phone.
        give_line(*self.agents[:2])
        for agent in self.agents[:2]:
            AgentSkill.objects.create(agent=agent, skill=skill, level=2)
        self.phone = Network()
        registry.add(self.phone)
        set_up_phone(self.site, provider=self.phone.name)
        self.page = Page(self.site, SITE_ORIGIN, SECRET)
        self.sessions = [self.sign_in(number) for number in range(3)] + [self.arrive() for _ in range(2)]
        self.passed = timedelta(0)

    def sign_in(self, number: int, current: Session | None = None) -> Session:
        """The person's session, instead of `current` if that was one."""
        # The site knows the numbers of all but the last.
        known = {"phone_number": number_of(number)} if number < 2 else {}
        token = self.page.token(sub=f"customer-{number}", name=f"Customer {number}", **known)
        bundle, _ = sessions.open_session(self.site, token=token, current=current, arrival=HERE, now=database_now())
        return session_by_token(bundle["token"])[0]

    def arrive(self) -> Session:
        bundle, _ = sessions.open_session(self.site, token=None, current=None, arrival=HERE, now=database_now())
        return session_by_token(bundle["token"])[0]

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


def number_of(customer: int) -> str:
    return f"+4477009000{customer:02d}"


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
    # While the two hear each other, a page that is gone is not an agent that is gone.
    talking = Call.objects.filter(status="bridged").values("handoff")
    found = Handoff.objects.filter(late).exclude(state=State.CONNECTED, pk__in=talking)
    assert not found, f"overdue: {list(found.values('state', 'channel'))}"
    gone = Q(expires_at__lte=now) | Q(agent__lease_expires_at__lte=now)
    assert not Offer.objects.filter(gone, status="pending")


def on_a_call() -> Counter[int]:
    """Who talks on a telephone, or is offered a call: how many an agent."""
    calls = Counter(Handoff.objects.filter(state=State.CONNECTED, channel__in=PHONES).values_list("agent", flat=True))
    offered = Offer.objects.filter(status="pending", handoff__channel__in=PHONES)
    calls.update(offered.values_list("agent", flat=True))
    return calls


def check_phones() -> None:
    """One person, one call; nobody without a phone."""
    busy = on_a_call()
    assert all(count == 1 for count in busy.values()), f"more than one call at once: {dict(busy)}"
    assert not Agent.objects.filter(pk__in=busy, audio="")


def check_calls() -> None:
    """One live dial and one live caller a handoff; whoever is not to be on the line any more is hung up."""
    live = Call.objects.filter(status__in=progress.LIVE).exclude(handoff=None)
    twice = live.values("handoff", "direction").annotate(count=Count("pk")).filter(count__gt=1)
    assert not twice, f"two at once: {list(twice)}"
    wanted = Q(
        direction="inbound",
        handoff__channel=Channel.PHONE,
        handoff__state__in=[State.QUEUED, State.OFFERED, State.CONNECTED],
    ) | Q(direction="outbound", handoff__channel=Channel.CALLBACK, handoff__state=State.CONNECTED)
    left = live.exclude(wanted).exclude(tasks__kind="hang_up")
    assert not left, f"left on the line: {list(left.values('direction', 'status', 'handoff__state'))}"


def check_codes() -> None:
    """Each awaited call has a code to come in with, or one to renew; nobody else has; and a used one is used up."""
    without = Handoff.objects.filter(state=State.AWAITING_CALL, codes=None)
    assert not without
    usable = Code.objects.filter(digest__isnull=False)
    assert not usable.exclude(handoff__state=State.AWAITING_CALL)
    assert not usable.filter(Q(used_at__isnull=False) | Q(call__isnull=False))
    assert usable.count() == usable.values("handoff").distinct().count()


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
    # Somebody on a call can take no other; and of two calls the earlier one comes first.
    can_call = bool(agent.audio) and (taken.channel in PHONES or agent.pk not in on_a_call())
    earlier = earlier if can_call else earlier.exclude(channel__in=PHONES)
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
