"""One person's socket: it comes back by itself, sends again what was not answered, and notices a gap or a double."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from handoff.simulation.ledger import WAITED, Ledger
from handoff.simulation.stage import Plan
from handoff.simulation.web import Refused

Frame = dict[str, Any]

ANSWER_SECONDS: Final = 30.0
# After these a client stays away: forbidden, superseded, outdated.
STAY_AWAY: Final = frozenset({4403, 4409, 4426})
BACKOFF_LIMIT: Final = 5.0
SAY_AGAIN_SECONDS: Final = 1.0
# Until a line that broke in the middle of a word is known to be broken.
BROKEN_SECONDS: Final = 0.1
CLIENT: Final = "simulation/1"


class _Broken(Exception):
    """The line went before the answer came."""


class Line:
    """A socket of a customer or of an agent; `on_event` hears every event once, `on_snapshot` each start."""

    def __init__(
        self,
        plan: Plan,
        ledger: Ledger,
        path: str,
        ticket: Callable[[], Awaitable[str]],
        *,
        on_snapshot: Callable[[Frame], None],
        on_event: Callable[[Frame], None],
    ) -> None:
        self._url = plan.url.replace("http", "ws", 1) + path
        self._origin, self._ledger, self._ticket = plan.public_origin, ledger, ticket
        self._on_snapshot, self._on_event = on_snapshot, on_event
        self._ids = itertools.count(1)
        self._answers: dict[str, asyncio.Future[Frame]] = {}
        self._socket: ClientConnection | None = None
        self._epoch = ""
        self._heads: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None
        self.is_live = asyncio.Event()
        # Set whenever something came, so that others can wait for a cursor.
        self.news = asyncio.Event()
        self.cursors: dict[str, int] = {}

    async def open(self) -> None:
        """Raises Refused if no welcome comes in time."""
        self._task = asyncio.create_task(self._live())
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.is_live.wait()
        except TimeoutError:
            raise self._refusal("no_welcome") from None

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._socket is not None:
            await self._socket.close()

    async def drop(self) -> None:
        """As a train does in a tunnel: no goodbye. It comes back by itself."""
        if self._socket is not None:
            self.is_live.clear()
            self._socket.transport.abort()

    async def command(self, name: str, **fields: Any) -> Frame:
        """The ack's result; sent again after a break, as every command of ours may be. Raises Refused."""
        command_id = f"s{next(self._ids)}"
        frame = json.dumps({"cmd": name, "id": command_id} | {k: v for k, v in fields.items() if v is not None})
        while True:
            answer = await self._ask(command_id, frame)
            if answer is None:
                self._ledger.resent += 1
                continue
            if answer["ev"] == "ack":
                result: Frame = answer.get("result") or {}
                return result
            self._ledger.errors[answer["code"]] += 1
            if answer["code"] not in WAITED:
                raise Refused(answer["code"])
            await asyncio.sleep(SAY_AGAIN_SECONDS)

    async def send_message(self, handoff_id: str, client_id: str, text: str) -> None:
        """Raises Refused; what was refused was not said."""
        self._ledger.sent += 1
        try:
            await self.command("message.send", handoff=handoff_id, client_id=client_id, text=text)
        except Refused:
            self._ledger.sent -= 1
            raise
        self._ledger.acked += 1

    async def reach(self, stream: str, seq: int) -> bool:
        """Wait until it has read so far; False if it does not come."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                while self.cursors.get(stream, 0) < seq:
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            return False
        return True

    async def _ask(self, command_id: str, frame: str) -> Frame | None:
        """None if the line broke before an answer came. Raises Refused `no_answer`."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.is_live.wait()
                # Not before: a line that breaks has nothing to say about what was not asked on it.
                answer = self._answers[command_id] = asyncio.get_running_loop().create_future()
                assert self._socket is not None  # noqa: S101
                await self._socket.send(frame)
                answered: Frame = await answer
                return answered
        except (ConnectionClosed, _Broken):
            await asyncio.sleep(BROKEN_SECONDS)
            return None
        except TimeoutError:
            raise self._refusal("no_answer") from None
        finally:
            self._answers.pop(command_id, None)

    async def _live(self) -> None:
        attempt = 0
        while True:
            try:
                if not await self._visit(await self._ticket()):
                    return
            except (OSError, InvalidHandshake, ConnectionClosed, Refused):
                pass
            finally:
                attempt = 0 if self.is_live.is_set() else attempt + 1
                self._hang_up()
            self._ledger.reconnects += 1
            await asyncio.sleep(random.uniform(0, min(BACKOFF_LIMIT, 0.25 * 2 ** min(attempt, 8))))

    async def _visit(self, ticket: str) -> bool:
        """One socket's life; False if the server wants no other."""
        connection = connect(self._url, origin=self._origin, subprotocols=["handoff.v1"], proxy=None, max_size=None)  # type: ignore[arg-type,list-item]
        async with connection as socket:
            self._socket = socket
            resume = {"epoch": self._epoch, "cursors": self.cursors} if self._epoch else None
            await socket.send(json.dumps({"cmd": "hello", "ticket": ticket, "resume": resume, "client": CLIENT}))
            heart: asyncio.Task[None] | None = None
            try:
                async for text in socket:
                    frame = json.loads(text)
                    if frame["ev"] == "welcome":
                        heart = heart or asyncio.create_task(self._beat(socket, frame["heartbeat_seconds"]))
                    self._take(frame)
            finally:
                if heart is not None:
                    heart.cancel()
            return socket.close_code not in STAY_AWAY

    async def _beat(self, socket: ClientConnection, seconds: float) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(seconds / 2)
                await socket.send('{"cmd": "ping"}')

    def _take(self, frame: Frame) -> None:
        match frame["ev"]:
            case "welcome":
                self._start(frame)
            case "resync":
                self.cursors = dict(self._heads)
            case "ack" | "error" if frame.get("id") in self._answers:
                answer = self._answers[frame["id"]]
                if not answer.done():
                    answer.set_result(frame)
            case "error":
                self._ledger.errors[frame["code"]] += 1
            case "event":
                self._hear(frame)

    def _start(self, frame: Frame) -> None:
        self._heads = frame["heads"]
        known = self.cursors if self._epoch == frame["epoch"] else {}
        self._epoch = frame["epoch"]
        self.cursors = {stream: known.get(stream, head) for stream, head in self._heads.items()}
        self._on_snapshot(frame["snapshot"])
        self.is_live.set()
        self.news.set()

    def _hear(self, frame: Frame) -> None:
        stream, seq = frame["stream"], frame["seq"]
        known = self.cursors.get(stream)
        if known is not None and seq <= known:
            self._ledger.doubled += 1
            return
        if known is not None and seq > known + 1:
            self._ledger.lost += seq - known - 1
        self.cursors[stream] = seq
        # A stream that opens while we listen starts after the heads that its opening tells.
        for opened, head in (frame["data"].get("heads") or {}).items():
            self.cursors[opened] = max(head, self.cursors.get(opened, 0))
        if frame["type"] == "handoff.unassigned":
            self._forget(frame["data"]["id"])
        self._on_event(frame)
        self.news.set()

    def _forget(self, handoff_id: str) -> None:
        """It is somebody else's from now on, and what they say in it too."""
        for stream in (f"handoff/{handoff_id}", f"handoff/{handoff_id}/desk"):
            self.cursors.pop(stream, None)

    def _hang_up(self) -> None:
        self.is_live.clear()
        self._socket = None
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(_Broken())

    def _refusal(self, code: str) -> Refused:
        self._ledger.errors[code] += 1
        return Refused(code)
