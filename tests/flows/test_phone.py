"""A caller's way: the code, what speaks for them, the claim in the page, and a human for everybody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handoff.broker import actions as broker
from handoff.broker.models import Handoff
from handoff.calls import codes
from handoff.calls.models import Call, Code, WrongCode
from handoff.flows import callbacks, clocks
from handoff.flows.control_call import control
from handoff.flows.phone import receive
from handoff.flows.switch_channel import switch_by_customer
from handoff.identity.models import Customer, Session, Site
from handoff.intents.models import Intent, IntentAction
from handoff.lib.clock import utc_now
from handoff.realtime import log
from handoff.staffing.models import Agent, Hours, Queue
from handoff.telephony import registry
from handoff.telephony.base import AskCode, CallEvent, Connect, HangUp, Hold, Kind, Nothing
from handoff.telephony.models import PhoneNumber
from tests.calls.scene import (
    ask_to_call,
    call_of,
    call_with_code,
    claim,
    counts,
    desk,
    do_tasks,
    give_to_the_line,
    known_maya,
    refusal_of,
    reload,
    stranger_of,
    take,
    told,
)
from tests.conftest import Page
from tests.phones import WRONG_CODE, set_up_phone
from tests.scripted_phone import NUMBER, ScriptedPhone

__all__ = ["desk", "known_maya"]

pytestmark = pytest.mark.django_db(transaction=True)

SLIP = "12345678"


def test_the_words_of_this_file_mean_what_they_say() -> None:
    assert codes.is_well_formed(WRONG_CODE)
    assert not codes.is_well_formed(SLIP)


# -- callers without a code


def test_a_call_is_asked_for_its_code(desk: ScriptedPhone) -> None:
    assert desk.ring("call-1") == AskCode(8)
    call = call_of("call-1")
    assert (call.status, call.caller, call.called, call.handoff) == ("ringing", "+447700900001", NUMBER, None)


def test_who_keys_nothing_is_in_line_at_once_as_somebody_unknown(desk: ScriptedPhone) -> None:
    desk.ring("call-1")
    assert desk.key("call-1", "") == Hold()
    assert stranger_of("call-1").state == "queued"
    assert call_of("call-1").claim == ""


def test_three_wrong_codes_and_a_human_answers(desk: ScriptedPhone) -> None:
    desk.ring("call-1")
    assert desk.key("call-1", WRONG_CODE) == AskCode(8, is_again=True)
    assert desk.key("call-1", WRONG_CODE) == AskCode(8, is_again=True)
    assert desk.key("call-1", WRONG_CODE) == Hold()
    assert stranger_of("call-1").state == "queued"
    assert WrongCode.objects.count() == 3


def test_a_slip_costs_a_try_and_is_no_search(desk: ScriptedPhone) -> None:
    desk.ring("call-1")
    for answer in (AskCode(8, is_again=True), AskCode(8, is_again=True), Hold()):
        assert desk.key("call-1", SLIP) == answer
    assert not WrongCode.objects.exists()


def test_the_number_s_own_intent_comes_first_and_else_the_first_that_takes_calls(desk: ScriptedPhone) -> None:
    Intent.objects.filter(key="dispute-charge").update(channels=["chat"])
    desk.ring("call-1")
    desk.key("call-1", "")
    assert stranger_of("call-1").intent.key == "lost-card"
    PhoneNumber.objects.update(intent_key="dispute-charge")
    desk.ring("call-2")
    desk.key("call-2", "")
    assert stranger_of("call-2").intent.key == "dispute-charge"


def test_out_of_hours_the_caller_is_told_so(desk: ScriptedPhone, cards: Queue) -> None:
    cards.hours = Hours.objects.create(key="never", weekly={"monday": ["00:00-00:01"]}, closed=[])
    cards.save()
    desk.ring("call-1")
    assert desk.key("call-1", "") == HangUp("closed")
    assert desk.key("call-1", "") == HangUp("closed")
    assert not Handoff.objects.exists()


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.RINGING])
def test_what_is_not_known_stores_nothing(desk: ScriptedPhone, kind: Kind) -> None:
    before = counts()
    assert desk.tell("never-heard-of", kind) == Nothing()
    assert desk.tell("call-2", kind, called="+442079460999") == Nothing()
    assert desk.tell("call-3", kind, called=NUMBER, reference="ca_of_nobody") == Nothing()
    assert counts() == before


def test_who_rings_a_number_that_is_not_ours_is_told_so(desk: ScriptedPhone) -> None:
    before = counts()
    assert desk.ring("call-1", called="+442079460999") == HangUp("not_in_service")
    assert counts() == before


# -- the breaker


def searched(site: Site, times: int) -> None:
    WrongCode.objects.bulk_create(WrongCode(site=site, at=utc_now()) for _ in range(times))


def test_the_sixtieth_wrong_code_of_an_hour_stops_codes_that_stand_alone(
    desk: ScriptedPhone, known_maya: Page, harbour: Site
) -> None:
    handoff, code = ask_to_call(known_maya)
    searched(harbour, 59)
    desk.ring("call-1", caller="+447700900999")
    assert desk.key("call-1", WRONG_CODE) == Hold()
    desk.ring("call-2", caller="+447700900999")
    assert desk.key("call-2", code) == Hold()
    assert stranger_of("call-2").pk != handoff.pk
    # The code is not used up, nor does it count as one more of the search.
    assert Code.objects.get().digest is not None
    assert WrongCode.objects.count() == 60
    assert reload(handoff).state == "awaiting_call"


def test_with_the_confirmed_number_a_code_counts_all_the_same(
    desk: ScriptedPhone, known_maya: Page, harbour: Site
) -> None:
    searched(harbour, 60)
    handoff, call = call_with_code(known_maya, desk)
    assert (handoff.state, call.evidence) == ("queued", "code")


def test_an_hour_later_codes_count_again(desk: ScriptedPhone, known_maya: Page, harbour: Site) -> None:
    searched(harbour, 60)
    WrongCode.objects.update(at=utc_now() - timedelta(minutes=60, seconds=1))
    handoff, call = call_with_code(known_maya, desk, caller="")
    assert (call.handoff, call.evidence) == (handoff, "code_only")


def test_one_below_the_limit_and_another_site_s_search_stop_nobody(
    desk: ScriptedPhone, known_maya: Page, harbour: Site, neighbour: Site
) -> None:
    searched(harbour, 59)
    searched(neighbour, 200)
    handoff, call = call_with_code(known_maya, desk, caller="")
    assert (call.handoff, call.evidence) == (handoff, "code_only")


# -- what speaks for the person on the line


@pytest.mark.parametrize(
    ("caller", "evidence"),
    [
        ("+447700900001", "code"),
        ("447700900001", "code"),
        ("07700900001", "code"),
        ("sip:+447700900001@carrier.example", "code"),
        ("+447700900002", "code_only"),
        ("+17700900001", "code_only"),
        ("", "code_only"),
        ("anonymous", "code_only"),
    ],
)
def test_the_caller_s_number_counts_beside_a_code_alone(
    desk: ScriptedPhone, known_maya: Page, caller: str, evidence: str
) -> None:
    handoff, call = call_with_code(known_maya, desk, caller=caller)
    assert (handoff.evidence, call.evidence, call.claim) == (evidence, evidence, "asked")


def test_a_number_alone_raises_nothing(desk: ScriptedPhone, known_maya: Page) -> None:
    ask_to_call(known_maya)
    desk.ring("call-1")
    desk.key("call-1", "")
    assert stranger_of("call-1").customer.public_id != known_maya.customer["id"]


def test_a_number_that_nobody_signed_is_no_proof(desk: ScriptedPhone, page) -> None:
    tab = page()
    assert tab.open().status == 201
    Customer.objects.filter(public_id=tab.customer["id"]).update(phone_number="+447700900001")
    _, call = call_with_code(tab, desk)
    assert call.evidence == "code_only"


@pytest.fixture
def rules(desk: ScriptedPhone) -> None:
    intent = Intent.objects.get(key="dispute-charge", site__key="harbour")
    IntentAction.objects.create(intent=intent, key="refund", label="R", required_acr=["urn:bank:2"])
    IntentAction.objects.create(intent=intent, key="hours", label="H", place=1)


def verdicts_at_the_desk(handoff: Handoff) -> list[str]:
    given = told(handoff, "handoff.assigned") + told(handoff, "briefing.changed")
    return [one["verdict"] for one in given[-1]["verdicts"]]


@pytest.mark.usefixtures("rules")
def test_only_the_tap_lets_the_session_s_sign_in_count(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff, call = call_with_code(known_maya, desk)
    take(amira)
    assert verdicts_at_the_desk(handoff) == ["ask_again", "enough"]
    assert claim(known_maya, handoff, call, mine=True).status == 200
    assert verdicts_at_the_desk(handoff) == ["enough", "enough"]
    assert told(handoff, "briefing.changed")[-1]["evidence"] == "tap"


@pytest.mark.usefixtures("rules")
@pytest.mark.parametrize("caller", ["+447700900001", ""])
def test_without_it_one_asks_again(desk: ScriptedPhone, known_maya: Page, amira: Agent, caller: str) -> None:
    handoff, _ = call_with_code(known_maya, desk, caller=caller)
    take(amira)
    assert verdicts_at_the_desk(handoff) == ["ask_again", "enough"]


@pytest.mark.usefixtures("rules")
def test_a_denied_caller_is_no_longer_taken_for_the_customer(
    desk: ScriptedPhone, known_maya: Page, amira: Agent
) -> None:
    handoff, call = call_with_code(known_maya, desk)
    take(amira)
    claim(known_maya, handoff, call, mine=False)
    assert verdicts_at_the_desk(handoff) == ["ask_again", "enough"]
    assert told(handoff, "briefing.changed")[-1]["evidence"] == "denied"


@pytest.mark.usefixtures("rules")
def test_a_tap_makes_nobody_verified(desk: ScriptedPhone, page, amira: Agent) -> None:
    tab = page()
    assert tab.open().status == 201
    handoff, call = call_with_code(tab, desk)
    claim(tab, handoff, call, mine=True)
    take(amira)
    assert not Customer.objects.get(public_id=tab.customer["id"]).is_verified
    assert told(handoff, "handoff.assigned")[-1]["customer"]["verified"] is False
    assert verdicts_at_the_desk(handoff) == ["ask_again", "enough"]


# -- what a switch means for the call, and the other way round


def session_of(tab: Page) -> Session:
    return Session.objects.select_related("customer__site").get(customer__public_id=tab.customer["id"])


def test_who_goes_on_in_the_page_is_hung_up_on_and_has_not_left(desk: ScriptedPhone, known_maya: Page) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    switch_by_customer(session_of(known_maya), handoff.public_id, channel="chat")
    assert desk.tell("call-1", Kind.QUEUED) == HangUp()
    do_tasks()
    assert desk.asked("hang_up") == [("call-1",)]
    desk.tell("call-1", Kind.ENDED)
    assert (reload(handoff).state, reload(handoff).channel) == ("queued", "chat")


def test_who_calls_again_before_the_first_call_is_over_is_matched(desk: ScriptedPhone, known_maya: Page) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    for channel in ("chat", "phone"):
        switch_by_customer(session_of(known_maya), handoff.public_id, channel=channel)
    code = known_maya.get(f"handoffs/{handoff.public_id}").body["phone"]["code"]
    desk.ring("call-2")
    assert desk.key("call-2", code) == Hold()
    desk.tell("call-1", Kind.ENDED)
    assert (call_of("call-2").handoff, reload(handoff).state) == (handoff, "queued")


def test_a_late_word_of_a_call_that_ended_closes_nothing(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    desk.tell("call-1", Kind.ENDED)
    with log.recording() as record:
        record.add(broker.lose_agent(reload(handoff), now=record.now))
    desk.tell("call-1", Kind.BRIDGED)
    assert reload(handoff).state == "queued"


def test_nobody_is_passed_on_once_the_caller_has_hung_up(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    desk.tell("call-1", Kind.ENDED)
    assert refusal_of(lambda: give_to_the_line(amira, handoff)).code == "illegal_transition"


def test_a_caller_whose_end_was_never_told_does_not_stand_in_line_for_ever(
    desk: ScriptedPhone, known_maya: Page
) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    assert clocks.close_hung_up() == 0
    Call.objects.update(status="ended", ended_at=utc_now())
    assert clocks.close_hung_up() == 1
    assert (reload(handoff).state, reload(handoff).close_reason) == ("closed", "abandoned")


def test_signing_in_does_not_hang_up_on_a_caller(desk: ScriptedPhone, known_maya: Page) -> None:
    """The tab turns out to be Maya's, who has a chat open elsewhere: the caller waits on as somebody unknown."""
    known_maya.ask()
    tab = Page(known_maya.site, known_maya.origin, known_maya.secret)
    tab.open()
    handoff, _ = call_with_code(tab, desk)
    assert tab.open(tab.token(sub="maya-1", name="Maya Chen")).status == 200
    assert (reload(handoff).state, reload(handoff).close_reason) == ("closed", "merged")
    assert call_of("call-1").handoff not in (None, handoff)
    assert call_of("call-1").handoff.state == "queued"
    do_tasks()
    assert desk.asked("hang_up") == []


