"""A provider that does what a test says, behind the same protocol as the real ones, and remembers what it was asked."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from handoff.telephony import registry
from handoff.telephony.base import Audio, CallError, CallEvent, Control, Instruction, Kind, Order

NUMBER = "+442079460000"
MAYAS_NUMBER = "+447700900001"


@dataclass
class ScriptedPhone:
    """`asks` holds what it was asked, in order; `fails` the error that the next ask of a kind meets."""

    name: str = "scripted"
    controls: frozenset[Control] = frozenset(Control)
    asks: list[tuple[Any, ...]] = field(default_factory=list)
    fails: dict[str, CallError] = field(default_factory=dict)
    # What a look-up finds, by our reference or the provider's id.
    known: dict[str, CallEvent] = field(default_factory=dict)
    is_here: bool = True
    _numbers: Any = field(default_factory=itertools.count)

    def is_reachable(self) -> bool:
        return self.is_here

    def originate(self, order: Order) -> str:
        self._ask("originate", order)
        return f"dial-{order.reference}"

    def connect(self, call_id: str, agent: Audio, *, reference: str) -> None:
        self._ask("connect", call_id, agent.address)

    def park(self, call_id: str) -> None:
        self._ask("park", call_id)

    def control(self, call_id: str, control: Control) -> None:
        self._ask(control.value, call_id)

    def hang_up(self, call_id: str) -> None:
        self._ask("hang_up", call_id)

    def look_up(self, *, call_id: str, reference: str) -> CallEvent | None:
        self._ask("look_up", call_id, reference)
        return self.known.get(reference) or self.known.get(call_id)

    def asked(self, what: str) -> list[tuple[Any, ...]]:
        return [ask[1:] for ask in self.asks if ask[0] == what]

    def tell(self, call_id: str, kind: Kind, **fields: str) -> Instruction:
        """Report something new; the answer is what the caller is told."""
        fields.setdefault("event_id", f"{call_id}:{kind}:{next(self._numbers)}")
        return registry.report(CallEvent(provider=self.name, call_id=call_id, kind=kind, **fields))

    def ring(self, call_id: str, *, caller: str = MAYAS_NUMBER, called: str = NUMBER) -> Instruction:
        return self.tell(call_id, Kind.RINGING, caller=caller, called=called)

    def key(self, call_id: str, digits: str) -> Instruction:
        return self.tell(call_id, Kind.CODE_ENTERED, digits=digits, called=NUMBER)

    def _ask(self, what: str, *how: Any) -> None:
        self.asks.append((what, *how))
        if error := self.fails.pop(what, None):
            raise error
