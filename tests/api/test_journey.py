"""What led here: its limits, what is masked before it is stored, and what the customer sees and takes back."""

from __future__ import annotations

import re

import pytest

from handoff.broker import queries as broker
from handoff.broker.models import Handoff
from handoff.flows import end_talk
from handoff.lib.clock import utc_now
from handoff.realtime import log, streams
from handoff.realtime.models import LogEntry
from handoff.realtime.threads import in_database as off_loop
from handoff.routing import actions as routing
from handoff.staffing.models import Agent
from tests.conftest import Page
from tests.scenes import CARD, CARD_DIGITS, assert_refused, connect, tables_that_hold
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visitor(page, harbour) -> Page:
    """Nobody signed a fact about them: the context is the page's alone."""
    tab = page()
    assert tab.open().status == 201
    return tab


def facts(count: int, *, size: int = 1, start: int = 0) -> list[dict]:
    return [{"key": f"k{number}", "value": "x" * size} for number in range(start, start + count)]


def steps(count: int, *, start: int = 0) -> list[dict]:
    return [{"path": f"/step/{number}", "status": "done"} for number in range(start, start + count)]


def receipt_of(tab: Page, handoff: str) -> dict:
    return tab.get(f"handoffs/{handoff}/receipt").body


def desk_of(handoff: str) -> dict:
    return broker.desk_view(broker.by_id(handoff), why=[], now=utc_now()).to_wire()


# -- limits


@pytest.mark.parametrize(
    ("journey", "fits"),
    [
        ({"facts": facts(100)}, True),
        ({"facts": facts(101)}, False),
        ({"facts": facts(1, size=4_000)}, True),
        ({"facts": facts(1, size=4_001)}, False),
        ({"steps": steps(50)}, True),
        ({"steps": steps(51)}, False),
        ({"facts": facts(8, size=3_900)}, True),
        ({"facts": facts(9, size=3_900)}, False),
        ({}, True),
        (None, True),
    ],
)
def test_a_journey_has_its_limits(visitor: Page, journey, fits: bool) -> None:
    answer = visitor.ask(journey=journey)
    if fits:
        assert answer.status == 201, answer.body
        told = receipt_of(visitor, answer.body["id"])
        assert len(told["facts"]) == len((journey or {}).get("facts", []))
        assert len(told["steps"]) == len((journey or {}).get("steps", []))
    else:
        assert_refused(answer, 413, "context_too_large")
        assert not Handoff.objects.exists()


def test_additions_count_together_with_what_is_there(visitor: Page) -> None:
    path = f"handoffs/{visitor.ask(journey={'facts': facts(60)}).body['id']}/journey"
    assert visitor.post(path, {"facts": facts(40, start=60)}).status == 200
    assert_refused(visitor.post(path, {"facts": facts(1, start=100)}), 413, "context_too_large")
    assert visitor.post(path, {"facts": [{"key": "k1", "value": "another"}]}).status == 200


def test_the_bytes_of_additions_count_together(visitor: Page) -> None:
    handoff = visitor.ask(journey={"facts": facts(5, size=3_900)}).body["id"]
    before = receipt_of(visitor, handoff)
    answer = visitor.post(f"handoffs/{handoff}/journey", {"facts": facts(5, size=3_900, start=5)})
    assert_refused(answer, 413, "context_too_large")
    assert receipt_of(visitor, handoff) == before


def test_of_more_than_fifty_steps_the_newest_are_kept(visitor: Page) -> None:
    handoff = visitor.ask(journey={"steps": steps(50)}).body["id"]
    visitor.post(f"handoffs/{handoff}/journey", {"steps": steps(10, start=50)})
    paths = [step["path"] for step in receipt_of(visitor, handoff)["steps"]]
    assert paths == [f"/step/{number}" for number in range(10, 60)]


# -- masking


