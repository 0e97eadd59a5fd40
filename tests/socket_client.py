"""Clients of the two sockets, driven in this process: each keeps every frame that it was sent."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from handoff.config.asgi import application
from handoff.staffing.models import Agent
from tests.conftest import Answer, Page

# On a machine that others use too.
PATIENCE_SECONDS = 20.0
_ids = itertools.count(1)
Frame = dict[str, Any]


class Desk:
    """An agent's browser, signed in."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(agent.user)
        self.client.get("/console/")

    def call(self, method: str, path: str, body: Any = None, **headers: str | None) -> Answer:
        token = self.client.cookies[settings.CSRF_COOKIE_NAME].value
        sent = {"Origin": settings.PUBLIC_ORIGIN, "X-CSRFToken": token} | headers
        response = self.client.generic(
            method,
            f"/api/v1/{path}",
            data="" if body is None else json.dumps(body),
            content_type="application/json",
            headers={name: value for name, value in sent.items() if value is not None},
        )
        return Answer(response.status_code, response.json() if response.content else None, response.headers)

    def ticket(self) -> str:
        answer = self.call("POST", "desk/ticket")
        assert answer.status == 200, answer.body
        return str(answer.body["ticket"])


def ticket_of(page: Page) -> str:
    answer = page.post("sessions/ticket")
    assert answer.status == 200, answer.body
    return str(answer.body["ticket"])


class Socket:
    """One WebSocket of one person."""

    def __init__(self, path: str, origin: str | None, *, subprotocols: tuple[str, ...] = ("handoff.v1",)) -> None:
        headers = [] if origin is None else [(b"origin", origin.encode())]
        self.wire = WebsocketCommunicator(self._served, path, headers=headers, subprotocols=list(subprotocols))
        self.is_reading = asyncio.Event()
        self.is_reading.set()
        self.frames: list[Frame] = []
        self.close_code: int | None = None
        self._resumed: dict[str, int] = {}
        self._news = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None

    async def open(self) -> bool:
        """True if the handshake was accepted."""
        accepted, detail = await self.wire.connect(timeout=PATIENCE_SECONDS)
        if accepted:
            assert detail == "handoff.v1"
            self._pump = asyncio.create_task(self._read())
        else:
            self.close_code = detail
        return bool(accepted)

    async def hello(self, ticket: str, resume: Frame | None = None) -> Frame:
        self._resumed = resume["cursors"] if resume else {}
        await self.say({"cmd": "hello", "ticket": ticket, "resume": resume, "client": "test/1"})
        return await self.until(lambda frame: frame["ev"] == "welcome")

    async def say(self, frame: Frame | str | bytes) -> None:
        text = json.dumps(frame) if isinstance(frame, dict) else frame
        kind = "bytes" if isinstance(text, bytes) else "text"
        await self.wire.send_input({"type": "websocket.receive", kind: text})

    async def command(self, name: str, **fields: Any) -> Frame:
        """The ack or the error that answers it."""
        return await self.answer(await self.ask(name, **fields))

    async def ask(self, name: str, **fields: Any) -> str:
        """Send a command without waiting; answers its id."""
        command_id = f"c{next(_ids)}"
        await self.say({"cmd": name, "id": command_id} | fields)
        return command_id

    async def answer(self, command_id: str) -> Frame:
        return await self.until(lambda frame: frame["ev"] in ("ack", "error") and frame["id"] == command_id)

    async def event(self, type_: str, **data: Any) -> Frame:
        """The first event of a type whose data holds these values."""
        return await self.until(
            lambda frame: (
                frame["ev"] == "event"
                and frame["type"] == type_
                and all(frame["data"].get(name) == value for name, value in data.items())
            )
        )

    async def until(self, check: Callable[[Frame], bool]) -> Frame:
        looked = 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for frame in self.frames[looked:]:
                    if check(frame):
                        return frame
                looked = len(self.frames)
                assert self.close_code is None, f"closed {self.close_code}: {self.frames[-3:]}"
                self._news.clear()
                await self._news.wait()

    async def ended(self) -> int:
        """The close code, once the server has said bye and closed."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.close_code is None:
                assert not self._is_dead(), "the socket died without a bye"
                self._news.clear()
                news = asyncio.ensure_future(self._news.wait())
                await asyncio.wait([news, self.wire.future], return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
                await asyncio.sleep(0.01)
        assert self.frames[-1]["ev"] == "bye", self.frames[-1]
        return self.close_code

    def _is_dead(self) -> bool:
        return self.wire.future.done() and self.wire.output_queue.empty()

    async def settled(self) -> list[Frame]:
        """Everything received until now: this answer comes after whatever was under way, and is left out."""
        answer = await self.command("message.read", handoff="ho_absent", seq=0)
        assert answer["code"] == "not_found", answer
        self.frames.remove(answer)
        return self.frames

    def events(self, stream: str) -> list[Frame]:
        return [frame for frame in self.frames if frame["ev"] == "event" and frame["stream"] == stream]

    def cursors(self) -> dict[str, int]:
        """How far it has read each stream, as a client would remember it."""
        found: dict[str, int] = {}
        for frame in self.frames:
            if frame["ev"] == "welcome":
                found = {stream: self._resumed.get(stream, head) for stream, head in frame["heads"].items()}
            elif frame["ev"] == "resync":
                found |= self.frames[0]["heads"]
            elif frame["ev"] == "event":
                assert frame["seq"] == found.get(frame["stream"], frame["seq"] - 1) + 1, f"a gap or a double: {frame}"
                found[frame["stream"]] = frame["seq"]
                found = frame["data"].get("heads", {}) | found
        return found

    async def leave(self) -> None:
        """The client goes away; safe to call twice."""
        if not self.wire.future.done():
            await self.wire.send_input({"type": "websocket.disconnect", "code": 1001})
            await self.wire.wait(timeout=PATIENCE_SECONDS)
        if self._pump is not None:
            self._pump.cancel()

    async def _served(self, scope: Any, receive: Any, send: Any) -> None:
        """The application; while the client does not read, its sends do not return."""

        async def send_when_read(message: Any) -> None:
            await self.is_reading.wait()
            await send(message)

        await application(scope, receive, send_when_read)

    async def _read(self) -> None:
        while True:
            message = await self.wire.output_queue.get()
            if message["type"] == "websocket.close":
                assert message["reason"] == self.frames[-1]["code"]
                self.close_code = message["code"]
            else:
                self.frames.append(json.loads(message["text"]))
            self._news.set()
