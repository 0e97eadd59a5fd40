"""Numbers out of histories: how long people waited for an ack, for a message of the other side, for the service."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from tests.faults.history import History


def offline_seconds(history: History, *, since: float = 0.0) -> list[float]:
    """How long each break of each person lasted, from the close to the next welcome."""
    gone: dict[str, float] = {}
    breaks: list[float] = []
    for record in history.of("closed", "welcome"):
        if record["kind"] == "closed":
            if record["t"] >= since:
                gone.setdefault(record["who"], record["t"])
        elif record["who"] in gone:
            breaks.append(record["t"] - gone.pop(record["who"]))
    return breaks + [time.monotonic() - moment for moment in gone.values()]


def ack_seconds(history: History, *, since: float = 0.0, until: float = float("inf")) -> list[float]:
    """From the first time something was said to its first ack, for what was said in this time."""
    said: dict[str, float] = {}
    waits: list[float] = []
    for record in history.of("say", "ack"):
        if record["kind"] == "say" and since <= record["t"] <= until:
            said.setdefault(record["client_id"], record["t"])
        elif record["kind"] == "ack" and record["client_id"] in said:
            waits.append(record["t"] - said.pop(record["client_id"]))
    return waits


def deliveries(history: History) -> Iterator[tuple[float, float]]:
    """For each message and each of its readers but the author: when it was acked, and how much later it was read."""
    acked = {ack["client_id"]: ack for ack in reversed(history.of("ack"))}
    for event in history.of("event", type="message.posted"):
        ack = acked.get(event["data"]["client_id"])
        if ack is not None and ack["who"] != event["who"]:
            yield ack["t"], event["t"] - ack["t"]


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
