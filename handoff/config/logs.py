"""How log lines look: one JSON object a line, without personal data."""

from __future__ import annotations

from typing import Final

import structlog
from structlog.typing import Processor

FOREIGN: Final[list[Processor]] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
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
