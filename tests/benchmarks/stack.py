"""The machine of docs/operations.md, made by its own text, and many people talking on it while it restarts.

    .venv/bin/python -m tests.benchmarks.stack --minutes 10

nginx with TLS, two servers, two workers, PostgreSQL, PgBouncer and Redis, each with the command line, settings and
configuration of deploy/; below a temporary folder, on free ports of loopback. Reports what was said, acked, stored and
heard, how long it took, how long sockets were away, and what each process holds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from deploy.shell import ROOT
from tests.benchmarks import manual
from tests.benchmarks.bare_machine import NAME, BareMachine
from tests.benchmarks.machine import calibrate, description, quantile, table
from tests.benchmarks.memory import Watch
from tests.benchmarks.tally import Tally
from tests.faults import desk, wire
from tests.faults.crowd import Crowd
from tests.faults.measures import offline_seconds
from tests.faults.people import Manners
from tests.faults.stack import off_loop

ORIGIN: Final = f"https://{NAME}"
CHATS_OF_AGENT: Final = 20
EACH_SECONDS: Final = 1.0
# A load comes from one address, which no deployment would see.
LOAD_SETTINGS: Final = ("HANDOFF_LIMIT_SCALE=1000",)
# As pages have them.
MANNERS: Final = Manners(base_seconds=4, resend_seconds=4)


@dataclass
class Place:
    """The machine as its people know it."""

    agents: list[desk.SignedIn]
    ports: list[int]
    public_origin: str = ORIGIN
    site_origin: str = desk.SITE_ORIGIN

    def sign(self, subject: str, **claims: Any) -> str:
        return desk.sign(subject, audience=self.public_origin, **claims)


@dataclass
class Findings:
    """What a load came to."""

    tally: Tally
    began: float
    restarted: tuple[float, float] = (0.0, 0.0)
    ended: float = 0.0
    # Of each socket that was closed until then. Whoever goes home afterwards is not offline.
    breaks: list[float] = field(default_factory=list)
    stored: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    @property
    def not_acked(self) -> int:
        """Said, and not answered by the end."""
        return len(self.tally.pending)

    @property
    def lost(self) -> list[str]:
        """Acked, and not in the database under the number that was told."""
        return [one for one, ack in self.tally.acks.items() if (ack.stream, ack.seq) not in self.stored.get(one, [])]

    @property
    def doubled(self) -> list[str]:
        return [one for one, places in self.stored.items() if len(places) > 1]

    @property
    def never_said(self) -> list[str]:
        return [one for one in self.stored if one not in self.tally.acks and one not in self.tally.pending]

    @property
    def not_heard(self) -> list[str]:
        """Acked, and not heard exactly once by each of the two."""
        return [one for one in self.tally.acks if self.tally.heard[one] != 2]

    def trouble(self) -> list[str]:
        """Every promise that was broken, in words; empty if none."""
        counts = {
            "not acked": self.not_acked,
            "acked and not stored": len(self.lost),
            "stored twice": len(self.doubled),
            "stored, but never said": len(self.never_said),
            "not heard once by both": len(self.not_heard),
            "refused": sum(self.tally.refused.values()),
            "out of order": len(self.tally.wrong),
        }
        return [f"{count} {what}" for what, count in counts.items() if count] + self.tally.wrong[:3]

    def quiet_waits(self) -> list[float]:
        """Of what was said while nothing restarted."""
        start, end = self.restarted
        return self.tally.waits(until=start) + (self.tally.waits(since=end) if end else [])


def open_desk(machine: BareMachine, *, agents: int) -> Place:
    """A desk of so many on the machine as the manual left it, with browsers that are signed in."""
    file = machine.home / "desk.toml"
    file.write_text(desk.configuration(agents=agents, capacity=CHATS_OF_AGENT))
    settings = machine.settings()
    env = machine.environment() | settings | {"DATABASE_URL": settings["DIRECT_DATABASE_URL"]}
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.seeding", str(file)], cwd=ROOT, env=env, capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    people = [desk.SignedIn(username, **one) for username, one in json.loads(done.stdout).items()]
    known = ssl.create_default_context(cafile=str(machine.certificate))
    wire.DOORS[machine.https_port] = wire.Door(NAME, known)
    return Place([one for one in people if one.username.startswith("agent-")], [machine.https_port])


async def gather_crowd(place: Place, *, chats: int, manners: Manners = MANNERS) -> Crowd:
    """Everybody at work and every talk connected. The crowd has to be left."""
    # What a crowd asks of a stack: its agents, its ports, its origins and how its site signs.
    crowd = Crowd(place, customers=chats, agents=len(place.agents), manners=manners, history=Tally())  # type: ignore[arg-type]
    await crowd.__aenter__()
    return crowd


async def talk_through(
    crowd: Crowd, machine: BareMachine, *, seconds: float, commands: str, each: float = EACH_SECONDS
) -> Findings:
    """Every customer says something each second, whatever became of the last, while commands of the manual are run."""
    assert isinstance(crowd.history, Tally)
    found = Findings(crowd.history, began=time.monotonic())
    ended = asyncio.Event()
    talks = [
        asyncio.create_task(_talk(customer, place / len(crowd.customers), each, ended))
        for place, customer in enumerate(crowd.customers)
    ]
    try:
        await asyncio.sleep(seconds / 2)
        started = time.monotonic()
        await off_loop(machine.follow, commands)
        found.restarted = started, time.monotonic()
        await asyncio.sleep(max(seconds / 2, 3))
    finally:
        ended.set()
        await asyncio.gather(*talks)
    found.ended = time.monotonic()
    await _until_answered(crowd)
    await crowd.settle(seconds=120)
    found.breaks = offline_seconds(crowd.history, since=found.began)
    found.stored = await off_loop(stored_messages, machine)
    return found


async def _talk(customer: Any, share: float, each: float, ended: asyncio.Event) -> None:
    """Evenly over the second, so that the load is one stream."""
    loop = asyncio.get_running_loop()
    due = loop.time() + share * each
    number = 0
    while not ended.is_set():
        await asyncio.sleep(max(0.0, due - loop.time()))
        customer.say(customer.handoff, f"word {number} of {customer.name}: I was charged twice for the same coffee.")
        number, due = number + 1, due + each


async def _until_answered(crowd: Crowd, *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while any(person.outbox for person in crowd.people) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)


def stored_messages(machine: BareMachine) -> dict[str, list[tuple[str, int]]]:
    """Every message in the database: where it stands, by its client id."""
    found: dict[str, list[tuple[str, int]]] = {}
    with psycopg.connect(machine.settings()["DIRECT_DATABASE_URL"]) as link:
        rows = link.execute(
            "SELECT l.client_id, s.name, l.seq FROM handoff_logentry l JOIN handoff_stream s ON s.id = l.stream_id"
            " WHERE l.type = 'message.posted'"
        )
        for client_id, stream, seq in rows:
            found.setdefault(client_id, []).append((stream, seq))
    return found


def report(found: Findings, watch: Watch, *, chats: int) -> str:
    tally, (start, end) = found.tally, found.restarted
    waits, quiet, meanwhile = tally.waits(), found.quiet_waits(), tally.waits(since=start, until=end)
    breaks = found.breaks
    rows = [
        ("chats, each a message a second", str(chats)),
        ("minutes", f"{(found.ended - found.began) / 60:.1f}"),
        ("messages acked", f"{len(tally.acks):,} ({len(tally.acks) / (found.ended - found.began):.0f}/s)"),
        ("failed sends: never acked, or refused", str(found.not_acked + sum(tally.refused.values()))),
        ("acked and not stored, or stored twice", str(len(found.lost) + len(found.doubled))),
        ("acked and not heard exactly once by both sides", str(len(found.not_heard))),
        ("ack p50 / p99 while nothing restarts, ms", _pair(quiet)),
        ("ack p50 / p99 during the rolling restart, ms", _pair(meanwhile)),
        ("ack p50 / p99 of all, ms", _pair(waits)),
        ("rolling restart, s", f"{end - start:.0f}"),
        ("sockets that had to come back", str(len(breaks))),
        (
            "offline p50 / p95 / longest, s",
            f"{quantile(breaks, 0.5):.1f} / {quantile(breaks, 0.95):.1f} / {max(breaks, default=0):.1f}",
        ),
        ("promises broken", "; ".join(found.trouble()) or "none"),
    ]
    lives = [
        (f"{name}{', restarted' if place else ''}", f"{life.seconds:.0f}", f"{life.warm:.1f}", f"{life.last:.1f}")
        for name, all_lives in sorted(watch.lives.items())
        for place, life in enumerate(all_lives)
        if life.samples
    ]
    heads = ("process (with its children), MiB", "seconds watched", "after a minute", "at its end")
    return "\n\n".join([table(("figure", "value"), rows), table(heads, lives)])


def _pair(waits: Sequence[float]) -> str:
    return f"{quantile(waits, 0.5) * 1000:.1f} / {quantile(waits, 0.99) * 1000:.0f}"


async def load(machine: BareMachine, place: Place, *, chats: int, minutes: float) -> tuple[Findings, Watch]:
    crowd = await gather_crowd(place, chats=chats)
    try:
        with Watch(machine.pids) as watch:
            found = await talk_through(crowd, machine, seconds=minutes * 60, commands=manual.commands(manual.RESTART))
    finally:
        await crowd.leave()
    return found, watch


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chats", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=1.0)
    chosen = parser.parse_args()
    calibration = calibrate()
    with BareMachine.new(*LOAD_SETTINGS) as machine:
        started = time.monotonic()
        machine.follow(manual.commands(manual.FIRST_START))
        print(f"The machine of docs/operations.md stands after {time.monotonic() - started:.0f} s.", flush=True)
        place = open_desk(machine, agents=-(-chosen.chats // CHATS_OF_AGENT))
        found, watch = asyncio.run(load(machine, place, chats=chosen.chats, minutes=chosen.minutes))
        print(f"\n{description()}\n{calibration.line()}\n\n{report(found, watch, chats=chosen.chats)}")
        return 1 if found.trouble() else 0


if __name__ == "__main__":
    sys.exit(main())
