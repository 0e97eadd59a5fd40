"""Where a name or number is rung: a softphone that registered, an address, a route or the gateway."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from handoff.telephony.backends.lab.messages import Request, bare_uri, find_parameter, parse_uri
from handoff.telephony.backends.lab.sockets import HOST, Address
from handoff.telephony.backends.lab.transactions import ServerTransaction
from handoff.telephony.base import CallError, plain_number

_LONGEST_SECONDS: Final = 3600
_MOST: Final = 1000
_DEFAULT_PORT: Final = 5060
_PLAIN: Final = re.compile(r'[^\s<>"]{1,300}')


@dataclass(frozen=True)
class Destination:
    """`uri` is what the INVITE asks for, `address` where it is sent."""

    uri: str
    address: Address


@dataclass(frozen=True)
class _Contact:
    destination: Destination
    ends_at: float


class Registrar:
    """Remembers contacts by the user of their address alone: its host is whatever the softphone was told."""

    def __init__(self, *, routes: Mapping[str, str], gateway: str) -> None:
        self._routes = {plain_number(number): address for number, address in routes.items()}
        self._gateway = gateway
        self._contacts: dict[str, _Contact] = {}

    def receive(self, transaction: ServerTransaction) -> None:
        """REGISTER: one contact a name, the last one counts."""
        request = transaction.request
        uri = parse_uri(request.get("to"))
        contact = request.get("contact")
        if uri is None or not uri.user:
            transaction.respond(400)
            return
        seconds = _read_seconds(request)
        if contact and seconds and (contact == "*" or not self._has_room(uri.user)):
            transaction.respond(503)
            return
        if contact:
            self._set(uri.user, contact=contact, seconds=seconds, source=transaction.source)
        transaction.respond(200, tag="registrar", headers=self._describe(uri.user))

    def find_agent(self, address: str) -> Destination:
        """`sip:amira@lab` where amira registered, else at the host and port it names. Raises CallError."""
        uri = parse_uri(address)
        if found := self._find_contact(uri.user if uri else plain_number(address)):
            return found
        if uri is None:
            raise CallError("The lab rings SIP addresses only.", is_permanent=True)
        return _find_direct(address)

    def find_customer(self, number: str) -> Destination:
        """A number by its route, by a softphone of that name, or through the gateway. Raises CallError."""
        plain = plain_number(number)
        if route := self._routes.get(plain):
            return self.find_agent(route)
        if found := self._find_contact(plain):
            return found
        if not (self._gateway and plain):
            raise CallError("The lab has no route to this number.", is_permanent=True)
        return _find_direct(f"sip:{plain}@{self._gateway}")

    def _has_room(self, user: str) -> bool:
        now = time.monotonic()
        self._contacts = {name: contact for name, contact in self._contacts.items() if contact.ends_at > now}
        return user in self._contacts or len(self._contacts) < _MOST

    def _set(self, user: str, *, contact: str, seconds: int, source: Address) -> None:
        if seconds == 0:
            self._contacts.pop(user, None)
            return
        destination = Destination(bare_uri(contact), source)
        self._contacts[user] = _Contact(destination, time.monotonic() + seconds)

    def _describe(self, user: str) -> list[tuple[str, str]]:
        contact = self._contacts.get(user)
        left = int(contact.ends_at - time.monotonic()) if contact else 0
        return [("contact", f"<{contact.destination.uri}>;expires={left}")] if contact and left > 0 else []

    def _find_contact(self, user: str) -> Destination | None:
        contact = self._contacts.get(user)
        return contact.destination if contact and contact.ends_at > time.monotonic() else None


def _read_seconds(request: Request) -> int:
    written = find_parameter(request.get("contact"), name="expires") or request.get("expires")
    return min(int(written), _LONGEST_SECONDS) if written.isascii() and written.isdigit() else _LONGEST_SECONDS


def _find_direct(address: str) -> Destination:
    uri = parse_uri(address)
    if uri is None or not _PLAIN.fullmatch(bare_uri(address)):
        raise CallError("This is no SIP address.", is_permanent=True)
    host = HOST if uri.host == "localhost" else uri.host
    if not host.replace(".", "").isdigit():
        raise CallError("Nobody is registered under this name.")
    if not host.startswith("127."):
        raise CallError("The lab rings on this machine only.", is_permanent=True)
    return Destination(bare_uri(address), (host, uri.port or _DEFAULT_PORT))
