"""Which calls there are and were: the live ones, and for an hour how the others ended."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

from handoff.telephony.backends.lab.calls import Call
from handoff.telephony.backends.lab.limits import Limits
from handoff.telephony.base import CallEvent


@dataclass(frozen=True)
class _Ended:
    status: CallEvent | None
    references: frozenset[str]
    at: float


class Ledger:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._live: dict[str, Call] = {}
        self._ended: OrderedDict[str, _Ended] = OrderedDict()
        # The newest call under each reference, and apart from it the dials, which are made once.
        self._references: dict[str, str] = {}
        self._dials: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._live)

    def list_live(self) -> list[Call]:
        return list(self._live.values())

    def add(self, call: Call) -> None:
        self._live[call.call_id] = call

    def find(self, call_id: str) -> Call | None:
        return self._live.get(call_id)

    def refer(self, reference: str, *, call_id: str, is_dial: bool = False) -> None:
        self._references[reference] = call_id
        if is_dial:
            self._dials[reference] = call_id

    def find_dial(self, reference: str) -> str | None:
        self._forget()
        return self._dials.get(reference)

    def close(self, call: Call) -> None:
        self._live.pop(call.call_id, None)
        names = frozenset(name for name, call_id in self._references.items() if call_id == call.call_id)
        self._ended[call.call_id] = _Ended(call.status, names, time.monotonic())
        self._forget()

    def look_up(self, *, call_id: str, reference: str) -> CallEvent | None:
        self._forget()
        known = call_id if self._knows(call_id) else self._references.get(reference, "")
        if call := self._live.get(known):
            return call.status
        ended = self._ended.get(known)
        return ended.status if ended else None

    def _knows(self, call_id: str) -> bool:
        return call_id in self._live or call_id in self._ended

    def _forget(self) -> None:
        """The oldest first, by age and by number."""
        oldest = time.monotonic() - self._limits.kept_seconds
        while self._ended:
            call_id, ended = next(iter(self._ended.items()))
            if ended.at > oldest and len(self._ended) <= self._limits.kept_calls:
                return
            del self._ended[call_id]
            for name in ended.references:
                if self._references.get(name) == call_id:
                    del self._references[name]
                if self._dials.get(name) == call_id:
                    del self._dials[name]
