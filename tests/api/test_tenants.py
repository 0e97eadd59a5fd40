"""S1: a foreign id and an absent id are told the same, on every route and by every command, whoever asks."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest

from handoff.api.urls import urlpatterns
from handoff.api.views import NothingHere
from handoff.calls.models import Call
from handoff.intents.models import Intent
from handoff.protocol import commands
from handoff.realtime import streams
from handoff.realtime.models import LogEntry
from handoff.realtime.threads import in_database as off_loop
from handoff.staffing.models import Queue
from handoff.telephony.models import PhoneNumber
from tests.conftest import Answer, Page, make_agent
from tests.scenes import accept, connect, offer_to
from tests.scripted_phone import MAYAS_NUMBER, NUMBER
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)

ABSENT = "ho_" + "A" * 22
ABSENT_CALL = "ca_" + "A" * 22
METHODS = ("get", "post", "put", "patch", "delete")
FILE = "/attachments/<str:attachment_id>"
# A body that the route would take, so that the id alone is what is wrong.
BODIES: dict[tuple[str, str], Any] = {
    ("GET", ""): None,
    ("GET", "/events"): None,
    ("POST", "/messages"): {"client_id": "m1", "text": "hello"},
    ("POST", "/journey"): {"facts": [{"key": "k", "value": 1}]},
    ("POST", "/intent"): {"intent": "lost-card"},
    ("GET", "/receipt"): None,
    ("POST", "/receipt/strike"): {"key": "charge", "source": "observed"},
    ("POST", "/cancel"): None,
    ("POST", "/end"): None,
    ("POST", "/survey"): {"effort": 7},
    ("POST", "/channel"): {"channel": "chat"},
    ("POST", "/code"): None,
    ("POST", "/snooze"): {"minutes": 30},
    ("POST", "/claim"): {"call": ABSENT_CALL, "mine": True},
    ("POST", "/verification/decline"): None,
    ("POST", "/attachments"): "a few words",
    ("DELETE", FILE): None,
    ("GET", f"{FILE}/link"): None,
}
# Right as they are, and out of place in a chat in which nobody is asked anything: what they do is shown elsewhere.
ELSEWHERE = ("/code", "/snooze", "/claim", "/verification/decline", "/attachments", FILE, f"{FILE}/link")
DESK_BODIES: dict[tuple[str, str], Any] = {
    ("GET", ""): None,
    ("POST", "/attachments"): "a few words",
    ("GET", FILE): None,
    ("DELETE", FILE): None,
    ("GET", f"{FILE}/link"): None,
}
PREFIX = "handoffs/<str:handoff_id>"


def routes(prefix: str) -> list[tuple[str, str]]:
    """Every method and ending of the routes below a handoff, as the URL conf has them."""
    found = []
    for pattern in urlpatterns:
        path, view = str(pattern.pattern), pattern.callback.view_class
        if path.startswith(prefix) and view is not NothingHere:
            found += [(method.upper(), path.removeprefix(prefix)) for method in METHODS if hasattr(view, method)]
    return found


CUSTOMERS_ROUTES = routes(PREFIX)
DESK_ROUTES = routes("desk/" + PREFIX)


def test_every_route_below_a_handoff_is_in_the_matrix() -> None:
    assert set(CUSTOMERS_ROUTES) == set(BODIES)
    assert set(DESK_ROUTES) == {("GET", "/events"), *DESK_BODIES}
    others = {str(one.pattern) for one in urlpatterns if "handoff_id" not in str(one.pattern)}
    names = ("ticket", "destinations", "callbacks", "handoffs", "wallboard", "agents", "live", "practice")
    desk = {f"desk/{name}" for name in names}
    # What articles and canned replies tell whom is shown beside them.
    others -= {one for one in others if one.removeprefix("desk/").startswith(("articles", "canned"))}
    customer = {"sessions", "sessions/ticket", "availability", "availability/slots", "handoffs"}
    assert others == {*customer, "attachments/<str:seal>", ".*", *desk}


@pytest.fixture
def mayas(maya: Page, amira) -> str:
    """Maya's handoff, in a talk with Amira, with a fact and a message in it."""
    handoff = connect(maya, amira, journey={"facts": [{"key": "charge", "value": "GBP 42.10"}]})
    maya.post(f"handoffs/{handoff}/messages", {"client_id": "m1", "text": "hello"})
    return handoff


