"""The whole life of handoffs, played at random with crashes and doubled requests: what must hold does, at every step.

No announcement ever arrives here, as if every process died after its commit: all that is known is what a reader finds.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from django.conf import settings as product
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from handoff.broker.models import Handoff
from handoff.broker.states import LIVE, OPEN, OWNED, Channel, State
from handoff.calls import codes, progress
from handoff.calls.models import Call, Code
from handoff.conversations import batch
from handoff.conversations.judging import Send
from handoff.flows import callbacks, claim_call, clocks, dispatch, end_talk, sessions
from handoff.flows.booking import Wish
from handoff.flows.change_intent import change_intent
from handoff.flows.control_call import control
from handoff.flows.dial import dial
from handoff.flows.erase_customer import erase_customer
from handoff.flows.open_handoff import Ask, open_handoff
from handoff.flows.switch_channel import switch_by_agent, switch_by_customer
from handoff.flows.transfer import transfer
from handoff.flows.worker import Worker
from handoff.lib.errors import DomainError
from handoff.realtime.clock import database_now
from handoff.realtime.models import LogEntry
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.staffing.actions import end_lease
from handoff.staffing.models import Agent, AgentSkill, Queue, Skill
from handoff.telephony import registry
from handoff.telephony.base import AskCode, CallEvent, Kind
from tests import lives
from tests.lives import WAITING, Crash, World, attempt, crashing, digest, number_of
from tests.phones import WRONG_CODE, give_line, later, window_in, wish

pytestmark = pytest.mark.django_db
IS_FULL = os.environ.get("HANDOFF_FAULTS") == "full"
# The rules are the same on both, and so are the lives: the second engine need not see all of them.
FEW_LIVES = {"postgresql": 20, "sqlite": 10}

JOBS = (
    routing.expire_offers,
    routing.lose_offers,
    clocks.lose_agents,
    clocks.come_due,
    clocks.finish_wrap_ups,
    clocks.close_abandoned,
    clocks.end_signed_out,
    clocks.expire,
    dispatch.recover,
    dispatch.poll_silent,
)
# What a network may say of a call, in whichever order.
INBOUND = (Kind.ANSWERED, Kind.QUEUED, Kind.AGENT_RINGING, Kind.BRIDGED, Kind.ENDED, Kind.FAILED)
OUTBOUND = (
    Kind.RINGING,
    Kind.BUSY,
    Kind.NO_ANSWER,
    Kind.FAILED,
    Kind.ANSWERED,
    Kind.BRIDGED,
    Kind.ENDED,
    Kind.CANCELED,
)
CONTROLS = ("rendered", "hang_up", "voicemail", "hold", "resume", "mute")


@dataclass(frozen=True)
class How:
    """Who does it, counted round; to whom or with what; and whether it is done twice, or after a crash."""

    who: int
    other: int
    channel: Channel
    flag: bool
    times: str


hows = st.tuples(
    st.integers(0, 5),
    st.integers(0, 5),
    st.sampled_from([Channel.CHAT, Channel.CALLBACK, Channel.VOICE, Channel.CALLBACK, Channel.PHONE]),
    st.booleans(),
    st.sampled_from(["once", "once", "once", "twice", "before the log", "after the log"]),
)
SECONDS = (2, 12, 28, 35, 70, 2000)
COMMON = ("open", "look_for_agents", "accept", "call_back")
ACTS = (
    *COMMON * 4, "sit_down", "sit_down", "let_the_clocks_look", "let_the_clocks_look", "let_the_clocks_look",
    "switch", "want_something_else", "cancel", "leave_the_talk", "snooze", "turn_out_to_be", "sign_out_and_in",
    "be_forgotten", "ring_in", "ring_in", "key_again", "hang_up", *("be_reported",) * 6, "claim", "claim", "renew_code",
    *("control",) * 3, "put_off", *("providers_are_asked",) * 3, "get_up", "sign_out_of_the_desk", "accept_too_late",
    "decline", "pass_on_to_queue", "pass_on_to_agent", "switch_by_agent", "end", "wrap_up",
    "act_on_what_is_not_theirs", "talk", *("wait",) * 4,
)  # fmt: skip


class Life(RuleBasedStateMachine):
    """Each step is one person or one clock doing one thing: a method of that name."""

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.world = World()
        self.worker = Worker("life")
        self.places: dict[int, datetime] = {}
        # What came of each call that has ended, and which call used a code.
        self.ends: dict[int, tuple[str, str]] = {}
        self.users: dict[int, int] = {}
        self.texts = 0
        for agent in self.world.agents:
            routing.set_availability(agent, available=True, after_current=False, reason="")
        for who, channel in enumerate((Channel.CHAT, Channel.CALLBACK, Channel.VOICE, Channel.PHONE, Channel.PHONE)):
            self.open(How(who, who, channel, False, "once"))
        routing.run_matching()
        called_back = Offer.objects.select_related("agent").get(handoff__channel=Channel.CALLBACK)
        self.answer(called_back)
        # One of the two callers has dialled.
        self.ring_in(How(0, 0, Channel.PHONE, False, "once"))

    def teardown(self) -> None:
        try:
            self.everybody_is_served_in_the_end()
        finally:
            registry.remove(self.world.phone.name)
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    @rule(act=st.sampled_from(ACTS), how=hows)
    def step(self, act: str, how: tuple[int, int, Channel, bool, str]) -> None:
        getattr(self, act)(How(*how))

    # -- how a thing is done

    def do(self, act: Callable[[], Any], how: How, *, is_quiet: bool = False) -> str:
        """Once, twice, or with a crash before it succeeds; a crash leaves nothing behind.

        What is quiet tells nobody anything, so that it may have happened by the time of the crash: it comes twice.
        """
        if how.times in ("before the log", "after the log"):
            before = digest()
            try:
                with crashing(how.times):
                    refused = attempt(act)
            except Crash:
                assert digest() == before
            else:
                assert refused or is_quiet or digest() == before, "it wrote nothing into the log and changed something"
        refused = attempt(act)
        if how.times == "twice" and not refused:
            attempt(act)
        return refused

    def pick(self, number: int, **where: Any) -> Handoff | None:
        found = list(Handoff.objects.select_related("customer", "agent").filter(**where).order_by("id"))
        return found[number % len(found)] if found else None

    # -- customers

    def open(self, how: How) -> None:
        name = self.world.intents[how.other % 3]
        ask = Ask(client_id=f"click-{self.next()}", intent=name, channel=how.channel, wish=self.wish(how))
        session = self.world.sessions[how.who % 5]
        is_open = Handoff.objects.filter(customer=session.customer, state__in=OPEN).exists()
        refused = self.do(lambda: open_handoff(session, ask), how)
        assert not is_open or refused in ("", "session_expired"), "who has one open gets that one"

    def switch(self, how: How) -> None:
        handoff = self.pick(how.who, state__in=LIVE)
        session = handoff and self.session_of(handoff)
        if handoff and session:
            id_, wished = handoff.public_id, self.wish(how)
            self.do(lambda: switch_by_customer(session, id_, channel=how.channel, wish=wished), how)

    def want_something_else(self, how: How) -> None:
        handoff = self.pick(how.who, state__in=LIVE)
        session = handoff and self.session_of(handoff)
        if handoff and session:
            id_ = handoff.public_id
            self.do(lambda: change_intent(session, id_, intent_key=self.world.intents[how.other % 3]), how)

    def cancel(self, how: How) -> None:
        if handoff := self.pick(how.who, state__in=LIVE):
            refused = self.do(lambda: end_talk.cancel(handoff.customer, handoff.public_id), how)
            assert bool(refused) == (handoff.state in OWNED)

    def leave_the_talk(self, how: How) -> None:
        if handoff := self.pick(how.who, state__in=[State.CONNECTED, State.QUEUED]):
            refused = self.do(lambda: end_talk.end_by_customer(handoff.customer, handoff.public_id), how)
            assert bool(refused) == (handoff.state != State.CONNECTED)

    def snooze(self, how: How) -> None:
        if handoff := self.pick(how.who, channel=Channel.CALLBACK, state__in=LIVE):
            put_off = self.later(how)
            self.do(lambda: callbacks.postpone_by_customer(handoff.customer, handoff.public_id, put_off), how)

    def turn_out_to_be(self, how: How) -> None:
        """Nobody in particular signs in; what both had open becomes one."""
        tab = 3 + how.who % 2
        before = self.world.sessions[tab]
        if before.customer.subject is not None:
            self.world.sessions[tab] = self.world.arrive()
            return

        def act() -> None:
            self.world.sessions[tab] = self.world.sign_in(how.other % 3, current=before)

        self.do(act, replace(how, times="once") if how.times == "twice" else how)
        assert not Handoff.objects.filter(customer=before.customer).exists()

    def sign_out_and_in(self, how: How) -> None:
        who = how.who % 3
        assert not attempt(lambda: sessions.sign_out(self.world.sessions[who], everywhere=how.flag))
        if how.other:
            self.world.sessions[who] = self.world.sign_in(who)

    def be_forgotten(self, how: How) -> None:
        """Erased, and back as somebody whom nobody knows anything of."""
        who = how.who % 5
        if how.other == 0:
            erase_customer(self.world.sessions[who].customer)
            self.world.sessions[who] = self.world.sign_in(who) if who < 3 else self.world.arrive()

    # -- phones

    def ring_in(self, how: How) -> None:
        """Somebody calls, and keys a code, a wrong one, or none; the network tells of a number or withholds it."""
        call_id = f"in-{self.next()}"
        told = self.report(call_id, Kind.RINGING, how, caller=number_of(how.who % 3) if how.flag else "")
        assert isinstance(told, AskCode)
        self.key(call_id, how)

    def key_again(self, how: How) -> None:
        if call := self.call(how.who, handoff=None, direction="inbound", status__in=progress.LIVE):
            self.key(call.provider_id, how)

    def key(self, call_id: str, how: How) -> None:
        digits = self.digits(how)
        awaited = self.holder_of(digits)
        self.report(call_id, Kind.CODE_ENTERED, how, digits=digits)
        call = Call.objects.select_related("handoff").get(provider_id=call_id)
        if awaited is not None and not call.goodbye:
            assert call.handoff == awaited, "the right code opens the record"
        if not digits:
            assert call.handoff is not None or call.goodbye, "who keys nothing is answered all the same"

    def digits(self, how: How) -> str:
        """One that is shown, one that was shown before, a wrong one, one of a slip, or none."""
        if how.other > 3:
            return ""
        if how.other == 3:
            return WRONG_CODE if how.flag else "123"
        shown = Code.objects.filter(digest__isnull=False) if how.other < 2 else Code.objects.all()
        row = list(shown.select_related("handoff").order_by("id"))
        if not row:
            return WRONG_CODE
        code = row[how.who % len(row)]
        return codes.derive(code.handoff.public_id, code.issue, secret=product.SECRET_KEY)

    def holder_of(self, digits: str) -> Handoff | None:
        """Who waits for a call with these."""
        found = codes.digest(digits, secret=product.SECRET_KEY)
        live = Code.objects.filter(digest=found, expires_at__gt=database_now(), used_at=None)
        return next((row.handoff for row in live.select_related("handoff")), None)

    def hang_up(self, how: How) -> None:
        if call := self.call(how.who, direction="inbound", status__in=progress.LIVE):
            self.report(call.provider_id, Kind.ENDED, how)

    def be_reported(self, how: How) -> None:
        """Late, early, twice or wrong: a call that has ended stays as it ended."""
        live = {"status__in": progress.LIVE} if how.who % 3 else {}
        if call := self.call(how.who, **live):
            kinds = INBOUND if call.direction == "inbound" else OUTBOUND
            kind = kinds[(how.other + 3 * how.flag) % len(kinds)]
            self.report(call.provider_id or f"dial-{call.public_id}", kind, how, reference=self.reference(call))

    def claim(self, how: How) -> None:
        """Mine or not, also after a tap; a call that was left for another channel is nobody's to claim."""
        call = self.call(how.who, claim__in=["asked", "mine"])
        session = call and call.handoff and self.session_of(call.handoff)
        if call is None or call.handoff is None or session is None:
            return
        handoff, is_repeated = call.handoff, how.flag and call.claim == "mine"
        is_on = handoff.channel == Channel.PHONE and not Call.objects.filter(handoff=handoff, pk__gt=call.pk).exists()
        refused = self.do(lambda: claim_call.claim(session, call.public_id, is_mine=how.flag), how)
        expected = "handoff_closed" if handoff.state == State.CLOSED and not is_repeated else ""
        assert refused == (expected if is_on else "not_found")

    def renew_code(self, how: How) -> None:
        if handoff := self.pick(how.who, channel=Channel.PHONE, state__in=LIVE):
            act = lambda: claim_call.renew_code(handoff.customer, handoff.public_id)  # noqa: E731
            assert bool(self.do(act, how, is_quiet=True)) == (handoff.state != State.AWAITING_CALL)

    def providers_are_asked(self, how: How) -> None:
        """What is due is done; a process may die before it was heard, or after, and the next one takes over."""
        self.world.phone.dies = {"before the log": "before", "after the log": "after"}.get(how.times, "")
        try:
            dispatch.run_due()
        except Crash:
            pass
        finally:
            self.world.phone.dies = ""
        if how.flag:
            self.world.phone.report_ends()

    def call_back(self, how: How) -> None:
        if handoff := self.pick(how.who, state=State.CONNECTED, channel=Channel.CALLBACK):
            owner, id_ = self.owner(handoff), handoff.public_id
            refused = self.do(lambda: dial(owner, id_), how)
            assert refused in ("", "number_not_allowed", "rate_limited")
            self.providers_are_asked(how)

    def control(self, how: How) -> None:
        if handoff := self.pick(how.who, state__in=OWNED, channel__in=[Channel.PHONE, Channel.CALLBACK]):
            owner, id_ = self.owner(handoff), handoff.public_id
            refused = self.do(lambda: control(owner, id_, action=CONTROLS[how.other]), how, is_quiet=True)
            assert refused in ("", "illegal_transition")

    # -- agents

    def sit_down(self, how: How) -> None:
        self.set_availability(how, available=True, after_current=False)

    def get_up(self, how: How) -> None:
        agent = self.set_availability(how, available=False, after_current=how.flag)
        owns = Handoff.objects.filter(agent=agent, state__in=OWNED).exists()
        assert (agent.wanted, agent.after_current) == (False, how.flag and owns)
        assert not Offer.objects.filter(agent=agent, status="pending").exists()

    def sign_out_of_the_desk(self, how: How) -> None:
        end_lease(self.world.agents[how.who % 3], now=database_now())

    def accept(self, how: How) -> None:
        if offer := self.offer(how.who, status="pending"):
            is_late = offer.expires_at <= database_now()
            refused = self.do(lambda: self.answer(offer), how)
            assert refused == ("offer_gone" if is_late else ""), "a pending offer is accepted while its time runs"

    def accept_too_late(self, how: How) -> None:
        """R9: an ended offer, or one of another agent."""
        if offer := self.offer(how.who, status__in=["declined", "timed_out", "withdrawn", "agent_lost", "accepted"]):
            assert attempt(lambda: self.answer(offer)) == "offer_gone"
        if offer := self.offer(how.who, status="pending"):
            other = next(one for one in self.world.agents if one.pk != offer.agent_id)
            assert attempt(lambda: self.answer(offer, other)) == "offer_gone"

    def decline(self, how: How) -> None:
        if offer := self.offer(how.who, status="pending"):
            id_, token = offer.public_id, offer.token
            self.do(lambda: routing.decline(offer.agent, offer_id=id_, token=token, reason="lunch"), how)

    def pass_on_to_queue(self, how: How) -> None:
        self.pass_on(how, queue=self.world.queues[how.other % 2], to_agent=None)

    def pass_on_to_agent(self, how: How) -> None:
        self.pass_on(how, queue=None, to_agent=self.world.agents[how.other % 3].public_id)

    def switch_by_agent(self, how: How) -> None:
        if handoff := self.pick(how.who, state=State.CONNECTED):
            owner, id_ = self.owner(handoff), handoff.public_id
            refused = self.do(lambda: switch_by_agent(owner, id_, channel=how.channel), how)
            # Whose number nobody knows has to say it.
            assert refused == "" or (refused == "invalid_request" and how.channel is Channel.CALLBACK)

    def put_off(self, how: How) -> None:
        if handoff := self.pick(how.who, state=State.CONNECTED, channel=Channel.CALLBACK):
            owner, id_, put_off = self.owner(handoff), handoff.public_id, self.later(how)
            self.do(lambda: callbacks.postpone_by_agent(owner, id_, put_off), how)

    def end(self, how: How) -> None:
        if handoff := self.pick(how.who, state=State.CONNECTED):
            owner = self.owner(handoff)
            assert not self.do(lambda: end_talk.end_by_agent(owner, handoff.public_id, version=None), how)

    def wrap_up(self, how: How) -> None:
        if handoff := self.pick(how.who, state=State.WRAP_UP):
            assert not self.do(lambda: self.close(handoff), how)

    def act_on_what_is_not_theirs(self, how: How) -> None:
        """R14: a stale owner is refused, whatever they try."""
        handoff, stranger = self.pick(how.who), self.world.agents[how.other % 3]
        if handoff is None or (handoff.agent_id == stranger.pk and handoff.state in OWNED):
            return
        id_, before = handoff.public_id, digest()
        acts: list[Callable[[], Any]] = [
            lambda: end_talk.end_by_agent(stranger, id_, version=None),
            lambda: transfer(stranger, id_, queue="cards", to_agent=None, note="mine", version=None),
            lambda: switch_by_agent(stranger, id_, channel="voice"),
            lambda: dial(stranger, id_),
            lambda: control(stranger, id_, action="hang_up"),
            lambda: callbacks.postpone_by_agent(stranger, id_, self.later(how)),
            lambda: self.say(id_, "agent", stranger.public_id, "stale"),
        ]
        assert [attempt(act) for act in acts] == ["not_found"] * len(acts)
        assert digest() == before

    def talk(self, how: How) -> None:
        """R1, R2: stored once, or refused."""
        handoff = self.pick(how.who)
        if handoff is None or (how.flag and handoff.state not in OWNED):
            return
        author = self.owner(handoff) if how.flag else handoff.customer
        words = (handoff.public_id, "agent" if how.flag else "customer", author.public_id, f"m{self.next()}")
        codes = [attempt(lambda: self.say(*words)) for _ in range(2)]
        assert set(codes) == {"handoff_closed" if handoff.state == State.CLOSED else ""}
        stored = LogEntry.objects.filter(type="message.posted", client_id=words[3]).count()
        assert stored == (handoff.state != State.CLOSED)

    # -- clocks

    def look_for_agents(self, how: How) -> None:
        self.offer_in_turn(routing.run_matching, how)

    def offer_in_turn(self, act: Callable[[], Any], how: How) -> None:
        known = set(Offer.objects.values_list("pk", flat=True))
        self.do(act, how)
        now = database_now()
        for offer in Offer.objects.select_related("handoff", "agent").exclude(pk__in=known):
            assert offer.agent.wanted
            assert offer.agent.is_signed_in(now)
            lives.check_in_turn(offer, now=now)

    def wait(self, how: How) -> None:
        self.world.pass_time(SECONDS[how.other], everybody_stays=how.who > 2)

    def let_the_clocks_look(self, how: How) -> None:
        began = database_now()
        self.offer_in_turn(self.tick, how)
        lives.check_nothing_due(now=began)
        # What has come due since `began`, while the clocks looked, is for their next look.
        if any(job() for job in JOBS):
            assert not any(job() for job in JOBS), "R11: what was due has been done, once"

    # -- what holds

    @invariant()
    def all_is_well(self) -> None:
        lives.check_offers()
        lives.check_capacity()
        lives.check_nobody_stranded()
        lives.check_one_open_a_customer()
        lives.check_streams()
        lives.check_phones()
        lives.check_calls()
        lives.check_codes()
        self.check_places()
        self.check_ends()

    def check_ends(self) -> None:
        """What has ended stays as it ended, and a code has one call."""
        ended = Call.objects.filter(status__in=progress.ENDED).values_list("pk", "status", "outcome")
        ends = {pk: (status, outcome) for pk, status, outcome in ended}
        assert ends | self.ends == ends
        users = dict(Code.objects.filter(used_at__isnull=False).values_list("pk", "call"))
        assert users | self.users == users
        self.ends, self.users = ends, users

    def check_places(self) -> None:
        """Who waits or talks is never moved back."""
        in_line = Handoff.objects.filter(state__in=(*WAITING, State.CONNECTED))
        places = {pk: at + self.world.passed for pk, at in in_line.values_list("pk", "enqueued_at")}
        moved_back = [pk for pk, since in places.items() if since > self.places.get(pk, since)]
        assert not moved_back
        self.places = places

    def everybody_is_served_in_the_end(self) -> None:
        """However it stands: once people are at work again, every single one comes to an end."""
        skill = Skill.objects.get()
        give_line(*self.world.agents)
        for agent in self.world.agents:
            agent.queues.set(Queue.objects.all())
            AgentSkill.objects.get_or_create(agent=agent, skill=skill)
        for _ in range(60):
            live = Handoff.objects.filter(state__in=LIVE)
            if not live.exists():
                self.nobody_is_left_on_the_line()
                return
            self.serve_a_round()
        raise AssertionError(f"never served: {list(live.values('state', 'channel', 'agent'))}")

    def nobody_is_left_on_the_line(self) -> None:
        """Within minutes: what was hung up is reported, and what nobody knows of is looked up."""
        left = Call.objects.filter(status__in=progress.LIVE).exclude(handoff=None)
        for _ in range(5):
            self.world.pass_time(60, everybody_stays=True)
            dispatch.recover()
            dispatch.poll_silent()
            while dispatch.run_due():
                pass
            self.world.phone.report_ends()
            if not left.exists():
                return
        raise AssertionError(f"still on the line: {list(left.values('direction', 'status', 'evidence'))}")

    def serve_a_round(self) -> None:
        self.world.pass_time(2000, everybody_stays=True)
        dispatch.run_due()
        self.world.phone.report_ends()
        for agent in self.world.agents:
            routing.renew_lease(agent, now=database_now())
            if not Agent.objects.get(pk=agent.pk).wanted:
                routing.set_availability(agent, available=True, after_current=False, reason="")
        self.tick()
        for offer in Offer.objects.select_related("agent").filter(status="pending"):
            self.answer(offer)
        for handoff in Handoff.objects.select_related("agent").filter(state=State.CONNECTED):
            end_talk.end_by_agent(self.owner(handoff), handoff.public_id, version=None)
            self.close(handoff)

    # -- small parts

    def wish(self, how: How) -> Wish:
        """In a window or as soon as possible; to the number the site knows, or another."""
        return wish(window_in(0.5) if how.flag else None, phone=number_of(how.who % 4))

    def later(self, how: How) -> callbacks.Later:
        return later(window_in(1)) if how.flag else callbacks.Later(minutes=30)

    def report(self, call_id: str, kind: Kind, how: How, **fields: str) -> Any:
        """Of the network, which may say it twice; it is never refused."""
        event: CallEvent = self.world.phone.event(call_id, kind, **fields)
        answers: list[Any] = []
        assert not self.do(lambda: answers.append(registry.report(event)), how, is_quiet=True)
        assert answers[0] == answers[-1], "told twice, it is answered the same"
        return answers[-1]

    def call(self, number: int, **where: Any) -> Call | None:
        found = list(Call.objects.select_related("handoff__customer").filter(**where).order_by("id"))
        return found[number % len(found)] if found else None

    def reference(self, call: Call) -> str:
        return call.public_id if call.direction == "outbound" else ""

    def next(self) -> int:
        self.texts += 1
        return self.texts

    def tick(self) -> None:
        while self.worker.tick():
            pass

    def set_availability(self, how: How, **wanted: bool) -> Agent:
        agent = self.world.agents[how.who % 3]
        assert not self.do(lambda: routing.set_availability(agent, reason="", **wanted), how)
        return Agent.objects.get(pk=agent.pk)

    def session_of(self, handoff: Handoff) -> Any:
        mine = (one for one in self.world.sessions if one.customer_id == handoff.customer_id)
        return next(mine, None)

    def offer(self, number: int, **where: Any) -> Offer | None:
        found = list(Offer.objects.select_related("agent").filter(**where).order_by("id"))
        return found[number % len(found)] if found else None

    def answer(self, offer: Offer, agent: Agent | None = None) -> str:
        return routing.accept(agent or offer.agent, offer_id=offer.public_id, token=offer.token)

    def owner(self, handoff: Handoff) -> Agent:
        assert handoff.agent is not None
        return handoff.agent

    def close(self, handoff: Handoff) -> None:
        end_talk.wrap_up(self.owner(handoff), handoff.public_id, disposition="resolved", note="", version=None)

    def pass_on(self, how: How, **to: str | None) -> None:
        if handoff := self.pick(how.who, state=State.CONNECTED):
            owner, id_ = self.owner(handoff), handoff.public_id
            self.do(lambda: transfer(owner, id_, note="knows the shop", version=None, **to), how)

    def say(self, handoff_id: str, kind: str, author_id: str, client_id: str) -> None:
        """As the message batch does it, on this test's own connection."""
        send = Send.of(
            handoff_id=handoff_id, author_kind=kind, author_id=author_id, client_id=client_id, text="Are you there?"
        )
        answer = batch._write([send])[0]
        if isinstance(answer, DomainError):
            raise answer


def raise_again(*_: Any) -> None:
    raise


def test_whatever_happens_nobody_is_lost(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("handoff.routing.queries.BUILT_CHANNELS", tuple(Channel))
    # What the clocks swallow, so that one handoff does not hold up the others, is a failure here.
    monkeypatch.setattr("handoff.lib.turns.logger.exception", raise_again)
    monkeypatch.setattr(Worker, "_attempt", lambda self, work: work() or 0)
    caplog.set_level(logging.CRITICAL)
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=400 if IS_FULL else FEW_LIVES[connection.vendor],
            stateful_step_count=30,
            derandomize=not IS_FULL,
            # Thirty steps can be read; looking for fewer takes minutes.
            phases=[Phase.generate, Phase.shrink] if IS_FULL else [Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
