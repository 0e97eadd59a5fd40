"""Calls at the same moment, on the database that shows what that does."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db.models import F

from handoff.broker.models import Handoff
from handoff.callbacks.models import CallingRules
from handoff.calls.models import Call, CallTask, Code
from handoff.flows import callbacks, dispatch, end_talk
from handoff.flows.dial import dial
from handoff.lib.errors import DomainError
from handoff.routing.models import Offer
from handoff.staffing.models import Agent
from handoff.telephony.base import AskCode, Hold, Kind
from tests.calls.scene import (
    ask_for_callback,
    ask_to_call,
    call_of,
    call_with_code,
    claim,
    desk,
    do_tasks,
    known_maya,
    reload,
    sign_in,
    take,
)
from tests.conftest import Page
from tests.scenes import accept, at_once, offer_to
from tests.scripted_phone import ScriptedPhone

__all__ = ["desk", "known_maya"]

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

ROUNDS = 8
STORM = 60
_numbers = itertools.count(1)


def together(*acts: Callable[[], Any]) -> list[Any]:
    """At the same moment; the answers, or the codes of what was refused."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait(20)
        try:
            return act()
        except DomainError as error:
            return error.code

    return at_once([lambda act=act: run(act) for act in acts])


def fresh(page: Callable[[], Page]) -> Page:
    return sign_in(page(), f"customer-{next(_numbers)}")


def test_two_calls_with_one_code(desk: ScriptedPhone, page: Any) -> None:
    """One wins; the other may try again, and is nobody."""
    for number in range(ROUNDS):
        handoff, code = ask_to_call(fresh(page))
        calls = [f"call-{number}-{each}" for each in range(2)]
        for call_id in calls:
            desk.ring(call_id)
        answers = together(*(partial(desk.key, call_id, code) for call_id in calls))
        assert sorted(map(str, answers)) == sorted(map(str, [Hold(), AskCode(8, is_again=True)]))
        assert [call_of(call_id).handoff for call_id in calls].count(handoff) == 1
        assert Code.objects.filter(handoff=handoff).exclude(used_at=None).count() == 1


def test_the_code_keyed_and_renewed(desk: ScriptedPhone, page: Any) -> None:
    """Whichever comes first: never a call that is lost, never a code that is both dead and shown."""
    for number in range(ROUNDS):
        tab = fresh(page)
        handoff, code = ask_to_call(tab)
        desk.ring(f"call-{number}")
        answer, renewed = together(
            lambda number=number, code=code: desk.key(f"call-{number}", code),
            lambda tab=tab, handoff=handoff: tab.post(f"handoffs/{handoff.public_id}/code").status,
        )
        assert (answer, renewed, reload(handoff).state) in [
            (Hold(), 409, "queued"),
            (AskCode(8, is_again=True), 200, "awaiting_call"),
        ]


def test_the_code_keyed_and_the_need_cancelled(desk: ScriptedPhone, page: Any) -> None:
    for number in range(ROUNDS):
        tab = fresh(page)
        handoff, code = ask_to_call(tab)
        desk.ring(f"call-{number}")
        together(
            lambda number=number, code=code: desk.key(f"call-{number}", code),
            lambda tab=tab, handoff=handoff: tab.post(f"handoffs/{handoff.public_id}/cancel").status,
        )
        assert reload(handoff).close_reason == "cancelled"
        do_tasks()


@pytest.mark.parametrize("mine", [True, False])
def test_claimed_and_hung_up(desk: ScriptedPhone, page: Any, mine: bool) -> None:
    for number in range(ROUNDS):
        tab = fresh(page)
        handoff, call = call_with_code(tab, desk, f"call-{number}")
        answers = together(
            lambda tab=tab, handoff=handoff, call=call: claim(tab, handoff, call, mine=mine).status,
            lambda number=number: desk.tell(f"call-{number}", Kind.ENDED),
        )
        assert answers[0] in (200, 409)
        after = reload(handoff)
        ends = ("closed", "awaiting_call") if not mine and answers[0] == 200 else ("closed",)
        assert after.state in ends
        # Nobody is left in line without a call.
        assert not Handoff.objects.filter(state__in=["queued", "offered"])
        tab.post(f"handoffs/{handoff.public_id}/cancel")


def test_accepted_and_hung_up(desk: ScriptedPhone, page: Any, amira: Agent) -> None:
    for number in range(ROUNDS):
        handoff, _ = call_with_code(fresh(page), desk, f"call-{number}")
        offer = offer_to(amira)
        accepted, _ = together(
            lambda offer=offer: accept(amira, offer), lambda number=number: desk.tell(f"call-{number}", Kind.ENDED)
        )
        after = reload(handoff)
        won = accepted == handoff.public_id
        assert (after.state, accepted) in [("connected", handoff.public_id), ("closed", "offer_gone")]
        assert call_of(f"call-{number}").status == "ended"
        assert Offer.objects.get(pk=offer.pk).status == ("accepted" if won else "withdrawn")
        if won:
            end_talk.end_by_agent(amira, handoff.public_id, version=None)
            end_talk.wrap_up(amira, handoff.public_id, disposition="resolved", note="", version=None)


