"""Whether the record holds everything that was said, once, and whether its reader has seen it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from handoff.simulation.line import Line
from handoff.simulation.stage import Stage


def note(stage: Stage, handoff_id: str, client_id: str) -> None:
    """It was acked: from now on it has to be there."""
    stage.acked.setdefault(handoff_id, set()).add(client_id)


async def check(stage: Stage, line: Line, handoff_id: str, call: Callable[[str, str], Awaitable[Any]]) -> None:
    """As its customer, at the end of the visit. Counts what is lost or doubled. Raises Refused."""
    # Before the log is read: what is acked while it is read need not be in it.
    acked = set(stage.acked.pop(handoff_id, set()))
    events, head = await _read_all(handoff_id, call)
    said = Counter(event["data"]["client_id"] for event in events if event["type"] == "message.posted")
    stage.ledger.lost += len(acked - said.keys())
    stage.ledger.doubled += sum(times - 1 for times in said.values() if times > 1)
    if not await line.reach(f"handoff/{handoff_id}", head):
        stage.ledger.lost += 1


async def _read_all(handoff_id: str, call: Callable[[str, str], Awaitable[Any]]) -> tuple[list[Any], int]:
    events: list[Any] = []
    while True:
        after = events[-1]["seq"] if events else 0
        page = await call("GET", f"handoffs/{handoff_id}/events?after={after}")
        events += page["events"]
        if not page["events"] or events[-1]["seq"] >= page["head"]:
            return events, page["head"]
