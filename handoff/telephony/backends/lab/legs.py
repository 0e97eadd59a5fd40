"""One phone on the line: from its INVITE, theirs or ours, to its BYE, with its audio."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import Enum, auto
from typing import Final, Protocol

from handoff.telephony.backends.lab import sdp
from handoff.telephony.backends.lab.dialogs import Dialog, open_for_callee, open_for_caller
from handoff.telephony.backends.lab.dtmf import read_info
from handoff.telephony.backends.lab.endpoint import ALLOW, PRODUCT, Endpoint
from handoff.telephony.backends.lab.keypad import Way
from handoff.telephony.backends.lab.media import Media, Ticker
from handoff.telephony.backends.lab.messages import Header, Request, Response
from handoff.telephony.backends.lab.sdp import Unacceptable
from handoff.telephony.backends.lab.sockets import HOST, Address
from handoff.telephony.backends.lab.transactions import ClientTransaction, ServerTransaction

_SDP: Final = ("content-type", "application/sdp")


class Stage(Enum):
    RINGING = auto()
    # Answered, and the acknowledgement is still to come.
    ANSWERED = auto()
    UP = auto()
    OVER = auto()


class LegOwner(Protocol):
    """The call that a leg belongs to, told what happens to it. After `leg_failed` or `leg_left` nothing more comes."""

    def leg_rang(self, leg: Leg) -> None: ...

    def leg_answered(self, leg: Leg) -> None: ...

    def leg_failed(self, leg: Leg, *, status: int) -> None:
        """It was never on the line. `status`: the SIP answer of a phone that we rang."""

    def leg_left(self, leg: Leg) -> None: ...

    def leg_pressed(self, leg: Leg, *, key: str, way: Way) -> None: ...


class Leg(ABC):
    """What both directions share. Raises OSError if there is no port for its audio."""

    def __init__(self, endpoint: Endpoint, *, ticker: Ticker, owner: LegOwner) -> None:
        self.stage = Stage.RINGING
        self._endpoint, self._owner = endpoint, owner
        self.media = Media(ticker, pressed=lambda key: owner.leg_pressed(self, key=key, way=Way.EVENT))
        self._tag = secrets.token_hex(8)
        self._dialog: Dialog | None = None
        # Of an INVITE without a description: ours was the offer, and their word comes with the ACK.
        self._awaits_word = False
        self._invite: ServerTransaction | None = None

    @property
    def is_up(self) -> bool:
        return self.stage is Stage.UP

    @property
    def is_over(self) -> bool:
        return self.stage is Stage.OVER

    @abstractmethod
    def hang_up(self) -> None:
        """Leave in whatever way the stage asks for; the owner is not told of what it did itself."""

    def _send_bye(self) -> None:
        if self._dialog is not None:
            self._endpoint.ask(self._dialog.build("BYE"), to=self._dialog.address)

    def _close(self) -> None:
        self.stage = Stage.OVER
        self.media.close()
        if self._dialog is not None:
            self._endpoint.leave(self._dialog.key)

    # -- requests within the dialog

    def receive(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if self._dialog is None or request.cseq[0] <= self._dialog.received:
            transaction.respond(500)  # out of order: RFC 3261, 12.2.2
            return
        self._dialog.received = request.cseq[0]
        self._dialog.address = transaction.source
        answer = {"BYE": self._receive_bye, "INFO": self._receive_info, "INVITE": self._receive_invite}.get(
            request.method
        )
        if answer is not None:
            answer(transaction)
        else:
            transaction.respond(200 if request.method == "OPTIONS" else 405, headers=[("allow", ALLOW)])

    def acknowledge(self, ack: Request) -> None:
        if self._invite is not None:
            self._invite.acknowledge(ack)

    def _receive_bye(self, transaction: ServerTransaction) -> None:
        transaction.respond(200)
        if not self.is_over:
            self._stop_answering()
            self._close()
            self._owner.leg_left(self)

    def _receive_info(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        key = read_info(request.get("content-type"), body=request.body)
        transaction.respond(200 if key or not request.body else 415)
        if key:
            self._owner.leg_pressed(self, key=key, way=Way.INFO)

    def _receive_invite(self, transaction: ServerTransaction) -> None:
        """Hold, resume, or a new address for the audio."""
        if not self.is_up:
            transaction.respond(491)
            return
        self._answer(transaction)

    def _answer(self, transaction: ServerTransaction) -> bool:
        """200 with our half of the description; 488 and False if theirs has nothing that we speak."""
        request = transaction.request
        self._awaits_word = not request.body
        try:
            body = sdp.build_offer(port=self.media.port) if self._awaits_word else self._agree(request)
        except Unacceptable:
            transaction.respond(488, tag=self._tag)
            return False
        transaction.acknowledged = self._receive_ack
        transaction.unacknowledged = self._give_up
        self._invite = transaction
        headers = [("contact", self._endpoint.contact), ("allow", ALLOW), ("user-agent", PRODUCT), _SDP]
        transaction.respond(200, tag=self._tag, headers=headers, body=body)
        return True

    def _agree(self, request: Request) -> bytes:
        offer = sdp.parse(request.body)
        self.media.agree(offer, is_offer=True)
        return sdp.build_answer(offer, port=self.media.port)

    def _receive_ack(self, ack: Request) -> None:
        if self.is_over:
            return
        if self._awaits_word:
            try:
                self.media.agree(sdp.parse(ack.body), is_offer=False)
            except Unacceptable:
                self._give_up()
                return
        if self.stage is Stage.ANSWERED:
            self.stage = Stage.UP
            self._owner.leg_answered(self)

    def _give_up(self) -> None:
        """They never acknowledged, so they are gone: say so once and forget them (RFC 3261, 13.3.1.4)."""
        if not self.is_over:
            self._stop_answering()
            self._send_bye()
            self._close()
            self._owner.leg_left(self)

    def _stop_answering(self) -> None:
        if self._invite is not None:
            self._invite.stop()


class InboundLeg(Leg):
    """A phone that rang us. Raises OSError."""

    def __init__(self, invite: ServerTransaction, *, endpoint: Endpoint, ticker: Ticker, owner: LegOwner) -> None:
        super().__init__(endpoint, ticker=ticker, owner=owner)
        self._first = invite
        self._dialog = open_for_callee(invite.request, tag=self._tag, source=invite.source)
        endpoint.enter(self._dialog.key, self)
        invite.canceled = self._receive_cancel
        invite.respond(180, tag=self._tag, headers=[("contact", endpoint.contact), ("user-agent", PRODUCT)])

    def answer(self) -> None:
        if self.stage is not Stage.RINGING:
            return
        self.stage = Stage.ANSWERED
        if not self._answer(self._first):
            self._close()
            self._owner.leg_failed(self, status=488)

    def refuse(self, status: int) -> None:
        """Instead of an answer."""
        if self.stage is Stage.RINGING:
            self._first.respond(status, tag=self._tag)
            self._close()

    def hang_up(self) -> None:
        if self.stage is Stage.RINGING:
            self.refuse(603)
        elif not self.is_over:
            self._stop_answering()
            self._send_bye()
            self._close()

    def _stop_answering(self) -> None:
        super()._stop_answering()
        if self.stage is Stage.RINGING:  # a BYE instead of a CANCEL leaves the INVITE to be answered
            self._first.respond(487, tag=self._tag)

    def _receive_cancel(self) -> None:
        if self.stage is Stage.RINGING:
            self.refuse(487)
            self._owner.leg_failed(self, status=487)


class OutboundLeg(Leg):
    """A phone that we ring at `address`, as `uri`. Raises OSError."""

    def __init__(self, endpoint: Endpoint, *, ticker: Ticker, owner: LegOwner) -> None:
        super().__init__(endpoint, ticker=ticker, owner=owner)
        self._transaction: ClientTransaction | None = None
        self._address: Address = (HOST, 0)
        self._ack: Request | None = None
        self._is_ringing = False

    def dial(self, uri: str, *, address: Address, caller: str, headers: Sequence[Header] = ()) -> None:
        """`caller`: the user part of who rings, already safe to write."""
        self._address = address
        own = [
            ("from", f"<sip:{caller}@{HOST}>;tag={self._tag}"),
            ("to", f"<{uri}>"),
            ("call-id", secrets.token_hex(16)),
            ("cseq", "1 INVITE"),
            ("contact", self._endpoint.contact),
            ("max-forwards", "70"),
            ("allow", ALLOW),
            ("user-agent", PRODUCT),
        ]
        body = sdp.build_offer(port=self.media.port)
        invite = Request([*own, *headers, _SDP], body, method="INVITE", uri=uri)
        self._transaction = self._endpoint.ask(invite, to=address, respond=self._hear)

    def hang_up(self) -> None:
        if self.is_over:
            return
        if self.is_up:
            self._send_bye()
        elif self._transaction is not None:
            self._transaction.cancel()
        self._close()

    def _hear(self, response: Response) -> None:
        if 200 <= response.status < 300:
            self._hear_acceptance(response)
        elif self.is_over:
            return
        elif response.status >= 300:
            self._close()
            self._owner.leg_failed(self, status=response.status)
        elif response.status >= 180 and not self._is_ringing:
            self._is_ringing = True
            self._owner.leg_rang(self)

    def _hear_acceptance(self, response: Response) -> None:
        if self._dialog is None and self._transaction is not None:
            self._open(self._transaction.request, response=response)
        elif self._ack is not None and self._dialog is not None and response.get("to") == self._dialog.remote:
            self._endpoint.send(self._ack, to=self._address)  # told again: our ACK was lost

    def _open(self, invite: Request, *, response: Response) -> None:
        self._dialog = open_for_caller(invite, response=response, address=self._address)
        self._ack = self._dialog.build("ACK")
        self._endpoint.stamp(self._ack)
        self._endpoint.send(self._ack, to=self._address)
        if self.is_over:  # the answer crossed our taking back
            self._send_bye()
            return
        try:
            self.media.agree(sdp.parse(response.body), is_offer=False)
        except Unacceptable:
            self._send_bye()
            self._close()
            self._owner.leg_failed(self, status=488)
            return
        self._endpoint.enter(self._dialog.key, self)
        self.stage = Stage.UP
        self._owner.leg_answered(self)
