"""One server with its people, a local Twilio that rings it, and the way between the two, which a test may cut."""

from __future__ import annotations

import contextlib
import itertools
import re
import sqlite3
import string
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from deploy.example_site import SITE_DIR
from tests.faults import desk
from tests.faults.guests import Guests, Watch, close
from tests.faults.people import Agent, Customer
from tests.faults.stack import Stack, off_loop
from tests.faults.wire import Frame
from tests.telephony.twiml_engine import Call, TwimlEngine, through_http

ACCOUNT: Final = "AC00000000000000000000000000000001"
TOKEN: Final = "the account's own token, 32 chars"
VOICE_SECRET: Final = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
NUMBER: Final = "+442079460000"
# Behind somebody's own phone system.
OTHER_NUMBER: Final = "+442079460001"
AMIRA: Final = "sip:amira@lab"
# Tomas is at home: a phone, which is asked to press 1.
TOMAS: Final = "+442079460999"
CONSENT: Final = "You may call me about this."
LATE_SECONDS: Final = 20.0
# What an address of ours carries to say when it was rendered.
_STAMP: Final = re.compile(r"[?&;]t=\d+")
_mobiles = itertools.count(1)


def configuration() -> str:
    """The demo's own file, with another provider behind its number and a phone for Tomas."""
    passwords = {f"{name}_password": desk.PASSWORD for name in ("amira", "tomas", "admin")}
    values = {"hmac_secret": desk.SECRET, "example_port": str(urlsplit(desk.SITE_ORIGIN).port), **passwords}
    text = string.Template((SITE_DIR / "handoff.toml").read_text()).safe_substitute(values)
    for former, here in (('provider = "lab"', 'provider = "twilio"'), ("sip:tomas@lab", TOMAS)):
        assert former in text
        text = text.replace(former, here)
    # After the one that calls are made from.
    intents = "[[sites.intents]]\n"
    other = f'[[sites.numbers]]\nnumber = "{OTHER_NUMBER}"\nprovider = "generic"\n\n'
    return text.replace(intents, other + intents, 1)


@dataclass
class Way:
    """From Twilio to the server, behind its public address; what comes while it is cut comes later."""

    port: int = 0
    is_open: threading.Event = field(default_factory=threading.Event)
    # Each request is made twice, and both answers are kept, without the time at which they were rendered.
    is_doubling: bool = False
    pairs: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        assert self.is_open.wait(LATE_SECONDS), "the way stayed cut"
        parts = urlsplit(url)
        here = parts._replace(netloc=f"127.0.0.1:{self.port}").geturl()
        if self.is_doubling:
            first, again = (through_http(here, body, headers) for _ in range(2))
            self.pairs.append((_without_time(first), _without_time(again)))
            return first
        return through_http(here, body, headers)


def _without_time(answer: tuple[int, str]) -> str:
    status, text = answer
    return f"{status} " + _STAMP.sub("", text)


class Line:
    def __init__(self, stack: Stack, engine: TwimlEngine, way: Way) -> None:
        self.stack, self.engine, self.way = stack, engine, way

    # -- what Twilio was asked

    def made(self) -> list[dict[str, list[str]]]:
        """Calls that it was asked to make."""
        return [
            form for method, path, form in self.engine.api.requests if method == "POST" and path.endswith("/Calls.json")
        ]

    def moves(self, call: Call) -> list[str]:
        """Documents that a live call was given by REST."""
        asked = self.engine.api.requests
        return [form["Twiml"][0] for _, path, form in asked if path.endswith(f"/{call.sid}.json") and "Twiml" in form]

    def dial_of(self, handoff: str) -> Call | None:
        """The call at Twilio of this handoff's dial, by our reference in the address that it was given."""
        [(reference,)] = self.ask(
            "SELECT c.public_id FROM handoff_call c JOIN handoff_handoff h ON h.id = c.handoff_id"
            " WHERE h.public_id = ? ORDER BY c.id DESC LIMIT 1",
            handoff,
        )
        outbound = [call for call in self.engine.calls.values() if call.direction == "outbound-api"]
        return next((call for call in outbound if f"ref={reference}" in str(call.events)), None)

    async def until(self, condition: Any, *, seconds: float = 45.0) -> None:
        await off_loop(self.engine.wait, condition, seconds=seconds)

    # -- what is stored

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self._database, timeout=10)) as connection:
            return connection.execute(query, values).fetchall()

    def count(self) -> dict[str, int]:
        """Rows of what a call leaves behind."""
        tables = ("call", "callreport", "calltask", "handoff", "customer", "wrongcode", "logentry")
        return {table: self.ask(f"SELECT count(*) FROM handoff_{table}")[0][0] for table in tables}

    @property
    def _database(self) -> str:
        return str(self.stack.home / "db.sqlite3")


