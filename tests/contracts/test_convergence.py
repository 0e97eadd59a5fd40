"""For every action: an old snapshot plus the events equals a fresh snapshot, for the agent and for the customer."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings

from agent_console.snapshot import agent_snapshot
from handoff.broker import actions as broker
from handoff.broker.models import Handoff
from handoff.broker.states import TRANSITIONS, Action, Channel, State
from handoff.broker.transitions import FOLLOWERS, Move
from handoff.calls import codes
from handoff.calls.models import Call, Code
from handoff.conversations import actions as conversations
from handoff.conversations.batch import batcher
from handoff.conversations.judging import Send
from handoff.flows import (
    add_context,
    callbacks,
    claim_call,
    clocks,
    dispatch,
    end_talk,
    supervise,
    switch_channel,
    verification,
    views,
)
from handoff.flows.control_call import control
from handoff.flows.dial import dial
from handoff.flows.erase_customer import erase_customer
from handoff.flows.open_handoff import Ask, open_handoff
from handoff.flows.transfer import transfer
from handoff.identity.models import Customer, Session
from handoff.intents.models import Intent
from handoff.lib.clock import utc_now
from handoff.realtime import log
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.staffing.models import Agent
from handoff.telephony.base import CallError, Kind
from tests.conftest import Page
from tests.phones import call_in, later, ring, window_in, wish
from tests.scenes import tables_that_hold
from tests.scripted_phone import MAYAS_NUMBER, ScriptedPhone

sys.path.insert(0, str(Path(__file__).parent))
from desks import Reader, View, reduce_desk, reduce_panel

pytestmark = pytest.mark.django_db(transaction=True)

# Told beside the log, to whoever looks now: places, boards, read marks, and what is counted from the rest.
EPHEMERAL = {
    "queues", "load", "position", "estimate", "head", "read", "existing", "presence", "agent_presence",
    # A code is in no event, and when it comes due neither: both are read anew. A link is signed anew each time.
    "phone", "due_at", "link",
}  # fmt: skip
LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def every_channel(phone, monkeypatch: pytest.MonkeyPatch) -> None:
    """The life of a handoff is whole for all channels, whichever of them the edges offer."""
    monkeypatch.setattr("handoff.routing.queries.BUILT_CHANNELS", tuple(Channel))
    Intent.objects.update(channels=list(Channel))


class Scene:
    """One customer and one agent at work, with a reader on each side."""

    def __init__(self, page: Any, agent: Agent, phone: ScriptedPhone) -> None:
        self.page, self.agent, self.phone = page, agent, phone
        self.handoff_id = ""
        # What the provider calls the dial that is on.
        self.dial_id = ""
        # A second agent, and a second tab, where a scene has one.
        self.other: Any = None
        self.tab: Any = None
        routing.renew_lease(agent, now=utc_now())
        routing.set_availability(agent, available=True, after_current=False, reason="")

    @property
    def customer(self) -> Customer:
        return Customer.objects.get(public_id=self.page.customer["id"])

    @property
    def handoff(self) -> Handoff:
        return Handoff.objects.get(public_id=self.handoff_id)

    @property
    def session(self) -> Session:
        return Session.objects.select_related("customer__site").filter(customer=self.customer).latest("id")

    @property
    def offer(self) -> Offer:
        return Offer.objects.get(status=Offer.Status.PENDING)

    def desk(self) -> Reader:
        return Reader(self._start_desk, reduce_desk)

    def panel(self) -> Reader:
        return Reader(self._start_panel, reduce_panel)

    def _start_desk(self) -> tuple[View, dict[str, int]]:
        with log.reading() as now:
            snapshot, heads = agent_snapshot(Agent.objects.get(pk=self.agent.pk), now=now)
        return snapshot.to_wire(), heads

    def _start_panel(self) -> tuple[View, dict[str, int]]:
        session = self.session
        with log.reading() as now:
            snapshot, heads = views.customer_snapshot(session, now=now)
        return snapshot.to_wire(), heads


Act = Callable[[Scene], None]


def opened(scene: Scene) -> None:
    steps = [{"name": "upload", "path": "/dispute/3", "status": "failed", "error": "FILE_TOO_LARGE"}]
    facts = [{"key": "charge", "label": "Charge", "value": "GBP 42.10"}]
    answer = scene.page.ask(statement="charged twice", journey={"steps": steps, "facts": facts})
    scene.handoff_id = answer.body["id"]


def offered(scene: Scene) -> None:
    opened(scene)
    assert routing.run_matching() == 1


def connected(scene: Scene) -> None:
    offered(scene)
    accept(scene)


def talking(scene: Scene) -> None:
    connected(scene)
    say(scene)


def wrapping_up(scene: Scene) -> None:
    connected(scene)
    end_by_agent(scene)


def wrapped_up(scene: Scene) -> None:
    wrapping_up(scene)
    wrap_up(scene)


def look_for_somebody(scene: Scene) -> None:
    assert routing.run_matching() == 1


def accept(scene: Scene) -> None:
    routing.accept(scene.agent, offer_id=scene.offer.public_id, token=scene.offer.token)


def decline(scene: Scene) -> None:
    routing.decline(scene.agent, offer_id=scene.offer.public_id, token=scene.offer.token, reason="lunch")


def time_out(scene: Scene) -> None:
    Offer.objects.filter(pk=scene.offer.pk).update(expires_at=utc_now())
    assert routing.expire_offers() == 1


def go_away(scene: Scene) -> None:
    routing.set_availability(scene.agent, available=False, after_current=False, reason="lunch")


def say(scene: Scene) -> None:
    batcher.send(
        Send.of(
            handoff_id=scene.handoff_id,
            author_kind="customer",
            author_id=scene.customer.public_id,
            client_id="said-1",
            text="It happened twice",
        )
    )


def note(scene: Scene) -> None:
    with log.recording() as record:
        handoff = broker.lock_owned(scene.agent, scene.handoff_id)
        record.entries.append(conversations.add_note(handoff, scene.agent, text="looks double", client_id=None))


def desk_fact(scene: Scene) -> None:
    with log.recording() as record:
        handoff = broker.lock_owned(scene.agent, scene.handoff_id)
        record.add(conversations.add_fact(handoff, key="card", label="Card", value="with Maya", now=record.now))


def walk_on(scene: Scene) -> None:
    steps = [{"name": "upload", "path": "/dispute/3", "status": "failed", "error": "FILE_TOO_LARGE"}]
    facts = [{"key": "charge", "label": "Charge", "value": "GBP 99.00"}, {"key": "browser", "value": "Firefox"}]
    add_context.record_journey(scene.customer, scene.handoff_id, journey={"steps": steps, "facts": facts})


def strike(scene: Scene) -> None:
    add_context.strike_fact(scene.customer, scene.handoff_id, key="charge", source="observed")


def end_by_agent(scene: Scene) -> None:
    end_talk.end_by_agent(scene.agent, scene.handoff_id, version=None)


def end_by_customer(scene: Scene) -> None:
    end_talk.end_by_customer(scene.customer, scene.handoff_id)


def wrap_up(scene: Scene) -> None:
    end_talk.wrap_up(scene.agent, scene.handoff_id, disposition="resolved", note="refunded", version=None)


def wrap_up_limit(scene: Scene) -> None:
    with patch.dict(settings.HANDOFF_SECONDS, WRAP_UP=-1):
        assert clocks.finish_wrap_ups() == 1


def cancel(scene: Scene) -> None:
    end_talk.cancel(scene.customer, scene.handoff_id)


def disappear(scene: Scene) -> None:
    Customer.objects.filter(pk=scene.customer.pk).update(seen_at=LONG_AGO)
    assert clocks.close_abandoned() == 1


def stay_signed_out(scene: Scene) -> None:
    Handoff.objects.filter(public_id=scene.handoff_id).update(signed_out_at=LONG_AGO)
    assert clocks.end_signed_out() == 1


def rate(scene: Scene) -> None:
    end_talk.answer_survey(scene.customer, scene.handoff_id, effort=6, comment="quick")


def want_something_else(scene: Scene) -> None:
    assert scene.page.post(f"handoffs/{scene.handoff_id}/intent", {"intent": "lost-card"}).status == 200


def test_the_same_person_signed_again_is_no_news(maya, amira: Agent, phone: ScriptedPhone) -> None:
    scene = Scene(maya, amira, phone)
    signed = {"name": "Maya Chen", "acr": "urn:bank:2", "amr": ["pwd"], "facts": {"account": "..4821"}}
    assert scene.page.open(scene.page.token(**signed)).status == 200
    connected(scene)
    readers = [scene.desk(), scene.panel()]
    assert scene.page.open(scene.page.token(**signed)).status == 200
    assert [reader.read() for reader in readers] == [0, 0]


def sign_in_again(scene: Scene) -> None:
    answer = scene.page.open(scene.page.token(name="Maya Chen", acr="urn:bank:3", facts={"account": "..4821"}))
    assert answer.status == 200, answer.body


def opens(channel: Channel, *, hours: float | None = None) -> Act:
    def act(scene: Scene) -> None:
        wished = wish(window_in(hours) if hours else None)
        ask = Ask(client_id=f"by-{channel}-{hours}", intent="dispute-charge", channel=channel, wish=wished)
        scene.handoff_id = open_handoff(scene.session, ask)[0]["id"]

    return act


def scheduled(scene: Scene) -> None:
    opens(Channel.CALLBACK, hours=1)(scene)


def awaiting_call(scene: Scene) -> None:
    opens(Channel.PHONE)(scene)


def rings(scene: Scene) -> None:
    opens(Channel.CALLBACK)(scene)
    look_for_somebody(scene)


def calling_back(scene: Scene) -> None:
    rings(scene)
    accept(scene)


def switches(channel: Channel, *, hours: float | None = None) -> Act:
    def act(scene: Scene) -> None:
        wished = wish(window_in(hours) if hours else None)
        switch_channel.switch_by_customer(scene.session, scene.handoff_id, channel=channel, wish=wished)

    return act


def agent_switches(channel: Channel) -> Act:
    def act(scene: Scene) -> None:
        Customer.objects.filter(pk=scene.customer.pk).update(phone_number=MAYAS_NUMBER)
        switch_channel.switch_by_agent(scene.agent, scene.handoff_id, channel=channel)

    return act


def come_due(scene: Scene) -> None:
    Handoff.objects.filter(public_id=scene.handoff_id).update(due_at=utc_now(), enqueued_at=utc_now())
    assert clocks.come_due() == 1


def open_again(scene: Scene) -> None:
    opens(Channel.CHAT)(scene)


def expire(scene: Scene) -> None:
    Handoff.objects.filter(public_id=scene.handoff_id).update(expires_at=utc_now())
    assert clocks.expire() == 1


def dial_in(scene: Scene) -> None:
    call_in(scene.phone, scene.handoff, call_id=f"call-{Call.objects.count()}")


def called(scene: Scene) -> None:
    awaiting_call(scene)
    dial_in(scene)


def call_offered(scene: Scene) -> None:
    called(scene)
    look_for_somebody(scene)


def on_the_line(scene: Scene) -> None:
    call_offered(scene)
    accept(scene)


def call_of(scene: Scene) -> Call:
    return Call.objects.filter(handoff__public_id=scene.handoff_id).latest("id")


def reports(kind: Kind) -> Act:
    """Of the call that is on."""

    def act(scene: Scene) -> None:
        scene.phone.tell(call_of(scene).provider_id, kind)

    return act


hang_up = reports(Kind.ENDED)


def bridged(scene: Scene) -> None:
    on_the_line(scene)
    reports(Kind.BRIDGED)(scene)


def controls(action: str) -> Act:
    def act(scene: Scene) -> None:
        control(scene.agent, scene.handoff_id, action=action)

    return act


def claims(*, mine: bool) -> Act:
    def act(scene: Scene) -> None:
        claim_call.claim(scene.session, call_of(scene).public_id, is_mine=mine)

    return act


def tapped(scene: Scene) -> None:
    on_the_line(scene)
    claims(mine=True)(scene)


def somebody_calls(scene: Scene) -> None:
    """A stranger, without a code."""
    scene.phone.ring("call-x")
    scene.phone.key("call-x", "")


def order_dial(scene: Scene) -> None:
    dial(scene.agent, scene.handoff_id)


def ordered(scene: Scene) -> None:
    calling_back(scene)
    order_dial(scene)


def dialling(scene: Scene) -> None:
    calling_back(scene)
    ring(scene.agent, scene.handoff_id)


def they_answered(scene: Scene) -> None:
    dialling(scene)
    reports(Kind.ANSWERED)(scene)


def they_talk(scene: Scene) -> None:
    they_answered(scene)
    reports(Kind.BRIDGED)(scene)


def missed(scene: Scene) -> None:
    """Not reached, and scheduled for another attempt."""
    dialling(scene)
    reports(Kind.NO_ANSWER)(scene)


def dial_again(scene: Scene) -> None:
    come_due(scene)
    look_for_somebody(scene)
    accept(scene)
    ring(scene.agent, scene.handoff_id)


def dialling_for_the_last_time(scene: Scene) -> None:
    missed(scene)
    dial_again(scene)
    reports(Kind.BUSY)(scene)
    dial_again(scene)


def lose_track(scene: Scene) -> None:
    scene.phone.fails["originate"] = CallError("timed out", is_ambiguous=True)
    dispatch.run_due()


def find_it_was_never_made(scene: Scene) -> None:
    Call.objects.update(created_at=LONG_AGO)
    assert dispatch.run_due() == 1


def hear_a_machine(scene: Scene) -> None:
    controls("voicemail")(scene)
    reports(Kind.ENDED)(scene)


def postpone(scene: Scene) -> None:
    callbacks.postpone_by_customer(scene.customer, scene.handoff_id, later(window_in(2)))


def snooze(scene: Scene) -> None:
    callbacks.postpone_by_customer(scene.customer, scene.handoff_id, callbacks.Later(minutes=45))


def reschedule(scene: Scene) -> None:
    callbacks.postpone_by_agent(scene.agent, scene.handoff_id, later(window_in(2)))


def lose_page(scene: Scene) -> None:
    Agent.objects.filter(pk=scene.agent.pk).update(lease_expires_at=LONG_AGO)
    assert routing.lose_offers() == 1


def vanish(scene: Scene) -> None:
    Agent.objects.filter(pk=scene.agent.pk).update(seen_at=LONG_AGO, heard_at=LONG_AGO, lease_expires_at=LONG_AGO)
    assert clocks.lose_agents() == 1


def pass_to_queue(scene: Scene) -> None:
    to = {"queue": "cards", "to_agent": None, "note": "knows the shop", "version": None}
    assert transfer(scene.agent, scene.handoff_id, **to) == "queued"


def theirs(scene: Scene) -> None:
    """Somebody else talks with the customer."""
    scene.other = Agent.objects.get(name="Tomas")
    routing.set_availability(scene.agent, available=False, after_current=False, reason="")
    routing.set_availability(scene.other, available=True, after_current=False, reason="")
    opened(scene)
    assert routing.run_matching() == 1
    routing.accept(scene.other, offer_id=scene.offer.public_id, token=scene.offer.token)
    routing.set_availability(scene.agent, available=True, after_current=False, reason="")


def pass_to_me(scene: Scene) -> None:
    to = {"queue": None, "to_agent": scene.agent.public_id, "note": "knows the shop", "version": None}
    assert transfer(scene.other, scene.handoff_id, **to) == "offered"


def passed_to_me(scene: Scene) -> None:
    theirs(scene)
    pass_to_me(scene)


def finish_first(scene: Scene) -> None:
    routing.set_availability(scene.agent, available=True, after_current=True, reason="lunch")


def finishing(scene: Scene) -> None:
    wrapping_up(scene)
    finish_first(scene)


def twice(channel: Channel, before: int) -> Act:
    """Maya has one open, and one more as nobody in particular, `before` moves further on."""

    def act(scene: Scene) -> None:
        scene.page.ask(intent="lost-card")
        scene.tab = Page(scene.page.site, scene.page.origin, scene.page.secret)
        scene.tab.open()
        nobody = Customer.objects.get(public_id=scene.tab.customer["id"])
        session = Session.objects.select_related("customer__site").get(customer=nobody)
        wished = wish(window_in(1))
        ask = Ask(client_id="c1", intent="dispute-charge", channel=channel, statement="charged twice", wish=wished)
        scene.handoff_id = open_handoff(session, ask)[0]["id"]
        if before > 0:
            routing.run_matching()
        if before > 1:
            offer = Offer.objects.get(handoff__public_id=scene.handoff_id)
            routing.accept(scene.agent, offer_id=offer.public_id, token=offer.token)

    return act


def turn_out_to_be_maya(scene: Scene) -> None:
    answer = scene.tab.open(scene.tab.token(name="Maya Chen", **scene.page.customer["assurance"]))
    assert answer.status == 200, answer.body


def ask_to_confirm(scene: Scene) -> None:
    asked = {"acr_values": ["urn:bank:3"], "max_age": 300, "action": None}
    verification.request_by_agent(scene.agent, scene.handoff_id, **asked)


def asked_to_confirm(scene: Scene) -> None:
    talking(scene)
    ask_to_confirm(scene)


def confirm(scene: Scene) -> None:
    assert scene.page.open(scene.page.token(acr="urn:bank:3", auth_time=int(time.time()))).status == 200
    assert scene.page.get(f"handoffs/{scene.handoff_id}").body["verification"]["status"] == "satisfied"


def confirm_weakly(scene: Scene) -> None:
    assert scene.page.open(scene.page.token(acr="urn:bank:1", auth_time=int(time.time()))).status == 200
    assert scene.page.get(f"handoffs/{scene.handoff_id}").body["verification"]["lacks"] == "too_weak"


def not_now(scene: Scene) -> None:
    assert scene.page.post(f"handoffs/{scene.handoff_id}/verification/decline", {}).status == 200


def lead(scene: Scene) -> None:
    """The agent at this desk supervises."""
    Agent.objects.filter(pk=scene.agent.pk).update(role=Agent.Role.SUPERVISOR)


def watch(scene: Scene) -> None:
    assert supervise.watch(scene.agent, scene.handoff_id)["id"] == scene.handoff_id


def looked_at(before: Act) -> Act:
    """It is somebody else's, and this desk reads along."""

    def act(scene: Scene) -> None:
        before(scene)
        lead(scene)
        watch(scene)

    return act