@pytest.fixture
def outsiders(page, stranger: Page, mayas: str) -> dict[str, Page]:
    """Everybody else; each has an open handoff too, but nobody has Maya's."""
    neighbour, unverified = page(), page()
    assert neighbour.open(neighbour.token(sub="tom-2")).status == 201
    assert unverified.open().status == 201
    everybody = {"of another site": stranger, "of the same site": neighbour, "unverified": unverified}
    for tab in everybody.values():
        assert tab.ask().status == 201
    return everybody


WHO = ["of another site", "of the same site", "unverified"]


def bare(answer: Answer) -> tuple[int, str, dict[str, str]]:
    """Status, body and headers, but for what differs with every request."""
    answer.body["error"].pop("request_id")
    headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-Id", "Date")}
    return answer.status, json.dumps(answer.body), headers


def everything_told() -> tuple[int, list[Any]]:
    return LogEntry.objects.count(), list(LogEntry.objects.values_list("data", flat=True))


# One scene for all routes: each answer must leave it as it was, so the next route finds the same.
def test_a_foreign_handoff_is_told_like_an_absent_one(outsiders, mayas: str) -> None:
    before = everything_told()
    for (method, path), (who, tab) in itertools.product(CUSTOMERS_ROUTES, outsiders.items()):
        body = BODIES[method, path]
        foreign, absent = (bare(tab.call(method, f"handoffs/{id_}{path}", body)) for id_ in (mayas, ABSENT))
        assert foreign == absent, (who, method, path)
        assert foreign[0] == 404, (who, method, path)
        assert everything_told() == before, (who, method, path)


WRONG_BODIES = ({}, {"client_id": "m1", "text": "x" * 5_000}, {"facts": [{"key": "k"}]}, {"state": "closed"})


def test_a_wrong_body_tells_nobody_what_is_there(outsiders, mayas: str) -> None:
    for (method, path), (who, tab) in itertools.product(CUSTOMERS_ROUTES, outsiders.items()):
        for body in WRONG_BODIES:
            foreign, absent = (bare(tab.call(method, f"handoffs/{id_}{path}", body)) for id_ in (mayas, ABSENT))
            assert foreign == absent, (who, method, path, body)


def test_maya_herself_is_let_in_everywhere(maya: Page, mayas: str) -> None:
    """The matrix would prove nothing if its requests were refused for another reason."""
    order = [route for route in CUSTOMERS_ROUTES if route[1] not in ("/cancel", "/end", "/survey", *ELSEWHERE)]
    for method, path in [*order, ("POST", "/end"), ("POST", "/survey")]:
        answer = maya.call(method, f"handoffs/{mayas}{path}", BODIES[method, path])
        # The intent of a talk is the agent's to judge: another refusal, but no 404.
        assert answer.status in (200, 201) or (path, answer.status) == ("/intent", 409), (path, answer.body)


def test_maya_herself_is_let_in_to_her_calls(maya: Page, phone) -> None:
    Intent.objects.update(channels=["chat", "callback", "phone"])
    handoff = maya.ask(channel="phone").body
    assert handoff["phone"]["number"] == NUMBER
    renewed = maya.post(f"handoffs/{handoff['id']}/code")
    assert renewed.status == 200
    assert renewed.body["phone"]["code"] != handoff["phone"]["code"]
    phone.ring("call-1")
    phone.key("call-1", renewed.body["phone"]["code"])
    call = maya.get(f"handoffs/{handoff['id']}").body["call"]
    claimed = maya.post(f"handoffs/{handoff['id']}/claim", {"call": call["id"], "mine": True})
    assert (claimed.status, claimed.body["call"]["claim"], claimed.body["call"]["evidence"]) == (200, "mine", "tap")
    asked = {"phone": MAYAS_NUMBER, "consent": "Call me.", "time_zone": "UTC"}
    switched = maya.post(f"handoffs/{handoff['id']}/channel", {"channel": "callback", "callback": asked})
    assert (switched.status, switched.body["channel"], switched.body["state"]) == (200, "callback", "queued")
    snoozed = maya.post(f"handoffs/{handoff['id']}/snooze", {"minutes": 30})
    assert (snoozed.status, snoozed.body["state"]) == (200, "scheduled")


