"""What everybody in a simulation shares: where the server is, how time runs, and what is written down."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, field

from handoff.simulation.ledger import Ledger
from handoff.simulation.scripts import Library


@dataclass(frozen=True)
class Signer:
    """A site's own key, with which it says who its customers are."""

    site: str
    kid: str
    secret: str = field(repr=False)
    allows_unverified: bool = False


@dataclass(frozen=True)
class Account:
    """An agent's way in."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Plan:
    """How many people, for how long, and where. A faster `speed` shortens what people take, not the server's timers."""

    url: str
    # What the server takes for itself, in tokens and as an origin.
    public_origin: str
    signer: Signer
    accounts: tuple[Account, ...]
    customers: int
    minutes: float
    speed: float = 1.0
    seed: int = 1
    # Waits, on the real clock, until what is under way at the end has to be over.
    grace_seconds: float = 30.0
    # Only about these; None: whatever the menu has.
    intents: frozenset[str] | None = None
    # Nobody books a callback instead.
    is_chat_only: bool = False

    @property
    def seconds(self) -> float:
        """On the real clock."""
        return self.minutes * 60 / self.speed


@dataclass
class Stage:
    """Made once a run, on its loop."""

    plan: Plan
    library: Library
    # Part of every id that a run makes up.
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    ledger: Ledger = field(default_factory=Ledger)
    # Time is up: nobody dawdles any more, and customers bring their talks to an end.
    is_closing: asyncio.Event = field(default_factory=asyncio.Event)
    # The customers have gone: agents clear their desks.
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    # What was acked, by handoff: each of it has to be in the record.
    acked: dict[str, set[str]] = field(default_factory=dict)

    async def pause(self, seconds: float) -> None:
        """As long as people take; at the end of the play nobody dawdles."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds / self.plan.speed):
                await self.is_closing.wait()

    async def until(self, event: asyncio.Event, seconds: float) -> bool:
        """True if it came within what people call that many seconds, and before the end of the play."""
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self.is_closing.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds / self.plan.speed, return_when=asyncio.FIRST_COMPLETED)
            return event.is_set()
        finally:
            for wait in waits:
                wait.cancel()
