"""200 chats in which one message is said every second, and eight senders whom nobody reads."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg

from tests.benchmarks import seeding
from tests.benchmarks.calibration import take_yardstick
from tests.benchmarks.deployment import Database, Deployment, database, scratch, serving
from tests.benchmarks.figures import Figure, Options, best
from tests.benchmarks.herd import Herd, Line, Place, allow_open_files
from tests.benchmarks.load import TEXT, masked
from tests.benchmarks.machine import quantile

CHATS: Final = 200
CHAT_SECONDS: Final = 12.0
WARM_UP_SECONDS: Final = 2.0
SENDERS: Final = 8
ACK, ERROR, EVENT = b'{"ev":"ack"', b'{"ev":"error"', b'{"ev":"event"'


@dataclass
class Said:
    """One message on its way; times on this process's clock."""

    at: float
    acked: float = 0.0
    read: float = 0.0
    seq: int = 0


@dataclass(eq=False)
class Speaker(Line):
    """A socket that speaks in one talk; what is heard is noted where it was said."""

    room: str = ""
    name: str = ""
    said: dict[str, Said] = field(default_factory=dict)
    # Of the one on the other end.
    heard_from: dict[str, Said] = field(default_factory=dict)
    refused: int = 0
    on_ack: Callable[[], None] = lambda: None

    def say(self) -> None:
        client_id = f"{time.time_ns() // 1_000_000:013x}-{self.name}-{len(self.said):07d}"
        command = {"cmd": "message.send", "id": client_id, "handoff": self.room, "client_id": client_id, "text": TEXT}
        self.said[client_id] = Said(time.perf_counter())
        self.link.sendall(masked(msgspec.json.encode(command)))

    def _take(self, opcode: int, payload: bytes) -> None:
        super()._take(opcode, payload)
        if opcode != 1:
            return
        if payload.startswith(ACK):
            frame = msgspec.json.decode(payload)
            one = self.said[frame["id"]]
            one.acked, one.seq = time.perf_counter(), frame["result"]["seq"]
            self.on_ack()
        elif payload.startswith(ERROR):
            self.refused += 1
        elif payload.startswith(EVENT):
            self._hear(msgspec.json.decode(payload))

    def _hear(self, frame: dict[str, Any]) -> None:
        heard = self.heard_from.get(frame["data"].get("client_id", ""))
        if heard is not None:
            if heard.read:
                raise SystemExit(f"{self.name} heard the same message twice")
            heard.read = time.perf_counter()


@contextlib.contextmanager
def _stage(home: Path, where: Database, seed: Callable[[psycopg.Connection[Any]], None]) -> Iterator[Deployment]:
    patient = {"HANDOFF_CUSTOMER_GONE_SECONDS": "3600"}
    with serving(where, home, server="uvicorn", agents=[("amira", 1)], settings=patient) as deployment:
        with psycopg.connect(where.url, autocommit=True) as link:
            seed(link)
            seeding.settle(link)
        yield deployment


def _speaker(deployment: Deployment, role: str, number: int) -> Speaker:
    origin = deployment.site_origin if role == "customer" else deployment.origin
    place = Place(deployment.port, role, origin, seeding.ticket(role, number))
    return Speaker(place, room=seeding.room(number), name=f"{role[0]}{number}")


def _check_stored(where: Database, speakers: Sequence[Speaker]) -> None:
    """Every acked message is in the log once, under the number that its sender was told."""
    with psycopg.connect(where.url) as link:
        found = link.execute("SELECT client_id, seq FROM handoff_logentry WHERE client_id IS NOT NULL").fetchall()
    stored = dict(found)
    wrong = [client_id for one in speakers for client_id, said in one.said.items() if stored.get(client_id) != said.seq]
    if wrong or len(stored) != len(found):
        raise SystemExit(f"{len(wrong)} messages are not stored as they were acked")


# -- 200 chats


