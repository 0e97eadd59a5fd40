"""One client of the public contract, who writes down everything it does and sees: its socket, its outbox, its view."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from tests.faults.history import History, Record
from tests.faults.slim import slim, slim_timeline
from tests.faults.wire import Answer, Frame, Network, Refused, Socket, Unreachable

# CONTRACT 7: after any other code a client stays away.
COME_BACK: Final = frozenset({1000, 1001, 1005, 1006, 1009, 1011, 1012, 4401, 4408, 4503})
RESEND_SECONDS: Final = 4.0
SAY_LATER: Final = frozenset({"not_saved", "not_ready", "rate_limited"})


class Place(Protocol):
    """What people have to know of a deployment."""

    public_origin: str
    site_origin: str

    def sign(self, subject: str, **claims: Any) -> str: ...


@dataclass
class Manners:
    """How a client behaves; short forms scale its waits down."""

    base_seconds: float = 4.0
    cap_seconds: float = 30.0
    resend_seconds: float = RESEND_SECONDS
    # The share of acks that never reach it.
    drop_acks: float = 0.0
    # Of the resends of a customer, how many go over HTTP to another server.
    resend_elsewhere: float = 0.5
    seed: int = 0


@dataclass
class Said:
    """Something in the outbox."""

    handoff: str
    client_id: str
    text: str
    answered: asyncio.Future[dict[str, Any] | None]
    sent_at: float = 0.0
    attempts: int = 0


@dataclass
class View:
    """How far a client has read one log."""

    epoch: str | None = None
    cursors: dict[str, int] = field(default_factory=dict)


class Person(ABC):
    """One client: its socket comes back as CONTRACT 7 says, its outbox is resent until everything is answered."""

    role: str

    def __init__(
        self, name: str, place: Place, network: Network, history: History, manners: Manners | None = None
    ) -> None:
        self.name, self.place, self.network, self.history = name, place, network, history
        self.manners = manners or Manners()
        self.view = View()
        self.outbox: dict[str, Said] = {}
        self.socket: Socket | None = None
        self.is_online = asyncio.Event()
        self.online_since = 0.0
        self.listeners: list[Callable[[Frame], None]] = []
        self._random = random.Random(f"{self.manners.seed} {name}")
        self._commands: dict[str, asyncio.Future[Frame]] = {}
        self._sends: dict[str, str] = {}
        self._count = 0
        self._sockets = 0
        self._heard_at = 0.0
        self._retry_after: float | None = None
        self._heartbeat_seconds = 20.0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._moved = asyncio.Event()

    # -- filled in by the two roles

    @abstractmethod
    async def ticket(self, port: int) -> str: ...

    @abstractmethod
    def origin(self) -> str: ...

    @abstractmethod
    async def on_welcome(self, snapshot: Frame) -> None: ...

    @abstractmethod
    def on_event(self, event: Frame) -> None: ...

    async def resend_elsewhere(self, said: Said) -> bool:
        """True if this role can say it over HTTP, and did."""
        return False

    # -- its life

    def start(self) -> None:
        self.spawn(self._live())
        self.spawn(self._keep_saying())
        self.spawn(self._keep_alive())

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.socket is not None:
            self.socket.abort()

    async def online(self, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            await self.is_online.wait()

    async def _live(self) -> None:
        attempt = 0
        while True:
            started = self._sockets
            code = await self._talk()
            if code not in COME_BACK:
                return
            was_welcome = self._sockets > started and code != 4401
            await asyncio.sleep(self._pause(0 if was_welcome else attempt))
            attempt = 0 if was_welcome else attempt + 1

    def _pause(self, attempt: int) -> float:
        told, self._retry_after = self._retry_after, None
        if told is not None:
            return told
        return self._random.uniform(0, min(self.manners.cap_seconds, self.manners.base_seconds * 2 ** min(attempt, 10)))

    async def _talk(self) -> int:
        """One socket from its ticket to its close; answers the code."""
        try:
            ticket, socket = await self._open()
        except Unreachable as error:
            self.history.add(self.name, "closed", socket=None, code=1006, why=str(error)[:200])
            return 1006
        self.socket, self._heard_at = socket, time.monotonic()
        try:
            resume = {"epoch": self.view.epoch, "cursors": self.view.cursors} if self.view.epoch else None
            await socket.send({"cmd": "hello", "ticket": ticket, "resume": resume, "client": "faults/1"})
            async for frame in socket:
                self._heard_at = time.monotonic()
                await self._take(frame)
        except Unreachable:
            pass
        finally:
            self._lose(socket)
        return socket.close_code

    async def _open(self) -> tuple[str, Socket]:
        """At the first server that listens, as behind a balancer. Raises Unreachable."""
        for port in self.network.order():
            with contextlib.suppress(Refused):
                return await self.ticket(port), await Socket.open(port, self.role, self.origin())
        raise Unreachable("nobody listens")

    def _lose(self, socket: Socket) -> None:
        self.is_online.clear()
        self.socket = None
        self.history.add(self.name, "closed", socket=self._sockets, code=socket.close_code)
        socket.abort()
        for future in self._commands.values():
            if not future.done():
                future.set_exception(Unreachable("the socket closed"))
        self._commands.clear()
        self._sends.clear()

    def note_answer(self, method: str, path: str, answer: Answer) -> None:
        self.history.add(self.name, "http", asked=f"{method} {path}", status=answer.status, code=answer.code)

    # -- what comes in

    async def _take(self, frame: Frame) -> None:
        kind = frame["ev"]
        if kind == "event":
            self._take_event(frame)
        elif kind in ("ack", "error"):
            self._take_answer(frame)
        elif kind == "welcome":
            await self._take_welcome(frame)
        elif kind == "resync":
            self.history.add(self.name, "resync", socket=self._sockets, reason=frame["reason"])
            self.view.cursors = dict(self._heads)
        elif kind == "bye":
            self._retry_after = frame["retry_after_ms"] / 1000 if frame["retry_after_ms"] is not None else None
        for listener in tuple(self.listeners):
            listener(frame)

    async def _take_welcome(self, frame: Frame) -> None:
        self._sockets += 1
        resumed = self.view.cursors if self.view.epoch == frame["epoch"] else {}
        self._heads: dict[str, int] = frame["heads"]
        self._heartbeat_seconds = frame["heartbeat_seconds"]
        self.view.epoch = frame["epoch"]
        self.view.cursors = {stream: resumed.get(stream, head) for stream, head in frame["heads"].items()}
        self.history.add(
            self.name, "welcome", socket=self._sockets, port=self.socket.port if self.socket else None,
            cursors=dict(self.view.cursors), heads=frame["heads"], timeline=slim_timeline(frame["snapshot"]),
        )  # fmt: skip
        await self.on_welcome(frame["snapshot"])
        self.online_since = time.monotonic()
        self.is_online.set()
        for said in list(self.outbox.values()):
            await self._send(said)

    def _take_event(self, frame: Frame) -> None:
        stream, seq, data = frame["stream"], frame["seq"], frame["data"]
        self.history.add(
            self.name, "event", socket=self._sockets, stream=stream, seq=seq, at=frame["at"], type=frame["type"],
            data=slim(frame["type"], data),
        )  # fmt: skip
        self.view.cursors[stream] = max(seq, self.view.cursors.get(stream, 0))
        self.view.cursors |= data.get("heads") or {}
        self._moved.set()
        self.on_event(frame)

    def _take_answer(self, frame: Frame) -> None:
        client_id = self._sends.pop(frame["id"], None) if frame["id"] else None
        if client_id is not None:
            self._settle(client_id, frame.get("result"), frame.get("code"), via="socket")
            return
        future = self._commands.pop(frame["id"], None) if frame["id"] else None
        if future is not None and not future.done():
            future.set_result(frame)

    # -- what goes out

    async def command(self, name: str, *, seconds: float = 30, **fields: Any) -> Frame:
        """Ask on the socket; answers the ack or the error. Raises Unreachable."""
        if self.socket is None:
            raise Unreachable("no socket")
        self._count += 1
        id_ = f"c{self._count}"
        future = self._commands[id_] = asyncio.get_running_loop().create_future()
        self.history.add(self.name, "ask", cmd=name, id=id_, **fields)
        try:
            await self.socket.send({"cmd": name, "id": id_} | fields)
            async with asyncio.timeout(seconds):
                frame: Frame = await future
        except (Unreachable, TimeoutError) as error:
            self._commands.pop(id_, None)
            self.history.add(self.name, "unsure", id=id_, cmd=name)
            raise Unreachable(str(error)) from None
        self.history.add(
            self.name, "answer", id=id_, cmd=name, code=frame.get("code"), result=frame.get("result"), **fields
        )
        return frame

    def say(self, handoff: str, text: str, *, client_id: str | None = None) -> asyncio.Future[dict[str, Any] | None]:
        """Into the outbox; the future is the ack, or None when it was refused for good."""
        said = Said(handoff, client_id or str(uuid.uuid4()), text, asyncio.get_running_loop().create_future())
        self.outbox[said.client_id] = said
        if self.is_online.is_set():
            self.spawn(self._send(said))
        return said.answered

    async def _send(self, said: Said) -> None:
        if self.socket is None:
            return
        self._note_attempt(said, via="socket", port=self.socket.port)
        self._count += 1
        id_ = f"c{self._count}"
        self._sends[id_] = said.client_id
        frame = {"cmd": "message.send", "id": id_, "handoff": said.handoff, "client_id": said.client_id}
        with contextlib.suppress(Unreachable):
            await self.socket.send(frame | {"text": said.text})

    def _note_attempt(self, said: Said, *, via: str, port: int) -> None:
        said.sent_at = time.monotonic()
        said.attempts += 1
        self.history.add(
            self.name, "say", handoff=said.handoff, client_id=said.client_id, text=said.text, via=via, port=port
        )

    def _settle(self, client_id: str, result: Record | None, code: str | None, *, via: str) -> None:
        """An answer for something said. An ack that is dropped on its way was a promise all the same."""
        said = self.outbox.get(client_id)
        told = {"client_id": client_id, "via": via, "handoff": said.handoff if said else None}
        if result is not None:
            dropped = said is not None and self._random.random() < self.manners.drop_acks
            self.history.add(self.name, "ack", dropped=dropped, **told, **result)
            if said is not None and not dropped:
                self._clear(said, result)
        else:
            self.history.add(self.name, "refused", code=code, **told)
            if said is not None and code not in SAY_LATER:
                self._clear(said, None)

    def _clear(self, said: Said, result: Record | None) -> None:
        self.outbox.pop(said.client_id, None)
        if not said.answered.done():
            said.answered.set_result(result)

    async def _keep_saying(self) -> None:
        while True:
            await asyncio.sleep(self.manners.resend_seconds / 4)
            late = time.monotonic() - self.manners.resend_seconds
            for said in [said for said in self.outbox.values() if said.attempts and said.sent_at < late]:
                elsewhere = self._random.random() < self.manners.resend_elsewhere
                if not (elsewhere and await self.resend_elsewhere(said)):
                    await self._send(said)

    async def _keep_alive(self) -> None:
        """The page's heartbeat; a line that has been silent for two of them is given up."""
        while True:
            # How often is told with the welcome.
            await self.is_online.wait()
            await asyncio.sleep(self._heartbeat_seconds * 0.9)
            socket = self.socket
            if socket is None:
                continue
            if time.monotonic() - self._heard_at > 2 * self._heartbeat_seconds:
                socket.abort()
                continue
            self._count += 1
            with contextlib.suppress(Unreachable):
                await socket.send({"cmd": "ping", "id": f"c{self._count}"})

    async def has_read(self, heads: dict[str, int], *, seconds: float) -> None:
        """Wait until its view is as far as these heads, and write down how far it came."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while any(self.view.cursors.get(stream, 0) < head for stream, head in heads.items()):
                    self._moved.clear()
                    await self._moved.wait()
        for stream, head in heads.items():
            cursor = self.view.cursors.get(stream)
            self.history.add(self.name, "settled", stream=stream, cursor=cursor, head=head)
