"""The sockets of this process, by person: how many each may have, and whose right has ended."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final

from handoff.protocol.close_codes import CloseCode
from handoff.realtime import metrics
from handoff.realtime.socket import Outlet

if TYPE_CHECKING:
    from handoff.realtime.consumer import Principal

SOCKETS_A_PERSON: Final = 5


class Roster:
    """Who is connected here; runs on the event loop."""

    def __init__(self) -> None:
        self._outlets: dict[Outlet, Principal] = {}

    def add(self, principal: Principal, outlet: Outlet) -> None:
        """The sixth socket of a person closes that person's oldest."""
        own = [other for other, who in self._outlets.items() if who.key == principal.key and other.closing is None]
        for oldest in own[: max(0, len(own) + 1 - SOCKETS_A_PERSON)]:
            oldest.close(CloseCode.SUPERSEDED)
        self._outlets[outlet] = principal
        metrics.SOCKETS.labels(principal.role).inc()

    def remove(self, outlet: Outlet) -> bool:
        """False if it never got as far as being known."""
        principal = self._outlets.pop(outlet, None)
        if principal is None:
            return False
        metrics.SOCKETS.labels(principal.role).dec()
        return True

    def count(self, key: str, *, besides: Outlet) -> int:
        """Other live sockets of one person."""
        return sum(
            who.key == key and other.closing is None and other is not besides for other, who in self._outlets.items()
        )

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

    def close_all(self, code: CloseCode, *, retry_after_ms: int) -> Collection[Outlet]:
        outlets = list(self._outlets)
        for outlet in outlets:
            outlet.close(code, retry_after_ms=retry_after_ms)
        return outlets


roster = Roster()
