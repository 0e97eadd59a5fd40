"""For every action: an old snapshot plus the events equals a fresh snapshot, for the agent and for the customer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings

from agent_console.snapshot import agent_snapshot
from handoff.broker import actions as broker
from handoff.broker.models import Handoff
from handoff.broker.states import TRANSITIONS
from handoff.conversations import actions as conversations
from handoff.conversations.batch import Send, batcher
from handoff.flows import add_context, end_talk, views, worker
from handoff.identity.models import Customer, Session
from handoff.lib.clock import utc_now
from handoff.realtime import log
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.staffing.models import Agent

sys.path.insert(0, str(Path(__file__).parent))
from desks import Reader, View, reduce_desk, reduce_panel

pytestmark = pytest.mark.django_db(transaction=True)

# Told beside the log, to whoever looks now: places, boards, read marks, and what is counted from the rest.
EPHEMERAL = {"queues", "load", "position", "estimate", "head", "read", "existing", "scheduled"}


class Scene:
    """One customer and one agent at work, with a reader on each side."""

    def __init__(self, page: Any, agent: Agent) -> None:
        self.page, self.agent = page, agent
        self.handoff_id = ""
        routing.renew_lease(agent, now=utc_now())
        routing.set_availability(agent, available=True, after_current=False, reason="")

    @property
    def customer(self) -> Customer:
        return Customer.objects.get(public_id=self.page.customer["id"])

    @property
    def handoff(self) -> Handoff:
        return Handoff.objects.get(public_id=self.handoff_id)

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
        session = Session.objects.select_related("customer__site").filter(customer=self.customer).latest("id")
        with log.reading() as now:
            snapshot, heads = views.customer_snapshot(session, now=now)
        return snapshot.to_wire(), heads


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
        assert worker.finish_wrap_ups() == 1


def cancel(scene: Scene) -> None:
    end_talk.cancel(scene.customer, scene.handoff_id)


def disappear(scene: Scene) -> None:
    Customer.objects.filter(pk=scene.customer.pk).update(seen_at="2020-01-01T00:00:00Z")
    assert worker.close_abandoned() == 1


def stay_signed_out(scene: Scene) -> None:
    Handoff.objects.filter(public_id=scene.handoff_id).update(signed_out_at="2020-01-01T00:00:00Z")
    assert worker.end_signed_out() == 1


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


Act = Callable[[Scene], None]
ACTIONS: list[tuple[Act | None, Act]] = [
    (None, opened),
    (opened, lambda scene: routing.run_matching() and None),
    (offered, accept),
    (offered, decline),
    (offered, time_out),
    (offered, go_away),
    (offered, cancel),
    (offered, disappear),
    (opened, cancel),
    (opened, disappear),
    (opened, walk_on),
    (opened, say),
    (connected, say),
    (talking, note),
    (talking, desk_fact),
    (talking, walk_on),
    (talking, strike),
    (talking, sign_in_again),
    (talking, want_something_else),
    (offered, want_something_else),
    (offered, walk_on),
    (offered, strike),
    (offered, sign_in_again),
    (talking, end_by_agent),
    (talking, end_by_customer),
    (talking, stay_signed_out),
    (wrapping_up, say),
    (wrapping_up, wrap_up),
    (wrapping_up, wrap_up_limit),
    (wrapping_up, rate),
]


def name_of(pair: tuple[Act | None, Act]) -> str:
    return " then ".join(getattr(act, "__name__", "-") for act in pair)


@pytest.mark.parametrize("before_and_act", ACTIONS, ids=name_of)
def test_snapshot_and_events_make_the_next_snapshot(before_and_act, maya, amira: Agent) -> None:
    before, act = before_and_act
    scene = Scene(maya, amira)
    if before is not None:
        before(scene)
    readers = [scene.desk(), scene.panel()]
    act(scene)
    news = sum(reader.read() for reader in readers)
    assert news, "the action told nobody anything"
    for reader in readers:
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
