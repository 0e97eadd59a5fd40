"""R13: a process dies between asking for a dial and the answer. The customer's phone rings once, or not at all."""

from __future__ import annotations

import asyncio
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any, Final, Self
from urllib.parse import urlsplit

import pytest

from tests.faults import desk, ledger
from tests.faults.crowd import Crowd
from tests.faults.figures import note
from tests.faults.people import Agent, Customer
from tests.faults.stack import Process, Stack, off_loop
from tests.telephony.twiml_api import Api
from tests.telephony.twiml_engine import Phone, TwimlEngine

ACCOUNT: Final = "AC" + "5" * 32
TOKEN: Final = "the account's own token, of this test alone"
AGENTS_LINE: Final = "sip:agent-0@127.0.0.1"
CUSTOMERS_NUMBER: Final = "+447700900001"
OUR_NUMBER: Final = "+442079460000"
WAIT_SECONDS: Final = 30
_LINE: Final = f"""
[[sites.intents]]
key = "call-me"
label = "Call me"
queue = "quick"
channels = ["callback"]

[[sites.numbers]]
number = "{OUR_NUMBER}"
provider = "twilio"

[sites.calling]
quiet_hours = ""
"""
# A dead process's claim runs out.
CLAIMS_AGE: Final = (
    "UPDATE handoff_calltask SET claimed_at = claimed_at - interval '21 s' WHERE done_at IS NULL",
    "UPDATE handoff_call SET heard_at = heard_at - interval '21 s'",
)
A_MINUTE_PASSES: Final = (
    "UPDATE handoff_call SET created_at = created_at - interval '61 s', heard_at = heard_at - interval '61 s'",
)


class HeldApi(Api):
    """The provider as one process of ours sees it: a dial is taken, and the answer does not come."""

    def __init__(self, engine: TwimlEngine, network: Network) -> None:
        super().__init__(engine)
        self.network = network

    def answer(self, handler: BaseHTTPRequestHandler, method: str, form: dict[str, list[str]]) -> None:
        is_dial = method == "POST" and handler.path.endswith("/Calls.json")
        if is_dial and self.network.hold(self, form):
            if self.network.is_taken:
                self._handle(handler, method, form)
            self.network.has_died.wait(WAIT_SECONDS)
            return
        super().answer(handler, method, form)