def not_mine(before: Act) -> Act:
    def act(scene: Scene) -> None:
        before(scene)
        lead(scene)

    return act


def join_in(scene: Scene) -> None:
    supervise.join(scene.agent, scene.handoff_id)


def leave_again(scene: Scene) -> None:
    supervise.leave(scene.agent, scene.handoff_id)


def joined_in(scene: Scene) -> None:
    looked_at(theirs)(scene)
    join_in(scene)


def stop_reading(scene: Scene) -> None:
    supervise.unwatch(scene.agent, scene.handoff_id)


def lose_the_queue(scene: Scene) -> None:
    scene.agent.queues.clear()
    assert supervise.end_unlawful() == 1


def whisper(scene: Scene) -> None:
    supervise.whisper(scene.agent, scene.handoff_id, text="ask for the date", client_id=None)


def take_over(scene: Scene) -> None:
    supervise.take_over(scene.agent, scene.handoff_id, version=None)


def be_taken_over(scene: Scene) -> None:
    other = Agent.objects.get(name="Tomas")
    Agent.objects.filter(pk=other.pk).update(role=Agent.Role.SUPERVISOR)
    supervise.take_over(other, scene.handoff_id, version=None)


def reassigned(*, queue: str | None = None, to_me: bool = False) -> Act:
    def act(scene: Scene) -> None:
        other = Agent.objects.get(name="Tomas")
        Agent.objects.filter(pk=other.pk).update(role=Agent.Role.SUPERVISOR)
        to_agent = scene.agent.public_id if to_me else None
        to = {"queue": queue, "to_agent": to_agent, "note": "knows the shop", "version": None}
        assert supervise.reassign(other, scene.handoff_id, **to) == ("offered" if to_me else "queued")

    return act


