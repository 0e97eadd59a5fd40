"""No sticky sessions: whatever one person does next, another server answers."""

from __future__ import annotations

import asyncio
import contextlib
import http.cookiejar
import itertools
import json
import re
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest

from tests.faults import desk, ledger
from tests.faults.carousel import Carousel
from tests.faults.checker import assert_kept
from tests.faults.crowd import Crowd
from tests.faults.figures import note, short_or_full
from tests.faults.guests import Guests, Watch, close, connect
from tests.faults.people import Agent, Customer
from tests.faults.person import Person
from tests.faults.stack import Stack, off_loop
from tests.faults.wire import Network

# Nobody is rung: what is booked here is days away.
PHONES: Final = {
    "HANDOFF_TWILIO_ACCOUNT_SID": "AC" + "5" * 32, "HANDOFF_TWILIO_AUTH_TOKEN": "the account's own token",
    "HANDOFF_TWILIO_API_BASE": "http://127.0.0.1:1",
}  # fmt: skip
FILE: Final = b"when,what\n2026-11-27,coffee\n"
_LINE: Final = """
[[sites.intents]]
key = "call-me"
label = "Call me"
queue = "quick"
channels = ["callback"]

[[sites.numbers]]
number = "+442079460000"
provider = "twilio"

[sites.calling]
quiet_hours = ""
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Three servers, so that next time is neither the same one nor always the same other one."""
    with Stack(
        servers=3, workers=1, configuration=desk.configuration(agents=5, more=_LINE), TICK=0.5, WRAP_UP=3,
        REVOCATION=0.5, env=PHONES,
    ) as running:  # fmt: skip
        # Somebody has to be there to keep what is promised.
        ledger.change(running.database_url, "UPDATE handoff_agent SET audio = 'sip:agent@127.0.0.1'")
        yield running


