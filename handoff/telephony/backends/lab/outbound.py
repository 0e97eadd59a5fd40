"""A dial of ours: the agent's phone first, then the customer's."""

from __future__ import annotations

from typing import Final

from handoff.telephony.backends.lab import tones
from handoff.telephony.backends.lab.calls import AGENT_SEES, Call, Line
from handoff.telephony.backends.lab.keypad import Way
from handoff.telephony.backends.lab.legs import Leg
from handoff.telephony.backends.lab.registrar import Destination
from handoff.telephony.base import CallError, Kind, Order, plain_number

_BUSY: Final = frozenset({486, 600, 603})
# 487: they say that it was taken back, though not by us: a phone that stopped ringing.
_NO_ANSWER: Final = frozenset({408, 480, 487})


class OutboundCall(Call):
    def __init__(self, line: Line, *, call_id: str, order: Order, customer: Destination) -> None:
        super().__init__(line, call_id=call_id, caller=order.caller_id, called=order.number, reference=order.reference)
        self._ring_seconds = order.ring_seconds
        self._destination = customer
        self._is_answered = False

    def leg_rang(self, leg: Leg) -> None:
        if leg is self.customer and self.agent is not None:
            self.agent.media.play(tones.RINGBACK)
            self._report(Kind.RINGING)

    def leg_answered(self, leg: Leg) -> None:
        if leg is self.agent:
            leg.media.play(tones.READY, then=self._ring_customer)
        else:
            self._is_answered = True
            self._report(Kind.ANSWERED)
            self._bridge()

    def leg_pressed(self, leg: Leg, *, key: str, way: Way) -> None:
        """Keys mean something to a call that asks for a code."""

    def leg_failed(self, leg: Leg, *, status: int) -> None:
        self.finish(Kind.CANCELED if leg is self.agent else _judge(status))

    def _judge_ending(self) -> Kind:
        """Before the customer answered it was a dial taken back."""
        return Kind.ENDED if self._is_answered else Kind.CANCELED

    def _ring_customer(self) -> None:
        if self.is_over:
            return
        try:
            self.customer = leg = self._make_leg()
        except CallError:
            self.finish(Kind.FAILED)
            return
        leg.dial(
            self._destination.uri,
            address=self._destination.address,
            caller=plain_number(self.caller) or AGENT_SEES,
        )
        self._limit_ringing(leg, seconds=self._ring_seconds)


def _judge(status: int) -> Kind:
    if status in _BUSY:
        return Kind.BUSY
    return Kind.NO_ANSWER if status in _NO_ANSWER else Kind.FAILED
