"""How often the knowledge bank may be asked and written to."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from handoff.realtime.limits import SharedLimiter

_SCALE: Final[float] = settings.HANDOFF_LIMIT_SCALE

# A session: a look at each choice, and one each time somebody stops typing.
SEARCHES: Final = SharedLimiter("article_searches", 60, 60, scale=_SCALE)
# A session: what was read and what came of it.
OUTCOMES: Final = SharedLimiter("article_outcomes", 30, 60, scale=_SCALE)
# An account at the desk: far more than anybody types, and few enough that a script fills no table.
DESK_READS: Final = SharedLimiter("knowledge_reads", 240, 60, scale=_SCALE)
DESK_WRITES: Final = SharedLimiter("knowledge_writes", 60, 60, scale=_SCALE)
