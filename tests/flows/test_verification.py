"""An agent asks the customer to confirm who they are; a fresh sign-in at the site answers, or "not now"."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from agent_console.snapshot import agent_snapshot
from handoff.broker.models import Handoff, VerificationRequest
from handoff.flows import end_talk, verification
from handoff.flows.erase_customer import erase_customer
from handoff.identity.models import Customer
from handoff.intents.models import Intent
from handoff.lib.clock import utc_now
from handoff.lib.errors import DomainError, NotFound
from handoff.realtime import log
from handoff.realtime.models import LogEntry
from handoff.staffing.models import Agent
from tests.conftest import Page
from tests.scenes import at_once, connect

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = 60


def ask(agent: Agent, handoff_id: str, **asked: Any) -> None:
    wanted = {"acr_values": None, "max_age": None, "action": None} | asked
    verification.request_by_agent(agent, handoff_id, **wanted)


def seen(page: Page, handoff_id: str) -> Any:
    """What the customer's page reads of it."""
    return page.get(f"handoffs/{handoff_id}").body["verification"]


def at_the_desk(agent: Agent) -> Any:
    with log.reading() as now:
        snapshot, _ = agent_snapshot(agent, now=now)
    return snapshot.to_wire()["handoffs"][0]


def told(kind: str) -> list[Any]:
    return [entry.data for entry in LogEntry.objects.filter(type=kind).order_by("seq")]


def sign_in(page: Page, *, ago: int = 0, at: int | None = None, acr: str = "urn:bank:2", meant: bool = False) -> None:
    auth_time = int(time.time()) - ago if at is None else at
    token = page.token(name="Maya Chen", amr=["pwd", "otp"], acr=acr, auth_time=auth_time)
    answer = page.post(
        "sessions", {"site": page.site.key, "identity_token": token} | ({"answers_verification": True} if meant else {})
    )
    assert answer.status == 200, answer.body
    page.session = answer.body["token"]


@pytest.fixture
def talk(maya: Page, amira: Agent) -> str:
    """Maya signed in three minutes ago at level 2, and talks with Amira."""
    return connect(maya, amira)


def test_a_fresh_sign_in_satisfies_and_the_verdict_follows(maya: Page, amira: Agent, talk: str) -> None:
    Intent.objects.get(key="dispute-charge").actions.create(
        key="refund", label="Refund a charge", max_auth_age_seconds=60
    )
    assert [one["verdict"] for one in at_the_desk(amira)["verdicts"]] == ["ask_again"]
    ask(amira, talk, action="refund")
    assert seen(maya, talk) == at_the_desk(amira)["verification"]
    assert seen(maya, talk) | {"at": "", "expires_at": ""} == {
        "acr_values": [], "max_age": 60, "action": {"key": "refund", "label": "Refund a charge"}, "at": "",
        "by": {"name": "Amira"}, "expires_at": "", "status": "asked", "lacks": None, "answered_at": None,
    }  # fmt: skip
    sign_in(maya)
    assert seen(maya, talk)["status"] == "satisfied"
    assert [one["verdict"] for one in at_the_desk(amira)["verdicts"]] == ["enough"]
    assert [one["status"] for one in told("verification.answered")] == ["satisfied"]


@pytest.mark.parametrize(
    ("asked", "signed", "lacks"),
    [
        ({"max_age": MINUTE}, {"ago": 5 * MINUTE}, "too_old"),
        ({"acr_values": ["urn:bank:3"]}, {}, "too_weak"),
        (
            {"acr_values": "urn:bank:3 urn:bank:4", "max_age": MINUTE},
            {"acr": "urn:bank:4", "ago": 5 * MINUTE},
            "too_old",
        ),
        ({"acr_values": "urn:bank:3 urn:bank:4", "max_age": MINUTE}, {"acr": "urn:bank:4"}, None),
        # Signed in after the question: recent enough, however little is allowed.
        ({"max_age": 0}, {}, None),
        ({"max_age": 10 * MINUTE}, {"ago": 5 * MINUTE}, None),
        ({}, {"ago": 500 * MINUTE}, None),
    ],
)
def test_what_satisfies(maya: Page, amira: Agent, talk: str, asked: Any, signed: Any, lacks: str | None) -> None:
    ask(amira, talk, **asked)
    sign_in(maya, **signed, meant=True)
    found = seen(maya, talk)
    assert (found["status"], found["lacks"]) == ("satisfied" if lacks is None else "asked", lacks)
    assert at_the_desk(amira)["verification"] == found


def test_the_token_of_every_page_is_no_answer(maya: Page, amira: Agent, talk: str) -> None:
    """A page that loads presents the sign-in that is known already: nobody hears of it, unless it was meant."""
    before = int(time.time()) - 200
    sign_in(maya, at=before)
    ask(amira, talk, max_age=MINUTE)
    for _ in range(2):
        sign_in(maya, at=before)
    assert (seen(maya, talk)["lacks"], told("verification.answered")) == (None, [])
    sign_in(maya, at=before, meant=True)
    assert [one["lacks"] for one in told("verification.answered")] == ["too_old"]