async def test_a_card_number_is_nowhere_in_the_database(serving, maya: Page, amira: Agent) -> None:
    """S12: wherever text can come in, over HTTP and both sockets."""
    said = f"my card is {CARD}, thanks"
    signed = {"card": {"label": f"Card {CARD}", "value": CARD}}
    await off_loop(lambda: maya.open(maya.token(name="Maya Chen", facts=signed)))
    journey = {
        "steps": [{"name": said, "path": f"/pay/4111111111111111?card={CARD}", "title": said, "error": said}],
        "facts": [
            {"key": "card", "label": said, "value": said},
            {"key": "number", "value": 4111111111111111},
            {"key": "4111111111111111", "value": 1},
        ],
    }
    handoff = await off_loop(lambda: connect(maya, amira, statement=said, journey=journey))
    await off_loop(lambda: maya.post(f"handoffs/{handoff}/messages", {"client_id": "m1", "text": said}))
    await off_loop(lambda: maya.post(f"handoffs/{handoff}/journey", journey))
    customer, agent = await serving.customer(maya), await serving.agent(await off_loop(Desk, amira))
    await customer.command("message.send", handoff=handoff, client_id="m2", text=said)
    await customer.command("journey.record", handoff=handoff, **journey)
    for name, fields in (
        ("message.send", {"client_id": "a1", "text": said}),
        ("note.add", {"text": said}),
        ("fact.add", {"key": "said", "label": said, "value": said}),
        ("availability.set", {"available": False, "reason": said}),
        ("handoff.end", {}),
        ("handoff.wrap_up", {"disposition": "resolved", "note": said}),
    ):
        answer = await agent.command(name, **({} if name == "availability.set" else {"handoff": handoff}), **fields)
        assert answer["ev"] == "ack", answer
    await off_loop(lambda: maya.post(f"handoffs/{handoff}/survey", {"effort": 7, "comment": said}))
    assert await off_loop(tables_that_hold, re.compile("thanks")) != []
    assert await off_loop(tables_that_hold, CARD_DIGITS) == []
    assert not CARD_DIGITS.search(str(customer.frames) + str(agent.frames))


async def test_an_agents_reason_to_decline_is_masked_too(serving, maya: Page, amira: Agent) -> None:
    agent = await serving.agent(await off_loop(Desk, amira))
    await off_loop(maya.ask)
    await agent.command("availability.set", available=True)
    await off_loop(routing.run_matching)
    offer = (await agent.event("offer.made"))["data"]
    answer = await agent.command("offer.decline", offer=offer["id"], token=offer["token"], reason=f"not {CARD}")
    assert answer["ev"] == "ack"
    assert await off_loop(tables_that_hold, CARD_DIGITS) == []


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("card 4111-1111-1111-1111", "card [card ..1111]"),
        (
            "\uff14\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11",
            "[card ..1111]",
        ),
        ("iban GB82 WEST 1234 5698 7654 32", "iban [iban ..5432]"),
        ("see https://x.example/a?token=abc123", "see https://x.example/a?token=[token]"),
        ("order 4111 1111 1111 1112", "order 4111 1111 1111 1112"),
    ],
)
def test_what_is_masked_and_what_is_not(visitor: Page, said: str, kept: str) -> None:
    handoff = visitor.ask(statement=said, journey={"facts": [{"key": "k", "value": said}]}).body
    visitor.post(f"handoffs/{handoff['id']}/messages", {"client_id": "m", "text": said})
    assert handoff["statement"] == kept
    assert receipt_of(visitor, handoff["id"])["facts"][0]["value"] == kept
    assert LogEntry.objects.get(type="message.posted").data["text"] == kept


def test_a_query_is_kept_only_where_the_site_says_so(visitor: Page, harbour) -> None:
    harbour.query_parameters = ["step"]
    harbour.save()
    path = "https://www.harbour.example/dispute?step=2&session=abc#secret"
    handoff = visitor.ask(journey={"steps": [{"path": path}]}).body["id"]
    assert receipt_of(visitor, handoff)["steps"][0]["path"] == "/dispute?step=2"


# -- live, and as the agent sees it


def test_additions_are_told_live_and_once(maya: Page, amira: Agent) -> None:
    handoff = connect(maya, amira)
    body = {"facts": [{"key": "charge", "value": "GBP 42.10", "at": "2026-01-01T00:00:00Z"}]}
    at = {"at": utc_now().isoformat()}
    body["steps"] = [{"path": "/a"} | at]
    body["facts"][0] |= at
    for _ in range(2):
        assert maya.post(f"handoffs/{handoff}/journey", body).status == 200
    types = [event["type"] for event in maya.get(f"handoffs/{handoff}/events").body["events"]]
    assert types.count("journey.recorded") == types.count("facts.changed") == 1


