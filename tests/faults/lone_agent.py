"""An agent's client in a process of its own, which a test may kill or freeze: commands in, frames out, one a line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Self

from tests.faults.desk import SignedIn
from tests.faults.guests import Watch
from tests.faults.history import History
from tests.faults.people import Agent
from tests.faults.stack import Stack
from tests.faults.wire import Frame, Network, Socket, Unreachable
from tests.processes import ROOT

RETRY_SECONDS = 0.3


class LoneAgent:
    """The test's end of it."""

    def __init__(self, stack: Stack, number: int) -> None:
        self._stack, self._number = stack, number
        self.listeners: list[Callable[[Frame], None]] = []
        self.frames = Watch(self)
        self._child: Process

    async def __aenter__(self) -> Self:
        who = self._stack.agents[self._number]
        told = {
            "username": who.username, "id": who.id, "cookie": who.cookie, "ports": self._stack.ports,
            "public_origin": self._stack.public_origin,
        }  # fmt: skip
        self._child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.lone_agent", json.dumps(told), cwd=ROOT, stdin=PIPE, stdout=PIPE,
            limit=2**23,
        )  # fmt: skip
        self._pump = asyncio.create_task(self._read())
        await self.frames.until(lambda frame: frame["ev"] == "welcome")
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()
        await self._child.wait()
        self._pump.cancel()

    async def ask(self, id_: str, name: str, **fields: Any) -> None:
        """Into its pipe: a frozen one finds it there when it goes on."""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps({"cmd": name, "id": id_} | fields).encode() + b"\n")
        await self._child.stdin.drain()

    async def answer(self, id_: str) -> Frame:
        return await self.frames.until(lambda frame: frame["ev"] in ("ack", "error") and frame["id"] == id_)

    async def command(self, id_: str, name: str, **fields: Any) -> Frame:
        await self.ask(id_, name, **fields)
        return await self.answer(id_)

    def freeze(self) -> None:
        self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._child.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._child.kill()

    async def _read(self) -> None:
        assert self._child.stdout is not None
        async for line in self._child.stdout:
            for listener in self.listeners:
                listener(json.loads(line))


# -- the process's own side


async def live(told: dict[str, Any]) -> None:
    """It keeps a command until it is answered, over as many sockets as that takes; it gives nothing up."""
    signed_in = SignedIn(told["username"], told["id"], told["cookie"])
    place: Any = SimpleNamespace(public_origin=told["public_origin"], site_origin="")
    network = Network(told["ports"])
    client = Agent(signed_in, place, network, History())
    unanswered: dict[str, Frame] = {}
    sockets: list[Socket] = []
    asyncio.create_task(_take_commands(unanswered, sockets))  # noqa: RUF006
    while True:
        port = network.pick()
        with contextlib.suppress(Unreachable):
            ticket = await client.ticket(port)
            await _talk(await Socket.open(port, "agent", told["public_origin"]), ticket, unanswered, sockets)
        await asyncio.sleep(RETRY_SECONDS)


async def _talk(socket: Socket, ticket: str, unanswered: dict[str, Frame], sockets: list[Socket]) -> None:
    await socket.send({"cmd": "hello", "ticket": ticket, "resume": None, "client": "lone/1"})
    pings = None
    try:
        async for frame in socket:
            print(json.dumps(frame), flush=True)
            if frame["ev"] == "welcome":
                pings = asyncio.create_task(_ping(socket, frame["heartbeat_seconds"] * 0.9))
                sockets[:] = [socket]
                for command in list(unanswered.values()):
                    await socket.send(command)
            elif frame["ev"] in ("ack", "error"):
                unanswered.pop(frame["id"], None)
    finally:
        sockets.clear()
        if pings is not None:
            pings.cancel()


async def _ping(socket: Socket, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        with contextlib.suppress(Unreachable):
            await socket.send({"cmd": "ping", "id": "p"})


async def _take_commands(unanswered: dict[str, Frame], sockets: list[Socket]) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        command = json.loads(line)
        unanswered[command["id"]] = command
        for socket in sockets:
            with contextlib.suppress(Unreachable):
                await socket.send(command)


if __name__ == "__main__":
    asyncio.run(live(json.loads(sys.argv[1])))
