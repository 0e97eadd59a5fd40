"""A provider tells things twice, late and in any order: it all comes to the same end."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handoff.broker.models import Handoff
from handoff.callbacks.models import CallingRules
from handoff.calls.models import Call, CallReport, Code, WrongCode
from handoff.flows import end_talk
from handoff.flows.control_call import control
from handoff.flows.dial import dial
from handoff.identity.models import Site
from handoff.staffing.models import Agent
from handoff.telephony import registry
from handoff.telephony.base import CallEvent, Kind
from handoff.telephony.models import PhoneNumber
from tests.calls.scene import (
    ask_for_callback,
    ask_to_call,
    call_of,
    call_with_code,
    callback_of,
    counts,
    desk,
    do_tasks,
    known_maya,
    reload,
    sign_in,
    take,
)
from tests.conftest import Page
from tests.phones import WRONG_CODE
from tests.scripted_phone import MAYAS_NUMBER, NUMBER, ScriptedPhone

__all__ = ["desk", "known_maya"]

pytestmark = pytest.mark.django_db(transaction=True)

RIGHT = "the code on the screen"
KEYED = [(), (RIGHT,), (WRONG_CODE,), (WRONG_CODE, WRONG_CODE, RIGHT), (WRONG_CODE,) * 3, ("",), (WRONG_CODE, "")]
ENDS = [Kind.ENDED, Kind.FAILED, Kind.NO_ANSWER, None]
TALKS = [
    (Kind.AGENT_RINGING, Kind.RINGING, Kind.ANSWERED, Kind.BRIDGED, Kind.ENDED),
    (Kind.AGENT_RINGING, Kind.RINGING, Kind.ANSWERED, Kind.BRIDGED),
    (Kind.AGENT_RINGING, Kind.RINGING, Kind.ANSWERED, Kind.ENDED),
    (Kind.AGENT_RINGING, Kind.RINGING, Kind.BUSY),
    (Kind.AGENT_RINGING, Kind.RINGING, Kind.NO_ANSWER),
    (Kind.AGENT_RINGING, Kind.RINGING, Kind.CANCELED),
    (Kind.AGENT_RINGING, Kind.CANCELED),
    (Kind.AGENT_RINGING, Kind.FAILED),
    (Kind.FAILED,),
]
# What each history comes to when it is told as it happened.
_IN_ORDER: dict[tuple[Told, ...], tuple[Any, ...]] = {}
_numbers = itertools.count(1)
in_any_order = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Told:
    kind: Kind
    digits: str = ""


@st.composite
def jumbled(draw: Any, history: Sequence[Told]) -> list[int]:
    """Every report at least once, some twice, in any order: by their places in the history."""
    places = list(range(len(history)))
    again = draw(st.lists(st.sampled_from(places), max_size=len(places))) if places else []
    return list(draw(st.permutations(places + again)))


def deliver(call_id: str, history: Sequence[Told], places: Sequence[int], *, digits: str = "", ours: str = "") -> None:
    for place in places:
        one = history[place]
        registry.report(
            CallEvent(
                "scripted",
                f"{call_id}:{place}",
                call_id,
                one.kind,
                caller=MAYAS_NUMBER,
                called="" if ours else NUMBER,
                digits=digits if one.digits == RIGHT else one.digits,
                reference=ours,
            )
        )


# -- a caller


def called_in(page: Callable[[], Page], history: Sequence[Told], places: Sequence[int]) -> tuple[Any, ...]:
    """The end, as a fresh customer's call comes to it."""
    # Of the calls before: a search for codes would open the breaker.
    WrongCode.objects.all().delete()
    handoff, code = ask_to_call(sign_in(page(), f"caller-{next(_numbers)}"))
    call_id = f"call-{next(_numbers)}"
    deliver(call_id, history, places, digits=code)
    call = call_of(call_id)
    ended = reload(call.handoff) if call.handoff else None
    end = (
        call.status,
        call.outcome,
        call.handoff == handoff,
        (ended.state, ended.close_reason) if ended else None,
        reload(handoff).state,
        Code.objects.get(handoff=handoff).used_at is not None,
    )
    # Out of the way of the next.
    deliver(call_id, [Told(Kind.ENDED)] * (len(history) + 1), [len(history)])
    return end