def test_a_code_is_not_used_up_after_hours(desk: ScriptedPhone, known_maya: Page) -> None:
    _, code = ask_to_call(known_maya)
    Queue.objects.update(hours=Hours.objects.create(key="never", zone="UTC", weekly={}, closed=[]))
    desk.ring("call-1")
    assert desk.key("call-1", code) == HangUp("closed")
    assert Code.objects.filter(digest__isnull=False).count() == 1


def test_another_provider_does_not_speak_for_a_number(desk: ScriptedPhone, known_maya: Page) -> None:
    event = CallEvent(provider="somebody", event_id="1", call_id="c", kind=Kind.RINGING, called=NUMBER)
    assert receive(event) == HangUp("not_in_service")
    assert not Call.objects.exists()


def test_a_caller_cannot_be_put_off_as_a_callback(desk: ScriptedPhone, known_maya: Page) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    later = callbacks.Later(minutes=5)
    act = refusal_of(lambda: callbacks.postpone_by_customer(handoff.customer, handoff.public_id, later))
    assert act.code == "illegal_transition"


# -- systems that cannot be told, and ask


@pytest.mark.usefixtures("known_maya")
def test_a_system_that_has_to_ask_is_told_to_connect_once_the_record_is_on_screen(
    desk: ScriptedPhone, known_maya: Page, amira: Agent
) -> None:
    desk.has_to_ask = True  # type: ignore[attr-defined]
    handoff, call = call_with_code(known_maya, desk)
    take(amira)
    assert desk.tell("call-1", Kind.QUEUED) == Hold()
    control(amira, handoff.public_id, action="rendered")
    assert desk.tell("call-1", Kind.QUEUED) == Hold()
    do_tasks()
    answer = desk.tell("call-1", Kind.QUEUED)
    assert isinstance(answer, Connect)
    assert (answer.agent.address, answer.reference) == (amira.audio, call.public_id)
    desk.tell("call-1", Kind.BRIDGED)
    assert desk.tell("call-1", Kind.QUEUED) == Nothing()


def test_a_second_number_of_another_site_keeps_callers_apart(desk: ScriptedPhone, neighbour: Site) -> None:
    set_up_phone(neighbour, number="+442079460001")
    desk.ring("call-1", called="02079460001")
    assert registry.report(CallEvent("scripted", "e", "x", Kind.ENDED)) == Nothing()
    assert not Call.objects.exists()
    desk.ring("call-2", called="442079460001")
    assert call_of("call-2").site == neighbour
