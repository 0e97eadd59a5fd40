"""Many things that are due at once, taken in turns: a long line of one kind must not hold up the other kinds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

logger = logging.getLogger(__name__)

TURN_LIMIT: Final = 50
# Looked at in one turn: others may be at work on the first of them.
KEYS_LIMIT: Final = 500
# So many in a row are not the fault of the things themselves.
FAILURES_LIMIT: Final = 5
Key = TypeVar("Key")


def take_turn(keys: Iterable[Key], act: Callable[[Key], bool]) -> int:
    """Act on each until enough were done; answers how many. `act` says whether it did anything.

    One that fails does not hold up those behind it; raises its error when several in a row fail.
    """
    done = failures = 0
    for key in keys:
        try:
            done += act(key)
            failures = 0
        except Exception:
            failures += 1
            if failures == FAILURES_LIMIT:
                raise
            logger.exception("the clock could not act on %s", key)
        if done == TURN_LIMIT:
            break
    return done
