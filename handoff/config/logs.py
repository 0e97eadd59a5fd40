"""How log lines look: one JSON object a line, without personal data."""

from __future__ import annotations

import re
from typing import Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# A callback's address is a key to it.
_KEYS: Final = re.compile(r"/callback/[\w:.~%-]+")


def without_keys(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Addresses that open something are not for those who read logs."""
    return {key: _KEYS.sub("/callback/...", value) if isinstance(value, str) else value for key, value in event.items()}


FOREIGN: Final[list[Processor]] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    without_keys,
]
PROCESSORS: Final[list[Processor]] = [
    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
    structlog.processors.JSONRenderer(),
]

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        *FOREIGN,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
