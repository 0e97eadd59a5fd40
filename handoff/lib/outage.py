"""Leave alone for a while what has just failed, so that not everybody waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

RETRY_SECONDS: Final = 5.0


class Outage:
    """Whether something that others can do without is away; noting it twice does no harm."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = clock()

    def is_on(self) -> bool:
        return self._clock() < self._until

    def note(self) -> None:
        self._until = self._clock() + RETRY_SECONDS
