"""What is over: who finds it, who may open it, and that opening it is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handoff.broker.models import Handoff
from handoff.flows.erase_customer import erase_customer
from handoff.insights import records
from handoff.intents.models import Intent
from handoff.lib.clock import utc_now
from handoff.realtime import streams
from handoff.staffing.models import Agent, Queue
from handoff.supervision.models import RecordRead
from tests.conftest import make_agent
from tests.scenes import close, connect
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def over(page, amira) -> dict[str, str]:
    """Three handoffs that are over, by customer; the last one closed is Ana's."""
    found = {}
    for name, intent, said in (
        ("Maya Chen", "dispute-charge", "It says Corner Cafe"),
        ("Sam Okafor", "lost-card", "I lost my card on the ferry"),
        ("Ana Lima", "dispute-charge", "Corner cafe again"),
    ):
        tab = page()
        assert tab.open(tab.token(sub=name, name=name)).status == 201
        handoff_id = connect(tab, amira, intent=intent)
        assert tab.post(f"handoffs/{handoff_id}/messages", {"client_id": "m1", "text": said}).status == 201
        close(amira, handoff_id, note=f"about {name}")
        found[name] = handoff_id
    return found


def find(desk: Desk, query: str = "") -> list[str]:
    answer = desk.call("GET", f"desk/handoffs?{query}")
    assert answer.status == 200, answer.body
    return [one["customer"]["name"] for one in answer.body["handoffs"]]


def test_it_is_found_by_what_one_remembers_of_it(over, amira) -> None:
    desk = Desk(amira)
    assert find(desk) == ["Ana Lima", "Sam Okafor", "Maya Chen"]
    today = utc_now().date()
    for query, names in (
        ("text=chen", ["Maya Chen"]),
        (f"text={over['Sam Okafor']}", ["Sam Okafor"]),
        ("text=ho_absent", []),
        ("intent=dispute-charge", ["Ana Lima", "Maya Chen"]),
        ("disposition=resolved&text=lima", ["Ana Lima"]),
        ("disposition=spam", []),
        (f"agent={amira.public_id}&channel=chat&queue=cards", ["Ana Lima", "Sam Okafor", "Maya Chen"]),
        ("words=corner cafe", ["Ana Lima", "Maya Chen"]),
        ("words=ferry&text=chen", []),
        (f"from={today}&to={today}", ["Ana Lima", "Sam Okafor", "Maya Chen"]),
        (f"to={today - timedelta(days=1)}", []),
    ):
        assert find(desk, query) == names, query


@pytest.mark.parametrize("query", ["from=yesterday", "after=ho_absent", f"text={'x' * 101}", "words=%00"])
def test_nonsense_is_refused(amira, query: str) -> None:
    assert Desk(amira).call("GET", f"desk/handoffs?{query}").code == "invalid_request"


def test_wildcards_are_letters(over, amira) -> None:
    assert find(Desk(amira), "text=%25") == find(Desk(amira), "words=%25") == find(Desk(amira), "text=_") == []


def test_pages_follow_each_other_without_a_gap(over, amira, monkeypatch) -> None:
    monkeypatch.setattr(records, "PAGE", 2)
    # Closed in the same moment: the second key decides.
    Handoff.objects.update(closed_at=utc_now())
    desk = Desk(amira)
    first = desk.call("GET", "desk/handoffs").body
    second = desk.call("GET", f"desk/handoffs?after={first['next']}").body
    assert [one["id"] for one in first["handoffs"] + second["handoffs"]] == list(over.values())[::-1]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("colleague", True),
        ("supervisor", True),
        ("admin", True),
        ("elsewhere", False),
        ("leads elsewhere", False),
        ("trainee", False),
    ],
)
def test_who_may_read_what_is_over(over, cards: Queue, who: str, may: bool) -> None:
    loans = Queue.objects.create(key="loans", name="Loans")
    role = {"supervisor": "supervisor", "admin": "admin", "leads elsewhere": "supervisor"}.get(who, "agent")
    queues = [] if who == "admin" else [loans] if "elsewhere" in who else [cards]
    reader = make_agent("reader", "Reader", *queues, role=role)
    Agent.objects.filter(pk=reader.pk).update(is_trainee=who == "trainee")
    desk, handoff_id = Desk(reader), over["Maya Chen"]
    opened = desk.call("GET", f"desk/handoffs/{handoff_id}")
    events = desk.call("GET", f"desk/handoffs/{handoff_id}/events?stream={streams.desk(handoff_id)}")
    assert (opened.status, events.status) == ((200, 200) if may else (404, 404))
    assert len(find(desk)) == (3 if may else 0)
    if may:
        assert opened.body["wrap_up"] == {"disposition": "resolved", "note": "about Maya Chen"}
        assert "It says Corner Cafe" in str(opened.body["timeline"])
    assert RecordRead.objects.filter(agent=reader, handoff__public_id=handoff_id).count() == int(may)


def test_who_has_a_customer_in_hand_reads_what_was_before(over, page) -> None:
    loans = Queue.objects.create(key="loans", name="Loans")
    other = make_agent("lin", "Lin", loans)
    tab = page()
    assert tab.open(tab.token(sub="Maya Chen", name="Maya Chen")).status == 201
    desk = Desk(other)
    assert desk.call("GET", f"desk/handoffs/{over['Maya Chen']}").status == 404
    Intent.objects.update(queue=loans)
    in_hand = connect(tab, other)
    assert desk.call("GET", f"desk/handoffs/{over['Maya Chen']}").status == 200
    assert desk.call("GET", f"desk/handoffs/{over['Sam Okafor']}").status == 404
    assert find(desk) == [], "what may be opened from the talk is not found by searching"
    close(other, in_hand)
    assert desk.call("GET", f"desk/handoffs/{over['Maya Chen']}").status == 404


def test_what_goes_on_is_its_agents_own(maya, amira, tomas) -> None:
    handoff_id = connect(maya, amira)
    assert Desk(tomas).call("GET", f"desk/handoffs/{handoff_id}").status == 404
    assert Desk(amira).call("GET", f"desk/handoffs/{handoff_id}").body["state"] == "connected"
    assert not RecordRead.objects.exists()


def test_what_was_erased_says_so_and_nothing_else(over, amira) -> None:
    handoff = Handoff.objects.get(public_id=over["Maya Chen"])
    erase_customer(handoff.customer)
    desk = Desk(amira)
    assert find(desk, "text=chen") == []
    opened = desk.call("GET", f"desk/handoffs/{handoff.public_id}").body
    assert opened["close_reason"] == "erased"
    assert "Corner Cafe" not in str(opened)
    assert "Maya" not in str(opened)


def test_looking_through_it_is_one_look(over, amira, tomas) -> None:
    desk = Desk(tomas)
    for _ in range(3):
        desk.call("GET", f"desk/handoffs/{over['Maya Chen']}")
    assert RecordRead.objects.count() == 1
    RecordRead.objects.update(at=utc_now() - timedelta(minutes=11))
    desk.call("GET", f"desk/handoffs/{over['Maya Chen']}")
    assert RecordRead.objects.count() == 2


def test_a_customer_and_a_stranger_are_let_in_nowhere(over, maya) -> None:
    for path in ("desk/handoffs", f"desk/handoffs/{over['Maya Chen']}", "desk/wallboard", "desk/agents", "desk/live"):
        assert maya.get(path).status == 401
