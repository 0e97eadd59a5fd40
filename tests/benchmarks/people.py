"""Customers and agents as the public contract knows them: HTTP, tickets, sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
import uuid
from collections.abc import Callable
from typing import Any, Self

import httpx
import websockets

from tests.benchmarks.deployment import AGENT_PASSWORD, Deployment

JOURNEY = {
    "steps": [
        {"path": "/accounts", "title": "Accounts", "status": "done", "at": "2026-01-05T10:00:00.000Z"},
        {"path": "/accounts/cards", "title": "Cards", "status": "done", "at": "2026-01-05T10:00:20.000Z"},
        {"path": "/dispute/1", "title": "Which charge?", "status": "done", "at": "2026-01-05T10:00:40.000Z"},
        {"path": "/dispute/2", "title": "What happened?", "status": "done", "at": "2026-01-05T10:01:00.000Z"},
        {
            "name": "upload-receipt", "path": "/dispute/3", "status": "failed", "error": "FILE_TOO_LARGE",
            "at": "2026-01-05T10:01:30.000Z",
        },
    ],
    "facts": [{"key": "charge", "label": "Charge", "value": "GBP 42.10, Corner Cafe"}],
}  # fmt: skip

Frame = dict[str, Any]


class Socket:
    """One open socket; every frame gets the time at which it was read."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self.welcome: Frame = {}
        self._count = 0
        self._waits: list[tuple[Callable[[Frame], bool], asyncio.Future[Frame]]] = []
        self._pump = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, deployment: Deployment, role: str, ticket: str, origin: str) -> Self:
        connection = await websockets.connect(
            f"{deployment.origin.replace('http', 'ws')}/ws/{role}",
            origin=websockets.Origin(origin), subprotocols=[websockets.Subprotocol("handoff.v1")],
            compression=None, proxy=None, max_size=2**22,
        )  # fmt: skip
        self = cls(connection)
        welcomed = self.expect(lambda frame: frame["ev"] == "welcome")
        await self.send({"cmd": "hello", "ticket": ticket, "resume": None, "client": "benchmark/1"})
        self.welcome = await welcomed
        return self

    async def send(self, frame: Frame) -> None:
        await self.connection.send(json.dumps(frame))

    def expect(self, suits: Callable[[Frame], bool], seconds: float = 15) -> asyncio.Future[Frame]:
        """The next frame that suits, from now on."""
        future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waits.append((suits, future))
        asyncio.get_running_loop().call_later(seconds, _give_up, future)
        return future

    def event(
        self, type_: str, suits: Callable[[Frame], bool] = lambda data: True, seconds: float = 15
    ) -> asyncio.Future[Frame]:
        return self.expect(lambda frame: frame.get("type") == type_ and suits(frame["data"]), seconds)

    async def command(self, name: str, **fields: Any) -> Frame:
        self._count += 1
        id_ = f"c{self._count}"
        answered = self.expect(lambda frame: frame.get("id") == id_ and frame["ev"] in ("ack", "error"))
        await self.send({"cmd": name, "id": id_} | fields)
        answer = await answered
        if answer["ev"] == "error":
            raise AssertionError(f"{name}: {answer['code']} {answer['message']}")
        return answer

    async def close(self) -> None:
        await self.connection.close()
        self._pump.cancel()

    async def _read(self) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for raw in self.connection:
                now = time.perf_counter()
                frame: Frame = json.loads(raw)
                frame["read_at"] = now
                for wait in tuple(self._waits):
                    if wait[1].done():
                        self._waits.remove(wait)
                    elif wait[0](frame):
                        self._waits.remove(wait)
                        wait[1].set_result(frame)


def _give_up(future: asyncio.Future[Frame]) -> None:
    if not future.done():
        future.set_exception(TimeoutError("an expected frame did not come"))


class Customer:
    """A verified customer on the site's page."""

    def __init__(self, deployment: Deployment, subject: str, http: httpx.AsyncClient) -> None:
        self.deployment, self.subject, self._http = deployment, subject, http
        self._headers = {"Origin": deployment.site_origin}

    async def open(self) -> Self:
        body = {"site": "harbour", "identity_token": self.deployment.sign(self.subject)}
        answer = await self.post("sessions", body)
        self._headers["Authorization"] = f"Bearer {answer['token']}"
        return self

    async def post(self, path: str, body: object = None) -> dict[str, Any]:
        response = await self._http.post(f"/api/v1/{path}", json=body, headers=self._headers)
        if response.is_error:
            raise AssertionError(f"POST {path}: {response.status_code} {response.text[:300]}")
        answer: dict[str, Any] = response.json() if response.content else {}
        return answer

    async def click(self, channel: str = "chat") -> dict[str, Any]:
        """The start button: one handoff with the whole journey."""
        return await self.post(
            "handoffs",
            {
                "client_id": str(uuid.uuid4()), "intent": "dispute-charge", "channel": channel,
                "statement": "I did not buy this coffee.", "journey": JOURNEY,
            },
        )  # fmt: skip

    async def cancel(self, handoff: str) -> None:
        await self.post(f"handoffs/{handoff}/cancel")

    async def ticket(self) -> str:
        return str((await self.post("sessions/ticket"))["ticket"])

    async def socket(self) -> Socket:
        return await Socket.open(self.deployment, "customer", await self.ticket(), self.deployment.site_origin)


class Agent:
    """An agent with a signed-in browser."""

    def __init__(self, deployment: Deployment, username: str) -> None:
        self.deployment, self.username = deployment, username
        self.http = httpx.AsyncClient(
            base_url=deployment.origin, timeout=30, trust_env=False, follow_redirects=True,
            headers={"Origin": deployment.origin, "Referer": f"{deployment.origin}/"},
        )  # fmt: skip

    async def sign_in(self) -> Self:
        page = await self.http.get("/accounts/login/")
        hidden = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        form = {"login": self.username, "password": AGENT_PASSWORD}
        form["csrfmiddlewaretoken"] = hidden[1] if hidden else self.csrf()
        await self.http.post("/accounts/login/", data=form)
        if "handoff_sessionid" not in self.http.cookies:
            raise AssertionError(f"{self.username} could not sign in")
        return self

    def csrf(self) -> str:
        return self.http.cookies.get("handoff_csrftoken", "")

    async def ticket(self) -> str:
        answer = await self.http.post("/api/v1/desk/ticket", headers={"X-CSRFToken": self.csrf()})
        answer.raise_for_status()
        return str(answer.json()["ticket"])

    async def socket(self) -> Socket:
        return await Socket.open(self.deployment, "agent", await self.ticket(), self.deployment.origin)


def client(deployment: Deployment) -> httpx.AsyncClient:
    """One pool of connections for many customers."""
    return httpx.AsyncClient(base_url=deployment.origin, timeout=30, trust_env=False)


async def connect_talk(customer: Customer, desk: Socket) -> str:
    """The customer clicks, the agent accepts; answers the handoff's id."""
    offered = desk.event("offer.made")
    handoff = str((await customer.click())["id"])
    offer = (await offered)["data"]
    await desk.command("offer.accept", offer=offer["id"], token=offer["token"])
    return handoff
