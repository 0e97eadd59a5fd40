"""A call: a customer's phone, an agent's phone, and who hears what."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from handoff.telephony.backends.lab import tones
from handoff.telephony.backends.lab.endpoint import Endpoint
from handoff.telephony.backends.lab.keypad import Way
from handoff.telephony.backends.lab.legs import Leg, OutboundLeg
from handoff.telephony.backends.lab.limits import Limits
from handoff.telephony.backends.lab.media import Ticker
from handoff.telephony.backends.lab.registrar import Destination
from handoff.telephony.backends.lab.reports import Reporter
from handoff.telephony.base import FINAL, CallError, CallEvent, Control, HangUp, Instruction, Kind

_log = logging.getLogger(__name__)
# The agent's phone shows this, and the reference alone says which handoff it is: who rings is on the agent's screen.
AGENT_SEES: Final = "handoff"


@dataclass(frozen=True)
class Line:
    """What every call of one lab shares."""

    name: str
    endpoint: Endpoint
    ticker: Ticker
    reporter: Reporter
    limits: Limits
    # Called once with each call that is over.
    closed: Callable[[Call], None]


class Call(ABC):
    """One call, on the event loop alone. Subclasses say how it comes about."""

    def __init__(self, line: Line, *, call_id: str, caller: str, called: str, reference: str = "") -> None:
        self.call_id, self.caller, self.called, self.reference = call_id, caller, called, reference
        self.customer: Leg | None = None
        self.agent: Leg | None = None
        # The last event that is a status: what a look-up answers.
        self.status: CallEvent | None = None
        self.is_over = False
        self.is_bridged = False
        self._line = line
        self._is_held = self._is_muted = self._is_leaving = False
        self._count = 0
        self._events: asyncio.Queue[CallEvent] = asyncio.Queue()
        self._ring_timer: asyncio.TimerHandle | None = None
        self.telling = asyncio.get_running_loop().create_task(self._tell())

    # -- reports

    def _report(self, kind: Kind, *, digits: str = "") -> None:
        self._count += 1
        event = CallEvent(
            provider=self._line.name,
            event_id=f"{self.call_id}:{kind}:{self._count}",
            call_id=self.call_id,
            kind=kind,
            caller=self.caller,
            called=self.called,
            digits=digits,
            reference=self.reference,
        )
        if kind is not Kind.CODE_ENTERED:
            self.status = event
        self._events.put_nowait(event)

    async def _tell(self) -> None:
        """One event after another, and what was decided about each before the next."""
        kind: Kind | None = None
        while kind not in FINAL:
            event = await self._events.get()
            kind = event.kind
            instruction = await self._line.reporter.tell(event)
            try:
                if not (self.is_over or self._is_leaving):
                    self._follow(event, instruction=instruction)
            except Exception:  # the reports of this call have to go on whatever one of them brings about
                _log.exception("lab: what was decided about %s could not be done", kind)

    def _follow(self, event: CallEvent, *, instruction: Instruction) -> None:
        """Do as told."""
        if isinstance(instruction, HangUp):
            self._say_goodbye()

    def _say_goodbye(self) -> None:
        """From here on the call listens to nothing more."""
        if self.customer is None or not self.customer.is_up:
            self.hang_up()
            return
        self._is_leaving, self.is_bridged = True, False
        self._part()
        if self.agent is not None:
            self.agent.hang_up()
        self.customer.media.play(tones.GOODBYE, then=self.hang_up)

    # -- phones

    def ring_agent(self, destination: Destination, *, reference: str) -> None:
        """Raises CallError if there is no port for the audio."""
        leg = self._make_leg()
        self.reference, self.agent = reference, leg
        leg.dial(
            destination.uri,
            address=destination.address,
            caller=AGENT_SEES,
            headers=[("x-handoff-reference", reference)],
        )
        self._limit_ringing(leg, seconds=self._line.limits.agent_ring_seconds)
        # At once: a dial is to be found from its first moment on, or it would be made a second time.
        self._report(Kind.AGENT_RINGING)

    def _make_leg(self) -> OutboundLeg:
        try:
            return OutboundLeg(self._line.endpoint, ticker=self._line.ticker, owner=self)
        except OSError as error:
            raise CallError("The lab has no port left for the audio.") from error

    def _limit_ringing(self, leg: Leg, *, seconds: float) -> None:
        """After this long the phone is taken back, and the call goes on as if nobody had answered it."""

        def give_up() -> None:
            if not (leg.is_up or leg.is_over):
                leg.hang_up()
                self.leg_failed(leg, status=408)

        self._stop_ring_timer()
        self._ring_timer = asyncio.get_running_loop().call_later(seconds, give_up)

    def _stop_ring_timer(self) -> None:
        if self._ring_timer is not None:
            self._ring_timer.cancel()

    @abstractmethod
    def leg_rang(self, leg: Leg) -> None: ...

    @abstractmethod
    def leg_answered(self, leg: Leg) -> None: ...

    @abstractmethod
    def leg_failed(self, leg: Leg, *, status: int) -> None: ...

    def leg_left(self, leg: Leg) -> None:
        """Whoever of the two hangs up ends it for both."""
        self.finish(self._judge_ending())

    @abstractmethod
    def leg_pressed(self, leg: Leg, *, key: str, way: Way) -> None: ...

    # -- who hears what

    def _bridge(self) -> None:
        self.is_bridged = True
        self._is_held = self._is_muted = False
        self._arrange()
        self._report(Kind.BRIDGED)

    def _arrange(self) -> None:
        """The one place where two phones are joined."""
        if self.customer is None or self.agent is None:
            return
        self._part()
        if self._is_held:
            self.customer.media.play(tones.HOLD)
            self.agent.media.play(tones.SILENCE)
            return
        self.agent.media.be_quiet()
        self.customer.media.speak_to(self.agent.media)
        if self._is_muted:
            self.customer.media.play(tones.SILENCE)
            return
        self.customer.media.be_quiet()
        self.agent.media.speak_to(self.customer.media)

    def _part(self) -> None:
        """Nobody hears the other any more."""
        for leg in (self.customer, self.agent):
            if leg is not None:
                leg.media.speak_to(None)

    def apply(self, control: Control) -> None:
        """Raises CallError unless both are on the line."""
        if self.is_over or not self.is_bridged:
            raise CallError("The two are not on the line together.", is_permanent=True)
        if control in (Control.HOLD, Control.RESUME):
            self._is_held = control is Control.HOLD
        else:
            self._is_muted = control is Control.MUTE
        self._arrange()

    # -- the end

    def hang_up(self) -> None:
        self.finish(self._judge_ending())

    @abstractmethod
    def _judge_ending(self) -> Kind:
        """How a call ends that is hung up now."""

    def finish(self, kind: Kind) -> None:
        """Every phone hangs up and nothing more happens. A call ends once."""
        if self.is_over:
            return
        self.is_over = True
        self._stop_ring_timer()
        for leg in (self.customer, self.agent):
            if leg is not None:
                leg.hang_up()
        self._report(kind)
        self._line.closed(self)
