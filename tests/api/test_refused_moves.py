"""What the state of things forbids: hours, full lines, weak sign-ins, moves that no table has, rates."""

from __future__ import annotations

import pytest
from django.db import DatabaseError

from handoff.broker.models import Handoff
from handoff.flows import end_talk, open_handoff
from handoff.intents.models import Intent
from handoff.lib.rates import Limiter
from handoff.realtime import limits
from handoff.staffing.models import Hours, Queue
from tests.conftest import Page
from tests.scenes import assert_refused, at_once, close, connect

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shut(cards: Queue) -> Queue:
    """Nobody works here on any day."""
    cards.hours = Hours.objects.create(key="never", zone="UTC", weekly={})
    cards.save()
    return cards


def test_out_of_hours_a_chat_is_refused_and_can_be_left(maya: Page, shut: Queue) -> None:
    assert_refused(maya.ask(), 409, "channel_closed")
    assert_refused(maya.ask(leave=False), 409, "channel_closed")
    left = maya.ask(leave=True)
    assert (left.status, left.body["state"]) == (201, "queued")
    assert Handoff.objects.get().is_left


def test_the_opening_is_told(maya: Page, shut: Queue) -> None:
    shut.hours.weekly = {"monday": ["08:00-08:01"]}
    shut.hours.save()
    channel = maya.get("availability").body["intents"][0]["channels"][0]
    assert (channel["state"], channel["opens_at"][11:16]) in (("closed", "08:00"), ("unstaffed", "08:00"))


def test_a_full_line_is_refused_also_when_left(maya: Page, page, cards: Queue) -> None:
    cards.max_waiting = 1
    cards.save()
    assert maya.ask().status == 201
    other = page()
    other.open()
    assert_refused(other.ask(), 409, "channel_full")
    assert_refused(other.ask(leave=True), 409, "channel_full")
    assert maya.ask().status == 200


@pytest.mark.parametrize("channel", ["callback", "phone", "voice"])
def test_a_channel_that_is_not_built_or_not_offered_is_refused(maya: Page, channel: str) -> None:
    Intent.objects.filter(key="dispute-charge").update(channels=["chat", "callback", "phone", "voice"])
    assert_refused(maya.ask(channel=channel), 409, "channel_not_offered")
    for intent in maya.get("availability").body["intents"]:
        assert [one["channel"] for one in intent["channels"]] == ["chat"]


def test_an_intent_without_chat_refuses_chat(maya: Page) -> None:
    Intent.objects.filter(key="dispute-charge").update(channels=["callback"])
    assert_refused(maya.ask(), 409, "channel_not_offered")


@pytest.mark.parametrize(
    ("needed", "told"),
    [
        ({"required_acr": ["urn:bank:3"]}, {"acr_values": ["urn:bank:3"], "max_age": None}),
        ({"max_auth_age_seconds": 60}, {"acr_values": [], "max_age": 60}),
        (
            {"required_acr": ["urn:bank:2"], "max_auth_age_seconds": 60},
            {"acr_values": ["urn:bank:2"], "max_age": 60},
        ),
    ],
)
def test_a_sign_in_that_is_too_weak_or_too_old_is_told_what_would_do(maya: Page, needed, told) -> None:
    Intent.objects.filter(key="dispute-charge").update(**needed)
    answer = maya.ask()
    error = assert_refused(answer, 401, "insufficient_user_authentication")
    assert {name: error[name] for name in told} == told
    assert "insufficient_user_authentication" in answer.headers["WWW-Authenticate"]
    assert not Handoff.objects.exists()


def test_a_stronger_sign_in_on_the_same_session_is_enough(maya: Page) -> None:
    Intent.objects.filter(key="dispute-charge").update(required_acr=["urn:bank:3"])
    assert maya.ask().code == "insufficient_user_authentication"
    assert maya.open(maya.token(acr="urn:bank:3")).status == 200
    assert maya.ask().status == 201


def test_an_unverified_customer_is_never_sure_enough(page, harbour) -> None:
    Intent.objects.filter(key="dispute-charge").update(max_auth_age_seconds=10**6)
    tab = page()
    tab.open()
    assert_refused(tab.ask(), 401, "insufficient_user_authentication")


def test_a_client_id_with_another_text_is_a_conflict(maya: Page) -> None:
    path = f"handoffs/{maya.ask().body['id']}/messages"
    first = maya.post(path, {"client_id": "m1", "text": "hello"})
    again = maya.post(path, {"client_id": "m1", "text": "hello"})
    assert (first.status, again.status, again.body) == (201, 200, first.body)
    assert_refused(maya.post(path, {"client_id": "m1", "text": "hello "}), 409, "idempotency_conflict")


def test_a_closed_handoff_takes_nothing_more(maya: Page, amira) -> None:
    handoff = connect(maya, amira)
    close(amira, handoff)
    for path, body in (
        ("messages", {"client_id": "m", "text": "t"}),
        ("journey", {"facts": [{"key": "k", "value": 1}]}),
    ):
        assert_refused(maya.post(f"handoffs/{handoff}/{path}", body), 409, "handoff_closed")
    for path in ("end", "cancel"):
        assert_refused(maya.post(f"handoffs/{handoff}/{path}"), 409, "illegal_transition")


