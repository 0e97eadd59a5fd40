"""For every action: an old snapshot plus the events equals a fresh snapshot, for the agent and for the customer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
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
from handoff.conversations import actions as conversations
from handoff.conversations.batch import Send, batcher
from handoff.flows import add_context, callbacks, calls, clocks, end_talk, switch_channel, views
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
from tests.conftest import Page, make_agent

sys.path.insert(0, str(Path(__file__).parent))
from desks import Reader, View, reduce_desk, reduce_panel

pytestmark = pytest.mark.django_db(transaction=True)

# Told beside the log, to whoever looks now: places, boards, read marks, and what is counted from the rest.
EPHEMERAL = {
    "queues", "load", "position", "estimate", "head", "read", "existing", "scheduled", "presence", "agent_presence"
}  # fmt: skip
LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def every_channel(harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    """The life of a handoff is whole for all channels, whichever of them the edges offer."""
    monkeypatch.setattr("handoff.routing.queries.BUILT_CHANNELS", tuple(Channel))
    Intent.objects.update(channels=list(Channel))


class Scene:
    """One customer and one agent at work, with a reader on each side."""

    def __init__(self, page: Any, agent: Agent) -> None:
        self.page, self.agent = page, agent
        self.handoff_id = ""
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


def test_the_same_person_signed_again_is_no_news(maya, amira: Agent) -> None:
    scene = Scene(maya, amira)
    signed = {"name": "Maya Chen", "acr": "urn:bank:2", "amr": ["pwd"], "facts": {"account": "..4821"}}
    assert scene.page.open(scene.page.token(**signed)).status == 200
    connected(scene)
    readers = [scene.desk(), scene.panel()]
    assert scene.page.open(scene.page.token(**signed)).status == 200
    assert [reader.read() for reader in readers] == [0, 0]


def sign_in_again(scene: Scene) -> None:
    answer = scene.page.open(scene.page.token(name="Maya Chen", acr="urn:bank:3", facts={"account": "..4821"}))
    assert answer.status == 200, answer.body


def in_an_hour() -> datetime:
    return utc_now() + timedelta(hours=1)


def opens(channel: Channel, *, due_at: Callable[[], datetime] | None = None) -> Act:
    def act(scene: Scene) -> None:
        ask = Ask(client_id=f"by-{channel}", intent="dispute-charge", channel=channel, due_at=due_at and due_at())
        scene.handoff_id = open_handoff(scene.session, ask)[0]["id"]

    return act


def scheduled(scene: Scene) -> None:
    opens(Channel.CALLBACK, due_at=in_an_hour)(scene)


def awaiting_call(scene: Scene) -> None:
    opens(Channel.PHONE)(scene)


def rings(scene: Scene) -> None:
    opens(Channel.CALLBACK)(scene)
    look_for_somebody(scene)


def calling_back(scene: Scene) -> None:
    rings(scene)
    accept(scene)


def switches(channel: Channel, *, due_at: Callable[[], datetime] | None = None) -> Act:
    def act(scene: Scene) -> None:
        when = due_at and due_at()
        switch_channel.switch_by_customer(scene.session, scene.handoff_id, channel=channel, due_at=when)

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
    calls.arrive(scene.handoff_id)


def called(scene: Scene) -> None:
    awaiting_call(scene)
    dial_in(scene)


def hang_up(scene: Scene) -> None:
    calls.hang_up(scene.handoff_id)


def postpone(scene: Scene) -> None:
    callbacks.postpone_by_customer(scene.customer, scene.handoff_id, due_at=in_an_hour())


def reschedule(scene: Scene) -> None:
    callbacks.postpone_by_agent(scene.agent, scene.handoff_id, due_at=in_an_hour())


def nobody_answered(scene: Scene) -> None:
    callbacks.retry_later(scene.handoff_id, due_at=in_an_hour())


def give_up(scene: Scene) -> None:
    callbacks.give_up(scene.handoff_id)


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
    scene.other = make_agent("tomas", "Tomas", *scene.agent.queues.all())
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
        ask = Ask(client_id="c1", intent="dispute-charge", channel=channel, statement="charged twice")
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
    (awaiting_call, switches(Channel.CALLBACK, due_at=in_an_hour), (A.SWITCH, S.AWAITING_CALL, S.SCHEDULED)),
    (opened, switches(Channel.VOICE), (A.SWITCH, S.QUEUED, S.QUEUED)),
    (opened, switches(Channel.PHONE), (A.SWITCH, S.QUEUED, S.AWAITING_CALL)),
    (opened, switches(Channel.CALLBACK, due_at=in_an_hour), (A.SWITCH, S.QUEUED, S.SCHEDULED)),
    (offered, switches(Channel.VOICE), (A.SWITCH, S.OFFERED, S.QUEUED)),
    (offered, switches(Channel.PHONE), (A.SWITCH, S.OFFERED, S.AWAITING_CALL)),
    (offered, switches(Channel.CALLBACK, due_at=in_an_hour), (A.SWITCH, S.OFFERED, S.SCHEDULED)),
    (talking, switches(Channel.VOICE), (A.SWITCH, S.CONNECTED, S.CONNECTED)),
    (talking, switches(Channel.CALLBACK), (A.SWITCH, S.CONNECTED, S.QUEUED)),
    (talking, switches(Channel.PHONE), (A.SWITCH, S.CONNECTED, S.AWAITING_CALL)),
    (talking, switches(Channel.CALLBACK, due_at=in_an_hour), (A.SWITCH, S.CONNECTED, S.SCHEDULED)),
    (talking, pass_to_queue, (A.TRANSFER, S.CONNECTED, S.QUEUED)),
    (theirs, pass_to_me, (A.TRANSFER, S.CONNECTED, S.OFFERED)),
    (talking, vanish, (A.LOSE_AGENT, S.CONNECTED, S.QUEUED)),
    (calling_back, nobody_answered, (A.RETRY_LATER, S.CONNECTED, S.SCHEDULED)),
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
    (offered, disappear, (A.ABANDON, S.OFFERED, S.CLOSED)),
    (awaiting_call, expire, (A.EXPIRE, S.AWAITING_CALL, S.CLOSED)),
    (scheduled, expire, (A.EXPIRE, S.SCHEDULED, S.CLOSED)),
    (scheduled, give_up, (A.EXHAUST, S.SCHEDULED, S.CLOSED)),
    (calling_back, give_up, (A.EXHAUST, S.CONNECTED, S.CLOSED)),
    (twice(Channel.PHONE, 0), turn_out_to_be_maya, (A.MERGE, S.AWAITING_CALL, S.CLOSED)),
    (twice(Channel.CHAT, 0), turn_out_to_be_maya, (A.MERGE, S.QUEUED, S.CLOSED)),
    (twice(Channel.CHAT, 1), turn_out_to_be_maya, (A.MERGE, S.OFFERED, S.CLOSED)),
    (twice(Channel.CHAT, 2), turn_out_to_be_maya, (A.MERGE, S.CONNECTED, S.CLOSED)),
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
    (talking, finish_first, None),
    (offered, want_something_else, None),
    (offered, walk_on, None),
    (offered, strike, None),
    (offered, sign_in_again, None),
    (wrapping_up, say, None),
    (wrapping_up, rate, None),
]
# Asked for the channel it is in, a handoff stays as it is, so nobody makes these two moves.
NEVER_MADE = {(A.SWITCH, S.SCHEDULED, S.SCHEDULED), (A.SWITCH, S.AWAITING_CALL, S.AWAITING_CALL)}


def name_of(act: Act | None) -> str:
    return act.__qualname__.replace(".<locals>", "") if act is not None else "-"


@pytest.mark.parametrize(
    ("before", "act", "row"), ACTIONS, ids=[f"{name_of(before)} then {name_of(act)}" for before, act, _ in ACTIONS]
)
def test_snapshot_and_events_make_the_next_snapshot(before, act, row, maya, amira: Agent, monkeypatch) -> None:
    scene = Scene(maya, amira)
    if before is not None:
        before(scene)
    readers = [scene.desk(), scene.panel()]
    moves: list[Move] = []
    monkeypatch.setattr("handoff.broker.transitions.FOLLOWERS", [*FOLLOWERS, lambda move: moves.append(move) or []])
    act(scene)
    assert row is None or row in {(move.action, move.before, State(move.handoff.state)) for move in moves}
    news = sum(reader.read() for reader in readers)
    # What is scheduled is followed by nobody until it is open.
    is_quiet = row is not None and row[1] is S.SCHEDULED and row[2] in (S.SCHEDULED, S.CLOSED)
    assert news or is_quiet, "the action told nobody anything"
    for reader in readers if act is not erase else readers[:1]:
        assert lasting(reader.view) == lasting(reader.fresh())


def lasting(view: Any) -> Any:
    """A view without what is told beside the log, and in an order that does not matter."""
    if isinstance(view, dict):
        return {name: lasting(value) for name, value in view.items() if name not in EPHEMERAL}
    if isinstance(view, list):
        return [lasting(item) for item in view]
    return view


def test_every_row_of_the_table_is_named_once() -> None:
    pairs = [(row.action, source) for row in TRANSITIONS for source in row.sources]
    assert len(pairs) == len(set(pairs))


def test_every_row_of_the_table_is_played() -> None:
    rows = {(row.action, source, target) for row in TRANSITIONS for source in row.sources for target in row.targets}
    assert rows - {row for _, _, row in ACTIONS} == NEVER_MADE
