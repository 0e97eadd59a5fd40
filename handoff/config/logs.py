"""How log lines look: one JSON object a line, with the ids of what it is about, without personal data."""

from __future__ import annotations

import logging
import re
from typing import Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# These addresses are keys: a callback's page, a file for a minute.
_KEYS: Final = re.compile(r"/(callback|attachments)/(?!at_)[\w:.~%-]+")

# To the end of the error: a value may have lines of its own.
_ROW: Final = re.compile(r"\n(DETAIL): .*?(?=\n\n(?:The above|During handling)|\Z)", re.DOTALL)


def without_keys(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Addresses that open something are not for those who read logs."""
    for key, value in event.items():
        if isinstance(value, str) and _KEYS.search(value):
            event[key] = _KEYS.sub(r"/\1/...", value)
    return event


def without_values(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Of what it refuses PostgreSQL tells the row, and with it whoever the row is about."""
    for key, value in event.items():
        if isinstance(value, str) and "\nDETAIL:" in value:
            event[key] = _ROW.sub(r"\n\1: ...", value)
    return event


FOREIGN: Final[list[Processor]] = [
    # First: what a line says itself stands above what it stands in.
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    without_keys,
    without_values,
]
PROCESSORS: Final[list[Processor]] = [
    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
    structlog.processors.JSONRenderer(),
]

# Looked up for each line, and in none of them.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False

structlog.configure(
    processors=[*FOREIGN, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
