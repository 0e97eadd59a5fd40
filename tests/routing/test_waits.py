"""What people in line and at the menu are told of their wait, and how a channel stands."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import Mock, patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.broker.models import Handoff
from handoff.broker.states import Channel, State
from handoff.broker.transitions import create
from handoff.config.background import Background
from handoff.identity.models import Customer, Site
from handoff.intents.models import Intent
from handoff.journeys.models import Journey
from handoff.lib.clock import utc_now
from handoff.protocol.shapes import Estimate
from handoff.realtime import log
from handoff.routing import actions, queries, waits
from handoff.staffing.models import Agent, Hours, Queue, Skill
from tests.phones import give_line
from tests.scenes import connect, sit_down

pytestmark = pytest.mark.django_db(transaction=True)

MINUTES = 6


@pytest.fixture
def experience(harbour, amira: Agent) -> None:
    """Enough finished talks of about six minutes to say something."""
    intent = Intent.objects.get(site=harbour, key="dispute-charge")
    for number in range(24):
        finish(harbour, intent, amira, number)


def finish(site: Site, intent: Intent, agent: Agent, number: int, **told: str) -> None:
    now = utc_now() - timedelta(hours=1, minutes=number)
    handoff = create(
        state=State.QUEUED,
        site=site,
        customer=Customer.objects.create(site=site, created_at=now, seen_at=now),
        journey=Journey.objects.create(created_at=now),
        intent=intent,
        queue=intent.queue,
        channel="chat",
        client_id=f"earlier-{number}",
        opened_at=now,
        enqueued_at=now,
    )
    times = {"connected_at": now, "closed_at": now + timedelta(minutes=MINUTES, seconds=10 * number)}
    rows = Handoff.objects.filter(pk=handoff.pk)
    rows.update(**{"state": "closed", "close_reason": "resolved", "agent": agent} | times | told)


def chat_of(answer, intent: str = "dispute-charge") -> dict:
    found = next(one for one in answer.body["intents"] if one["key"] == intent)
    return next(one for one in found["channels"] if one["channel"] == "chat")


def newcomer(page, number: int):
    tab = page()
    tab.open(tab.token(sub=f"customer-{number}"))
    return tab


def test_with_too_little_experience_nothing_is_said(maya, amira: Agent) -> None:
    sit_down(amira)
    assert chat_of(maya.get("availability"))["estimate"] == {"kind": "unknown"}
    assert maya.ask().body["estimate"] == {"kind": "unknown"}


def test_with_nobody_at_work_nothing_is_said(maya, experience) -> None:
    assert maya.ask().body["estimate"] == {"kind": "unknown"}
    assert chat_of(maya.get("availability")) == {
        "channel": "chat",
        "state": "unstaffed",
        "estimate": {"kind": "unknown"},
    }


def test_who_would_be_served_at_once_is_told_so_at_the_menu_and_in_line(maya, experience, amira: Agent) -> None:
    sit_down(amira)
    menu = chat_of(maya.get("availability"))
    assert (menu["state"], menu["estimate"]["kind"]) == ("open", "soon")
    opened = maya.ask().body
    assert opened["estimate"]["kind"] == "soon"
    assert maya.get(f"handoffs/{opened['id']}").body["estimate"]["kind"] == "soon"


def test_behind_others_each_is_told_their_own_range(page, maya, experience, amira: Agent) -> None:
    Agent.objects.filter(pk=amira.pk).update(capacity=1)
    connect(maya, amira)
    first, second = newcomer(page, 1), newcomer(page, 2)
    ids = [tab.ask().body["id"] for tab in (first, second)]
    waits.forget()
    told = [tab.get(f"handoffs/{one}").body["estimate"] for tab, one in zip((first, second), ids, strict=True)]
    assert [one["kind"] for one in told] == ["range", "range"]
    assert told[0]["high_seconds"] < told[1]["high_seconds"]
    assert 180 <= told[0]["high_seconds"] <= 900
    third = newcomer(page, 3)
    assert chat_of(third.get("availability"))["estimate"]["high_seconds"] > told[1]["high_seconds"]


def test_an_intent_that_nobody_at_work_is_able_to_take_is_told_nothing(maya, experience, harbour, amira: Agent) -> None:
    Intent.objects.get(site=harbour, key="lost-card").skills.add(Skill.objects.create(key="cards-abroad"))
    sit_down(amira)
    menu = maya.get("availability")
    assert chat_of(menu, "lost-card")["estimate"]["kind"] == "unknown"
    assert chat_of(menu)["estimate"]["kind"] == "soon"


def test_skills_are_no_matter_in_a_line_that_a_person_chose(maya, experience, harbour, amira: Agent) -> None:
    sit_down(amira)
    Intent.objects.get(site=harbour, key="lost-card").skills.add(Skill.objects.create(key="cards-abroad"))
    handoff_id = maya.ask(intent="lost-card").body["id"]
    assert maya.get(f"handoffs/{handoff_id}").body["estimate"]["kind"] == "unknown"
    Intent.objects.filter(key="lost-card").update(queue=Queue.objects.create(key="elsewhere", name="Elsewhere"))
    waits.forget()
    assert maya.get(f"handoffs/{handoff_id}").body["estimate"]["kind"] == "soon"


def test_those_before_me_in_a_line_that_shares_my_agents_count(page, maya, experience, harbour, amira: Agent) -> None:
    loans = Queue.objects.create(key="loans", name="Loans")
    Intent.objects.create(site=harbour, key="loan", label="Loan", queue=loans, channels=["chat"], place=9)
    for number in range(3):
        assert newcomer(page, number).ask(intent="loan").status == 201
    Agent.objects.filter(pk=amira.pk).update(capacity=1)
    sit_down(amira)
    assert chat_of(maya.get("availability"))["estimate"]["kind"] == "soon"
    amira.queues.add(loans)
    waits.forget()
    assert chat_of(maya.get("availability"))["estimate"]["low_seconds"] > 0


def test_what_nobody_finished_is_no_experience(maya, harbour, amira: Agent) -> None:
    intent = Intent.objects.get(site=harbour, key="dispute-charge")
    for number in range(24):
        finish(harbour, intent, amira, number, close_reason="merged")
    sit_down(amira)
    assert chat_of(maya.get("availability"))["estimate"] == {"kind": "unknown"}


def test_who_talks_already_is_told_no_wait(maya, experience, amira: Agent) -> None:
    handoff_id = connect(maya, amira)
    assert maya.get(f"handoffs/{handoff_id}").body["estimate"] is None


def test_a_look_is_kept_for_a_few_seconds(maya, experience, amira: Agent) -> None:
    sit_down(amira)
    maya.get("availability")
    with CaptureQueriesContext(connection) as queries_made:
        maya.get("availability")
    assert not any("connected_at" in one["sql"] for one in queries_made)
    with patch.object(waits, "KEPT_SECONDS", -1), CaptureQueriesContext(connection) as queries_made:
        maya.get("availability")
    assert any("connected_at" in one["sql"] for one in queries_made)


def test_a_click_is_told_what_is_kept_and_never_looks_itself(page, experience, amira: Agent) -> None:
    sit_down(amira)
    kept = chat_of(newcomer(page, 1).get("availability"))["estimate"]
    assert kept["kind"] == "soon"
    with patch.object(waits, "KEPT_SECONDS", -1):
        assert newcomer_asks(page, 2) == kept
    with patch.object(waits, "KEPT_SECONDS", -1), patch.object(waits, "OLDEST_SECONDS", -1):
        assert newcomer_asks(page, 3) == {"kind": "unknown"}


def newcomer_asks(page, number: int) -> dict:
    """What they are told by a process that looks at nothing for it."""
    tab = page()
    assert tab.open(tab.token(sub=f"customer-{number}")).status == 201
    with patch.object(waits, "_look", side_effect=AssertionError("a look")):
        return tab.ask().body["estimate"]


def test_nothing_kept_is_nothing_known_until_somebody_looks_outside_of_a_transaction(maya, experience, amira) -> None:
    sit_down(amira)
    waits.forget()
    opened = maya.ask().body
    assert opened["estimate"] == {"kind": "unknown"}
    assert queries.standings_of([opened["id"]])[opened["id"]].estimate.kind == "soon"


def test_a_snapshot_that_only_reads_may_look(experience, amira: Agent) -> None:
    sit_down(amira)
    entrance = amira.queues.get().pk, None, False
    with log.reading():
        assert waits.estimate_of_newcomer(entrance).kind == "soon"
    waits.forget()
    with log.recording():
        assert waits.estimate_of_newcomer(entrance).kind == "unknown"
        with log.reading():
            assert waits.estimate_of_newcomer(entrance).kind == "unknown"


def test_while_one_looks_others_are_told_what_is_kept(experience, amira: Agent) -> None:
    sit_down(amira)
    entrance = amira.queues.get().pk, None, False
    assert waits.estimate_of_newcomer(entrance).kind == "soon"
    taken = Mock(acquire=Mock(return_value=False))
    with patch.object(waits, "KEPT_SECONDS", -1), patch.object(waits, "_making", taken):
        assert waits.estimate_of_newcomer(entrance).kind == "soon"
    taken.acquire.assert_called_once_with(blocking=False)


def test_beyond_the_places_that_are_played_it_is_told_in_proportion(page, maya, experience, amira: Agent) -> None:
    Agent.objects.filter(pk=amira.pk).update(capacity=1)
    connect(maya, amira)
    ids = [newcomer(page, number).ask().body["id"] for number in range(6)]
    waits.forget()
    whole = queries.standings_of(ids)[ids[5]]
    waits.forget()
    with patch.object(waits, "PLACES_LIMIT", 3):
        told = queries.standings_of(ids)
    assert [told[one].place for one in ids] == [1, 2, 3, 4, 5, 6]
    highs = [told[one].estimate.high_seconds for one in ids]
    assert highs == sorted(highs)
    assert highs[5] > highs[3]
    assert told[ids[5]].estimate.high_seconds == pytest.approx(whole.estimate.high_seconds, rel=0.5)
    waits.forget()
    with patch.object(waits, "PLACES_LIMIT", 3):
        menu = chat_of(newcomer(page, 9).get("availability"))
    assert menu["estimate"]["high_seconds"] >= highs[5]


@pytest.mark.parametrize("channel", list(Channel))
def test_every_channel_of_an_intent_stands_as_its_line_does(
    maya, phone, harbour, cards: Queue, amira: Agent, channel
) -> None:
    Intent.objects.filter(site=harbour, key="dispute-charge").update(channels=[channel])
    now = utc_now()

    def state() -> tuple[str, bool]:
        with patch.object(queries, "BUILT_CHANNELS", tuple(Channel)):
            menu = queries.menu_of(harbour, now=now)
        found = menu[0].channels[0]
        assert found.channel == channel
        return found.state, isinstance(found.opens_at, str)

    assert state() == ("unstaffed", False)
    sit_down(amira)
    assert state() == ("open", False)
    Queue.objects.update(max_waiting=0)
    assert state() == ("full", False)
    week = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    later = now + timedelta(days=2)
    hours = Hours.objects.create(key="later", weekly={week[later.weekday()]: ["08:00-20:00"]})
    Queue.objects.update(hours=hours)
    assert state() == ("closed", True)
    Hours.objects.update(weekly={day: ["00:00-24:00"] for day in week}, closed=[])
    Queue.objects.update(max_waiting=None)
    assert state() == ("open", False)
    Hours.objects.update(closed=[f"{now:%Y-%m-%d}"])
    assert state() == ("closed", True)


def test_a_call_needs_somebody_at_work_with_a_phone(maya, phone, experience, harbour, amira: Agent) -> None:
    Intent.objects.filter(site=harbour).update(channels=["chat", "phone"])
    Agent.objects.filter(pk=amira.pk).update(audio="")
    sit_down(amira)
    chat, call = maya.get("availability").body["intents"][0]["channels"]
    assert (chat["state"], chat["estimate"]["kind"]) == ("open", "soon")
    assert (call["channel"], call["state"], call["estimate"]["kind"]) == ("phone", "unstaffed", "unknown")
    give_line(amira)
    waits.forget()
    _, call = maya.get("availability").body["intents"][0]["channels"]
    assert (call["state"], call["estimate"]["kind"]) == ("open", "soon")


def test_who_waits_on_a_telephone_is_told_what_holds_for_them(maya, experience, amira: Agent) -> None:
    sit_down(amira)
    entrance = amira.queues.get().pk, None
    assert waits.estimate_of_newcomer((*entrance, False)).kind == "soon"
    assert waits.estimate_of_newcomer((*entrance, True)).kind == "unknown"
    give_line(amira)
    waits.forget()
    assert waits.estimate_of_newcomer((*entrance, True)).kind == "soon"


class Screen:
    """What one socket was shown."""

    def __init__(self) -> None:
        self.frames: list[dict] = []

    def show(self, frame: dict) -> None:
        self.frames.append(frame)


def test_a_changed_estimate_is_shown_as_a_changed_place_is_and_not_too_often() -> None:
    background, screen = Background(), Screen()
    minutes = [Estimate(kind="range", low_seconds=60 * one, high_seconds=60 * one + 60) for one in (1, 2)]
    shown = [
        (100.0, queries.Standing(2, minutes[1])),
        (101.0, queries.Standing(2, minutes[0])),  # too soon
        (106.0, queries.Standing(2, minutes[0])),
        (120.0, queries.Standing(2, minutes[0])),  # nothing new
        (121.0, queries.Standing(1, minutes[0])),
        (130.0, queries.Standing(101, minutes[0])),
    ]
    for now, standing in shown:
        background._show_place(screen, "ho_1", standing, now)
    told = [(frame["position"], frame["estimate"]["high_seconds"]) for frame in screen.frames]
    assert told == [(2, 180), (2, 120), (1, 120), ("100+", 120)]
    assert screen.frames[0] == {
        "ev": "queue",
        "handoff": "ho_1",
        "position": 2,
        "estimate": {"kind": "range", "low_seconds": 120, "high_seconds": 180},
    }


def test_who_comes_first_by_head_start_is_before_me_in_every_account(page, maya, harbour, amira: Agent) -> None:
    Intent.objects.filter(site=harbour, key="lost-card").update(head_start_minutes=5)
    mine = maya.ask().body["id"]
    urgent = newcomer(page, 1).ask(intent="lost-card").body
    assert urgent["position"] == 1
    assert maya.get(f"handoffs/{mine}").body["position"] == 2
    assert {key: one.place for key, one in queries.standings_of([mine, urgent["id"]]).items()} == {
        mine: 2,
        urgent["id"]: 1,
    }
    Agent.objects.filter(pk=amira.pk).update(capacity=1)
    sit_down(amira)
    assert actions.run_matching() == 1
    assert Handoff.objects.get(public_id=urgent["id"]).state == "offered"