def they_end(scene: Scene) -> None:
    end_talk.end_by_agent(scene.other, scene.handoff_id, version=None)


def they_finish(scene: Scene) -> None:
    they_end(scene)
    end_talk.wrap_up(scene.other, scene.handoff_id, disposition="resolved", note="", version=None)


def erase(scene: Scene) -> None:
    assert erase_customer(scene.customer) >= 1


S, A = State, Action
# What is done before, what is done, and the row of the table that it plays, if it is a move.
ACTIONS: list[tuple[Act | None, Act, tuple[Action, State, State] | None]] = [
    (None, opened, None),
    (None, scheduled, None),
    (None, awaiting_call, None),
    (scheduled, come_due, (A.COME_DUE, S.SCHEDULED, S.QUEUED)),
    (scheduled, postpone, (A.POSTPONE, S.SCHEDULED, S.SCHEDULED)),
    (opens(Channel.CALLBACK), postpone, (A.POSTPONE, S.QUEUED, S.SCHEDULED)),
    (rings, postpone, (A.POSTPONE, S.OFFERED, S.SCHEDULED)),
    (calling_back, reschedule, (A.POSTPONE, S.CONNECTED, S.SCHEDULED)),
    (awaiting_call, dial_in, (A.CALL_ARRIVED, S.AWAITING_CALL, S.QUEUED)),
    (opened, look_for_somebody, (A.OFFER, S.QUEUED, S.OFFERED)),
    (offered, accept, (A.ACCEPT, S.OFFERED, S.CONNECTED)),
    (passed_to_me, accept, (A.ACCEPT, S.OFFERED, S.CONNECTED)),
    (offered, decline, (A.DECLINE, S.OFFERED, S.QUEUED)),
    (passed_to_me, decline, (A.DECLINE, S.OFFERED, S.QUEUED)),
    (offered, time_out, (A.TIME_OUT, S.OFFERED, S.QUEUED)),
    (offered, go_away, (A.WITHDRAW, S.OFFERED, S.QUEUED)),
    (offered, finish_first, (A.WITHDRAW, S.OFFERED, S.QUEUED)),
    (offered, lose_page, (A.AGENT_LOST, S.OFFERED, S.QUEUED)),
    (scheduled, switches(Channel.CHAT), (A.SWITCH, S.SCHEDULED, S.QUEUED)),
    (scheduled, open_again, (A.SWITCH, S.SCHEDULED, S.QUEUED)),
    (scheduled, switches(Channel.PHONE), (A.SWITCH, S.SCHEDULED, S.AWAITING_CALL)),
    (awaiting_call, switches(Channel.CHAT), (A.SWITCH, S.AWAITING_CALL, S.QUEUED)),
    (awaiting_call, switches(Channel.CALLBACK, hours=1), (A.SWITCH, S.AWAITING_CALL, S.SCHEDULED)),
    (opened, switches(Channel.VOICE), (A.SWITCH, S.QUEUED, S.QUEUED)),
    (opened, switches(Channel.PHONE), (A.SWITCH, S.QUEUED, S.AWAITING_CALL)),
    (opened, switches(Channel.CALLBACK, hours=1), (A.SWITCH, S.QUEUED, S.SCHEDULED)),
    (offered, switches(Channel.VOICE), (A.SWITCH, S.OFFERED, S.QUEUED)),
    (offered, switches(Channel.PHONE), (A.SWITCH, S.OFFERED, S.AWAITING_CALL)),
    (offered, switches(Channel.CALLBACK, hours=1), (A.SWITCH, S.OFFERED, S.SCHEDULED)),
    (talking, switches(Channel.VOICE), (A.SWITCH, S.CONNECTED, S.CONNECTED)),
    (talking, switches(Channel.CALLBACK), (A.SWITCH, S.CONNECTED, S.QUEUED)),
    (talking, switches(Channel.PHONE), (A.SWITCH, S.CONNECTED, S.AWAITING_CALL)),
    (talking, switches(Channel.CALLBACK, hours=1), (A.SWITCH, S.CONNECTED, S.SCHEDULED)),
    (talking, pass_to_queue, (A.TRANSFER, S.CONNECTED, S.QUEUED)),
    (theirs, pass_to_me, (A.TRANSFER, S.CONNECTED, S.OFFERED)),
    (talking, vanish, (A.LOSE_AGENT, S.CONNECTED, S.QUEUED)),
    (dialling, reports(Kind.NO_ANSWER), (A.RETRY_LATER, S.CONNECTED, S.SCHEDULED)),
    (they_answered, hear_a_machine, (A.RETRY_LATER, S.CONNECTED, S.SCHEDULED)),
    (talking, end_by_agent, (A.END, S.CONNECTED, S.WRAP_UP)),
    (talking, end_by_customer, (A.END, S.CONNECTED, S.WRAP_UP)),
    (talking, stay_signed_out, (A.END, S.CONNECTED, S.WRAP_UP)),
    (wrapping_up, wrap_up, (A.FINISH, S.WRAP_UP, S.CLOSED)),
    (wrapping_up, wrap_up_limit, (A.FINISH, S.WRAP_UP, S.CLOSED)),
    (finishing, wrap_up, (A.FINISH, S.WRAP_UP, S.CLOSED)),
    (scheduled, cancel, (A.CANCEL, S.SCHEDULED, S.CLOSED)),
    (awaiting_call, cancel, (A.CANCEL, S.AWAITING_CALL, S.CLOSED)),
    (opened, cancel, (A.CANCEL, S.QUEUED, S.CLOSED)),
    (offered, cancel, (A.CANCEL, S.OFFERED, S.CLOSED)),
    (opened, disappear, (A.ABANDON, S.QUEUED, S.CLOSED)),
    (called, hang_up, (A.ABANDON, S.QUEUED, S.CLOSED)),
    (call_offered, hang_up, (A.ABANDON, S.OFFERED, S.CLOSED)),
    (offered, disappear, (A.ABANDON, S.OFFERED, S.CLOSED)),
    (awaiting_call, expire, (A.EXPIRE, S.AWAITING_CALL, S.CLOSED)),
    (scheduled, expire, (A.EXPIRE, S.SCHEDULED, S.CLOSED)),
    (dialling_for_the_last_time, reports(Kind.NO_ANSWER), (A.EXHAUST, S.CONNECTED, S.CLOSED)),
    (twice(Channel.PHONE, 0), turn_out_to_be_maya, (A.MERGE, S.AWAITING_CALL, S.CLOSED)),
    (twice(Channel.CHAT, 0), turn_out_to_be_maya, (A.MERGE, S.QUEUED, S.CLOSED)),
    (twice(Channel.CHAT, 1), turn_out_to_be_maya, (A.MERGE, S.OFFERED, S.CLOSED)),
    (twice(Channel.CHAT, 2), turn_out_to_be_maya, (A.MERGE, S.CONNECTED, S.CLOSED)),
    (twice(Channel.CALLBACK, 0), turn_out_to_be_maya, None),
    (scheduled, erase, (A.ERASE, S.SCHEDULED, S.CLOSED)),
    (awaiting_call, erase, (A.ERASE, S.AWAITING_CALL, S.CLOSED)),
    (opened, erase, (A.ERASE, S.QUEUED, S.CLOSED)),
    (offered, erase, (A.ERASE, S.OFFERED, S.CLOSED)),
    (talking, erase, (A.ERASE, S.CONNECTED, S.CLOSED)),
    (wrapping_up, erase, (A.ERASE, S.WRAP_UP, S.CLOSED)),
    (wrapped_up, erase, (A.ERASE, S.CLOSED, S.CLOSED)),
    (opened, walk_on, None),
    (opened, say, None),
    (connected, say, None),
    (talking, note, None),
    (talking, desk_fact, None),
    (talking, walk_on, None),
    (talking, strike, None),
    (talking, sign_in_again, None),
    (talking, want_something_else, None),
    (not_mine(theirs), watch, None),
    (not_mine(theirs), take_over, (A.TAKE_OVER, S.CONNECTED, S.CONNECTED)),
    (looked_at(theirs), take_over, (A.TAKE_OVER, S.CONNECTED, S.CONNECTED)),
    (joined_in, take_over, (A.TAKE_OVER, S.CONNECTED, S.CONNECTED)),
    (talking, be_taken_over, (A.TAKE_OVER, S.CONNECTED, S.CONNECTED)),
    (not_mine(opened), take_over, (A.TAKE_OVER, S.QUEUED, S.CONNECTED)),
    (looked_at(opened), take_over, (A.TAKE_OVER, S.QUEUED, S.CONNECTED)),
    (not_mine(offered), take_over, (A.TAKE_OVER, S.OFFERED, S.CONNECTED)),
    (opened, reassigned(to_me=True), (A.REASSIGN, S.QUEUED, S.OFFERED)),
    (opened, reassigned(queue="cards"), (A.REASSIGN, S.QUEUED, S.QUEUED)),
    (offered, reassigned(queue="cards"), (A.REASSIGN, S.OFFERED, S.QUEUED)),
    (offered, reassigned(to_me=True), (A.REASSIGN, S.OFFERED, S.OFFERED)),
    (talking, reassigned(queue="cards"), (A.TRANSFER, S.CONNECTED, S.QUEUED)),
    (looked_at(opened), look_for_somebody, (A.OFFER, S.QUEUED, S.OFFERED)),
    (looked_at(offered), accept, (A.ACCEPT, S.OFFERED, S.CONNECTED)),
    (looked_at(theirs), say, None),
    (looked_at(theirs), walk_on, None),
    (looked_at(theirs), strike, None),
    (looked_at(theirs), whisper, None),
    (looked_at(theirs), join_in, None),
    (looked_at(theirs), stop_reading, None),
    (looked_at(theirs), lose_the_queue, None),
    (joined_in, leave_again, None),
    (joined_in, lose_the_queue, None),
    (joined_in, stop_reading, None),
    (joined_in, they_end, (A.END, S.CONNECTED, S.WRAP_UP)),
    (looked_at(theirs), they_finish, None),
    (looked_at(theirs), erase, (A.ERASE, S.CONNECTED, S.CLOSED)),
    (talking, ask_to_confirm, None),
    (asked_to_confirm, ask_to_confirm, None),
    (asked_to_confirm, confirm, None),
    (asked_to_confirm, confirm_weakly, None),
    (asked_to_confirm, not_now, None),
    (asked_to_confirm, end_by_agent, (A.END, S.CONNECTED, S.WRAP_UP)),
    (asked_to_confirm, erase, (A.ERASE, S.CONNECTED, S.CLOSED)),
    (talking, finish_first, None),
    (offered, want_something_else, None),
    (offered, walk_on, None),
    (offered, strike, None),
    (offered, sign_in_again, None),
    (wrapping_up, say, None),
    (wrapping_up, rate, None),
    (scheduled, snooze, (A.POSTPONE, S.SCHEDULED, S.SCHEDULED)),
    (scheduled, opens(Channel.CALLBACK, hours=3), (A.POSTPONE, S.SCHEDULED, S.SCHEDULED)),
    (scheduled, opens(Channel.CALLBACK), (A.SWITCH, S.SCHEDULED, S.QUEUED)),
    (opens(Channel.CALLBACK), switches(Channel.CALLBACK, hours=3), (A.POSTPONE, S.QUEUED, S.SCHEDULED)),
    (opens(Channel.CALLBACK), switches(Channel.CHAT), (A.SWITCH, S.QUEUED, S.QUEUED)),
    (calling_back, switches(Channel.CHAT), (A.SWITCH, S.CONNECTED, S.CONNECTED)),
    (calling_back, agent_switches(Channel.CHAT), (A.SWITCH, S.CONNECTED, S.CONNECTED)),
    (dialling, agent_switches(Channel.CHAT), (A.SWITCH, S.CONNECTED, S.CONNECTED)),
    (dialling, switches(Channel.PHONE), (A.SWITCH, S.CONNECTED, S.AWAITING_CALL)),
    (dialling, reschedule, (A.POSTPONE, S.CONNECTED, S.SCHEDULED)),
    (talking, agent_switches(Channel.CALLBACK), (A.SWITCH, S.CONNECTED, S.QUEUED)),
    (missed, switches(Channel.CHAT), (A.SWITCH, S.SCHEDULED, S.QUEUED)),
    (missed, open_again, (A.SWITCH, S.SCHEDULED, S.QUEUED)),
    (missed, come_due, (A.COME_DUE, S.SCHEDULED, S.QUEUED)),
    (called, switches(Channel.CHAT), (A.SWITCH, S.QUEUED, S.QUEUED)),
    (called, switches(Channel.CALLBACK), (A.SWITCH, S.QUEUED, S.QUEUED)),
    (called, switches(Channel.CALLBACK, hours=1), (A.SWITCH, S.QUEUED, S.SCHEDULED)),
    (on_the_line, switches(Channel.CHAT), (A.SWITCH, S.CONNECTED, S.CONNECTED)),
    (bridged, agent_switches(Channel.CHAT), (A.SWITCH, S.CONNECTED, S.CONNECTED)),
    (called, claims(mine=True), None),
    (call_offered, claims(mine=True), None),
    (on_the_line, claims(mine=True), None),
    (called, claims(mine=False), (A.SWITCH, S.QUEUED, S.AWAITING_CALL)),
    (call_offered, claims(mine=False), (A.SWITCH, S.OFFERED, S.AWAITING_CALL)),
    (on_the_line, claims(mine=False), None),
    (tapped, claims(mine=False), None),
    (call_offered, accept, (A.ACCEPT, S.OFFERED, S.CONNECTED)),
    (on_the_line, reports(Kind.AGENT_RINGING), None),
    (on_the_line, reports(Kind.BRIDGED), None),
    (on_the_line, controls("rendered"), None),
    (on_the_line, hang_up, None),
    (on_the_line, pass_to_queue, (A.TRANSFER, S.CONNECTED, S.QUEUED)),
    (on_the_line, vanish, (A.LOSE_AGENT, S.CONNECTED, S.QUEUED)),
    (on_the_line, end_by_agent, (A.END, S.CONNECTED, S.WRAP_UP)),
    (on_the_line, erase, (A.ERASE, S.CONNECTED, S.CLOSED)),
    (bridged, controls("hold"), None),
    (bridged, controls("mute"), None),
    (bridged, controls("hang_up"), None),
    (bridged, hang_up, None),
    (calling_back, order_dial, None),
    (ordered, controls("hang_up"), None),
    (ordered, end_by_agent, (A.END, S.CONNECTED, S.WRAP_UP)),
    (ordered, switches(Channel.CHAT), (A.SWITCH, S.CONNECTED, S.CONNECTED)),
    (ordered, lose_track, None),
    (ordered, pass_to_queue, (A.TRANSFER, S.CONNECTED, S.QUEUED)),
    (dialling, reports(Kind.AGENT_RINGING), None),
    (dialling, reports(Kind.RINGING), None),
    (dialling, reports(Kind.ANSWERED), None),
    (dialling, reports(Kind.CANCELED), None),
    (dialling, reports(Kind.FAILED), (A.RETRY_LATER, S.CONNECTED, S.SCHEDULED)),
    (dialling, end_by_agent, (A.END, S.CONNECTED, S.WRAP_UP)),
    (they_answered, reports(Kind.BRIDGED), None),
    (they_talk, hang_up, None),
    (they_talk, controls("hold"), None),
]
NEVER_MADE = {
    # Asked for the channel it is in, a handoff stays as it is, or is put off.
    (A.SWITCH, S.SCHEDULED, S.SCHEDULED),
    (A.SWITCH, S.AWAITING_CALL, S.AWAITING_CALL),
    # Only what an agent has in hand is dialled.
    (A.EXHAUST, S.SCHEDULED, S.CLOSED),
}


