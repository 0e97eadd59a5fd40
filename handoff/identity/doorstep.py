"""Which origins may knock: known without asking the database for most of those that come."""

from __future__ import annotations

import time
from typing import Final

from django.conf import settings

from handoff.identity.queries import is_known_origin

# Whose site has just dropped it may knock a little longer: the ticket's own site decides, after the hello.
KEPT_SECONDS: Final = 10.0
_known_until: Final[dict[str, float]] = {}


def is_known_lately(origin: str | None) -> bool:
    """True for our own origin, and for one that was found in a site's list a moment ago. For the event loop."""
    return origin == settings.PUBLIC_ORIGIN or (origin is not None and _known_until.get(origin, 0.0) > time.monotonic())


def is_known(origin: str | None) -> bool:
    """Asks the sites, and remembers a yes: what is kept is never more than what they list."""
    if not is_known_origin(origin):
        return False
    if origin is not None:
        _known_until[origin] = time.monotonic() + KEPT_SECONDS
    return True


def forget() -> None:
    """Ask anew at the next knock."""
    _known_until.clear()
