"""Whoever is in training leads nobody, whatever their role: real customers wait in those queues."""

from __future__ import annotations

import pytest

from handoff.attachments.queries import may_use
from handoff.broker.models import Handoff
from handoff.flows import supervise
from handoff.lib.errors import NotFound
from handoff.realtime.models import LogEntry
from handoff.staffing.models import Agent
from handoff.supervision.models import Watch
from handoff.supervision.queries import live_watches
from tests.scenes import CARD, CARD_DIGITS, connect, sit_down, tables_that_hold
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("role", ["supervisor", "admin"])
def test_a_supervisor_in_training_sees_no_real_customer(maya, amira, sofia, role) -> None:
    handoff_id = connect(maya, amira)
    supervise.watch(sofia, handoff_id)
    # The socket goes on with the agent it was opened for.
    Agent.objects.filter(pk=sofia.pk).update(is_trainee=True, role=role)
    for act in (
        lambda: supervise.watch(sofia, handoff_id),
        lambda: supervise.whisper(sofia, handoff_id, text="psst", client_id=None),
        lambda: supervise.join(sofia, handoff_id),
        lambda: supervise.take_over(sofia, handoff_id, version=None),
        lambda: supervise.set_away(sofia, amira.public_id, reason="lunch"),
    ):
        with pytest.raises(NotFound):
            act()
    assert live_watches([sofia.pk]) == {sofia.pk: set()}
    supervise.end_unlawful()
    assert not Watch.objects.exists()
    desk = Desk(sofia)
    assert desk.call("GET", "desk/live").status == 403
    assert desk.call("GET", f"desk/handoffs/{handoff_id}").status == 404
    sofia.refresh_from_db()
    assert not may_use(sofia, Handoff.objects.get(public_id=handoff_id))


def test_a_card_number_in_a_note_to_the_chosen_agent_is_masked(maya, tomas, sofia) -> None:
    handoff_id = maya.ask().body["id"]
    sit_down(tomas)
    supervise.reassign(sofia, handoff_id, queue=None, to_agent=tomas.public_id, note=f"Paid with {CARD}", version=None)
    [made] = LogEntry.objects.filter(type="offer.made").values_list("data", flat=True)
    assert made["handoff"]["transfer"]["note"].startswith("Paid with ")
    assert tables_that_hold(CARD_DIGITS) == []