@pytest.fixture
def mayas_call(maya: Page, phone, outsiders) -> str:
    """The call that Maya is asked about."""
    Intent.objects.update(channels=["chat", "callback", "phone"])
    maya.post(f"handoffs/{maya.ask().body['id']}/end")
    handoff = maya.ask(channel="phone", intent="lost-card").body
    phone.ring("call-1")
    phone.key("call-1", handoff["phone"]["code"])
    return str(maya.get(f"handoffs/{handoff['id']}").body["call"]["id"])


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("mine", [True, False])
def test_a_foreign_call_is_told_like_an_absent_one(outsiders, mayas_call: str, who: str, mine: bool) -> None:
    tab = outsiders[who]
    own = tab.ask().body["id"]
    before = everything_told()
    foreign, absent = (
        bare(tab.post(f"handoffs/{own}/claim", {"call": id_, "mine": mine})) for id_ in (mayas_call, ABSENT_CALL)
    )
    assert foreign == absent
    assert foreign[0] == 404
    assert everything_told() == before
    assert Call.objects.get(public_id=mayas_call).claim == "asked"


@pytest.mark.parametrize("who", WHO)
async def test_no_command_reaches_a_foreign_call(serving, outsiders, mayas_call: str, who: str) -> None:
    socket = await serving.customer(outsiders[who], origin=outsiders[who].origin)
    before = await off_loop(everything_told)
    told = [dict(await socket.command("call.claim", call=id_, mine=False)) for id_ in (mayas_call, ABSENT_CALL)]
    assert [answer["code"] for answer in told] == ["not_found"] * 2
    assert len({json.dumps(answer | {"id": ""}) for answer in told}) == 1
    assert await off_loop(everything_told) == before


def test_a_code_of_one_site_opens_nothing_at_another(maya: Page, phone, neighbour) -> None:
    """Two sites, two numbers: whoever keys Maya's code at the neighbour's is a stranger there."""
    Intent.objects.update(channels=["chat", "phone"])
    PhoneNumber.objects.create(site=neighbour, number="+442079460999", provider=phone.name)
    handoff = maya.ask(channel="phone").body
    phone.ring("call-1", called="+442079460999")
    for _ in range(3):
        phone.key("call-1", handoff["phone"]["code"])
    assert maya.get(f"handoffs/{handoff['id']}").body["state"] == "awaiting_call"
    call = Call.objects.select_related("handoff__site").get()
    assert (call.handoff.site, call.evidence) == (neighbour, "none")


def test_the_windows_of_another_sites_intent_are_unknown(stranger: Page, maya: Page, phone, neighbour) -> None:
    neighbour.intents.create(key="only-here", label="Only here", queue=Queue.objects.get(), channels=["callback"])
    foreign, absent = (
        bare(maya.get(f"availability/slots?intent={key}&time_zone=UTC")) for key in ("only-here", "nowhere")
    )
    assert foreign == absent
    slots = maya.get("availability/slots?intent=dispute-charge&time_zone=UTC")
    assert slots.status == 200
    assert slots.body["slots"]


@pytest.mark.parametrize("who", WHO)
def test_a_foreign_customer_cannot_be_named_in_a_body_or_a_query(outsiders, maya: Page, mayas: str, who: str) -> None:
    tab = outsiders[who]
    own = tab.ask().body["id"]
    assert tab.get(f"handoffs/{own}?customer={maya.customer['id']}").body["id"] == own
    for field in ("customer", "customer_id", "handoff", "id", "site"):
        assert tab.ask(**{field: mayas}).code == "unknown_field"
    events = tab.get(f"handoffs/{own}/events?after=0&stream={streams.handoff(mayas)}").body["events"]
    assert {event["stream"] for event in events} == {streams.handoff(own)}


def test_a_client_id_of_another_customer_opens_an_own_handoff(maya: Page, stranger: Page, page) -> None:
    first = maya.ask(client_id="shared").body["id"]
    for tab in (stranger, page()):
        tab.open() if tab.session is None else None
        answer = tab.ask(client_id="shared")
        assert (answer.status, answer.body["id"] != first) == (201, True)


def test_the_intents_of_another_site_are_unknown(stranger: Page, maya: Page, neighbour) -> None:
    neighbour.intents.create(key="only-here", label="Only here", queue=Queue.objects.get(), channels=["chat"])
    foreign, absent = (bare(maya.ask(intent=key)) for key in ("only-here", "nowhere"))
    assert foreign == absent
    assert "only-here" not in json.dumps(maya.get("availability").body)


# -- the desk


