"""Which callbacks can be booked, through the API: the number, the consent, the window, the hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from handoff.broker.models import Handoff
from handoff.callbacks.models import Callback, CallingRules, Suppression
from handoff.flows import clocks
from handoff.identity.models import Site
from handoff.lib.clock import utc_now
from handoff.staffing.models import Agent, Hours, Queue
from tests.calls.scene import (
    ask_for_callback,
    callback_body,
    callback_of,
    desk,
    handoff_of,
    known_maya,
    pass_time,
    reload,
    sign_in,
    take,
)
from tests.conftest import Page
from tests.phones import CONSENT, local, window_in
from tests.scenes import assert_refused
from tests.scripted_phone import MAYAS_NUMBER, ScriptedPhone

__all__ = ["desk", "known_maya"]

pytestmark = pytest.mark.django_db(transaction=True)


def in_words(window: Any) -> dict[str, str]:
    told = local(window)
    return {"date": told.date, "from": told.start, "to": told.end}


def ask(tab: Page, **callback: Any) -> Any:
    return tab.ask(channel="callback", callback=callback_body() | callback)


# -- the number


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("+44 909 879 0000", "premium"),
        ("070 1234 5678", "premium"),
        ("999", "emergency"),
        ("112", "emergency"),
        ("+44 999", "emergency"),
        ("+33 1 42 68 53 00", "country"),
        ("+1 212 555 0123", "country"),
        ("0845 46 47 000", "premium"),
        ("0800 111 111", "not_reachable"),
        ("+44 7911 12", "invalid"),
        ("call me", "invalid"),
        ("", "invalid"),
        ("+44 7700 900123", "suppressed"),
    ],
)
def test_which_numbers_are_not_called(desk: ScriptedPhone, known_maya: Page, number: str, problem: str) -> None:
    Suppression.objects.create(number="+447700900123")
    answer = ask(known_maya, phone=number)
    if number:
        error = assert_refused(answer, 409, "number_not_allowed")
        assert error["fields"] == {"phone": problem}
        assert number not in str(answer.body)
    else:
        assert answer.status in (400, 409)
    assert not Handoff.objects.exists()


def test_countries_are_a_rule_of_the_site(desk: ScriptedPhone, known_maya: Page, harbour: Site) -> None:
    CallingRules.objects.filter(site=harbour).update(countries=["IE"])
    assert_refused(ask(known_maya), 409, "number_not_allowed")
    assert ask(known_maya, phone="+353 1 234 5678").status == 201
    assert Callback.objects.get().number == "+35312345678"


@pytest.mark.parametrize(
    ("written", "evidence"),
    [(MAYAS_NUMBER, "profile_number"), ("07700 900001", "profile_number"), ("07700 900002", "other_number")],
)
def test_an_edited_number_is_told_apart(desk: ScriptedPhone, known_maya: Page, written: str, evidence: str) -> None:
    handoff = ask_for_callback(known_maya, phone=written)
    assert handoff.evidence == evidence
    assert callback_of(handoff).is_edited is (evidence == "other_number")


def test_who_is_not_verified_has_no_number_of_their_own(desk: ScriptedPhone, page) -> None:
    tab = page()
    tab.open()
    assert ask_for_callback(tab).evidence == "other_number"


# -- consent


def test_consent_is_kept_as_it_was_shown(desk: ScriptedPhone, known_maya: Page) -> None:
    shown = "I agree that Harbour Bank rings me, once,\n about this."
    handoff = handoff_of(ask(known_maya, consent=shown).body["id"])
    kept = callback_of(handoff)
    assert kept.consent == shown
    assert timedelta(0) <= utc_now() - kept.consented_at < timedelta(seconds=10)


@pytest.mark.parametrize(("consent", "code"), [("", 400), ("  ", 400), ("x" * 1001, 413), (None, 400), (True, 400)])
def test_nobody_is_called_without_it(desk: ScriptedPhone, known_maya: Page, consent: Any, code: int) -> None:
    answer = ask(known_maya, consent=consent)
    assert answer.status == code, answer.body
    assert not Handoff.objects.exists()


def test_what_is_missing_is_named(desk: ScriptedPhone, known_maya: Page) -> None:
    error = assert_refused(known_maya.ask(channel="callback"), 400, "invalid_request")
    assert error["fields"] == {"callback": "missing"}


# -- the window


def test_a_window_that_is_offered_can_be_booked(desk: ScriptedPhone, known_maya: Page) -> None:
    slots = known_maya.get("availability/slots?intent=dispute-charge&time_zone=America/New_York").body["slots"]
    chosen = slots[5]
    window = {"date": chosen["date"], "from": chosen["from"], "to": chosen["to"]}
    answer = ask(known_maya, window=window, time_zone="America/New_York")
    assert (answer.status, answer.body["state"]) == (201, "scheduled")
    assert answer.body["callback"]["window"] == {"starts_at": chosen["starts_at"], "ends_at": chosen["ends_at"]}
    assert answer.body["due_at"] == chosen["starts_at"]


@pytest.mark.parametrize(
    ("window", "problem"),
    [
        ({"date": "2020-01-01", "from": "10:00", "to": "10:20"}, "past"),
        ({"date": "2999-01-01", "from": "10:00", "to": "10:20"}, "too_far"),
        ({"date": "2026-02-30", "from": "10:00", "to": "10:20"}, "malformed"),
        ({"date": "soon", "from": "10:00", "to": "10:20"}, "malformed"),
        ({"date": "2026-11-28", "from": "10:20", "to": "10:00"}, "reversed"),
    ],
)
def test_a_window_that_makes_no_sense(desk: ScriptedPhone, known_maya: Page, window: Any, problem: str) -> None:
    error = assert_refused(ask(known_maya, window=window), 400, "invalid_request")
    assert error["fields"] == {"window": problem}


def test_a_window_in_no_known_zone(desk: ScriptedPhone, known_maya: Page) -> None:
    error = assert_refused(ask(known_maya, time_zone="Europe/Atlantis"), 400, "invalid_request")
    assert error["fields"] == {"time_zone": "unknown_zone"}


def test_an_hour_that_the_clocks_leave_out(desk: ScriptedPhone, known_maya: Page) -> None:
    """London, the night to 29 March 2026: 01:00 to 02:00 does not come."""
    window = {"date": "2026-03-29", "from": "01:20", "to": "01:40"}
    with patch("handoff.realtime.log.database_now", lambda: datetime(2026, 3, 27, 12, 0, tzinfo=UTC)):
        answer = ask(known_maya, window=window, time_zone="Europe/London")
    error = assert_refused(answer, 400, "invalid_request")
    assert error["fields"] == {"window": "does_not_exist"}


def test_outside_the_hours_of_the_line(desk: ScriptedPhone, known_maya: Page, cards: Queue) -> None:
    window = window_in(24)
    weekday = f"{window.starts_at + timedelta(days=2):%A}".lower()
    cards.hours = Hours.objects.create(key="other-day", zone="UTC", weekly={weekday: ["09:00-17:00"]}, closed=[])
    cards.save()
    error = assert_refused(ask(known_maya, window=in_words(window)), 409, "channel_closed")
    assert error["fields"] == {"window": "not_offered"}


def test_off_the_grid(desk: ScriptedPhone, known_maya: Page) -> None:
    window = window_in(24)
    skewed = type(window)(*(each + timedelta(minutes=5) for each in window))
    assert_refused(ask(known_maya, window=in_words(skewed)), 409, "channel_closed")


def test_in_quiet_hours_no_window_is_offered(desk: ScriptedPhone, known_maya: Page) -> None:
    window = window_in(24)
    quiet = f"{window.starts_at - timedelta(hours=1):%H:%M}-{window.ends_at + timedelta(hours=1):%H:%M}"
    CallingRules.objects.update(quiet_hours=quiet)
    assert_refused(ask(known_maya, window=in_words(window)), 409, "channel_closed")


def test_the_last_place_of_a_window_is_taken_once(desk: ScriptedPhone, known_maya: Page, page) -> None:
    window = in_words(window_in(24))
    tabs = [known_maya] + [sign_in(page(), f"other-{number}") for number in range(5)]
    answers = [ask(tab, window=window) for tab in tabs]
    booked = [answer.status for answer in answers].count(201)
    assert 1 <= booked < len(tabs)
    error = assert_refused(answers[-1], 409, "channel_full")
    assert error["fields"] == {"window": "taken"}
    # A place that is given back can be had.
    first = answers[0].body["id"]
    assert known_maya.post(f"handoffs/{first}/cancel").status == 200
    assert ask(tabs[-1], window=window).status == 201


def test_one_need_is_called_back_about_once(desk: ScriptedPhone, known_maya: Page) -> None:
    """Booked again it is the same one, at the new time."""
    first = ask(known_maya, window=in_words(window_in(24)))
    moved = window_in(30)
    second = ask(known_maya, window=in_words(moved))
    assert (second.status, second.body["id"], second.body["existing"]) == (200, first.body["id"], True)
    assert (Handoff.objects.get().due_at, Callback.objects.get().starts_at) == (moved.starts_at, moved.starts_at)


def test_a_talk_is_not_put_off_beside_one_for_the_same_need(desk: ScriptedPhone, known_maya: Page) -> None:
    ask(known_maya, window=in_words(window_in(24)))
    other = known_maya.ask(intent="lost-card").body["id"]
    assert known_maya.post(f"handoffs/{other}/intent", {"intent": "dispute-charge"}).status == 200
    body = {"channel": "callback", "callback": callback_body(window=in_words(window_in(30)))}
    assert_refused(known_maya.post(f"handoffs/{other}/channel", body), 409, "illegal_transition")


# -- as soon as possible


def test_asap_waits_in_line_at_once(desk: ScriptedPhone, known_maya: Page) -> None:
    handoff = ask_for_callback(known_maya)
    assert (handoff.state, handoff.due_at, handoff.promised_seconds) == ("queued", None, None)


def test_in_quiet_hours_asap_means_when_they_are_over(desk: ScriptedPhone, known_maya: Page) -> None:
    now = utc_now()
    ends = (now + timedelta(hours=3)).replace(second=0, microsecond=0)
    CallingRules.objects.update(quiet_hours=f"{now - timedelta(hours=1):%H:%M}-{ends:%H:%M}")
    handoff = ask_for_callback(known_maya)
    assert (handoff.state, handoff.due_at) == ("scheduled", ends)


def test_a_due_one_re_enters_the_line_with_its_promise(
    desk: ScriptedPhone, known_maya: Page, page, amira: Agent
) -> None:
    """Whoever came in the last 20 minutes before it stands behind it, whoever waits longer before it."""
    window = window_in(2)
    booked = handoff_of(ask(known_maya, window=in_words(window)).body["id"])
    assert clocks.come_due() == 0
    pass_time(window.starts_at - utc_now() - timedelta(minutes=30))
    early = ask_for_callback(sign_in(page(), "early-1"))
    pass_time(timedelta(minutes=15))
    late = ask_for_callback(sign_in(page(), "late-1"))
    pass_time(timedelta(minutes=15, seconds=2))
    assert clocks.come_due() == 1
    after = reload(booked)
    assert (after.state, after.due_at, after.expires_at) == ("queued", None, None)
    assert after.promised_seconds == 20 * 60
    line = Handoff.objects.filter(state="queued").order_by("ranked_at")
    assert list(line) == [early, booked, late]


def test_it_stands_aside_for_what_is_open(desk: ScriptedPhone, known_maya: Page) -> None:
    window = window_in(2)
    booked = handoff_of(ask(known_maya, window=in_words(window)).body["id"])
    chat = known_maya.ask(intent="lost-card").body["id"]
    pass_time(window.starts_at - utc_now() + timedelta(seconds=1))
    clocks.come_due()
    assert reload(booked).state == "scheduled"
    known_maya.post(f"handoffs/{chat}/cancel")
    pass_time(timedelta(seconds=61))
    assert clocks.come_due() == 1
    assert reload(booked).state == "queued"


# -- put off, by the customer


def test_snoozed_it_is_scheduled(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff = ask_for_callback(known_maya)
    take(amira)
    answer = known_maya.post(f"handoffs/{handoff.public_id}/snooze", {"minutes": 30})
    assert (answer.status, answer.body["state"], reload(handoff).promised_seconds) == (200, "scheduled", None)
    window = window_in(24)
    known_maya.post(f"handoffs/{handoff.public_id}/snooze", {"window": in_words(window), "time_zone": "UTC"})
    assert (reload(handoff).due_at, reload(handoff).promised_seconds) == (window.starts_at, 20 * 60)
    known_maya.post(f"handoffs/{handoff.public_id}/snooze", {"minutes": 30})
    assert (reload(handoff).promised_seconds, callback_of(handoff).starts_at) == (None, None)


@pytest.mark.parametrize(
    "body", [{}, {"minutes": 0}, {"minutes": 7 * 24 * 60 + 1}, {"minutes": "5"}, {"minutes": 5, "when": "later"}]
)
def test_a_snooze_that_makes_no_sense(desk: ScriptedPhone, known_maya: Page, body: dict[str, Any]) -> None:
    handoff = ask_for_callback(known_maya)
    answer = known_maya.post(f"handoffs/{handoff.public_id}/snooze", body)
    assert (answer.status, reload(handoff).state) == (400, "queued")


def test_another_s_callback_is_not_found(desk: ScriptedPhone, known_maya: Page, page) -> None:
    handoff = ask_for_callback(known_maya)
    noor = sign_in(page(), "noor-1")
    assert_refused(noor.post(f"handoffs/{handoff.public_id}/snooze", {"minutes": 5}), 404, "not_found")


def test_a_switch_to_a_callback_says_which_number(desk: ScriptedPhone, known_maya: Page) -> None:
    chat = known_maya.ask().body["id"]
    assert_refused(known_maya.post(f"handoffs/{chat}/channel", {"channel": "callback"}), 400, "invalid_request")
    since = reload(handoff_of(chat)).enqueued_at
    body = {"channel": "callback", "callback": callback_body()}
    answer = known_maya.post(f"handoffs/{chat}/channel", body)
    assert (answer.status, answer.body["channel"], answer.body["callback"]["consent"]) == (200, "callback", CONSENT)
    assert reload(handoff_of(chat)).enqueued_at == since