def name_of(act: Act | None) -> str:
    if act is None:
        return "-"
    told = [str(cell.cell_contents) for cell in act.__closure__ or () if cell.cell_contents is not None]
    return " ".join([act.__qualname__.replace(".<locals>.act", ""), *told])


@pytest.mark.parametrize(
    ("before", "act", "row"), ACTIONS, ids=[f"{name_of(before)} then {name_of(act)}" for before, act, _ in ACTIONS]
)
def test_snapshot_and_events_make_the_next_snapshot(before, act, row, maya, amira: Agent, phone, monkeypatch) -> None:
    scene = Scene(maya, amira, phone)
    if before is not None:
        before(scene)
    readers = [scene.desk(), scene.panel()]
    moves: list[Move] = []
    monkeypatch.setattr("handoff.broker.transitions.FOLLOWERS", [*FOLLOWERS, lambda move: moves.append(move) or []])
    act(scene)
    assert row is None or row in {(move.action, move.before, State(move.handoff.state)) for move in moves}
    assert sum(reader.read() for reader in readers), "the action told nobody anything"
    for reader in readers if act is not erase else readers[:1]:
        assert lasting(reader.view) == lasting(reader.fresh())


def lasting(view: Any) -> Any:
    """A view without what is told beside the log, and in an order that does not matter."""
    if isinstance(view, dict):
        view = view | {"scheduled": sorted(view["scheduled"], key=itemgetter("id"))} if "scheduled" in view else view
        return {name: lasting(value) for name, value in view.items() if name not in EPHEMERAL}
    if isinstance(view, list):
        return [lasting(item) for item in view]
    return view