@pytest.fixture
def foreign_desks(amira, tomas, cards: Queue) -> dict[str, Desk]:
    loans = Queue.objects.create(key="loans", name="Loans")
    return {
        "of another queue": Desk(make_agent("lena", "Lena", loans)),
        "of the same queue": Desk(tomas),
        "a supervisor of another queue": Desk(make_agent("sven", "Sven", loans, role="supervisor")),
    }


DESKS = ["of another queue", "of the same queue", "a supervisor of another queue"]


def test_an_agent_sees_the_callbacks_of_their_own_lines_alone(maya: Page, phone, foreign_desks, amira) -> None:
    asked = {"phone": MAYAS_NUMBER, "consent": "Call me.", "time_zone": "UTC"}
    owed = maya.ask(channel="callback", callback=asked).body["id"]
    seen = {who: desk.call("GET", "desk/callbacks") for who, desk in foreign_desks.items()}
    assert {answer.status for answer in seen.values()} == {200}
    found = {who: [one["id"] for one in answer.body["team"]] for who, answer in seen.items()}
    assert found == {"of the same queue": [owed], "of another queue": [], "a supervisor of another queue": []}
    assert {tuple(answer.body["mine"]) for answer in seen.values()} == {()}
    assert accept(amira, offer_to(amira)) == owed
    assert [one["id"] for one in Desk(amira).call("GET", "desk/callbacks").body["mine"]] == [owed]


@pytest.mark.parametrize("who", DESKS)
@pytest.mark.parametrize("stream", [streams.handoff, streams.desk])
def test_another_agents_handoff_is_told_like_an_absent_one(foreign_desks, amira, mayas: str, who: str, stream) -> None:
    path = "desk/handoffs/{0}/events?stream={1}"
    desk = foreign_desks[who]
    foreign, absent = (bare(desk.call("GET", path.format(id_, stream(id_)))) for id_ in (mayas, ABSENT))
    assert foreign == absent
    assert foreign[0] == 404
    assert Desk(amira).call("GET", path.format(mayas, stream(mayas))).status == 200
    foreign, absent = (bare(desk.call("GET", f"desk/handoffs/{id_}")) for id_ in (mayas, ABSENT))
    assert foreign == absent
    assert foreign[0] == 404


@pytest.mark.parametrize("who", DESKS)
def test_no_route_of_the_desk_tells_of_another_agents_handoff(foreign_desks, mayas: str, who: str) -> None:
    before = everything_told()
    for (method, path), body in DESK_BODIES.items():
        foreign, absent = (
            bare(foreign_desks[who].call(method, f"desk/handoffs/{id_}{path}", body)) for id_ in (mayas, ABSENT)
        )
        assert foreign == absent, (method, path)
        assert foreign[0] == 404, (method, path)
    assert everything_told() == before


def test_an_owner_reads_no_stream_but_the_handoffs_own(maya: Page, amira, tomas, mayas: str) -> None:
    desk = Desk(amira)
    others = [streams.agent(tomas.public_id), streams.agent(amira.public_id), streams.customer(maya.customer["id"])]
    for stream in (*others, streams.handoff(ABSENT), "", "handoff/%00", f"handoff/{mayas}/"):
        assert desk.call("GET", f"desk/handoffs/{mayas}/events?stream={stream}").status == 404


def test_a_customers_session_opens_no_desk(maya: Page, mayas: str) -> None:
    events = f"desk/handoffs/{mayas}/events?stream=handoff/{mayas}"
    for method, path in (("POST", "desk/ticket"), ("GET", "desk/callbacks"), ("GET", events)):
        assert maya.call(method, path).code == "session_required"


def test_a_sign_in_at_the_desk_opens_no_customers_route(amira, mayas: str) -> None:
    desk = Desk(amira)
    for method, path in CUSTOMERS_ROUTES:
        answer = desk.call(method, f"handoffs/{mayas}{path}", BODIES[method, path])
        assert (answer.status, answer.code) == (401, "session_required")


# -- commands

