"""Erasing a customer: nothing of them is left anywhere but an id, and what goes on meanwhile is not kept either."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from handoff.broker.models import Handoff
from handoff.calls.models import Call, Code
from handoff.conversations import actions as conversations
from handoff.conversations.batch import batcher
from handoff.conversations.judging import Send
from handoff.flows import dispatch, end_talk
from handoff.flows import erase_customer as erasing
from handoff.flows.erase_customer import erase_customer, find_by_id
from handoff.identity.models import Customer
from handoff.intents.models import Intent
from handoff.lib.errors import DomainError
from handoff.realtime import log, streams
from handoff.realtime.models import LogEntry, Stream
from handoff.telephony.base import AskCode, Kind
from tests.phones import call_in, ring_in_vain
from tests.scenes import accept, at_once, close, connect, offer_to, tables_that_hold
from tests.scripted_phone import MAYAS_NUMBER

pytestmark = pytest.mark.django_db(transaction=True)

# Said, signed, typed and noted below; none of it may be found again.
PERSONAL = re.compile("quokka", re.IGNORECASE)
SUBJECT = "quokka-7"


@pytest.fixture
def quokka(page: Any) -> Any:
    tab = page()
    claims = {"name": "Quokka Q", "email": "quokka@example.com", "facts": {"account": "quokka account"}}
    assert tab.open(tab.token(sub=SUBJECT, acr="urn:quokka", amr=["quokka"], **claims)).status == 201
    return tab


def say(handoff_id: str, customer_id: str, *, client_id: str = "quokka-said-1") -> Any:
    return batcher.send(
        Send.of(
            handoff_id=handoff_id,
            author_kind="customer",
            author_id=customer_id,
            client_id=client_id,
            text="the quokka bit me",
        )
    )


def whole_talk(tab: Any, agent: Any) -> str:
    journey = {
        "steps": [{"name": "quokka", "path": "/quokka", "status": "failed", "error": "QUOKKA"}],
        "facts": [{"key": "pet", "label": "Pet", "value": "quokka"}],
    }
    handoff_id = connect(tab, agent, client_id="click-quokka", statement="a quokka", journey=journey)
    say(handoff_id, tab.customer["id"])
    with log.recording() as record:
        handoff = Handoff.objects.get(public_id=handoff_id)
        record.entries.append(conversations.add_note(handoff, agent, text="likes the quokka", client_id=None))
    return handoff_id


def test_nothing_personal_is_left_in_any_table(quokka, amira) -> None:
    first = whole_talk(quokka, amira)
    close(amira, first, note="quokka calmed")
    end_talk.answer_survey(Customer.objects.get(subject=SUBJECT), first, effort=6, comment="thanks from the quokka")
    # Offered once and declined with a word; then queued, with the earlier talk in its history.
    second = quokka.ask(intent="lost-card", statement="quokka again").body["id"]
    offer_to(amira)
    assert tables_that_hold(PERSONAL)

    call_command("erase_customer", "harbour", SUBJECT)

    assert tables_that_hold(PERSONAL) == []
    states = Handoff.objects.values_list("public_id", "state", "close_reason")
    assert set(states) == {(first, "closed", "erased"), (second, "closed", "erased")}


def test_the_numbers_stay_and_readers_are_told(quokka, amira) -> None:
    handoff_id = whole_talk(quokka, amira)
    name = streams.handoff(handoff_id)
    before = list(LogEntry.objects.filter(stream__name=name).order_by("seq").values_list("seq", "type"))

    assert erase_customer(find_by_id(quokka.customer["id"])) == 1

    after = list(LogEntry.objects.filter(stream__name=name).order_by("seq").values_list("seq", "type", "data"))
    assert [(seq, kind) for seq, kind, _ in after[: len(before)]] == before
    assert all(data == {} for _, _, data in after[: len(before)])
    assert [kind for _, kind, _ in after[len(before) :]] == ["handoff.changed", "erased"]
    assert Stream.objects.get(name=name).last_seq == len(after)
    gone = LogEntry.objects.filter(stream__name=streams.agent(amira.public_id), type="handoff.unassigned")
    assert [entry.data for entry in gone] == [{"id": handoff_id, "reason": "erased"}]


def test_what_closed_long_ago_does_not_end_today(quokka, amira) -> None:
    handoff_id = whole_talk(quokka, amira)
    close(amira, handoff_id)
    closed_at = Handoff.objects.get(public_id=handoff_id).closed_at
    erase_customer(find_by_id(quokka.customer["id"]))
    assert Handoff.objects.get(public_id=handoff_id).closed_at == closed_at
    told = LogEntry.objects.filter(stream__name=streams.agent(amira.public_id), type="handoff.unassigned")
    assert told.count() == 1


def test_a_message_that_comes_too_late_is_refused_and_not_kept(quokka, amira) -> None:
    handoff_id = whole_talk(quokka, amira)
    erase_customer(find_by_id(quokka.customer["id"]))
    with pytest.raises(DomainError) as refused:
        log.answer(say(handoff_id, quokka.customer["id"], client_id="late"))
    assert refused.value.code == "handoff_closed"
    assert tables_that_hold(PERSONAL) == []


def test_an_answer_that_comes_too_late_is_not_kept_either(quokka, amira) -> None:
    handoff_id = whole_talk(quokka, amira)
    close(amira, handoff_id)
    customer = find_by_id(quokka.customer["id"])
    erase_customer(customer)
    with pytest.raises(DomainError) as refused:
        end_talk.answer_survey(customer, handoff_id, effort=1, comment="the quokka says no")
    assert refused.value.code == "handoff_closed"
    assert tables_that_hold(PERSONAL) == []


@pytest.mark.postgres
def test_who_signs_in_meanwhile_waits_and_is_somebody_new(page, amira, monkeypatch) -> None:
    tab = page()
    tab.open()
    handoff_id = tab.ask(statement="a quokka").body["id"]
    before = Customer.objects.get(public_id=tab.customer["id"])
    hold_agents, has_locked = erasing.hold_agents_of, threading.Event()

    def hold_slowly(handoffs: Any) -> None:
        has_locked.set()
        time.sleep(0.5)
        hold_agents(handoffs)

    def sign_in() -> Any:
        assert has_locked.wait(10)
        return tab.open(tab.token(sub=SUBJECT))

    monkeypatch.setattr(erasing, "hold_agents_of", hold_slowly)
    erased, answer = at_once([lambda: erase_customer(before), sign_in])
    assert (erased, answer.status) == (1, 200)
    assert answer.body["handoff"] is None
    assert Handoff.objects.get(public_id=handoff_id).customer == before
    assert tables_that_hold(re.compile("a quokka")) == []


def test_their_session_is_dead_and_they_come_back_as_somebody_new(quokka, amira) -> None:
    whole_talk(quokka, amira)
    before = quokka.customer["id"]
    erase_customer(find_by_id(before))
    refused = quokka.get("availability")
    assert (refused.status, refused.code) == (401, "session_required")
    quokka.session = None
    back = quokka.open(quokka.token(sub=SUBJECT))
    assert back.status == 201
    assert (back.body["handoff"], back.body["recent"]) == (None, None)
    assert quokka.customer["id"] != before


def test_others_keep_everything(quokka, maya, amira, tomas) -> None:
    theirs = connect(maya, amira, statement="mine")
    whole_talk(quokka, tomas)
    erase_customer(find_by_id(quokka.customer["id"]))
    kept = Handoff.objects.get(public_id=theirs)
    assert (kept.state, kept.statement, kept.customer.name) == ("connected", "mine", "Maya Chen")
    assert not LogEntry.objects.filter(handoff_id=kept.pk, data={}).exists()


def test_somebody_no_site_vouched_for_is_found_by_id(page, amira, capsys) -> None:
    tab = page()
    tab.open()
    connect(tab, amira, statement="a quokka")
    call_command("erase_customer", id=tab.customer["id"])
    assert tables_that_hold(PERSONAL) == []
    assert f"erased {tab.customer['id']}, with 1 handoffs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], {}),
        (["harbour"], {}),
        (["harbour", "x"], {"id": "cu_x"}),
        (["harbour", "absent"], {}),
        ([], {"id": "cu_x"}),
    ],
)
def test_nobody_is_erased_by_mistake(quokka, amira, words, options) -> None:
    whole_talk(quokka, amira)
    with pytest.raises(CommandError):
        call_command("erase_customer", *words, **options)
    assert Customer.objects.filter(subject=SUBJECT).exists()


# -- numbers

NUMBERS = re.compile(MAYAS_NUMBER.removeprefix("+"))


def asks_for_a_call(tab: Any) -> str:
    asked = {"phone": MAYAS_NUMBER, "consent": "Call me.", "time_zone": "Europe/London"}
    Intent.objects.update(channels=["chat", "callback", "phone"])
    return str(tab.ask(channel="callback", callback=asked).body["id"])


def test_no_number_is_left_of_who_asked_for_a_call_and_was_rung(quokka, phone, amira) -> None:
    handoff_id = asks_for_a_call(quokka)
    accept(amira, offer_to(amira))
    ring_in_vain(phone, amira, handoff_id)
    assert tables_that_hold(NUMBERS)
    assert tables_that_hold(re.compile("Call me"))
    erase_customer(find_by_id(quokka.customer["id"]))
    assert tables_that_hold(NUMBERS) == []
    assert tables_that_hold(re.compile("Call me")) == []
    call = Call.objects.get()
    assert (call.status, call.outcome, call.called) == ("no_answer", "no_answer", "")


def test_no_number_is_left_of_who_called_and_they_are_hung_up(quokka, phone, amira) -> None:
    Intent.objects.update(channels=["chat", "phone"])
    handoff = Handoff.objects.get(public_id=quokka.ask(channel="phone").body["id"])
    call_in(phone, handoff)
    accept(amira, offer_to(amira))
    assert tables_that_hold(NUMBERS)
    erase_customer(find_by_id(quokka.customer["id"]))
    assert tables_that_hold(NUMBERS) == []
    dispatch.run_due()
    assert phone.asked("hang_up") == [("call-1",)]
    phone.tell("call-1", Kind.ENDED, caller=MAYAS_NUMBER)
    assert tables_that_hold(NUMBERS) == []


def test_no_number_is_left_of_a_caller_without_a_code(phone, harbour, amira) -> None:
    phone.ring("call-1")
    phone.key("call-1", "")
    assert tables_that_hold(NUMBERS)
    erase_customer(Handoff.objects.get().customer)
    assert tables_that_hold(NUMBERS) == []


def test_a_code_that_was_shown_opens_nothing_any_more(quokka, phone, amira) -> None:
    Intent.objects.update(channels=["chat", "phone"])
    code = quokka.ask(channel="phone").body["phone"]["code"]
    erase_customer(find_by_id(quokka.customer["id"]))
    assert not Code.objects.filter(digest__isnull=False).exists()
    phone.ring("call-1")
    assert phone.key("call-1", code) == AskCode(digits=8, is_again=True)