def test_a_stranger_who_calls_is_offered_and_their_view_stays_true(maya, amira: Agent, phone) -> None:
    scene = Scene(maya, amira, phone)
    somebody_calls(scene)
    reader = scene.desk()
    for act in (look_for_somebody, accept):
        act(scene)
        assert reader.read()
        assert lasting(reader.view) == lasting(reader.fresh())
    assert reader.view["handoffs"][0]["evidence"] == "none"
    scene.handoff_id = reader.view["handoffs"][0]["id"]
    for kind in (Kind.AGENT_RINGING, Kind.BRIDGED, Kind.ENDED):
        reports(kind)(scene)
        assert reader.read()
        assert lasting(reader.view) == lasting(reader.fresh())


def test_late_news_of_a_call_of_before_is_not_told_as_of_the_one_that_is_on(maya, amira: Agent, phone) -> None:
    scene = Scene(maya, amira, phone)
    called(scene)
    switches(Channel.CALLBACK)(scene)
    look_for_somebody(scene)
    accept(scene)
    ring(amira, scene.handoff_id)
    readers = [scene.desk(), scene.panel()]
    phone.tell("call-0", Kind.ENDED)
    for reader in readers:
        reader.read()
        assert lasting(reader.view) == lasting(reader.fresh())
    assert readers[0].view["handoffs"][0]["call"]["status"] == "dialing"


