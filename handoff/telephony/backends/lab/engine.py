"""The lab on its event loop: takes what rings in, rings out, and knows every call."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from handoff.lib.ids import new_id
from handoff.telephony.backends.lab import sdp
from handoff.telephony.backends.lab.calls import Call, Line
from handoff.telephony.backends.lab.endpoint import ALLOW, Endpoint
from handoff.telephony.backends.lab.inbound import InboundCall
from handoff.telephony.backends.lab.ledger import Ledger
from handoff.telephony.backends.lab.limits import Limits
from handoff.telephony.backends.lab.media import Ticker
from handoff.telephony.backends.lab.outbound import OutboundCall
from handoff.telephony.backends.lab.registrar import Registrar
from handoff.telephony.backends.lab.reports import Reporter
from handoff.telephony.backends.lab.sdp import Unacceptable
from handoff.telephony.backends.lab.sockets import Address
from handoff.telephony.backends.lab.transactions import ServerTransaction, Timers
from handoff.telephony.base import Audio, CallError, CallEvent, Control, Order, Report

# How long leaving waits for goodbyes to be answered and for the last reports to be taken.
_GOODBYE_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Setup:
    """`port` 0 takes a free one. `routes`: number to SIP address; other numbers go to `gateway`, a `host:port`."""

    name: str = "lab"
    port: int = 0
    routes: Mapping[str, str] = field(default_factory=dict)
    gateway: str = ""
    limits: Limits = field(default_factory=Limits)
    timers: Timers = field(default_factory=Timers)


class Engine:
    """Made and used on the event loop alone. Raises OSError if the port is taken."""

    def __init__(self, report: Report, *, setup: Setup) -> None:
        self._limits = setup.limits
        self._endpoint = Endpoint(setup.port, receive=self._receive, timers=setup.timers)
        self._registrar = Registrar(routes=setup.routes, gateway=setup.gateway)
        self._ledger = Ledger(setup.limits)
        self._telling: set[asyncio.Task[None]] = set()
        self._ticker = Ticker()
        self._reporter = Reporter(report)
        self._line = Line(
            name=setup.name,
            endpoint=self._endpoint,
            ticker=self._ticker,
            reporter=self._reporter,
            limits=setup.limits,
            closed=self._ledger.close,
        )

    @property
    def address(self) -> Address:
        return self._endpoint.address

    async def close(self) -> None:
        """Hang up every call, and leave when that has been heard or for too long has not."""
        for call in self._ledger.list_live():
            call.hang_up()
        deadline = time.monotonic() + _GOODBYE_SECONDS
        if self._telling:
            await asyncio.wait(self._telling, timeout=_GOODBYE_SECONDS)
        while not self._endpoint.is_quiet and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        for task in self._telling:
            task.cancel()
        self._ticker.stop()
        self._endpoint.close()
        self._reporter.close()

    # -- what rings in

    def _receive(self, transaction: ServerTransaction) -> None:
        method = transaction.request.method
        if method == "INVITE":
            self._receive_invite(transaction)
        elif method == "REGISTER":
            self._registrar.receive(transaction)
        elif method == "OPTIONS":
            transaction.respond(200, tag=secrets.token_hex(4), headers=[("allow", ALLOW)])
        elif method in ("BYE", "INFO"):
            transaction.respond(481)
        else:
            transaction.respond(405, headers=[("allow", ALLOW)])

    def _receive_invite(self, transaction: ServerTransaction) -> None:
        tag = secrets.token_hex(4)
        if required := transaction.request.get("require"):
            transaction.respond(420, tag=tag, headers=[("unsupported", required)])
        elif not _is_acceptable(transaction.request.body):
            transaction.respond(488, tag=tag)
        elif len(self._ledger) >= self._limits.calls:
            transaction.respond(486, tag=tag)
        else:
            self._open(transaction)

    def _open(self, invite: ServerTransaction) -> None:
        try:
            call = InboundCall(self._line, call_id=new_id("lab"), invite=invite)
        except OSError:  # no port left for the audio
            invite.respond(486, tag=secrets.token_hex(4))
            return
        self._keep(call)

    def _keep(self, call: Call) -> None:
        self._ledger.add(call)
        self._telling.add(call.telling)
        call.telling.add_done_callback(self._telling.discard)

    # -- what the provider is asked

    def originate(self, order: Order) -> str:
        if known := self._ledger.find_dial(order.reference):
            return known
        if len(self._ledger) >= self._limits.calls:
            raise CallError("The lab has as many calls as it can take.", retry_after_seconds=5)
        agent = self._registrar.find_agent(order.agent.address)
        customer = self._registrar.find_customer(order.number)
        call = OutboundCall(self._line, call_id=new_id("lab"), order=order, customer=customer)
        try:
            call.ring_agent(agent, reference=order.reference)
        except CallError:
            call.telling.cancel()
            raise
        self._keep(call)
        self._ledger.refer(order.reference, call_id=call.call_id, is_dial=True)
        return call.call_id

    def connect(self, call_id: str, *, agent: Audio, reference: str) -> None:
        call = self._find(call_id)
        if not isinstance(call, InboundCall):
            raise CallError("This call was not one that came in.", is_permanent=True)
        call.connect(self._registrar.find_agent(agent.address), reference=reference)
        self._ledger.refer(reference, call_id=call_id)

    def park(self, call_id: str) -> None:
        call = self._find(call_id)
        if not isinstance(call, InboundCall):
            raise CallError("This call was not one that came in.", is_permanent=True)
        call.park()

    def control(self, call_id: str, *, control: Control) -> None:
        self._find(call_id).apply(control)

    def hang_up(self, call_id: str) -> None:
        """One that is not known is not on the line either."""
        if call := self._ledger.find(call_id):
            call.hang_up()

    def look_up(self, *, call_id: str, reference: str) -> CallEvent | None:
        return self._ledger.look_up(call_id=call_id, reference=reference)

    def _find(self, call_id: str) -> Call:
        call = self._ledger.find(call_id)
        if call is None:
            raise CallError("There is no such call any more.", is_permanent=True)
        return call


def _is_acceptable(body: bytes) -> bool:
    """Whether we can speak what is offered; no offer is fine, ours is then the first word."""
    try:
        return not body or bool(sdp.parse(body))
    except Unacceptable:
        return False
