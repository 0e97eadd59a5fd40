"""The named cast: one site and its neighbour, one verified customer, two agents, a stranger."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from handoff.identity import doorstep, keys
from handoff.identity.models import Site, SiteKey
from handoff.intents.models import Intent
from handoff.lib.clock import utc_now
from handoff.routing import waits
from handoff.staffing.models import Agent, Queue, User
from handoff.telephony import registry
from tests import repetition
from tests.phones import give_line, set_up_phone
from tests.scripted_phone import ScriptedPhone

SECRET = "the harbour site's own secret, 32 bytes and more"
OTHER_SECRET = "the neighbouring site's secret, 32 bytes and more"
SITE_ORIGIN = "http://127.0.0.1:8001"
OTHER_ORIGIN = "http://127.0.0.1:8003"
PASSWORD = "a long enough passphrase"
_numbers = itertools.count(1)


@dataclass
class Answer:
    """An HTTP answer, with what tests ask of it."""

    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> str | None:
        return self.body.get("error", {}).get("code") if isinstance(self.body, dict) else None


class Page:
    """A customer's page: the customer API as one browser tab uses it."""

    def __init__(self, site: Site, origin: str, secret: str) -> None:
        self.site, self.origin, self.secret = site, origin, secret
        self.session: str | None = None
        self.customer: dict[str, Any] = {}
        self._client = Client()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {"Origin": self.origin} | ({"Authorization": f"Bearer {self.session}"} if self.session else {})
        sent |= headers
        response = self._client.generic(
            method,
            f"/api/v1/{path}",
            data=body if isinstance(body, (bytes, str)) else "" if body is None else json.dumps(body),
            content_type="application/json",
            headers={name: value for name, value in sent.items() if value is not None},
        )
        return Answer(response.status_code, response.json() if response.content else None, response.headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, body, **headers)

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)

    def open(self, token: str | None = None) -> Answer:
        body = {"site": self.site.key} | ({"identity_token": token} if token else {})
        answer = self.post("sessions", body)
        if answer.status in (200, 201):
            self.session, self.customer = answer.body["token"], answer.body["customer"]
        return answer

    def ask(self, **fields: Any) -> Answer:
        body = {"client_id": f"click-{next(_numbers)}", "intent": "dispute-charge", "channel": "chat"}
        return self.post("handoffs", body | fields)

    def token(self, *, sub: str = "maya-1", kid: str | None = None, **claims: Any) -> str:
        now = int(time.time())
        body = {
            "iss": self.site.key,
            "aud": settings.PUBLIC_ORIGIN,
            "sub": sub,
            "iat": now,
            "exp": now + 240,
            "jti": f"token-identifier-{next(_numbers):06d}-{time.time_ns()}",
        } | claims
        said = {name: value for name, value in body.items() if value is not ...}
        return jwt.encode(said, self.secret, "HS256", headers={"kid": kid} if kid else None)


def make_site(key: str, name: str, origin: str, secret: str, queue: Queue) -> Site:
    site = Site.objects.create(key=key, name=name, origins=[origin], allow_unverified=True)
    SiteKey.objects.create(
        site=site, kid="k1", algorithm="HS256", encrypted_secret=keys.encrypt(secret), created_at=utc_now()
    )
    Intent.objects.create(
        site=site, key="dispute-charge", label="Dispute a charge", queue=queue, channels=["chat", "callback"]
    )
    Intent.objects.create(site=site, key="lost-card", label="Lost card", queue=queue, channels=["chat"], place=1)
    return site


def make_agent(
    username: str, name: str, *queues: Queue, capacity: int = 3, role: str = "agent", audio: str = ""
) -> Agent:
    user = User.objects.create_user(username, password=PASSWORD, is_staff=role == "admin", is_superuser=role == "admin")
    agent = Agent.objects.create(user=user, name=name, capacity=capacity, role=role, audio=audio)
    agent.queues.set(queues)
    return agent


def pytest_configure() -> None:
    repetition.spare()
    # Where Django's own flush is needed. TRUNCATE makes new files for every table; these hold a few rows at most.
    if connection.vendor == "postgresql":
        connection.ops.sql_flush = _deletions  # type: ignore[method-assign]


def _deletions(style: object, tables: list[str], **_: bool) -> list[str]:
    named = (connection.ops.quote_name(table) for table in tables)
    return ["; ".join(f"DELETE FROM {table}" for table in named)] if tables else []


def pytest_unconfigure() -> None:
    """SQLite leaves the write-ahead log of a dropped test database behind."""
    for path in (settings.BASE_DIR / "var").glob(f"test-{os.getpid()}.sqlite3*"):
        path.unlink()
    shutil.rmtree(settings.BASE_DIR / "var" / f"test-{os.getpid()}-attachments", ignore_errors=True)


@pytest.fixture(autouse=True)
def look_anew() -> None:
    """What another test's line promised, or its site listed, is not told in this one's."""
    waits.forget()
    doorstep.forget()


@pytest.fixture
def cards(db: None) -> Queue:
    return Queue.objects.create(key="cards", name="Cards")


@pytest.fixture
def harbour(cards: Queue) -> Site:
    return make_site("harbour", "Harbour Bank", SITE_ORIGIN, SECRET, cards)


@pytest.fixture
def neighbour(cards: Queue) -> Site:
    return make_site("neighbour", "Neighbour", OTHER_ORIGIN, OTHER_SECRET, cards)


@pytest.fixture
def amira(cards: Queue) -> Agent:
    return make_agent("amira", "Amira", cards)


@pytest.fixture
def tomas(cards: Queue) -> Agent:
    return make_agent("tomas", "Tomas", cards)


@pytest.fixture
def page(harbour: Site) -> Callable[[], Page]:
    """A new tab on Harbour Bank's site."""
    return lambda: Page(harbour, SITE_ORIGIN, SECRET)


@pytest.fixture
def maya(page: Callable[[], Page]) -> Page:
    """The verified customer, signed in."""
    tab = page()
    answer = tab.open(
        tab.token(name="Maya Chen", amr=["pwd", "otp"], acr="urn:bank:2", auth_time=int(time.time()) - 180)
    )
    assert answer.status == 201, answer.body
    return tab


@pytest.fixture
def phone(harbour: Site, amira: Agent, tomas: Agent) -> Iterator[ScriptedPhone]:
    """Harbour Bank has a number, its agents have a line each, and the network does what the test says."""
    network = ScriptedPhone()
    registry.add(network)
    set_up_phone(harbour)
    give_line(amira, tomas)
    yield network
    registry.remove(network.name)


@pytest.fixture
def stranger(neighbour: Site) -> Iterator[Page]:
    """A customer of the neighbouring site."""
    tab = Page(neighbour, OTHER_ORIGIN, OTHER_SECRET)
    assert tab.open(tab.token(sub="stranger-1")).status == 201
    return tab