FIELDS: dict[str, dict[str, Any]] = {
    "typing": {},
    "message.send": {"client_id": "m9", "text": "hello"},
    "message.read": {"seq": 1},
    "journey.record": {"facts": [{"key": "k", "value": 1}]},
    "fact.strike": {"key": "charge", "source": "observed"},
    "handoff.cancel": {},
    "handoff.end": {},
    "note.add": {"text": "hello"},
    "fact.add": {"key": "k", "value": 1},
    "verification.request": {},
    "handoff.transfer": {"queue": "cards", "note": "hello"},
    "handoff.wrap_up": {"disposition": "resolved"},
    "channel.switch": {"channel": "chat"},
    "callback.snooze": {"minutes": 30},
    "callback.dial": {},
    "callback.reschedule": {"minutes": 30},
    "call.control": {"action": "hang_up"},
    "draft.keep": {"reply": "hello", "note": "", "mode": "reply", "clock": 1},
    "reask.record": {"key": "charge", "source": "observed", "client_id": "r1", "sent": True},
    "handoff.watch": {},
    "handoff.unwatch": {},
    "handoff.whisper": {"text": "hello"},
    "handoff.join": {},
    "handoff.leave": {},
    "handoff.take_over": {},
    "handoff.reassign": {"queue": "cards", "note": "hello"},
}
# Beside those on a handoff: what names a call or an offer, and what is about nobody else.
OTHERS = {"ping", "call.claim", "offer.accept", "offer.decline", "availability.set", "agent.set_away"}


def on_a_handoff(table: tuple[type, ...]) -> list[str]:
    return [command.NAME for command in table if "handoff" in command.__struct_fields__]


def test_every_command_on_a_handoff_is_in_the_matrix() -> None:
    assert {*on_a_handoff(commands.CUSTOMER_COMMANDS), *on_a_handoff(commands.AGENT_COMMANDS)} == set(FIELDS)
    named = {command.NAME for command in (*commands.CUSTOMER_COMMANDS, *commands.AGENT_COMMANDS)}
    assert named - set(FIELDS) == OTHERS


async def compare(socket: Any, name: str, handoff: str) -> None:
    before = await off_loop(everything_told)
    told = []
    for id_ in (handoff, ABSENT):
        answer = dict(await socket.command(name, handoff=id_, **FIELDS[name]))
        answer.pop("id")
        told.append(json.dumps(answer))
    assert told[0] == told[1], name
    assert json.loads(told[0])["code"] == "not_found", name
    assert await off_loop(everything_told) == before


@pytest.mark.parametrize("who", WHO)
async def test_no_command_of_a_customer_reaches_a_foreign_handoff(serving, outsiders, mayas: str, who: str) -> None:
    socket = await serving.customer(outsiders[who], origin=outsiders[who].origin)
    for name in on_a_handoff(commands.CUSTOMER_COMMANDS):
        await compare(socket, name, mayas)


@pytest.mark.parametrize("who", DESKS)
async def test_no_command_of_an_agent_reaches_a_foreign_handoff(serving, foreign_desks, mayas: str, who: str) -> None:
    socket = await serving.agent(foreign_desks[who])
    for name in on_a_handoff(commands.AGENT_COMMANDS):
        await compare(socket, name, mayas)


@pytest.mark.parametrize("name", ["offer.accept", "offer.decline"])
@pytest.mark.parametrize("who", DESKS)
async def test_an_offer_to_another_agent_is_told_like_an_absent_one(
    serving,
    foreign_desks,
    maya: Page,
    amira,
    who: str,
    name: str,
) -> None:
    await off_loop(maya.ask)
    offer = await off_loop(offer_to, amira)
    socket = await serving.agent(foreign_desks[who])
    told = [await socket.command(name, offer=id_, token=offer.token) for id_ in (offer.public_id, "of_absent")]
    assert {answer["code"] for answer in told} == {"offer_gone"}
    assert len({json.dumps(answer | {"id": ""}) for answer in told}) == 1


async def test_what_others_do_reaches_nobody_else(
    serving, outsiders, foreign_desks, maya: Page, mayas: str, amira
) -> None:
    sockets = [await serving.customer(tab, origin=tab.origin) for tab in outsiders.values()]
    sockets += [await serving.agent(desk) for desk in foreign_desks.values()]
    own, desk = await serving.customer(maya), await serving.agent(await off_loop(Desk, amira))
    await own.command("typing", handoff=mayas)
    await desk.command("message.send", handoff=mayas, client_id="a1", text="between us")
    await desk.command("message.read", handoff=mayas, seq=3)
    await own.event("message.posted", text="between us")
    await asyncio.gather(*(socket.settled() for socket in sockets))
    for socket in sockets:
        assert mayas not in json.dumps(socket.frames)
        assert maya.customer["id"] not in json.dumps(socket.frames)
