"""Figures instead of a history: what a long load keeps of what its people did and saw."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.faults.history import History, Record


@dataclass(frozen=True)
class Ack:
    """What somebody was told of a message."""

    stream: str
    seq: int
    said_at: float
    seconds: float


class Tally(History):
    """Takes what a history takes; keeps sockets' comings and goings, one line a message, and what went wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.pending: dict[str, float] = {}
        self.acks: dict[str, Ack] = {}
        self.heard: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._places: dict[str, dict[str, int]] = {}

    def add(self, who: str, kind: str, **fields: Any) -> Record:
        record = {"t": time.monotonic(), "who": who, "kind": kind} | fields
        take = getattr(self, f"_take_{kind}", None)
        if take is not None:
            take(record)
        return record

    def _take_say(self, record: Record) -> None:
        if record["client_id"] not in self.acks:
            self.pending.setdefault(record["client_id"], record["t"])

    def _take_ack(self, record: Record) -> None:
        client_id, stream = record["client_id"], f"handoff/{record['handoff']}"
        said_at = self.pending.pop(client_id, None)
        if said_at is not None:
            self.acks[client_id] = Ack(stream, record["seq"], said_at, record["t"] - said_at)
        elif (known := self.acks.get(client_id)) is not None and known.seq != record["seq"]:
            self.wrong.append(f"{client_id} was acked as {known.seq} and as {record['seq']}")

    def _take_refused(self, record: Record) -> None:
        self.refused[str(record["code"])] += 1

    def _take_closed(self, record: Record) -> None:
        self.records.append(record)

    def _take_resync(self, record: Record) -> None:
        self.records.append(record)
        # What it reads next begins anywhere.
        self._places[record["who"]] = {}

    def _take_welcome(self, record: Record) -> None:
        self.records.append({name: record[name] for name in ("t", "who", "kind")})
        self._places.setdefault(record["who"], {}).update(record["cursors"])

    def _take_event(self, record: Record) -> None:
        who, stream, seq = record["who"], record["stream"], record["seq"]
        places = self._places.setdefault(who, {})
        if stream in places and seq != places[stream] + 1:
            self.wrong.append(f"{who} read {seq} of {stream} after {places[stream]}")
        places[stream] = seq
        data: Mapping[str, Any] = record["data"]
        places.update(data.get("heads") or {})
        if record["type"] == "message.posted":
            self.heard[data["client_id"]] += 1
        elif record["type"] == "handoff.unassigned":
            for name in (f"handoff/{data['id']}", f"handoff/{data['id']}/desk"):
                places.pop(name, None)

    def waits(self, *, since: float = 0.0, until: float = float("inf")) -> list[float]:
        """From saying to the ack, of what was said in this time."""
        return [ack.seconds for ack in self.acks.values() if since <= ack.said_at <= until]