def rows(options: Options) -> list[Figure]:
    count = int(CHATS * options.scale)
    allow_open_files(4 * count + 1000)
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(scratch())
        where = stack.enter_context(database("postgres", home))
        deployment = stack.enter_context(_stage(home, where, lambda link: seeding.add_talks(link, 0, count)))
        herd = stack.enter_context(Herd())
        calibration = take_yardstick(where, home).line()
        speakers = [_speaker(deployment, role, n) for n in range(count) for role in ("customer", "agent")]
        for one, other in zip(speakers[::2], speakers[1::2], strict=True):
            one.heard_from, other.heard_from = other.said, one.said
        for speaker in speakers:
            herd.start(speaker)
            herd.read_until(lambda speaker=speaker: speaker.is_welcome)  # type: ignore[misc]
        rounds = [_chat(herd, speakers) for _ in range(options.rounds)]
        _check_stored(where, speakers)
    return _chat_figures(rounds, count, calibration)


def _chat(herd: Herd, speakers: Sequence[Speaker]) -> list[float]:
    """Milliseconds from each send to the other side's reading it; infinite for one that failed."""
    count = len(speakers) // 2
    started, number, seconds = time.perf_counter(), 0, WARM_UP_SECONDS + CHAT_SECONDS
    before = {id(speaker): len(speaker.said) for speaker in speakers}
    while (due := started + number / count) < started + seconds:
        herd.idle(max(0.0, due - time.perf_counter()))
        # Sides take turns, second by second.
        speakers[2 * (number % count) + (number // count) % 2].say()
        number += 1
    fresh = [said for speaker in speakers for said in list(speaker.said.values())[before[id(speaker)] :]]
    with contextlib.suppress(SystemExit):
        herd.read_until(lambda: all(said.acked and said.read for said in fresh))
    counted = [said for said in fresh if said.at >= started + WARM_UP_SECONDS]
    return [(said.read - said.at) * 1000 if said.acked and said.read else float("inf") for said in counted]


def _chat_figures(rounds: list[list[float]], count: int, calibration: str) -> list[Figure]:
    failed = sum(took == float("inf") for took_all in rounds for took in took_all)
    p50 = best([quantile(took, 0.5) for took in rounds], better="lower")
    p99 = best([quantile(took, 0.99) for took in rounds], better="lower")
    sent = sum(map(len, rounds))
    note = (
        f"best of {len(rounds)} x {CHAT_SECONDS:.0f} s, {sent} messages, from the send to the other side; {calibration}"
    )
    name = f"{count} chats at 1 message/s each"
    return [
        Figure(f"{name}: p50", p50, "ms", 15, 5, "lower", note),
        Figure(f"{name}: p99", p99, "ms", 250, 80, "lower", note),
        Figure(f"{name}: failed sends", failed, "", 0, 0, "lower", f"of {sent}"),
    ]


# -- eight senders


def sender_rows(options: Options) -> list[Figure]:
    """Each has one message in flight, and waits in the queue where nobody hears."""
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(scratch())
        where = stack.enter_context(database("postgres", home))
        deployment = stack.enter_context(_stage(home, where, lambda link: seeding.add_waiting(link, 0, SENDERS)))
        herd = stack.enter_context(Herd())
        calibration = take_yardstick(where, home).line()
        speakers = [_speaker(deployment, "customer", number) for number in range(SENDERS)]
        for speaker in speakers:
            herd.start(speaker)
            herd.read_until(lambda speaker=speaker: speaker.is_welcome)  # type: ignore[misc]
        rates = [_send(herd, speakers, options.seconds) for _ in range(options.rounds)]
        _check_stored(where, speakers)
    note = f"best of {len(rates)}: {', '.join(f'{rate:,.0f}' for rate in rates)}; one in flight each; {calibration}"
    name = f"stored messages/s, {SENDERS} senders, nobody reading"
    return [Figure(name, best(rates, better="higher"), "/s", 1500, 4000, "higher", note)]


def _send(herd: Herd, speakers: Sequence[Speaker], seconds: float) -> float:
    started = time.perf_counter()
    before = sum(len(speaker.said) for speaker in speakers)
    for speaker in speakers:
        speaker.on_ack = speaker.say
        speaker.say()
    herd.idle(seconds)
    took = time.perf_counter() - started
    for speaker in speakers:
        speaker.on_ack = lambda: None
    sent = sum(len(speaker.said) for speaker in speakers) - before
    herd.read_until(lambda: all(said.acked for one in speakers for said in one.said.values()))
    if any(speaker.refused for speaker in speakers):
        raise SystemExit("a message was refused")
    return sent / took
