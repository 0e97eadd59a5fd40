"""What is asked of a provider, once, and what becomes of it when a process or the provider fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from handoff.broker.models import Handoff
from handoff.calls import tasks
from handoff.calls.models import Call, CallTask
from handoff.flows import dispatch, end_talk
from handoff.flows.control_call import control
from handoff.flows.dial import dial
from handoff.lib.clock import utc_now
from handoff.realtime.clock import database_now
from handoff.staffing.models import Agent
from handoff.telephony import registry
from handoff.telephony.base import Audio, CallError, CallEvent, Kind
from tests.calls.scene import (
    ask_for_callback,
    call_of,
    call_with_code,
    callback_of,
    desk,
    do_tasks,
    give_to_the_line,
    known_maya,
    pass_time,
    reload,
    take,
    told,
)
from tests.conftest import Page
from tests.scripted_phone import ScriptedPhone

__all__ = ["desk", "known_maya"]

pytestmark = pytest.mark.django_db(transaction=True)

AMBIGUOUS = CallError("no answer", is_ambiguous=True)


# -- a dial that nobody can be sure of


@pytest.fixture
def dialled(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> Call:
    """Ordered, and not yet asked for."""
    handoff = ask_for_callback(known_maya)
    take(amira)
    return Call.objects.get(public_id=dial(amira, handoff.public_id))


def now_of(call: Call) -> Call:
    return Call.objects.select_related("handoff").get(pk=call.pk)


def handoff_of(call: Call) -> Handoff:
    found = now_of(call).handoff
    assert found is not None
    return found


def report(call: Call, kind: Kind, *, event_id: str = "poll-1") -> CallEvent:
    return CallEvent("scripted", event_id, f"dial-{call.public_id}", kind, reference=call.public_id)


def die_within(phone: ScriptedPhone) -> CallTask:
    """A process claims the dial and is never heard of again; 20 s later another one looks."""
    (task,) = tasks.claim_due([phone.name], now=database_now(), limit=9)
    assert dispatch.recover() == 0
    pass_time(timedelta(seconds=21))
    assert dispatch.recover() == 1
    return task


def test_a_process_that_died_while_dialling_leaves_a_call_that_is_looked_up(desk: ScriptedPhone, dialled: Call) -> None:
    die_within(desk)
    assert now_of(dialled).status == "unknown"
    desk.known[dialled.public_id] = report(dialled, Kind.RINGING)
    do_tasks()
    assert (now_of(dialled).status, now_of(dialled).provider_id) == ("ringing", f"dial-{dialled.public_id}")
    desk.tell(f"dial-{dialled.public_id}", Kind.BRIDGED)
    assert (now_of(dialled).status, desk.asked("originate")) == ("bridged", [])


def test_what_is_not_found_for_a_minute_was_never_dialled(desk: ScriptedPhone, dialled: Call) -> None:
    handoff = handoff_of(dialled)
    die_within(desk)
    do_tasks()
    assert now_of(dialled).status == "unknown"
    pass_time(timedelta(seconds=31))
    assert dispatch.poll_silent() == 1
    do_tasks()
    assert (now_of(dialled).status, reload(handoff).state) == ("unknown", "connected")
    pass_time(timedelta(seconds=31))
    dispatch.poll_silent()
    do_tasks()
    after = now_of(dialled)
    assert (after.status, after.outcome, reload(handoff).state) == ("failed", "failed", "scheduled")
    assert (desk.asked("originate"), len(desk.asked("look_up"))) == ([], 3)


def test_the_same_call_is_never_dialled_again(desk: ScriptedPhone, dialled: Call) -> None:
    """The process was not dead but slow: what it had claimed is not its own any more."""
    slow = die_within(desk)
    dispatch.perform(slow)
    do_tasks()
    assert desk.asked("originate") == []
    assert not CallTask.objects.filter(kind="originate", done_at=None)


def test_whoever_waits_for_a_free_hand_does_not_lose_it_by_waiting(desk: ScriptedPhone, dialled: Call) -> None:
    (task,) = tasks.claim_due(["scripted"], now=database_now(), limit=9)
    pass_time(timedelta(seconds=19))
    task.refresh_from_db()
    assert tasks.begin(task, now=database_now())
    pass_time(timedelta(seconds=19))
    assert dispatch.recover() == 0


@pytest.mark.parametrize("found", [True, False])
def test_an_answer_that_got_lost_counts_as_not_knowing(desk: ScriptedPhone, dialled: Call, found: bool) -> None:
    handoff = handoff_of(dialled)
    desk.fails["originate"] = AMBIGUOUS
    if found:
        desk.known[dialled.public_id] = report(dialled, Kind.AGENT_RINGING)
    assert dispatch.run_due() == 1
    assert now_of(dialled).status == "unknown"
    assert told(handoff, "call.changed")[-1]["call"]["status"] == "unknown"
    do_tasks()
    assert now_of(dialled).status == ("agent_ringing" if found else "unknown")
    assert len(desk.asked("originate")) == 1


def test_while_nobody_knows_no_other_dial_is_made(desk: ScriptedPhone, dialled: Call, amira: Agent) -> None:
    desk.fails["originate"] = AMBIGUOUS
    do_tasks()
    assert dial(amira, handoff_of(dialled).public_id) == dialled.public_id
    assert Call.objects.count() == 1


def test_a_dial_that_turns_up_when_nobody_wants_it_is_ended(desk: ScriptedPhone, dialled: Call, amira: Agent) -> None:
    desk.fails["originate"] = AMBIGUOUS
    dispatch.run_due()
    end_talk.end_by_agent(amira, handoff_of(dialled).public_id, version=None)
    for _ in range(6):
        do_tasks()
        pass_time(timedelta(seconds=5))
    assert desk.asked("hang_up") == []
    desk.tell("late", Kind.RINGING, reference=dialled.public_id)
    do_tasks()
    assert desk.asked("hang_up") == [("late",)]


def test_hung_up_before_its_id_is_known_it_is_found_by_our_reference(
    desk: ScriptedPhone, dialled: Call, amira: Agent
) -> None:
    desk.fails["originate"] = AMBIGUOUS
    dispatch.run_due()
    desk.fails["look_up"] = CallError("busy", retry_after_seconds=600)
    control(amira, handoff_of(dialled).public_id, action="hang_up")
    desk.known[dialled.public_id] = report(dialled, Kind.RINGING)
    do_tasks()
    assert desk.asked("hang_up") == [(f"dial-{dialled.public_id}",)]


def test_what_another_process_has_taken_over_is_not_done_twice(
    desk: ScriptedPhone, known_maya: Page, amira: Agent
) -> None:
    call_with_code(known_maya, desk)
    take(amira)
    pass_time(timedelta(seconds=3))
    (slow,) = tasks.claim_due(["scripted"], now=database_now(), limit=9)
    pass_time(timedelta(seconds=21))
    assert dispatch.recover() == 1
    (other,) = tasks.claim_due(["scripted"], now=database_now(), limit=9)
    dispatch.perform(slow)
    assert desk.asked("connect") == []
    assert not tasks.finish(slow, now=database_now())
    dispatch.perform(other)
    assert desk.asked("connect") == [("call-1", amira.audio)]


# -- a provider that is busy, down or refuses


def test_it_is_tried_again_by_the_provider_s_own_word(desk: ScriptedPhone, dialled: Call) -> None:
    desk.fails["originate"] = CallError("busy", retry_after_seconds=40)
    do_tasks()
    pass_time(timedelta(seconds=39))
    assert do_tasks() == 0
    pass_time(timedelta(seconds=2))
    do_tasks()
    assert len(desk.asked("originate")) == 2
    assert (now_of(dialled).status, now_of(dialled).provider_id) == ("dialing", f"dial-{dialled.public_id}")


def test_without_one_later_each_time_and_four_times_in_all(desk: ScriptedPhone, dialled: Call) -> None:
    handoff, waits = handoff_of(dialled), []
    for _ in range(3):
        desk.fails["originate"] = CallError("down")
        do_tasks()
        waits.append(round((CallTask.objects.get().due_at - utc_now()).total_seconds()))
        pass_time(timedelta(seconds=waits[-1] + 1))
    desk.fails["originate"] = CallError("down")
    do_tasks()
    assert (waits, len(desk.asked("originate"))) == ([1, 2, 4], 4)
    assert (now_of(dialled).status, reload(handoff).state) == ("failed", "scheduled")


def test_what_is_refused_for_good_has_failed_at_once_and_the_customer_is_told(
    desk: ScriptedPhone, dialled: Call
) -> None:
    handoff = handoff_of(dialled)
    desk.fails["originate"] = CallError("no such number", is_permanent=True)
    do_tasks()
    assert (now_of(dialled).status, len(desk.asked("originate"))) == ("failed", 1)
    last = told(handoff, "callback.changed")[-1]["callback"]
    assert (last["last_outcome"], last["attempts"]) == ("failed", 1)
    assert last["next_at"] is not None
    assert callback_of(handoff).next_at == reload(handoff).due_at


def test_a_lost_agent_line_is_no_attempt_and_may_be_tried_again(
    desk: ScriptedPhone, dialled: Call, amira: Agent
) -> None:
    do_tasks()
    desk.tell(f"dial-{dialled.public_id}", Kind.AGENT_RINGING)
    desk.tell(f"dial-{dialled.public_id}", Kind.CANCELED)
    handoff = handoff_of(dialled)
    assert (reload(handoff).state, reload(handoff).agent) == ("connected", amira)
    assert (callback_of(handoff).attempts, callback_of(handoff).last_outcome) == (0, "canceled")
    assert dial(amira, handoff.public_id) != dialled.public_id
    assert Call.objects.latest("pk").attempt == 1


# -- other processes, lost reports


def test_what_this_process_cannot_reach_is_left_to_others(desk: ScriptedPhone, dialled: Call) -> None:
    desk.is_here = False
    assert dispatch.run_due() == 0
    pass_time(timedelta(minutes=5))
    assert dispatch.poll_silent() == 0
    desk.is_here = True
    assert do_tasks() == 1
    registry.remove("scripted")
    assert dispatch.run_due() == 0


def test_a_live_call_of_which_nothing_is_heard_is_asked_about(desk: ScriptedPhone, known_maya: Page) -> None:
    handoff, call = call_with_code(known_maya, desk)
    pass_time(timedelta(seconds=29))
    assert dispatch.poll_silent() == 0
    pass_time(timedelta(seconds=2))
    assert (dispatch.poll_silent(), dispatch.poll_silent()) == (1, 0)
    desk.known["call-1"] = CallEvent("scripted", "e9", "call-1", Kind.QUEUED)
    do_tasks()
    assert reload(handoff).state == "queued"
    pass_time(timedelta(seconds=31))
    assert dispatch.poll_silent() == 1
    desk.known["call-1"] = CallEvent("scripted", "e10", "call-1", Kind.ENDED)
    do_tasks()
    assert (reload(handoff).close_reason, call_of("call-1").status) == ("abandoned", "ended")
    assert desk.asked("look_up") == [("call-1", call.public_id)] * 2


def test_a_call_that_its_provider_has_forgotten_is_over(desk: ScriptedPhone, known_maya: Page) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    pass_time(timedelta(seconds=31))
    dispatch.poll_silent()
    do_tasks()
    assert reload(handoff).close_reason == "abandoned"


def test_a_dial_that_still_has_to_be_made_is_not_asked_about(desk: ScriptedPhone, dialled: Call) -> None:
    desk.is_here = False
    pass_time(timedelta(minutes=1))
    desk.is_here = True
    assert dispatch.poll_silent() == 0
    do_tasks()
    pass_time(timedelta(seconds=31))
    assert dispatch.poll_silent() == 1


# -- the dispatcher's own thread


def until(check: Callable[[], Any], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_does_a_call_s_tasks_in_order_and_leaves_when_told(
    desk: ScriptedPhone, known_maya: Page, amira: Agent
) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    dispatcher = dispatch.Dispatcher()
    thread = threading.Thread(target=dispatcher.run)
    thread.start()
    try:
        control(amira, handoff.public_id, action="rendered")
        until(lambda: desk.asked("connect"))
        give_to_the_line(amira, handoff)
        until(lambda: desk.asked("park"))
        desk.tell("call-1", Kind.ENDED)
    finally:
        dispatcher.stop()
        thread.join(10)
    assert not thread.is_alive()
    assert [ask[0] for ask in desk.asks] == ["connect", "park"]
    connection.close()


def test_one_slow_call_does_not_make_it_run_in_circles(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    """What is due and has to wait for its turn is no reason to look again at once."""
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    pass_time(timedelta(seconds=3))
    tasks.claim_due(["scripted"], now=database_now(), limit=1)
    give_to_the_line(amira, handoff)
    assert tasks.claim_due(["scripted"], now=database_now(), limit=9) == []
    assert tasks.next_due(["scripted"], now=database_now()) is None
    assert Audio(amira.audio).is_sip