class Hall(Guests):
    """People who each have a way in of their own, which never leads to the same server twice."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack)
        self._ways = contextlib.AsyncExitStack()
        self._first = itertools.count()

    async def __aexit__(self, *details: object) -> None:
        await super().__aexit__(*details)
        await self._ways.aclose()

    async def way(self) -> Carousel:
        first = next(self._first) % len(self.stack.ports)
        return await self._ways.enter_async_context(Carousel(self.stack.ports, first=first))


@pytest.fixture
async def hall(stack: Stack) -> AsyncIterator[Hall]:
    async with Hall(stack) as open_hall:
        yield open_hall


async def test_a_whole_talk_from_server_to_server(stack: Stack, hall: Hall) -> None:
    way, desk_way = await hall.way(), await hall.way()
    maya, amira = await hall.customer(way.port), await hall.agent(0, desk_way.port)
    handoff = await connect(maya, amira)
    assert await maya.say(handoff, "from one server") is not None
    assert await amira.say(handoff, "and back from another") is not None
    for person in (maya, amira, maya, amira):
        await cut(person)
        assert await person.say(handoff, f"{person.name} is back, elsewhere") is not None
    await sent_again_elsewhere(maya, handoff)
    await file_handed_over(maya, amira, handoff)
    await close(amira, handoff)
    assert (await maya.call("GET", f"handoffs/{handoff}")).body["state"] == "closed"
    await maya.read_log()
    assert_kept(hall.history)
    assert hall.history.of("resync") == []
    for one in (way, desk_way):
        servers = [server for server, _ in one.taken]
        assert all(last != now for last, now in itertools.pairwise(servers))
        assert set(servers) == set(stack.ports)
        tickets = [place for place, (_, line) in enumerate(one.taken) if "ticket" in line]
        assert len(tickets) == 3
        assert all(one.taken[place + 1][1].startswith("GET /ws/") for place in tickets)
    calls = len(way.taken) + len(desk_way.taken)
    note("balancer", f"{calls} requests and sockets of two people, never twice at one server: one talk, nothing lost")


async def cut(person: Person) -> None:
    """Its socket is gone, and the next one is welcome; the ticket for it is of one server, the socket of another."""
    watch = Watch(person)
    assert person.socket is not None
    person.socket.abort()
    await watch.until(lambda frame: frame["ev"] == "welcome")


async def sent_again_elsewhere(maya: Customer, handoff: str) -> None:
    """A repeat is known wherever it comes."""
    body = {"client_id": "0198c0de-0000-7000-8000-000000000001", "text": "once, however often"}
    answers = [await maya.call("POST", f"handoffs/{handoff}/messages", body) for _ in range(4)]
    assert {answer.status for answer in answers} <= {200, 201}
    assert len({answer.body["seq"] for answer in answers}) == 1
    other = await maya.call("POST", f"handoffs/{handoff}/messages", body | {"text": "something else"})
    assert other.code == "idempotency_conflict"


async def file_handed_over(maya: Customer, amira: Agent, handoff: str) -> None:
    """Taken in by one server, sent through another, linked by a third and fetched from the next."""
    sent = await off_loop(upload, maya, handoff)
    file = {"client_id": "0198c0de-0000-7000-8000-000000000002", "text": "", "attachments": [sent["id"]]}
    answer = await maya.call("POST", f"handoffs/{handoff}/messages", file)
    assert answer.status in (200, 201), answer
    link = await amira.call("GET", f"desk/handoffs/{handoff}/attachments/{sent['id']}/link")
    assert link.status == 200, link
    path = urllib.parse.urlsplit(link.body["url"]).path
    got = await amira.call("GET", path.removeprefix("/api/v1/"))
    assert (got.status, got._body) == (200, FILE)


def upload(maya: Customer, handoff: str) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{maya.network.pick()}/api/v1/handoffs/{handoff}/attachments", data=FILE,
        headers={"Authorization": f"Bearer {maya.session}", "Origin": maya.origin(), "X-File-Name": "charges.csv",
                 "Content-Type": "text/csv"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


async def test_a_callback_is_booked_seen_and_taken_back(stack: Stack, hall: Hall) -> None:
    maya, amira = await hall.customer((await hall.way()).port), await hall.agent(1, (await hall.way()).port)
    slots = await maya.call("GET", "availability/slots?intent=call-me&time_zone=Europe/London")
    last = slots.body["slots"][-1]
    window = {name: last[name] for name in ("date", "from", "to")}
    wish = {"phone": "+447700900001", "consent": "You may call me.", "time_zone": "Europe/London", "window": window}
    handoff = await maya.click("call-me", channel="callback", callback=wish)
    assert (await maya.call("GET", f"handoffs/{handoff}")).body["callback"]["window"] is not None
    seen = await amira.call("GET", "desk/callbacks")
    assert handoff in str(seen.body)
    cancelled = await maya.call("POST", f"handoffs/{handoff}/cancel")
    assert cancelled.status == 200
    assert handoff not in str((await amira.call("GET", "desk/callbacks")).body)


async def test_the_door_of_the_console_opens_and_shuts_at_all_servers(stack: Stack, hall: Hall) -> None:
    """The form, its CSRF token, the sign-in and the page behind it, and the sign-out: each at another server."""
    way = await hall.way()
    browser = Browser(f"http://127.0.0.1:{way.port}", origin=stack.public_origin)
    form = await off_loop(browser.get, "/accounts/login/")
    entered = await off_loop(browser.post, "/accounts/login/", token_of(form), login="agent-2", password=desk.PASSWORD)
    assert 'name="password"' not in entered
    assert "/accounts/login/" not in await off_loop(browser.address_of, "/console/")
    signed_in = desk.SignedIn("agent-2", stack.agents[2].id, browser.cookie("handoff_sessionid"))
    amira = Agent(signed_in, stack, Network([way.port]), hall.history, hall.manners)
    amira.available = False
    hall.agents.append(amira)
    amira.start()
    await amira.online()
    watch = Watch(amira)
    page = await off_loop(browser.get, "/accounts/logout/")
    await off_loop(browser.post, "/accounts/logout/", token_of(page))
    # The socket is at a server that saw nothing of the sign-out.
    await watch.until(lambda frame: frame["ev"] == "bye")
    assert "/accounts/login/" in await off_loop(browser.address_of, "/console/")


def token_of(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None, page[:500]
    return found[1]


class Browser:
    """Cookies and redirects; every request is a connection of its own."""

    def __init__(self, base: str, *, origin: str) -> None:
        self._base, self._origin = base, origin
        self._cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))

    def get(self, path: str) -> str:
        return self._open(path)[0]

    def address_of(self, path: str) -> str:
        """Where one ends up who asks for this page."""
        return self._open(path)[1]

    def post(self, path: str, token: str, **fields: str) -> str:
        return self._open(path, urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": token}).encode())[0]

    def cookie(self, name: str) -> str:
        return next(str(cookie.value) for cookie in self._cookies if cookie.name == name)

    def _open(self, path: str, body: bytes | None = None) -> tuple[str, str]:
        headers = {"Origin": self._origin} if body is not None else {}
        request = urllib.request.Request(self._base + path, data=body, headers=headers)
        with self._opener.open(request, timeout=20) as answer:
            return answer.read().decode(), answer.url


async def test_limits_are_counted_by_all_servers_together() -> None:
    """Whoever goes from server to server has hardly more than who stays: three times five, if each counted alone."""
    with Stack(
        servers=3, workers=0, configuration=desk.configuration(agents=4, more=_LINE), env={"HANDOFF_LIMIT_SCALE": "1"}
    ) as strict:  # fmt: skip
        async with Hall(strict) as hall:
            maya = await hall.customer((await hall.way()).port)
            taken = 0
            for number in range(18):
                body = {"client_id": f"0198c0de-0000-7000-8000-0000000001{number:02}", "intent": "dispute-charge"}
                answer = await maya.call("POST", "handoffs", body | {"channel": "chat"})
                assert answer.status in (201, 429), answer
                if answer.status == 201:
                    taken += 1
                    await maya.call("POST", f"handoffs/{answer.body['id']}/cancel")
            # A server for which Redis takes longer than 50 ms counts by itself for a while: more on a busy machine.
            assert 5 <= taken < 10


async def test_a_crowd_that_never_comes_to_the_same_server_twice(stack: Stack) -> None:
    """While it talks, its lines are cut again and again."""
    async with contextlib.AsyncExitStack() as ways:
        crowd = Crowd(stack, customers=short_or_full(6, 40), agents=short_or_full(2, 5))
        carousels = []
        for place, person in enumerate(crowd.people):
            carousels.append(await ways.enter_async_context(Carousel(stack.ports, first=place % 3)))
            person.network = Network([carousels[-1].port])
        async with crowd:
            crowd.answer_back()
            talk = asyncio.create_task(crowd.chatter(each=short_or_full(10, 100), gap_seconds=0.1))
            for person in crowd.people * short_or_full(2, 4):
                if person.socket is not None:
                    person.socket.abort()
                await asyncio.sleep(0.2)
            await talk
            await crowd.assert_all_kept()
            acked = len({ack["client_id"] for ack in crowd.history.of("ack")})
            sockets = sum(len(one.servers_of("GET /ws/")) for one in carousels)
            assert acked == 2 * short_or_full(10, 100) * len(crowd.customers)
        for one in carousels:
            assert all(last != now for last, now in itertools.pairwise(server for server, _ in one.taken))
        note(
            "balancer",
            f"{len(carousels)} people, {sockets} sockets, each elsewhere: {acked:,} acked, 0 lost",
            of="crowd",
        )
