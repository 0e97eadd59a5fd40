"""What a history keeps of an event: the names and numbers that a promise is about, not the whole desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Data = dict[str, Any]


def slim(type_: str, data: Data) -> Data:
    return _KEPT[type_](data) if type_ in _KEPT else {}


def slim_timeline(snapshot: Data) -> list[list[Any]]:
    """Every entry that a snapshot shows, as [stream, seq, type, data]."""
    entries = list(snapshot.get("timeline") or [])
    for handoff in snapshot.get("handoffs") or []:
        entries += handoff["timeline"]
    return [[one["stream"], one["seq"], one["type"], slim(one["type"], one["data"])] for one in entries]


def _only(*names: str) -> Callable[[Data], Data]:
    return lambda data: {name: data.get(name) for name in names if name in data}


def _message(data: Data) -> Data:
    return {"id": data["id"], "client_id": data["client_id"], "by": data["author"]["kind"], "text": data["text"]}


def _changed(data: Data) -> Data:
    agent = data.get("agent")
    kept = _only("state", "version", "close_reason", "enqueued_at")(data)
    return kept | {"agent": agent["name"] if agent else None}


def _offer(data: Data) -> Data:
    handoff = data["handoff"]
    return _only("id", "offered_at", "expires_at")(data) | {
        "handoff": handoff["id"], "enqueued_at": handoff["enqueued_at"],
    }  # fmt: skip


def _assigned(data: Data) -> Data:
    return _only("id", "state", "version", "heads", "enqueued_at")(data) | {"timeline": slim_timeline(data)}


def _opened(data: Data) -> Data:
    return {"id": data["handoff"]["id"], "heads": data["heads"]}


def _recorded(data: Data) -> Data:
    return {"agent": data["agent"]["name"], "status": data["status"]}


_KEPT: Final[dict[str, Callable[[Data], Data]]] = {
    "message.posted": _message,
    "handoff.changed": _changed,
    "offer.made": _offer,
    "offer.ended": _only("id", "status"),
    "offer.recorded": _recorded,
    "note.added": _only("id", "client_id"),
    "handoff.assigned": _assigned,
    "handoff.unassigned": _only("id", "reason"),
    "handoff.opened": _opened,
    "availability.changed": _only("available", "reason", "after_current"),
}
