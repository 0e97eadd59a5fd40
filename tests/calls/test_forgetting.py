"""Whose number it was is forgotten: in every table and in the log, also of calls that nobody's record was found for."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from handoff.broker.models import Handoff
from handoff.callbacks.models import Callback, Suppression
from handoff.calls import actions
from handoff.calls.models import Call, CallTask
from handoff.flows import end_talk
from handoff.flows.dial import dial
from handoff.flows.erase_customer import erase_customer, find_by_id
from handoff.identity.models import Site
from handoff.lib.clock import utc_now
from handoff.staffing.models import Agent
from handoff.telephony.base import CallError, Kind
from tests.calls.scene import (
    ask_for_callback,
    call_of,
    call_with_code,
    desk,
    do_tasks,
    known_maya,
    pass_time,
    reload,
    sign_in,
    take,
)
from tests.conftest import Page
from tests.phones import WRONG_CODE, ring, set_up_phone
from tests.scenes import tables_that_hold
from tests.scripted_phone import MAYAS_NUMBER, ScriptedPhone

__all__ = ["desk", "known_maya"]

pytestmark = pytest.mark.django_db(transaction=True)

# However it is written, and the one that she asks to be called at.
HERS = re.compile("7700 ?900001|7700 ?900002")
OTHER = "+447700900002"


def whole_life(tab: Page, network: ScriptedPhone, agent: Agent) -> Handoff:
    """A call without a code, one with it, and a callback to another number that the provider refuses at first."""
    network.ring("call-0", caller="07700900001")
    network.key("call-0", WRONG_CODE)
    network.tell("call-0", Kind.ENDED)
    network.ring("call-1", caller="447700900001")
    network.key("call-1", "")
    network.tell("call-1", Kind.ENDED)
    called, _ = call_with_code(tab, network, "call-2")
    take(agent)
    network.tell("call-2", Kind.ENDED)
    end_talk.end_by_agent(agent, called.public_id, version=None)
    end_talk.wrap_up(agent, called.public_id, disposition="resolved", note="", version=None)
    handoff = ask_for_callback(tab, phone=OTHER)
    take(agent)
    dial(agent, handoff.public_id)
    network.fails["originate"] = CallError(f"{OTHER} cannot be reached", is_permanent=True)
    do_tasks()
    return reload(handoff)


def test_no_number_is_left(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    whole_life(known_maya, desk, amira)
    held = tables_that_hold(HERS)
    assert {"handoff_call", "handoff_callback", "handoff_customer", "handoff_calltask"} <= set(held)
    assert "handoff_logentry" in held
    assert erase_customer(find_by_id(known_maya.customer["id"])) == 2
    assert tables_that_hold(HERS) == []


def test_that_there_was_a_call_and_how_it_ended_stays(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    whole_life(known_maya, desk, amira)
    kept = list(Call.objects.order_by("pk").values_list("direction", "status", "outcome", "created_at"))
    erase_customer(find_by_id(known_maya.customer["id"]))
    assert list(Call.objects.order_by("pk").values_list("direction", "status", "outcome", "created_at")) == kept
    assert Callback.objects.get().attempts == 1


def test_a_call_that_is_on_is_ended_and_brings_nothing_back(
    desk: ScriptedPhone, known_maya: Page, amira: Agent
) -> None:
    call_with_code(known_maya, desk)
    erase_customer(find_by_id(known_maya.customer["id"]))
    desk.tell("call-1", Kind.QUEUED, caller=MAYAS_NUMBER, called="+442079460000")
    do_tasks()
    assert desk.asked("hang_up") == [("call-1",)]
    desk.tell("call-1", Kind.ENDED, caller=MAYAS_NUMBER)
    assert tables_that_hold(HERS) == []
    assert call_of("call-1").status == "ended"


def test_a_dial_that_was_ordered_is_not_made(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff = ask_for_callback(known_maya)
    take(amira)
    dial(amira, handoff.public_id)
    erase_customer(find_by_id(known_maya.customer["id"]))
    do_tasks()
    assert desk.asked("originate") == []
    assert tables_that_hold(HERS) == []


def test_others_keep_theirs(desk: ScriptedPhone, known_maya: Page, page, amira: Agent, tomas: Agent) -> None:
    noor = sign_in(page(), "noor-1", phone_number="+447700900003")
    theirs = ask_for_callback(noor, phone="+447700900003")
    take(tomas)
    desk.tell(ring(tomas, theirs.public_id), Kind.RINGING)
    whole_life(known_maya, desk, amira)
    erase_customer(find_by_id(known_maya.customer["id"]))
    assert Callback.objects.get(handoff=theirs).number == "+447700900003"
    assert Call.objects.get(handoff=theirs).called == "+447700900003"


def test_who_asked_never_to_be_called_is_still_not_called(desk: ScriptedPhone, known_maya: Page) -> None:
    """The list is the wish itself: forgetting it would undo it."""
    Suppression.objects.create(number=MAYAS_NUMBER)
    erase_customer(find_by_id(known_maya.customer["id"]))
    assert Suppression.objects.get().number == MAYAS_NUMBER


def test_another_site_s_callers_are_not_its_to_forget(desk: ScriptedPhone, known_maya: Page, neighbour: Site) -> None:
    set_up_phone(neighbour, number="+442079460001")
    desk.ring("call-1", called="+442079460001")
    erase_customer(find_by_id(known_maya.customer["id"]))
    assert call_of("call-1").caller == MAYAS_NUMBER


def test_callers_of_whom_nothing_was_known_are_forgotten_in_time(desk: ScriptedPhone) -> None:
    desk.ring("call-1")
    desk.tell("call-1", Kind.ENDED)
    pass_time(timedelta(days=2, seconds=-60))
    actions.forget_old(now=utc_now())
    assert call_of("call-1").caller == MAYAS_NUMBER
    pass_time(timedelta(minutes=2))
    actions.forget_old(now=utc_now())
    assert call_of("call-1").caller == ""
    assert not CallTask.objects.exists()