def test_moves_that_the_table_does_not_have_are_refused(maya: Page, amira) -> None:
    waiting = maya.ask().body["id"]
    assert_refused(maya.post(f"handoffs/{waiting}/end"), 409, "illegal_transition")
    assert_refused(maya.post(f"handoffs/{waiting}/survey", {"effort": 7}), 409, "illegal_transition")
    assert connect(maya, amira) == waiting
    assert_refused(maya.post(f"handoffs/{waiting}/cancel"), 409, "illegal_transition")
    assert_refused(maya.post(f"handoffs/{waiting}/survey", {"effort": 7}), 409, "illegal_transition")
    assert maya.post(f"handoffs/{waiting}/end").body["state"] == "wrap_up"
    assert_refused(maya.post(f"handoffs/{waiting}/end"), 409, "illegal_transition")


def test_a_second_survey_changes_nothing(maya: Page, amira) -> None:
    handoff = connect(maya, amira)
    end_talk.end_by_agent(amira, handoff, version=None)
    for effort in (7, 1):
        assert maya.post(f"handoffs/{handoff}/survey", {"effort": effort, "comment": "ok"}).status == 200
    events = maya.get(f"handoffs/{handoff}/events").body["events"]
    assert [event["data"] for event in events if event["type"] == "survey.answered"] == [{"effort": 7, "comment": "ok"}]


def test_of_eight_clicks_at_once_one_opens_a_handoff(maya: Page) -> None:
    same = {"client_id": "one-click", "intent": "dispute-charge", "channel": "chat"}
    other = {"client_id": "another-tab", "intent": "lost-card", "channel": "chat"}
    answers = at_once([lambda body=body: maya.post("handoffs", body) for body in [same, other] * 4])
    assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
    assert len({answer.body["id"] for answer in answers}) == 1
    assert all(answer.body.get("existing", False) == (answer.status == 200) for answer in answers)
    assert Handoff.objects.count() == 1


# -- rates and failures


RATES = {
    "SESSION_OPENS": ("POST", "sessions", {"site": "harbour"}),
    "HANDOFF_OPENS": ("POST", "handoffs", {"client_id": "c", "intent": "dispute-charge", "channel": "chat"}),
    "MESSAGES": ("POST", "handoffs/{id}/messages", {"client_id": "m", "text": "t"}),
    "TICKETS": ("POST", "sessions/ticket", None),
    "REQUESTS": ("GET", "availability", None),
}
for _alike in ("SITE_SESSION_OPENS", "CUSTOMER_HANDOFF_OPENS", "SITE_HANDOFF_OPENS"):
    RATES[_alike] = RATES[_alike.partition("_")[2]]
for _alike in ("HTTP_MESSAGES", "CUSTOMER_MESSAGES", "SITE_MESSAGES"):
    RATES[_alike] = RATES["MESSAGES"]


@pytest.mark.parametrize("name", RATES)
def test_too_many_are_told_when_to_come_back(maya: Page, monkeypatch, name: str) -> None:
    method, path, body = RATES[name]
    path = path.format(id=maya.ask().body["id"])
    monkeypatch.setattr(limits, name, Limiter(2, 60))
    statuses = [maya.call(method, path, body).status for _ in range(2)]
    assert max(statuses) < 300
    answer = maya.call(method, path, body)
    assert_refused(answer, 429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_one_customers_rate_is_not_anothers(maya: Page, page, monkeypatch) -> None:
    monkeypatch.setattr(limits, "TICKETS", Limiter(1, 60))
    other = page()
    other.open()
    assert maya.post("sessions/ticket").status == 200
    assert maya.post("sessions/ticket").status == 429
    assert other.post("sessions/ticket").status == 200


def test_one_sites_rate_is_not_its_neighbours(maya: Page, stranger: Page, monkeypatch) -> None:
    monkeypatch.setattr(limits, "SITE_SESSION_OPENS", Limiter(1, 60))
    assert maya.open().status == 200
    assert maya.open().status == 429
    assert stranger.open().status == 200


def test_one_customers_sessions_share_a_rate(maya: Page, page, monkeypatch) -> None:
    monkeypatch.setattr(limits, "CUSTOMER_HANDOFF_OPENS", Limiter(1, 60))
    tablet = page()
    tablet.open(tablet.token())
    assert maya.ask().status == 201
    assert tablet.ask().status == 429


def test_a_forged_forwarded_header_is_no_way_around_the_rate(page, harbour, monkeypatch) -> None:
    monkeypatch.setattr(limits, "SESSION_OPENS", Limiter(2, 60))
    tab = page()
    answers = [
        tab.post("sessions", {"site": "harbour"}, **{"X-Forwarded-For": f"198.51.100.{number}"}) for number in range(3)
    ]
    assert [answer.status for answer in answers] == [201, 201, 429]


@pytest.mark.parametrize("error", [DatabaseError, RuntimeError, KeyError])
def test_what_could_not_be_saved_is_told_so_without_its_reason(maya: Page, monkeypatch, error) -> None:
    def fail(*args, **kwargs):
        raise error("the secret reason")

    monkeypatch.setattr(open_handoff, "_create", fail)
    answer = maya.ask()
    assert_refused(answer, 503, "not_saved")
    assert answer.headers["Retry-After"] == "2"
    assert "secret" not in str(answer.body)
