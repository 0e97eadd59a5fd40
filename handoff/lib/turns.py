"""Many things that are due at once, taken in turns: a long line of one kind must not hold up the other kinds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

logger = logging.getLogger(__name__)

TURN_LIMIT: Final = 50
# Looked at in one turn: others may be at work on the first of them.
KEYS_LIMIT: Final = 500
Key = TypeVar("Key")


def take_turn(keys: Iterable[Key], act: Callable[[Key], bool], *, fatal: type[Exception]) -> int:
    """Act on each until enough were done; answers how many. `act` says whether it did anything.

    One that fails does not hold up those behind it. A `fatal` error is not the fault of any of them, and is raised.
    """
    done = 0
    for key in keys:
        try:
            done += act(key)
        except fatal:
            raise
        except Exception:
            logger.exception("the clock could not act on %s", key)
        if done == TURN_LIMIT:
            break
    return done
