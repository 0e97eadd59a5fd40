"""The sockets of this process, by person: how many each may have, and whose right has ended."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from handoff.protocol.close_codes import CloseCode
from handoff.realtime import metrics
from handoff.realtime.socket import BYE_SECONDS, Outlet

if TYPE_CHECKING:
    from handoff.realtime.consumer import Principal

SOCKETS_A_PERSON: Final = 5
# Goodbyes are said in steps, so that thousands do not come back in one moment, and hundreds no faster than another
# process takes them in: whoever has to queue there is offline meanwhile, and here could have stayed.
DRAIN_SECONDS: Final = 10.0
DRAIN_STEP_SECONDS: Final = 0.1
DRAIN_STEP_SOCKETS: Final = 3
DRAIN_RETRY_MS: Final = 500


class Roster:
    """Who is connected here; runs on the event loop."""

    def __init__(self) -> None:
        self.is_draining = False
        self._outlets: dict[Outlet, Principal] = {}
        # By person, oldest first: a connect must not look at everybody else.
        self._own: dict[str, list[Outlet]] = {}
        self._departed: list[Principal] = []

    def add(self, principal: Principal, outlet: Outlet) -> None:
        """The sixth socket of a person closes that person's oldest."""
        own = self._own.setdefault(principal.key, [])
        live = [other for other in own if other.closing is None]
        for oldest in live[: max(0, len(live) + 1 - SOCKETS_A_PERSON)]:
            oldest.close(CloseCode.SUPERSEDED)
        own.append(outlet)
        self._outlets[outlet] = principal
        metrics.SOCKETS.labels(principal.role).inc()

    def remove(self, outlet: Outlet) -> bool:
        """False if it never got as far as being known."""
        principal = self._outlets.pop(outlet, None)
        if principal is None:
            return False
        own = self._own[principal.key]
        own.remove(outlet)
        if not own:
            del self._own[principal.key]
        metrics.SOCKETS.labels(principal.role).dec()
        self._departed.append(principal)
        return True

    def take_departed(self, role: str) -> list[Any]:
        """Of one role, those whose last socket here has closed since this was last asked."""
        gone = [who.identity for who in self._departed if who.role == role and who.key not in self._own]
        self._departed = [who for who in self._departed if who.role != role]
        return gone

    def count(self, key: str, *, besides: Outlet) -> int:
        """Other live sockets of one person."""
        return sum(other.closing is None and other is not besides for other in self._own.get(key, ()))

    def identities(self, role: str) -> list[Any]:
        """Whom the sockets of one role here speak for."""
        return [who.identity for who in self._outlets.values() if who.role == role]

    def grants(self) -> dict[tuple[Any, ...], str]:
        """What the sockets here rely on, with the role each is of."""
        return {who.grant: who.role for who in self._outlets.values()}

    def outlets(self, role: str | None = None) -> list[Outlet]:
        return [outlet for outlet, who in self._outlets.items() if role is None or who.role == role]

    def revoke(self, is_ended: Callable[[tuple[Any, ...]], bool]) -> None:
        """Close the sockets whose grant has ended."""
        for outlet, who in tuple(self._outlets.items()):
            if is_ended(who.grant):
                outlet.close(CloseCode.AUTH)

    async def drain(self) -> None:
        """The process ends: let nobody in, and say goodbye to every socket, so that it comes back elsewhere."""
        self.is_draining = True
        share = max(DRAIN_STEP_SOCKETS, math.ceil(len(self._outlets) * DRAIN_STEP_SECONDS / DRAIN_SECONDS))
        while leaving := [outlet for outlet in self._outlets if outlet.closing is None]:
            for outlet in leaving[:share]:
                outlet.close(CloseCode.GOING_AWAY, retry_after_ms=DRAIN_RETRY_MS)
            await asyncio.sleep(DRAIN_STEP_SECONDS)
        if byes := [asyncio.ensure_future(outlet.closed.wait()) for outlet in self._outlets]:
            # One that does not take its bye is given up by its own outlet.
            await asyncio.wait(byes, timeout=2 * BYE_SECONDS)


roster = Roster()