def test_the_receipt_is_what_the_agent_sees(maya: Page, amira: Agent) -> None:
    journey = {
        "steps": steps(3),
        "facts": [
            {"key": "charge", "label": "Charge", "value": "GBP 42.10"},
            {"key": "charge", "value": 42.1, "source": "stated"},
            {"key": "urgent", "value": True},
            {"key": "nothing", "value": None},
        ],
    }
    handoff = connect(maya, amira, statement="charged twice", journey=journey)
    desk, receipt = desk_of(handoff), receipt_of(maya, handoff)
    assert receipt["facts"] == desk["facts"]
    assert receipt["steps"] == desk["journey"]["steps"]
    assert receipt["statement"] == desk["statement"] == "charged twice"
    assert receipt["assurance"] == desk["customer"]["assurance"]
    assert (receipt["name"], desk["customer"]["name"]) == ("Maya Chen", "Maya Chen")


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("Charge", "Charge"),
        (None, "charge"),
        ("", "charge"),
        ("Ch\u202earge", "Charge"),
        (f"Card {CARD}", "Card [card ..1111]"),
    ],
)
def test_a_fact_has_a_label_that_a_person_can_read(visitor: Page, label, shown: str) -> None:
    fact = {"key": "charge", "value": 1} | ({} if label is None else {"label": label})
    handoff = visitor.ask(journey={"facts": [fact]}).body["id"]
    assert receipt_of(visitor, handoff)["facts"][0]["label"] == shown


# -- taking back


def strike(tab: Page, handoff: str, key: str, source: str = "observed"):
    return tab.post(f"handoffs/{handoff}/receipt/strike", {"key": key, "source": source})


def test_a_struck_fact_is_gone_from_every_table_and_its_number_stays(maya: Page, amira: Agent) -> None:
    journey = {"facts": [{"key": "secret", "label": "Hush", "value": "unspeakable-value"}, {"key": "kept", "value": 1}]}
    handoff = connect(maya, amira, journey=journey)
    maya.post(f"handoffs/{handoff}/journey", {"facts": [{"key": "secret", "value": "unspeakable-value, again"}]})
    assert tables_that_hold(re.compile("unspeakable")) != []
    heads = log.heads_of([streams.handoff(handoff)])
    answer = strike(maya, handoff, "secret")
    assert (answer.status, [fact["key"] for fact in answer.body["facts"] if fact["source"] == "observed"]) == (
        200,
        ["kept"],
    )
    assert tables_that_hold(re.compile("unspeakable")) == []
    events = maya.get(f"handoffs/{handoff}/events").body["events"]
    assert [event["seq"] for event in events] == list(range(1, heads[streams.handoff(handoff)] + 2))
    assert events[-1]["data"] == {"added": [], "struck": [{"key": "secret", "source": "observed"}]}
    assert "secret" not in {fact["key"] for fact in desk_of(handoff)["facts"]}


def test_one_source_is_struck_and_the_other_stays(visitor: Page) -> None:
    both = [{"key": "k", "value": source, "source": source} for source in ("observed", "stated")]
    handoff = visitor.ask(journey={"facts": both}).body["id"]
    assert [fact["source"] for fact in strike(visitor, handoff, "k", "stated").body["facts"]] == ["observed"]
    assert_refused(strike(visitor, handoff, "k", "stated"), 404, "not_found")


@pytest.mark.parametrize("source", ["verified", "desk"])
def test_what_others_vouch_for_stays(maya: Page, source: str) -> None:
    handoff = maya.ask().body["id"]
    assert_refused(strike(maya, handoff, "sub", source), 400, "invalid_request")
    assert receipt_of(maya, handoff)["facts"][0]["key"] == "sub"


def test_a_fact_can_be_taken_back_after_the_end(maya: Page, amira: Agent) -> None:
    handoff = connect(maya, amira, journey={"facts": [{"key": "k", "value": "v"}]})
    end_talk.end_by_customer(Handoff.objects.get().customer, handoff)
    assert strike(maya, handoff, "k").status == 200


def test_a_fact_that_a_merge_brought_is_gone_with_its_first_copy(maya: Page, visitor: Page) -> None:
    kept = maya.ask().body["id"]
    visitor.ask(journey={"facts": [{"key": "secret", "value": "unspeakable"}]})
    visitor.open(visitor.token(sub="maya-1"))
    assert strike(maya, kept, "secret").status == 200
    assert tables_that_hold(re.compile("unspeakable")) == []
