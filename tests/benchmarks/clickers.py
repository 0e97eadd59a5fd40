"""Clients with one connection each that send one request after another; nothing of an answer is read but what counts.

They share a process with nobody: commands on stdin, one JSON line each, one JSON line back.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import jwt

from tests.benchmarks.deployment import as_json
from tests.benchmarks.machine import cpu_seconds
from tests.benchmarks.people import JOURNEY

STATEMENT: Final = "I did not buy this coffee."
TOKEN_SECONDS: Final = 240


@dataclass
class Connection:
    """HTTP/1.1, kept alive."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def post(self, path: str, body: str, headers: str = "") -> bytes:
        """The body of a 201. Raises AssertionError for anything else."""
        data = body.encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{headers}"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        self.writer.write(head.encode() + data)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        told = answer.lower().partition(b"content-length: ")[2]
        # Without a length it comes in chunks, here never more than one and the empty last.
        found = await (
            self.reader.readexactly(int(told.split(b"\r\n", 1)[0])) if told else self.reader.readuntil(b"\r\n0\r\n\r\n")
        )
        if b" 201 " not in answer[:16]:
            raise AssertionError(f"POST {path}: {answer[:40]!r} {found[:300]!r}")
        return found


@dataclass
class Work:
    """One round: clients that go on until the time is up."""

    until: float
    done: int = 0
    took: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Site:
    """What a site's server signs with, and where its page is."""

    secret: str
    audience: str
    origin: str

    def token(self, subject: str) -> str:
        now = int(time.time())
        claims = {
            "iss": "harbour",
            "aud": self.audience,
            "sub": subject,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": f"{subject}-{time.time_ns()}",
            "auth_time": now - 60,
            "acr": "urn:bank:2",
            "amr": ["pwd", "otp"],
            "name": "Maya Chen",
            "facts": {"account": "•••• 4421", "plan": {"label": "Plan", "value": "Everyday"}, "since": 2019},
        }
        return jwt.encode(claims, self.secret, algorithm="HS256")


def _click() -> dict[str, Any]:
    return {
        "client_id": str(uuid.uuid4()),
        "intent": "dispute-charge",
        "channel": "chat",
        "statement": STATEMENT,
        "journey": JOURNEY,
    }


async def _open_handoffs(link: Connection, name: str, work: Work, site: Site) -> None:
    headers = f"Origin: {site.origin}\r\n"
    number = 0
    while time.perf_counter() < work.until:
        number += 1
        started = time.perf_counter()
        body = {"site": "harbour", "identity_token": site.token(f"{name}-{number}")}
        session = json.loads(await link.post("/api/v1/sessions", as_json(body), headers))["token"]
        await link.post("/api/v1/handoffs", as_json(_click()), f"{headers}Authorization: Bearer {session}\r\n")
        work.took.append(time.perf_counter() - started)
        work.done += 1


async def _insert(link: Connection, name: str, work: Work, site: Site) -> None:
    while time.perf_counter() < work.until:
        started = time.perf_counter()
        await link.post("/requests", as_json(_click()))
        work.took.append(time.perf_counter() - started)
        work.done += 1


KINDS: Final[dict[str, Callable[..., Any]]] = {"open": _open_handoffs, "insert": _insert}


async def run(kind: str, port: int, pid: int, clients: int, seconds: float, turn: int, **site: str) -> dict[str, Any]:
    """Requests done, the seconds they took, and the server's CPU."""
    links = [Connection(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(clients)]
    cpu, started = cpu_seconds(pid), time.perf_counter()
    work = Work(until=started + seconds)
    names = (f"clicker-{turn}-{number}" for number in range(clients))
    await asyncio.gather(
        *(KINDS[kind](link, name, work, Site(**site)) for link, name in zip(links, names, strict=True))
    )
    took = time.perf_counter() - started
    for link in links:
        link.writer.close()
    return {"done": work.done, "seconds": took, "cpu": cpu_seconds(pid) - cpu, "took": sorted(work.took)}


def main() -> None:
    for line in sys.stdin:
        print(as_json(asyncio.run(run(**json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