def caller_histories() -> list[tuple[Told, ...]]:
    keyed = [tuple(Told(Kind.CODE_ENTERED, digits) for digits in each) for each in KEYED]
    ends = [() if end is None else (Told(end),) for end in ENDS]
    return [(Told(Kind.RINGING), Told(Kind.ANSWERED), *codes, *end) for codes in keyed for end in ends]


@in_any_order
@given(data=st.data())
def test_a_caller_s_reports_in_any_order(data: Any, desk: ScriptedPhone, page: Any) -> None:
    history = data.draw(st.sampled_from(caller_histories()))
    places = data.draw(jumbled(history))
    wanted = _IN_ORDER.get(history) or called_in(page, history, range(len(history)))
    _IN_ORDER[history] = wanted
    assert called_in(page, history, places) == wanted


@in_any_order
@given(data=st.data())
def test_a_talk_s_reports_in_any_order(data: Any, desk: ScriptedPhone, page: Any, amira: Agent) -> None:
    """The agent keeps the handoff, whatever of the call is told when."""
    history = [Told(kind) for kind in (Kind.RINGING, Kind.QUEUED, Kind.AGENT_RINGING, Kind.BRIDGED, Kind.ENDED)]
    places = data.draw(jumbled(history))
    call_id = f"call-{next(_numbers)}"
    handoff, _ = call_with_code(sign_in(page(), f"caller-{next(_numbers)}"), desk, call_id)
    assert take(amira) == handoff
    control(amira, handoff.public_id, action="rendered")
    do_tasks()
    deliver(call_id, history, places)
    after, ended = reload(handoff), call_of(call_id)
    finish(amira, after)
    assert (after.state, after.agent, ended.status) == ("connected", amira, "ended")
    assert ended.ended_at is not None


# -- a dial


def rung_back(
    page: Callable[[], Page], agent: Agent, history: Sequence[Told], places: Sequence[int]
) -> tuple[Any, ...]:
    number = f"+447700900{next(_numbers) % 1000:03d}"
    handoff = ask_for_callback(sign_in(page(), number, phone_number=number), phone=number)
    assert take(agent) == handoff
    call_id = dial(agent, handoff.public_id)
    do_tasks()
    deliver(f"dial-{call_id}", history, places, ours=call_id)
    call, after = Call.objects.get(public_id=call_id), reload(handoff)
    callback = callback_of(after)
    end = (call.status, call.outcome, after.state, after.agent == agent, callback.attempts, callback.last_outcome)
    finish(agent, after)
    return end


@pytest.fixture
def no_caps(desk: ScriptedPhone) -> None:
    CallingRules.objects.update(per_customer_day=10_000, per_site_hour=10_000)


@pytest.mark.usefixtures("no_caps")
@in_any_order
@given(data=st.data())
def test_a_dial_s_reports_in_any_order(data: Any, desk: ScriptedPhone, page: Any, amira: Agent) -> None:
    history = tuple(Told(kind) for kind in data.draw(st.sampled_from(TALKS)))
    places = data.draw(jumbled(history))
    wanted = _IN_ORDER.get(history) or rung_back(page, amira, history, range(len(history)))
    _IN_ORDER[history] = wanted
    assert rung_back(page, amira, history, places) == wanted


def finish(agent: Agent, handoff: Handoff) -> None:
    """Whatever is left of it is over."""
    if handoff.state == "connected":
        end_talk.end_by_agent(agent, handoff.public_id, version=None)
        end_talk.wrap_up(agent, handoff.public_id, disposition="resolved", note="", version=None)
    for call in Call.objects.filter(handoff=handoff, status="bridged"):
        deliver(call.provider_id, [Told(Kind.ENDED)] * 99, [98], ours=call.public_id)