@contextlib.contextmanager
def running_line() -> Iterator[Line]:
    way = Way()
    stack = Stack(servers=1, workers=0, database="sqlite", redis=False, configuration=configuration(), TICK=0.3)
    with TwimlEngine(stack.public_origin, TOKEN, transport=way, account=ACCOUNT, second=0.02) as engine:
        stack.env |= {
            "HANDOFF_TWILIO_ACCOUNT_SID": ACCOUNT,
            "HANDOFF_TWILIO_AUTH_TOKEN": TOKEN,
            "HANDOFF_TWILIO_API_BASE": engine.api.base,
            "HANDOFF_VOICE_SECRET": VOICE_SECRET,
        }
        with stack:
            [way.port] = stack.ports
            way.is_open.set()
            yield Line(stack, engine, way)
            engine.end()


# -- people


class Visit:
    """One verified customer in the page, and what it heard."""

    def __init__(self, customer: Customer, mobile: str) -> None:
        self.customer, self.mobile, self.heard = customer, mobile, Watch(customer)

    @classmethod
    async def begin(cls, guests: Guests) -> Visit:
        mobile = f"+447700900{next(_mobiles):03d}"
        return cls(await guests.customer(phone_number=mobile), mobile)

    async def ask_for_code(self) -> tuple[str, str]:
        """The handoff and its code."""
        handoff = await self.customer.click(channel="phone")
        shown = await self.customer.call("GET", f"handoffs/{handoff}")
        return handoff, str(shown.body["phone"]["code"])

    async def ask_for_callback(self) -> str:
        callback = {"phone": self.mobile, "consent": CONSENT, "time_zone": "Europe/London"}
        return await self.customer.click(channel="callback", callback=callback)

    async def say_it_is_me(self, handoff: str) -> Frame:
        """The tap; answers the call that it was about."""
        call = await call_is(self.heard, claim="asked")
        answer = await self.customer.call("POST", f"handoffs/{handoff}/claim", {"call": call["id"], "mine": True})
        assert answer.status == 200, answer
        return call


class Seat:
    """One agent at the console, and what it heard."""

    def __init__(self, agent: Agent) -> None:
        self.agent, self.heard = agent, Watch(agent)

    @classmethod
    async def take(cls, guests: Guests, username: str, *, available: bool = True) -> Seat:
        number = [one.username for one in guests.stack.agents].index(username)
        return cls(await guests.agent(number, decide=lambda offer: "accept", available=available))

    async def begin_work(self) -> None:
        await self.agree("availability.set", available=True)

    async def assigned(self, handoff: str) -> Frame:
        return (await self.heard.event("handoff.assigned", id=handoff))["data"]  # type: ignore[no-any-return]

    async def agree(self, command: str, **fields: Any) -> None:
        answer = await self.agent.command(command, **fields)
        assert answer["ev"] == "ack", answer

    async def render(self, handoff: str) -> None:
        await self.agree("call.control", handoff=handoff, action="rendered")

    async def wrap_up(self, handoff: str) -> None:
        await close(self.agent, handoff)
        await self.heard.event("handoff.changed", state="closed")


async def call_is(heard: Watch, **fields: Any) -> Frame:
    """The call once it was told to be so."""
    frame = await heard.until(
        lambda one: one.get("type") == "call.changed" and fields.items() <= one["data"]["call"].items()
    )
    return frame["data"]["call"]  # type: ignore[no-any-return]