def owed_to(agent: Agent, page: Callable[[], Page]) -> Handoff:
    """To a number of its own: no more than a few calls are owed to one."""
    number = f"+447700900{next(_numbers):03d}"
    ask_for_callback(sign_in(page(), number, phone_number=number), phone=number)
    return take(agent)


def test_many_dials_at_once_are_one(desk: ScriptedPhone, page: Any, amira: Agent) -> None:
    handoff = owed_to(amira, page)
    answers = together(*[lambda: dial(amira, handoff.public_id)] * 6)
    assert len(set(answers)) == Call.objects.count() == CallTask.objects.count() == 1
    together(*[dispatch.run_due] * 4)
    assert len(desk.asked("originate")) == 1


def test_dials_at_once_do_not_pass_the_site_s_limit_together(
    desk: ScriptedPhone, page: Any, amira: Agent, tomas: Agent
) -> None:
    for limit in range(1, ROUNDS):
        CallingRules.objects.update(per_site_hour=limit)
        owed = [(agent, owed_to(agent, page)) for agent in (amira, tomas)]
        answers = together(*(partial(dial, agent, handoff.public_id) for agent, handoff in owed))
        assert answers.count("rate_limited") == 1
        for agent, handoff in owed:
            end_talk.end_by_agent(agent, handoff.public_id, version=None)
            end_talk.wrap_up(agent, handoff.public_id, disposition="resolved", note="", version=None)
        Call.objects.update(rang_at=F("created_at"))


def test_dialled_and_cancelled(desk: ScriptedPhone, page: Any, amira: Agent) -> None:
    """Whoever is first, nobody's phone goes on ringing for what is over."""
    for _ in range(ROUNDS):
        handoff = owed_to(amira, page)
        later = callbacks.Later(minutes=30)
        dialled, _ = together(
            lambda handoff=handoff: dial(amira, handoff.public_id),
            lambda handoff=handoff, later=later: callbacks.postpone_by_customer(
                handoff.customer, handoff.public_id, later
            ),
        )
        assert reload(handoff).state == "scheduled"
        assert dialled == "not_found" or Call.objects.get(public_id=dialled).status == "canceled"
        assert do_tasks() == 0


def test_handed_out_and_taken_back(desk: ScriptedPhone, page: Any, amira: Agent) -> None:
    """What is being asked while it is taken back is ended after it; what is not is never asked."""
    for _ in range(ROUNDS):
        handoff = owed_to(amira, page)
        call_id = f"dial-{dial(amira, handoff.public_id)}"
        together(
            dispatch.run_due, lambda handoff=handoff: end_talk.end_by_customer(handoff.customer, handoff.public_id)
        )
        do_tasks()
        asked = [ask[0] for ask in desk.asks]
        assert asked in (["originate", "hang_up"], [])
        if asked:
            desk.tell(call_id, Kind.CANCELED)
        assert Call.objects.latest("pk").status == "canceled"
        end_talk.wrap_up(amira, handoff.public_id, disposition="resolved", note="", version=None)
        desk.asks.clear()


def test_sixty_calls_at_once_find_sixty_records(desk: ScriptedPhone, page: Any) -> None:
    codes = {}
    for number in range(STORM):
        handoff, code = ask_to_call(fresh(page))
        codes[f"call-{number}"] = (handoff, code)
    rung = together(*(partial(desk.ring, call_id) for call_id in codes))
    assert rung == [AskCode(8)] * STORM
    keyed = together(*(partial(desk.key, call_id, code) for call_id, (_, code) in codes.items()))
    assert keyed == [Hold()] * STORM
    assert {call_id: call_of(call_id).handoff for call_id in codes} == {
        call_id: handoff for call_id, (handoff, _) in codes.items()
    }


def test_one_call_s_reports_all_at_once(desk: ScriptedPhone, page: Any) -> None:
    """Several processes hear of a call that none of them knows yet."""
    for number in range(ROUNDS):
        handoff, code = ask_to_call(fresh(page))
        call_id = f"call-{number}"
        together(
            lambda call_id=call_id: desk.ring(call_id),
            lambda call_id=call_id, code=code: desk.key(call_id, code),
            lambda call_id=call_id, code=code: desk.key(call_id, code),
            lambda call_id=call_id: desk.tell(call_id, Kind.ANSWERED, called="+442079460000"),
        )
        assert (call_of(call_id).handoff, reload(handoff).state) == (handoff, "queued")
