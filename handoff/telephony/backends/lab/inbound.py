"""A customer who calls in: rung, asked for a code, held, and brought to an agent."""

from __future__ import annotations

import asyncio

from handoff.telephony.backends.lab import tones
from handoff.telephony.backends.lab.calls import Call, Line
from handoff.telephony.backends.lab.keypad import Keypad, Way
from handoff.telephony.backends.lab.legs import InboundLeg, Leg
from handoff.telephony.backends.lab.messages import parse_uri
from handoff.telephony.backends.lab.registrar import Destination
from handoff.telephony.backends.lab.transactions import ServerTransaction
from handoff.telephony.base import AskCode, CallError, CallEvent, Hold, Instruction, Kind, Nothing


class InboundCall(Call):
    """Raises OSError if there is no port for the audio."""

    def __init__(self, line: Line, *, call_id: str, invite: ServerTransaction) -> None:
        caller, called = parse_uri(invite.request.get("from")), parse_uri(invite.request.uri)
        super().__init__(
            line,
            call_id=call_id,
            caller=caller.user if caller and caller.user != "anonymous" else "",
            called=called.user if called else "",
        )
        # What the caller will hear once the line is open.
        self._opening: Instruction = Nothing()
        self._keypad = Keypad(
            first_seconds=line.limits.first_digit_seconds, next_seconds=line.limits.next_digit_seconds
        )
        try:
            self._phone = InboundLeg(invite, endpoint=line.endpoint, ticker=line.ticker, owner=self)
        except OSError:
            self.telling.cancel()
            raise
        self.customer = self._phone
        self._undecided = asyncio.get_running_loop().call_later(line.limits.undecided_seconds, self._give_up)
        self._report(Kind.RINGING)

    def connect(self, destination: Destination, *, reference: str) -> None:
        """Ring an agent for the waiting caller; the same reference rings once. Raises CallError."""
        is_leaving = self.is_over or self._is_leaving
        if is_leaving or not self._phone.is_up:
            raise CallError("The caller is not on the line.", is_permanent=is_leaving)
        if self.agent is not None and self.reference == reference:
            return
        previous, was_bridged = self.agent, self.is_bridged
        self.ring_agent(destination, reference=reference)
        self._keypad.stop()
        if previous is not None:  # another agent takes over: the caller waits for them
            previous.hang_up()
        if was_bridged:
            self.is_bridged = False
            self._phone.media.speak_to(None)
        self._phone.media.play(tones.HOLD)

    def leg_answered(self, leg: Leg) -> None:
        if leg is self._phone:
            self._undecided.cancel()
            self._phone.media.play(tones.SILENCE)
            self._report(Kind.ANSWERED)
        elif leg is self.agent:
            self._bridge()

    def leg_rang(self, leg: Leg) -> None:
        """Only a dial of ours lets anybody hear it."""

    def leg_failed(self, leg: Leg, *, status: int) -> None:
        if leg is self._phone:
            self.finish(Kind.ENDED)
        elif leg is self.agent and not self.is_over:
            self.agent = None  # the hold tone has not stopped
            self._report(Kind.QUEUED)

    def leg_left(self, leg: Leg) -> None:
        if leg in (self._phone, self.agent):
            self.finish(Kind.ENDED)

    def leg_pressed(self, leg: Leg, *, key: str, way: Way) -> None:
        if leg is not self._phone or self.is_bridged:
            return
        self._keypad.press(key, way=way)
        if self._keypad.is_asked:  # who keys has understood: the prompt stops
            self._phone.media.play(tones.SILENCE)

    def _say_goodbye(self) -> None:
        self._keypad.stop()
        super()._say_goodbye()

    def finish(self, kind: Kind) -> None:
        self._undecided.cancel()
        self._keypad.stop()
        super().finish(kind)

    def park(self) -> None:
        """The agent is off the line, and the caller waits as before; whoever asked for it knows that already."""
        if self.agent is None or self.is_over:
            return
        self._stop_ring_timer()
        self._part()
        agent, self.agent = self.agent, None
        self.is_bridged = self._is_held = self._is_muted = False
        agent.hang_up()
        self._phone.media.play(tones.HOLD)

    def _judge_ending(self) -> Kind:
        return Kind.ENDED

    def _follow(self, event: CallEvent, *, instruction: Instruction) -> None:
        super()._follow(event, instruction=instruction)
        if event.kind is not Kind.RINGING:
            self._do(self._choose(event.kind, instruction=instruction))
        elif isinstance(instruction, (AskCode, Hold)):
            self._opening = instruction
            self._phone.answer()

    def _choose(self, kind: Kind, *, instruction: Instruction) -> Instruction:
        """Where nothing was decided the caller still hears something."""
        if not isinstance(instruction, Nothing):
            return instruction
        return {Kind.ANSWERED: self._opening, Kind.CODE_ENTERED: Hold()}.get(kind, instruction)

    def _do(self, instruction: Instruction) -> None:
        """Once an agent is rung, what was decided before no longer matters."""
        if self.agent is not None or not self._phone.is_up:
            return
        if isinstance(instruction, Hold):
            self._keypad.stop()
            self._phone.media.play(tones.HOLD)
        elif isinstance(instruction, AskCode):
            self._phone.media.play(tones.AGAIN if instruction.is_again else tones.PROMPT)
            self._keypad.ask(instruction.digits, anew=instruction.is_again, done=self._hear_code)

    def _hear_code(self, digits: str) -> None:
        self._phone.media.play(tones.SILENCE)
        self._report(Kind.CODE_ENTERED, digits=digits)

    def _give_up(self) -> None:
        if not (self._phone.is_up or self.is_over):
            self._phone.refuse(480)
            self.finish(Kind.ENDED)
