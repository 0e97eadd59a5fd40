"""The digits of a code, collected until there are enough or none has come for too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Final

_MOST: Final = 32


class Way(Enum):
    """How a phone tells its keys."""

    EVENT = "event"
    INFO = "info"


class Keypad:
    """One caller's keys. Those pressed before anybody asked count: a dialled link keys the code by itself."""

    def __init__(self, *, first_seconds: float, next_seconds: float) -> None:
        self._first, self._next = first_seconds, next_seconds
        self._digits = ""
        self._wanted = 0
        self._done: Callable[[str], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        # Some phones tell each key both ways; whichever came first is the one that counts.
        self._way: Way | None = None

    @property
    def is_asked(self) -> bool:
        return self._done is not None

    def press(self, key: str, *, way: Way) -> None:
        self._way = self._way or way
        if way is not self._way or not key.isdigit():
            return
        self._digits = (self._digits + key)[-_MOST:]
        if self.is_asked:
            self._wait(self._next)
            self._check()

    def ask(self, digits: int, *, anew: bool, done: Callable[[str], None]) -> None:
        """Collect so many digits; `done` is told what there is, once. `anew` forgets what was keyed before."""
        if anew:
            self._digits = ""
        self._wanted, self._done = digits, done
        self._wait(self._next if self._digits else self._first)
        self._check()

    def stop(self) -> None:
        self._done = None
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._finish)

    def _check(self) -> None:
        if len(self._digits) >= self._wanted:
            self._finish()

    def _finish(self) -> None:
        done = self._done
        self.stop()
        keyed, self._digits = self._digits[: self._wanted], self._digits[self._wanted :]
        if done is not None:
            done(keyed)
