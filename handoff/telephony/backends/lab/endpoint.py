"""The SIP port: datagrams become requests, answers and transactions, and find the dialog that they belong to."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from typing import Final, Protocol

from handoff.telephony.backends.lab.messages import (
    Malformed,
    Message,
    Request,
    Response,
    build_response,
    parse,
)
from handoff.telephony.backends.lab.sockets import HOST, Address, UdpSocket
from handoff.telephony.backends.lab.transactions import ClientTransaction, ServerTransaction, Timers

ALLOW: Final = "INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER, INFO"
PRODUCT: Final = "handoff-lab"
_COOKIE: Final = "z9hG4bK"  # RFC 3261, 8.1.1.7: every branch begins with it
_RPORT: Final = re.compile(r";\s*rport(?=\s*(;|$))", re.IGNORECASE)
_SENT_BY: Final = re.compile(r"SIP\s*/\s*2\.0\s*/\s*UDP\s+(?P<by>[^;\s]+)", re.IGNORECASE)

# Call-ID and our own tag: what a request within a dialog is found by.
DialogKey = tuple[str, str]


class DialogUser(Protocol):
    """Whoever takes the requests of one dialog."""

    def receive(self, transaction: ServerTransaction) -> None: ...

    def acknowledge(self, ack: Request) -> None: ...


class Endpoint:
    """Speaks SIP on one port. `receive` takes the requests that belong to no dialog. Raises OSError."""

    def __init__(self, port: int, *, receive: Callable[[ServerTransaction], None], timers: Timers) -> None:
        self._receive, self.timers = receive, timers
        self._socket = UdpSocket(port, receive=self._receive_datagram)
        self.address = self._socket.address
        self.contact = f"<sip:handoff@{HOST}:{self.address[1]}>"
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers: dict[tuple[str, str, str], ServerTransaction] = {}
        self._dialogs: dict[DialogKey, DialogUser] = {}

    def close(self) -> None:
        for asked in self._clients.values():
            asked.stop()
        for answered in self._servers.values():
            answered.stop()
        self._socket.close()

    @property
    def is_quiet(self) -> bool:
        """Whether every request of ours has been answered."""
        return all(transaction.is_final for transaction in self._clients.values())

    def send(self, message: Message, *, to: Address) -> None:
        self._socket.send(message.to_bytes(), to=to)

    def stamp(self, request: Request) -> None:
        """Put our own hop on top, with a branch that is new."""
        branch = _COOKIE + secrets.token_hex(12)
        request.headers.insert(0, ("via", f"SIP/2.0/UDP {HOST}:{self.address[1]};branch={branch};rport"))

    def ask(
        self, request: Request, *, to: Address, respond: Callable[[Response], None] = lambda response: None
    ) -> ClientTransaction:
        """Send a request of ours and bring every answer to `respond`."""
        self.stamp(request)
        key = (request.branch, request.method)
        loop = asyncio.get_running_loop()

        def heard(response: Response) -> None:
            if response.status >= 200:
                # A last answer may still be repeated, and wants to be acknowledged again.
                loop.call_later(self.timers.limit, self._clients.pop, key, None)
            respond(response)

        made = ClientTransaction(
            request, send=lambda message: self.send(message, to=to), timers=self.timers, respond=heard
        )
        self._clients[key] = made
        return made

    def enter(self, key: DialogKey, user: DialogUser) -> None:
        self._dialogs[key] = user

    def leave(self, key: DialogKey) -> None:
        self._dialogs.pop(key, None)

    # -- what comes in

    def _receive_datagram(self, data: bytes, source: Address) -> None:
        try:
            message = parse(data)
        except Malformed:
            return
        if isinstance(message, Response):
            self._receive_response(message)
        elif not message.is_complete:
            self._refuse(message, source=source)
        elif message.method == "ACK":
            self._receive_ack(message)
        else:
            self._receive_request(message, source=source)

    def _receive_response(self, response: Response) -> None:
        if transaction := self._clients.get((response.branch, response.cseq[1])):
            transaction.receive(response)

    def _refuse(self, request: Request, *, source: Address) -> None:
        """400, where there is a hop to send it back to; an ACK is never answered."""
        if request.via and request.method != "ACK":
            self.send(build_response(request, status=400), to=_find_way_back(request, source=source))

    def _receive_ack(self, ack: Request) -> None:
        if invite := self._servers.get((ack.branch, _find_sent_by(ack), "INVITE")):
            invite.acknowledge(ack)
        elif user := self._dialogs.get((ack.call_id, ack.to_tag)):
            user.acknowledge(ack)

    def _receive_request(self, request: Request, *, source: Address) -> None:
        key = (request.branch, _find_sent_by(request), request.method)
        if known := self._servers.get(key):
            known.repeat()
            return
        way_back = _find_way_back(request, source=source)
        _write_source(request, source=source)
        made = ServerTransaction(
            request,
            source=source,
            send=lambda message: self.send(message, to=way_back),
            timers=self.timers,
            forget=lambda: self._servers.pop(key, None),
        )
        self._servers[key] = made
        self._dispatch(made)

    def _dispatch(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if request.method == "CANCEL":
            self._cancel(transaction)
        elif user := self._dialogs.get((request.call_id, request.to_tag)):
            user.receive(transaction)
        elif request.to_tag:
            transaction.respond(481)
        else:
            self._receive(transaction)

    def _cancel(self, transaction: ServerTransaction) -> None:
        """Taking back finds its INVITE by the branch; one that was answered already is not changed by it."""
        invite = self._servers.get((transaction.request.branch, _find_sent_by(transaction.request), "INVITE"))
        transaction.respond(481 if invite is None else 200, tag=secrets.token_hex(4))
        if invite is not None and not invite.is_final:
            invite.canceled()


def _find_sent_by(message: Message) -> str:
    found = _SENT_BY.match(message.via)
    return found["by"] if found else ""


def _find_way_back(request: Request, *, source: Address) -> Address:
    """Where the answer goes: to the source if it asked for that (RFC 3581), else to the port that it names."""
    if "rport" in request.via.lower():
        return source
    _, _, port = _find_sent_by(request).partition(":")
    is_port = port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65536
    return source[0], int(port) if is_port else 5060


def _write_source(request: Request, *, source: Address) -> None:
    index = next(place for place, (name, _) in enumerate(request.headers) if name == "via")
    top, comma, rest = request.headers[index][1].partition(",")
    written = _RPORT.sub(f";received={source[0]};rport={source[1]}", top, count=1)
    request.headers[index] = ("via", written + comma + rest)