class Network:
    """One account, with an address for each process of ours, so that it is known which of them asked."""

    def __init__(self, *, is_taken: bool) -> None:
        # Whether a dial whose answer is held back is made all the same.
        self.is_taken = is_taken
        self.dials: list[dict[str, list[str]]] = []
        self.asked: HeldApi | None = None
        self.has_died, self.may_report = threading.Event(), threading.Event()
        self.ports: list[int] = []
        self.engine = TwimlEngine("http://unused", TOKEN, transport=self.report, account=ACCOUNT)
        self.engine.phones |= {AGENTS_LINE: Phone(), CUSTOMERS_NUMBER: Phone()}
        self.apis = [HeldApi(self.engine, self) for _ in range(2)]
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        for api in self.apis:
            api.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.has_died.set()
        self.may_report.set()
        self.engine.end()
        for api in self.apis:
            api.stop()

    def hold(self, api: HeldApi, form: dict[str, list[str]]) -> bool:
        """The first dial of all is held; any other is a dial too many, and is counted."""
        with self._lock:
            self.dials.append(form)
            if self.asked is not None:
                return False
            self.asked = api
            return True

    def report(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        """A webhook to whichever server answers; the address that it is signed for stays the public one."""
        self.may_report.wait(WAIT_SECONDS)
        parts = urlsplit(url)
        for port in self.ports:
            address = f"http://127.0.0.1:{port}{parts.path}?{parts.query}"
            request = urllib.request.Request(address, data=body, headers=headers, method="POST")
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()
            except OSError:
                continue
        return 503, "nobody is there"


class Scene:
    """Two processes that can dial, a customer who is owed a call, and an agent who makes it."""

    def __init__(self, stack: Stack, network: Network, customer: Customer, agent: Agent) -> None:
        self.stack, self.network, self.customer, self.agent = stack, network, customer, agent

    async def dial(self) -> None:
        """Until one process has asked for it."""
        ack = await self.agent.command("callback.dial", handoff=self.customer.handoff)
        assert ack["ev"] == "ack", ack
        await until(lambda: self.network.asked is not None)

    async def kill_who_asked(self) -> None:
        process = dict(zip(self.network.apis, self.processes, strict=True))[self.asked]
        await off_loop(process.kill)
        self.network.has_died.set()
        self.network.ports = [one.port for one in self.processes if one is not process and one.port]

    @property
    def asked(self) -> HeldApi:
        assert self.network.asked is not None
        return self.network.asked

    @property
    def processes(self) -> list[Process]:
        return self.stack.servers[-2:]

    def call(self) -> tuple[Any, ...]:
        ((status, outcome, provider_id),) = self.rows("SELECT status, outcome, provider_id FROM handoff_call")
        return status, outcome, provider_id

    def rows(self, query: str) -> list[ledger.Row]:
        return ledger.rows(self.stack.database_url, query)

    async def becomes(self, status: str) -> None:
        await until(lambda: self.call()[0] == status, what=lambda: f"{self.call()}\n{self.stack.log_text()[-3000:]}")

    def pass_time(self, statements: tuple[str, ...]) -> None:
        ledger.change(self.stack.database_url, *statements)


async def until(check: Callable[[], Any], *, what: Callable[[], str] = str) -> None:
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while not await off_loop(check):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(what()) from None


@pytest.fixture(scope="module")
def phone_stack() -> Iterator[Stack]:
    """A server that nobody kills, for the sockets of people, and which reaches no provider."""
    with Stack(servers=1, workers=0, configuration=desk.configuration(agents=1, more=_LINE), TICK=0.5) as stack:
        ledger.change(stack.database_url, f"UPDATE handoff_agent SET audio = '{AGENTS_LINE}'")
        yield stack


@asynccontextmanager
async def callback_on_the_desk(stack: Stack, *, is_taken: bool) -> AsyncIterator[Scene]:
    with Network(is_taken=is_taken) as network:
        ledger.change(stack.database_url, "TRUNCATE handoff_call CASCADE")
        own = [network.apis[place].base for place in range(2)]
        account = {"HANDOFF_TWILIO_ACCOUNT_SID": ACCOUNT, "HANDOFF_TWILIO_AUTH_TOKEN": TOKEN}
        added = [await off_loop(stack.add_server, wait=False, **account, HANDOFF_TWILIO_API_BASE=base) for base in own]
        try:
            for server in added:
                await off_loop(server.wait_until_ready)
            network.ports = [server.port for server in added if server.port]
            async with Crowd(stack, customers=1, agents=1, ports=stack.ports[:1], connect=False) as crowd:
                (customer,), (agent,) = crowd.customers, crowd.agents
                asked = {"phone": CUSTOMERS_NUMBER, "consent": "You may call me.", "time_zone": "UTC"}
                await customer.click("call-me", channel="callback", callback=asked)
                async with asyncio.timeout(WAIT_SECONDS):
                    await customer.connected.wait()
                yield Scene(stack, network, customer, agent)
        finally:
            for server in added:
                stack.remove(server)


async def test_r13_a_dial_that_was_made_is_found_and_not_made_again(phone_stack: Stack) -> None:
    async with callback_on_the_desk(phone_stack, is_taken=True) as scene:
        await scene.dial()
        assert scene.call() == ("dialing", "", "")
        await scene.kill_who_asked()
        scene.pass_time(CLAIMS_AGE)
        # Nobody can say whether it was made; asked by our reference, the provider can.
        await until(lambda: scene.call()[2] != "", what=lambda: str(scene.call()))
        assert scene.call()[0] == "agent_ringing"
        scene.network.may_report.set()
        await scene.becomes("bridged")
        (made,) = [call for call in scene.network.engine.calls.values() if not call.parent]
        assert scene.call()[2] == made.sid
        scene.network.engine.hang_up(made)
        await scene.becomes("ended")
        assert len(scene.network.dials) == 1
        note("R13", "killed after the dial was made: found by our reference, one dial, the talk went on", of="made")


async def test_r13_a_dial_that_was_not_made_is_given_up_and_not_made_blindly(phone_stack: Stack) -> None:
    async with callback_on_the_desk(phone_stack, is_taken=False) as scene:
        scene.network.may_report.set()
        await scene.dial()
        await scene.kill_who_asked()
        scene.pass_time(CLAIMS_AGE)
        await scene.becomes("unknown")
        # The agent is impatient: it is still the same call.
        ack = await scene.agent.command("callback.dial", handoff=scene.customer.handoff)
        assert ack["ev"] == "ack", ack
        await until(lambda: not scene.rows("SELECT 1 FROM handoff_calltask WHERE done_at IS NULL"))
        assert scene.call()[0] == "unknown"
        scene.pass_time(A_MINUTE_PASSES)
        await scene.becomes("failed")
        # Tried again by the rule, when it comes due and an agent presses: not now, and not by itself.
        assert scene.rows("SELECT state FROM handoff_handoff ORDER BY id DESC LIMIT 1") == [("scheduled",)]
        assert len(scene.network.dials) == 1
        assert scene.network.engine.calls == {}
        note(
            "R13", "killed before the dial was made: unknown, then failed and scheduled anew, no second dial", of="lost"
        )