def test_who_calls_again_before_the_first_call_has_ended_is_let_in(maya, amira: Agent, phone) -> None:
    scene = Scene(maya, amira, phone)
    called(scene)
    switches(Channel.CHAT)(scene)
    switches(Channel.PHONE)(scene)
    readers = [scene.desk(), scene.panel()]
    dial_in(scene)
    phone.tell("call-0", Kind.ENDED)
    assert scene.handoff.state == "queued"
    for reader in readers:
        reader.read()
        assert lasting(reader.view) == lasting(reader.fresh())


def test_a_dial_of_which_nobody_knows_is_looked_up_and_both_sides_learn_what_came_of_it(
    maya, amira: Agent, phone
) -> None:
    scene = Scene(maya, amira, phone)
    ordered(scene)
    lose_track(scene)
    readers = [scene.desk(), scene.panel()]
    find_it_was_never_made(scene)
    for reader in readers:
        assert reader.read()
        assert lasting(reader.view) == lasting(reader.fresh())
    assert scene.handoff.state == "scheduled"
    assert len(phone.asked("originate")) == 1


def test_a_code_is_in_no_event_and_in_no_table(maya, amira: Agent, phone) -> None:
    scene = Scene(maya, amira, phone)
    awaiting_call(scene)
    claim_call.renew_code(scene.customer, scene.handoff_id)
    switches(Channel.CHAT)(scene)
    switches(Channel.PHONE)(scene)
    dial_in(scene)
    claims(mine=False)(scene)
    issued = Code.objects.values_list("issue", flat=True)
    shown = [codes.derive(scene.handoff_id, issue, secret=settings.SECRET_KEY) for issue in issued]
    assert len(shown) == 4
    assert scene.panel().view["handoff"]["phone"]["code"] == shown[-1]
    assert tables_that_hold(re.compile("|".join(shown))) == []


def test_every_row_of_the_table_is_named_once() -> None:
    pairs = [(row.action, source) for row in TRANSITIONS for source in row.sources]
    assert len(pairs) == len(set(pairs))


def test_every_row_of_the_table_is_played() -> None:
    rows = {(row.action, source, target) for row in TRANSITIONS for source in row.sources for target in row.targets}
    assert rows - {row for _, _, row in ACTIONS} == NEVER_MADE
