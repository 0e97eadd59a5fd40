"""A reader that knows nothing but the protocol: a snapshot, and events in the order of their streams."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from handoff.realtime import log, streams

View = dict[str, Any]


class Reader:
    """Holds a view and cursors, as a client does; `read` applies everything that is new."""

    def __init__(self, start: Callable[[], tuple[View, dict[str, int]]], reduce: Callable[[View, View], None]) -> None:
        self._start, self._reduce = start, reduce
        self.view, self.cursors = start()
        self.view = copy.deepcopy(self.view)

    def read(self) -> int:
        """How many events were new."""
        count = 0
        while new := self._next():
            for entry in new:
                self.cursors[entry["stream"]] = entry["seq"]
                self._reduce(self.view, entry)
                self._open_or_shut(entry)
            count += len(new)
        return count

    def fresh(self) -> View:
        return self._start()[0]

    def _next(self) -> list[View]:
        found = [
            entry for stream, cursor in self.cursors.items() for entry in log.read_after(stream, cursor, limit=500)
        ]
        found.sort(key=lambda entry: (entry.at, entry.stream, entry.seq))
        return [entry.to_wire() for entry in found]

    def _open_or_shut(self, entry: View) -> None:
        if entry["type"] in ("handoff.assigned", "handoff.opened", "handoff.watched"):
            for stream, head in entry["data"]["heads"].items():
                read = self.cursors.setdefault(stream, head)
                if "timeline" in self.view and read > head:
                    # Followed before it was on screen: what was passed over is read anew, as `GET events` gives it.
                    self.view["timeline"] = [one.to_wire() for one in log.read_after(stream, head, limit=read)][-50:]
        if entry["type"] in ("handoff.unassigned", "handoff.unwatched"):
            for name in (streams.handoff, streams.desk):
                self.cursors.pop(name(entry["data"]["id"]), None)


# -- the agent's desk


def reduce_desk(board: View, entry: View) -> None:
    kind, data = entry["type"], entry["data"]
    if kind in _DESK:
        _DESK[kind](board, data)
        return
    handoff = _handoff(board, entry)
    if handoff is not None:
        if kind == "supervision.recorded":
            _supervised(board, handoff["id"], data)
        handoff["timeline"] = sorted(
            [*handoff["timeline"], entry], key=lambda one: (one["at"], one["stream"], one["seq"])
        )[-50:]
        _IN_HANDOFF.get(kind, lambda *_: None)(handoff, data)


def _assigned(board: View, data: View) -> None:
    board["handoffs"].append({name: value for name, value in data.items() if name != "heads"})


def _unassigned(board: View, data: View) -> None:
    board["handoffs"] = [one for one in board["handoffs"] if one["id"] != data["id"]]


def _offer_made(board: View, data: View) -> None:
    """Told once more, it stands where it stood."""
    at = next((at for at, one in enumerate(board["offers"]) if one["id"] == data["id"]), len(board["offers"]))
    board["offers"][at : at + 1] = [data]


def _offer_ended(board: View, data: View) -> None:
    board["offers"] = [one for one in board["offers"] if one["id"] != data["id"]]


def _availability(board: View, data: View) -> None:
    board["agent"]["availability"] = data


def _watched(board: View, data: View) -> None:
    board["watching"].append({name: value for name, value in data["handoff"].items() if name != "heads"})
    board["joined"] += [data["handoff"]["id"]] if data["joined"] else []


def _unwatched(board: View, data: View) -> None:
    board["watching"] = [one for one in board["watching"] if one["id"] != data["id"]]
    board["joined"] = [one for one in board["joined"] if one != data["id"]]


def _supervised(board: View, handoff_id: str, data: View) -> None:
    if data["agent"]["id"] == board["agent"]["id"] and data["act"] in ("joined", "left"):
        others = [one for one in board["joined"] if one != handoff_id]
        board["joined"] = [*others, handoff_id] if data["act"] == "joined" else others


_DESK: dict[str, Callable[[View, View], None]] = {
    "handoff.assigned": _assigned,
    "handoff.unassigned": _unassigned,
    "handoff.watched": _watched,
    "handoff.unwatched": _unwatched,
    "offer.made": _offer_made,
    "offer.ended": _offer_ended,
    "availability.changed": _availability,
}


def _handoff(board: View, entry: View) -> View | None:
    wanted = streams.handoff_id_of(entry["stream"])
    return next((one for one in [*board["handoffs"], *board["watching"]] if one["id"] == wanted), None)


def _changed(handoff: View, data: View) -> None:
    for name in ("state", "version", "channel", "intent", "close_reason", "enqueued_at"):
        handoff[name] = data[name]


def _steps(handoff: View, data: View) -> None:
    steps = [*handoff["journey"]["steps"], *data["steps"]]
    handoff["journey"]["steps"] = sorted(steps, key=lambda step: step["at"])[-50:]


def _facts(handoff: View, data: View) -> None:
    handoff["facts"] = merge_facts(handoff["facts"], data)


def merge_facts(facts: list[View], data: View) -> list[View]:
    struck = {(one["key"], one["source"]) for one in data["struck"]}
    by_key = {(one["key"], one["source"]): one for one in [*facts, *data["added"]]}
    return [fact for key, fact in by_key.items() if key not in struck]


def _identity(handoff: View, data: View) -> None:
    handoff["customer"] |= data


def _briefing(handoff: View, data: View) -> None:
    handoff |= data


def _callback(handoff: View, data: View) -> None:
    handoff["callback"] = data["callback"]


def _call(handoff: View, data: View) -> None:
    handoff["call"] = data["call"]
    if data["call"] is None or data["call"]["direction"] == "outbound":
        handoff["caller_number"] = None


def _wrapped_up(handoff: View, data: View) -> None:
    handoff["wrap_up"] = {"disposition": data["disposition"], "note": data["note"]}


def _surveyed(handoff: View, data: View) -> None:
    handoff["survey"] = data


def _asked_to_confirm(handoff: View, data: View) -> None:
    handoff["verification"] = data


_IN_HANDOFF: dict[str, Callable[[View, View], None]] = {
    "handoff.changed": _changed,
    "journey.recorded": _steps,
    "facts.changed": _facts,
    "identity.changed": _identity,
    "briefing.changed": _briefing,
    "callback.changed": _callback,
    "call.changed": _call,
    "wrap_up.recorded": _wrapped_up,
    "survey.answered": _surveyed,
    "verification.requested": _asked_to_confirm,
    "verification.answered": _asked_to_confirm,
}


# -- the customer's panel


def reduce_panel(view: View, entry: View) -> None:
    kind, data = entry["type"], entry["data"]
    if kind == "handoff.opened":
        _panel_opened(view, data)
        return
    handoff_id = streams.handoff_id_of(entry["stream"])
    if handoff_id is None:
        return
    shown = view["handoff"] or view["recent"]
    if shown is not None and shown["id"] == handoff_id:
        view["timeline"] = [*view["timeline"], entry][-50:]
        _IN_PANEL.get(kind, lambda *_: None)(view, data)
    if kind == "handoff.changed":
        _panel_changed(view, entry, handoff_id)
    if kind in ("callback.changed", "call.changed") and (one := _panel_handoff(view, handoff_id)) is not None:
        one |= data


def _panel_handoff(view: View, handoff_id: str) -> View | None:
    """The one on screen, or one of those that are scheduled."""
    known = [view["handoff"], *view["scheduled"]]
    return next((one for one in known if one is not None and one["id"] == handoff_id), None)


def _panel_opened(view: View, data: View) -> None:
    handoff = data["handoff"]
    view["scheduled"] = [one for one in view["scheduled"] if one["id"] != handoff["id"]]
    if handoff["state"] == "scheduled":
        # What is scheduled stands in a list of its own.
        view["scheduled"].append(handoff)
    else:
        view["handoff"], view["timeline"], view["receipt"] = handoff, [], data["receipt"]


def _panel_changed(view: View, entry: View, handoff_id: str) -> None:
    one, data = _panel_handoff(view, handoff_id), entry["data"]
    if one is None:
        _panel_closed(view, data, handoff_id)
        return
    if data["version"] < one["version"]:
        # Told again from the stream's start.
        return
    for name in ("state", "version", "channel", "intent", "close_reason", "enqueued_at", "agent"):
        one[name] = data[name]
    if data["state"] == "wrap_up":
        _panel_ended(view, entry)
    elif data["state"] in ("closed", "scheduled"):
        _panel_put_away(view, one)


def _panel_put_away(view: View, one: View) -> None:
    """It ended before anybody talked, or is put off: there is nothing to look at."""
    if one is view["handoff"]:
        view["handoff"], view["timeline"], view["receipt"] = None, [], None
    view["scheduled"] = [other for other in view["scheduled"] if other is not one]
    view["scheduled"] += [one] if one["state"] == "scheduled" else []


def _panel_closed(view: View, data: View, handoff_id: str) -> None:
    if view["recent"] is not None and view["recent"]["id"] == handoff_id and data["state"] == "closed":
        view["recent"] |= {"state": "closed", "close_reason": data["close_reason"]}


def _panel_ended(view: View, entry: View) -> None:
    data = entry["data"]
    view["recent"] = {
        "id": streams.handoff_id_of(entry["stream"]),
        "state": "wrap_up",
        "intent": data["intent"],
        "channel": data["channel"],
        "at": entry["at"],
        "close_reason": data["close_reason"],
        "survey_due": True,
    }
    view["handoff"] = None


def _panel_steps(view: View, data: View) -> None:
    if view["receipt"] is not None:
        steps = [*view["receipt"]["steps"], *data["steps"]]
        view["receipt"]["steps"] = sorted(steps, key=lambda step: step["at"])[-50:]


def _panel_facts(view: View, data: View) -> None:
    if view["receipt"] is not None:
        view["receipt"]["facts"] = merge_facts(view["receipt"]["facts"], data)


def _panel_identity(view: View, data: View) -> None:
    view["customer"] |= data
    if view["receipt"] is not None:
        view["receipt"] |= {"assurance": data["assurance"], "name": data["name"]}


def _panel_verification(view: View, data: View) -> None:
    view["handoff"]["verification"] = data


def _panel_surveyed(view: View, data: View) -> None:
    view["recent"]["survey_due"] = False


_IN_PANEL: dict[str, Callable[[View, View], None]] = {
    "identity.changed": _panel_identity,
    "survey.answered": _panel_surveyed,
    "journey.recorded": _panel_steps,
    "facts.changed": _panel_facts,
    "verification.requested": _panel_verification,
    "verification.answered": _panel_verification,
}
