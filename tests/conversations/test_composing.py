"""Unsent words and questions for what is known: whose they are, which win, and when they go."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from agent_console.actions import ACTIONS
from agent_console.snapshot import agent_snapshot
from handoff.broker.models import Handoff, WrapUp
from handoff.conversations.models import Draft, ReAsk
from handoff.flows import clocks
from handoff.flows.end_talk import end_by_agent
from handoff.flows.erase_customer import erase_customer
from handoff.flows.transfer import transfer
from handoff.identity.models import Customer
from handoff.lib.clock import utc_now
from handoff.lib.errors import DomainError, NotFound
from handoff.protocol.composer_shapes import KeepDraft, RecordReask
from handoff.realtime.models import LogEntry
from handoff.routing.models import Offer
from handoff.staffing.models import Agent
from tests.conftest import Page
from tests.scenes import CARD, CARD_DIGITS, accept, at_once, close, connect, offer_to, tables_that_hold

pytestmark = pytest.mark.django_db(transaction=True)


def keep(agent: Agent, handoff: str, *, clock: int, reply: str = "", note: str = "", mode: Any = "reply") -> Any:
    command = KeepDraft(cmd=KeepDraft.NAME, id="1", handoff=handoff, reply=reply, note=note, mode=mode, clock=clock)
    return ACTIONS[KeepDraft](agent, command)


def record(agent: Agent, handoff: str, client_id: str = "r-1", *, key: str = "account", sent: bool = True) -> Any:
    command = RecordReask(
        cmd=RecordReask.NAME, id="1", handoff=handoff, key=key, source="verified", client_id=client_id, sent=sent
    )
    return ACTIONS[RecordReask](agent, command)


def drafts_on_the_desk(agent: Agent) -> list[dict[str, Any]]:
    snapshot, _ = agent_snapshot(Agent.objects.get(pk=agent.pk), now=utc_now())
    return list(snapshot.to_wire()["drafts"])


class TestDrafts:
    def test_one_comes_with_the_desk_wherever_its_agent_opens_it(self, maya: Page, amira: Agent) -> None:
        handoff = connect(maya, amira)
        assert keep(amira, handoff, clock=7, reply="Hello M", note="calm", mode="note") == {"kept": True, "clock": 7}
        assert drafts_on_the_desk(amira) == [
            {"handoff": handoff, "reply": "Hello M", "note": "calm", "mode": "note", "clock": 7}
        ]

    def test_the_newer_words_win_in_whatever_order_they_arrive(self, maya: Page, amira: Agent) -> None:
        handoff = connect(maya, amira)
        keep(amira, handoff, clock=9, reply="newer")
        assert keep(amira, handoff, clock=8, reply="older") == {"kept": False, "clock": 9}
        # The same words once more: the ack was lost.
        assert keep(amira, handoff, clock=9, reply="newer") == {"kept": True, "clock": 9}
        assert drafts_on_the_desk(amira)[0]["reply"] == "newer"

    def test_what_was_sent_leaves_an_empty_one_that_old_words_cannot_fill(self, maya: Page, amira: Agent) -> None:
        handoff = connect(maya, amira)
        keep(amira, handoff, clock=1, reply="Hello")
        keep(amira, handoff, clock=2)
        keep(amira, handoff, clock=1, reply="Hello")
        assert drafts_on_the_desk(amira)[0]["reply"] == ""

    def test_nobody_else_sees_it_and_it_comes_back_with_the_handoff(
        self, maya: Page, amira: Agent, tomas: Agent
    ) -> None:
        handoff = connect(maya, amira)
        keep(amira, handoff, clock=1, reply="between us")
        transfer(amira, handoff, queue=None, to_agent=tomas.public_id, note="please", version=None)
        accept(tomas, offer_to(tomas))
        assert drafts_on_the_desk(tomas) == drafts_on_the_desk(amira) == []
        with pytest.raises(NotFound):
            keep(amira, handoff, clock=2, reply="mine no more")
        transfer(tomas, handoff, queue=None, to_agent=amira.public_id, note="back", version=None)
        accept(amira, Offer.objects.get(agent=amira, status="pending"))
        assert drafts_on_the_desk(amira)[0]["reply"] == "between us"

    def test_a_stranger_keeps_none(self, maya: Page, amira: Agent, tomas: Agent) -> None:
        handoff = connect(maya, amira)
        for target in (handoff, "ho_absent"):
            with pytest.raises(NotFound):
                keep(tomas, target, clock=1, reply="x")
        assert not Draft.objects.exists()

    def test_the_end_takes_it_along(self, maya: Page, amira: Agent) -> None:
        handoff = connect(maya, amira)
        keep(amira, handoff, clock=1, note="for the wrap-up")
        close(amira, handoff)
        assert not Draft.objects.exists()
        with pytest.raises(NotFound):
            keep(amira, handoff, clock=2, note="late")

    def test_the_clock_keeps_the_note_of_a_wrap_up_that_it_closes(
        self, maya: Page, amira: Agent, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        handoff = connect(maya, amira)
        end_by_agent(amira, handoff, version=None)
        keep(amira, handoff, clock=1, reply="unsent", note=f"  Card {CARD}; call the branch  ")
        monkeypatch.setitem(settings.HANDOFF_SECONDS, "WRAP_UP", 0)
        assert (clocks.finish_wrap_ups(), clocks.finish_wrap_ups()) == (1, 0)
        closed = Handoff.objects.get(public_id=handoff)
        assert (closed.state, closed.wrap_up.agent, closed.wrap_up.disposition) == ("closed", amira, "not_recorded")
        assert closed.wrap_up.note.endswith("; call the branch")
        assert not CARD_DIGITS.search(closed.wrap_up.note)
        told = LogEntry.objects.get(stream__name=f"handoff/{handoff}/desk", type="wrap_up.recorded").data
        assert told["note"] == closed.wrap_up.note
        assert not Draft.objects.exists()

    @pytest.mark.parametrize("note", ["", "   "])
    def test_a_wrap_up_without_words_closes_without_a_record(
        self, maya: Page, amira: Agent, note: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        handoff = connect(maya, amira)
        keep(amira, handoff, clock=1, reply="unsent", note=note)
        end_by_agent(amira, handoff, version=None)
        monkeypatch.setitem(settings.HANDOFF_SECONDS, "WRAP_UP", 0)
        assert clocks.finish_wrap_ups() == 1
        assert not WrapUp.objects.exists()

    def test_one_that_is_too_long_is_refused_and_the_last_good_one_stays(self, maya: Page, amira: Agent) -> None:
        handoff = connect(maya, amira)
        keep(amira, handoff, clock=1, reply="x" * 4000)
        for words in ({"reply": "x" * 4001}, {"note": "x" * 4001}):
            with pytest.raises(DomainError) as refused:
                keep(amira, handoff, clock=2, **words)
            assert refused.value.code == "too_long"
        assert len(drafts_on_the_desk(amira)[0]["reply"]) == 4000

    def test_a_card_number_is_masked_before_it_is_kept_and_nothing_of_it_is_in_the_log(
        self, maya: Page, amira: Agent
    ) -> None:
        handoff = connect(maya, amira)
        keep(amira, handoff, clock=1, reply=f"was it {CARD}?", note=CARD)
        assert tables_that_hold(CARD_DIGITS) == []
        assert not LogEntry.objects.filter(data__icontains="was it").exists()

    def test_tabs_that_write_at_once_leave_the_newest(self, maya: Page, amira: Agent) -> None:
        handoff = connect(maya, amira)
        clocks = [3, 9, 1, 7, 5]
        at_once([lambda clock=clock: keep(amira, handoff, clock=clock, reply=f"at {clock}") for clock in clocks])
        (kept,) = drafts_on_the_desk(amira)
        assert (kept["reply"], kept["clock"], Draft.objects.count()) == ("at 9", 9, 1)


class TestReasks:
    def test_one_is_counted_once_however_often_it_is_told(self, maya: Page, amira: Agent) -> None:
        handoff = connect(maya, amira)
        at_once([lambda: record(amira, handoff)] * 4)
        record(amira, handoff, "r-2", sent=False)
        rows = ReAsk.objects.order_by("client_id").values_list("fact_key", "fact_source", "sent", "handoff__public_id")
        assert list(rows) == [("account", "verified", True, handoff), ("account", "verified", False, handoff)]

    def test_an_id_that_was_used_for_something_else_is_refused(self, maya: Page, amira: Agent) -> None:
        handoff = connect(maya, amira)
        record(amira, handoff)
        with pytest.raises(DomainError) as refused:
            record(amira, handoff, sent=False)
        assert refused.value.code == "idempotency_conflict"

    def test_it_counts_after_the_end_too_and_for_nobody_elses_handoff(
        self, maya: Page, amira: Agent, tomas: Agent
    ) -> None:
        handoff = connect(maya, amira)
        close(amira, handoff)
        record(amira, handoff)
        with pytest.raises(NotFound):
            record(tomas, handoff, "r-2")
        assert ReAsk.objects.get().agent == amira

    def test_no_reader_of_the_talk_learns_of_it(self, maya: Page, amira: Agent) -> None:
        handoff = connect(maya, amira)
        before = LogEntry.objects.count()
        record(amira, handoff)
        assert LogEntry.objects.count() == before

    @pytest.mark.parametrize("wrong", [{"key": "k" * 65}, {"client_id": "4111111111111111"}])
    def test_what_cannot_be_one_is_refused(self, maya: Page, amira: Agent, wrong: dict[str, str]) -> None:
        handoff = connect(maya, amira)
        with pytest.raises(DomainError) as refused:
            record(amira, handoff, **wrong)
        assert refused.value.code == "invalid_request"


def test_erasing_takes_the_words_and_leaves_the_count(maya: Page, amira: Agent) -> None:
    handoff = connect(maya, amira)
    keep(amira, handoff, clock=1, reply="Dear Maya")
    record(amira, handoff, key="mayas-boat")
    erase_customer(Customer.objects.get(public_id=maya.customer["id"]))
    assert not Draft.objects.exists()
    assert list(ReAsk.objects.values_list("fact_key", "sent")) == [("", True)]
    with pytest.raises(NotFound):
        record(amira, handoff, "r-2", key="mayas-boat")
