"""A dialog: what two phones agreed to call the same call, and the requests within it (RFC 3261, section 12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from handoff.telephony.backends.lab.endpoint import PRODUCT, DialogKey
from handoff.telephony.backends.lab.messages import Header, Request, Response, after_address, bare_uri, find_parameter
from handoff.telephony.backends.lab.sockets import Address


@dataclass
class Dialog:
    """`local` and `remote` are From and To as we write them, tags included; `target` is the other side's contact."""

    call_id: str
    local: str
    remote: str
    target: str
    # Where its packets came from: on one machine that is more certain than what a contact says.
    address: Address
    route: list[str] = field(default_factory=list)
    sent: int = 1
    received: int = -1

    @property
    def key(self) -> DialogKey:
        return self.call_id, find_parameter(after_address(self.local), name="tag")

    def build(self, method: str, *, headers: Sequence[Header] = (), body: bytes = b"") -> Request:
        """The next request; an ACK carries the number of its INVITE."""
        if method != "ACK":
            self.sent += 1
        own = [
            ("from", self.local),
            ("to", self.remote),
            ("call-id", self.call_id),
            ("cseq", f"{self.sent} {method}"),
            ("max-forwards", "70"),
            ("user-agent", PRODUCT),
        ]
        route = [("route", value) for value in self.route]
        return Request([*own, *route, *headers], body, method=method, uri=self.target)


def open_for_callee(request: Request, *, tag: str, source: Address) -> Dialog:
    """The dialog that our answer to their INVITE makes."""
    return Dialog(
        call_id=request.call_id,
        local=f"{request.get('to')};tag={tag}",
        remote=request.get("from"),
        target=bare_uri(request.get("contact")) or bare_uri(request.get("from")),
        address=source,
        route=request.get_all("record-route"),
        sent=0,
        received=request.cseq[0],
    )


def open_for_caller(request: Request, *, response: Response, address: Address) -> Dialog:
    """The dialog that their answer to our INVITE makes."""
    return Dialog(
        call_id=request.call_id,
        local=request.get("from"),
        remote=response.get("to"),
        target=bare_uri(response.get("contact")) or request.uri,
        address=address,
        route=response.get_all("record-route")[::-1],
        sent=request.cseq[0],
    )