def test_a_tab_that_may_keep_nothing_answers_with_a_first_session(
    maya: Page, page: Callable[[], Page], amira: Agent, talk: str
) -> None:
    """Third-party storage is blocked: the panel comes back without its session. Another tab's sign-in is no answer."""
    ask(amira, talk, acr_values=["urn:bank:3"])
    for meant, status in ((False, "asked"), (True, "satisfied")):
        tab = page()
        token = tab.token(acr="urn:bank:3", auth_time=int(time.time()))
        body = {"site": tab.site.key, "identity_token": token, "answers_verification": meant}
        assert tab.post("sessions", body).status == 201
        assert at_the_desk(amira)["verification"]["status"] == status
    assert [one["status"] for one in told("verification.answered")] == ["satisfied"]


def test_somebody_unknown_is_asked_to_sign_in(page: Callable[[], Page], amira: Agent) -> None:
    tab = page()
    assert tab.open().status == 201
    talk = connect(tab, amira)
    ask(amira, talk)
    sign_in(tab, ago=500 * MINUTE)
    assert seen(tab, talk)["status"] == "satisfied"
    assert at_the_desk(amira)["customer"]["verified"] is True


def test_not_now_is_an_answer(maya: Page, amira: Agent, talk: str) -> None:
    decline = f"handoffs/{talk}/verification/decline"
    assert maya.post(decline, {}).code == "illegal_transition"
    ask(amira, talk, max_age=MINUTE)
    for _ in range(2):
        assert maya.post(decline, {}).body["verification"]["status"] == "declined"
    assert [one["status"] for one in told("verification.answered")] == ["declined"]
    # What was declined is not answered by a later sign-in; asked anew, it is.
    sign_in(maya)
    assert at_the_desk(amira)["verification"]["status"] == "declined"
    ask(amira, talk, max_age=MINUTE)
    assert (seen(maya, talk)["status"], VerificationRequest.objects.count()) == ("asked", 1)
    sign_in(maya)
    assert maya.post(decline, {}).code == "illegal_transition"


def test_after_ten_minutes_nobody_is_asked_any_more(maya: Page, amira: Agent, talk: str) -> None:
    ask(amira, talk, max_age=MINUTE)
    request = VerificationRequest.objects.get()
    assert request.expires_at - request.asked_at == timedelta(minutes=10)
    VerificationRequest.objects.update(expires_at=utc_now())
    assert maya.post(f"handoffs/{talk}/verification/decline", {}).code == "illegal_transition"
    sign_in(maya)
    assert (seen(maya, talk)["status"], told("verification.answered")) == ("asked", [])


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"acr_values": ["a b"]}, "acr_values"),
        ({"acr_values": [""]}, "acr_values"),
        ({"acr_values": ["x" * 201]}, "acr_values"),
        ({"acr_values": ["urn:bank:2\u202e"]}, "acr_values"),
        ({"acr_values": [f"urn:{number}" for number in range(11)]}, "acr_values"),
        ({"max_age": 400 * 86_400}, "max_age"),
        ({"action": "fly"}, "action"),
    ],
)
def test_what_cannot_be_asked(amira: Agent, talk: str, asked: Any, field: str) -> None:
    with pytest.raises(DomainError) as refusal:
        ask(amira, talk, **asked)
    assert (refusal.value.code, list(refusal.value.fields or {})) == ("invalid_request", [field])
    assert not VerificationRequest.objects.exists()


def test_only_its_own_agent_asks_and_only_in_a_talk(maya: Page, amira: Agent, tomas: Agent, talk: str) -> None:
    with pytest.raises(NotFound):
        ask(tomas, talk)
    end_talk.end_by_agent(amira, talk, version=None)
    with pytest.raises(DomainError, match="Nobody talks"):
        ask(amira, talk)


def test_a_strangers_no_is_nobodys(maya: Page, stranger: Page, amira: Agent, talk: str) -> None:
    ask(amira, talk)
    assert stranger.post(f"handoffs/{talk}/verification/decline", {}).code == "not_found"
    assert seen(maya, talk)["status"] == "asked"


def test_erasing_forgets_what_was_asked(maya: Page, amira: Agent, talk: str) -> None:
    ask(amira, talk, acr_values=["urn:bank:3"])
    erase_customer(Customer.objects.get(public_id=maya.customer["id"]))
    assert not VerificationRequest.objects.exists()
    assert told("verification.requested") in ([], [{}])


def test_two_questions_and_a_no_at_once_leave_one_request(maya: Page, amira: Agent, talk: str) -> None:
    ask(amira, talk, max_age=MINUTE)
    no = f"handoffs/{talk}/verification/decline"
    at_once([lambda: ask(amira, talk, max_age=MINUTE), lambda: maya.post(no, {}), lambda: ask(amira, talk, max_age=9)])
    assert VerificationRequest.objects.count() == 1
    last = LogEntry.objects.filter(type__startswith="verification.").latest("seq").data
    assert last == seen(maya, talk)
    assert Handoff.objects.get().state == "connected"


def test_an_answer_from_a_tab_that_knew_nobody_reaches_the_talk_that_stays(
    maya: Page, page: Callable[[], Page], amira: Agent, talk: str
) -> None:
    """That tab has a handoff of its own, which closes into the one where it was asked."""
    ask(amira, talk, acr_values=["urn:bank:3"])
    tab = page()
    assert tab.open().status == 201
    assert tab.ask().status == 201
    sign_in(tab, acr="urn:bank:3", meant=True)
    assert tab.get("handoffs/" + talk).body["verification"]["status"] == "satisfied"
    assert at_the_desk(amira)["customer"]["assurance"]["acr"] == "urn:bank:3"