# -- one by one


def test_told_again_nothing_is_done_again(desk: ScriptedPhone, known_maya: Page) -> None:
    _, code = ask_to_call(known_maya)
    history = [Told(Kind.RINGING), Told(Kind.CODE_ENTERED, WRONG_CODE), Told(Kind.CODE_ENTERED, RIGHT)]
    deliver("call-1", history, range(3), digits=code)
    before = counts()
    deliver("call-1", history, [2, 0, 1, 1], digits=code)
    assert counts() == before
    assert call_of("call-1").wrong_codes == 1


def test_the_same_event_id_of_another_provider_is_another_event(desk: ScriptedPhone) -> None:
    numbers = {"scripted": NUMBER, "other": "+442079460001"}
    PhoneNumber.objects.create(site=Site.objects.get(), number=numbers["other"], provider="other")
    for provider, number in numbers.items():
        registry.report(CallEvent(provider, "e-1", "call-1", Kind.RINGING, called=number))
    # Nor does a provider speak for another one's number.
    registry.report(CallEvent("other", "e-2", "call-2", Kind.RINGING, called=NUMBER))
    assert CallReport.objects.count() == Call.objects.count() == 2


def test_an_event_id_of_any_length_counts_once(desk: ScriptedPhone) -> None:
    for _ in range(2):
        registry.report(CallEvent("scripted", "e" * 500, "call-1", Kind.RINGING, called=NUMBER))
    assert CallReport.objects.count() == 1


@pytest.mark.parametrize("late", [kind for kind in Kind if kind is not Kind.ENDED])
def test_what_ended_stays_ended(desk: ScriptedPhone, late: Kind) -> None:
    desk.ring("call-1")
    desk.tell("call-1", Kind.ENDED)
    ended_at = call_of("call-1").ended_at
    desk.tell("call-1", late, digits=WRONG_CODE if late is Kind.CODE_ENTERED else "")
    assert (call_of("call-1").status, call_of("call-1").ended_at) == ("ended", ended_at)


def test_who_hangs_up_in_line_has_left_and_who_talks_is_their_agent_s(
    desk: ScriptedPhone, known_maya: Page, amira: Agent
) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    desk.tell("call-1", Kind.ENDED)
    assert (reload(handoff).state, reload(handoff).close_reason) == ("closed", "abandoned")
    handoff, _ = call_with_code(known_maya, desk, "call-2")
    take(amira)
    desk.tell("call-2", Kind.BRIDGED)
    desk.tell("call-2", Kind.ENDED)
    assert (reload(handoff).state, reload(handoff).agent) == ("connected", amira)
    assert call_of("call-2").bridged_at is not None


def test_the_agent_s_line_that_is_not_answered_leaves_the_caller_waiting(
    desk: ScriptedPhone, known_maya: Page, amira: Agent
) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    control(amira, handoff.public_id, action="rendered")
    do_tasks()
    desk.tell("call-1", Kind.AGENT_RINGING)
    assert call_of("call-1").status == "agent_ringing"
    desk.tell("call-1", Kind.QUEUED)
    assert (call_of("call-1").status, reload(handoff).state) == ("queued", "connected")
    # The agent tries again.
    control(amira, handoff.public_id, action="rendered")
    do_tasks()
    assert len(desk.asked("connect")) == 2


def test_numbers_and_digits_are_nowhere_in_the_reports(desk: ScriptedPhone, known_maya: Page) -> None:
    _, code = ask_to_call(known_maya)
    desk.ring("call-1")
    desk.key("call-1", code)
    kept: list[type[models.Model]] = [CallReport]
    assert all(code not in str(row) for kind in kept for row in kind.objects.values_list())
