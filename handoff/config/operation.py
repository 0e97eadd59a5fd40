"""What servers and workers do for their operator: refuse to start in vain, tell their figures, keep watch."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError

from handoff.config import certificate
from handoff.config.figures import VERSION
from handoff.config.listener import listening
from handoff.config.parts import (
    READ_ONLY,
    explain,
    explain_missing,
    is_read_only,
    missing_migrations,
    with_own_connection,
)
from handoff.config.readiness import readiness
from handoff.realtime import poolers
from handoff.realtime.beats import process_name

logger = structlog.get_logger(__name__)

# A machine that comes up starts its database and us at once.
PATIENCE_SECONDS: Final = 30
LOOK_SECONDS: Final = 30
CERTIFICATE_SECONDS: Final = 3600
# What may pass by itself; anything else is for somebody to mend.
_PASSING: Final = (
    "refused", "starting up", "shutting down", "in recovery mode", "not yet accepting", "closed the connection",
    "timeout", "timed out", "No such file", "no route", "is locked",
)  # fmt: skip


@contextmanager
def operated() -> Iterator[None]:
    """Around a process's work. Raises CommandError with what to do if it could not do any."""
    require_database()
    with listening(settings.HANDOFF_METRICS_ADDRESS), _watched():
        logger.info("started", version=VERSION, process=process_name())
        yield
    logger.info("ended")


def require_database() -> None:
    """A database that answers, takes writes and holds this release's schema. Raises CommandError."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (trouble := _find_trouble()) is not None:
        sentence, may_pass = trouble
        if not may_pass or time.monotonic() > deadline:
            raise CommandError(sentence)
        logger.warning("waiting for the database", why=sentence)
        time.sleep(1)


def _find_trouble() -> tuple[str, bool] | None:
    """What is wrong, and whether that may pass."""
    try:
        return with_own_connection(_look)
    except DatabaseError as error:
        said = str(error).lower()
        return explain(error), any(word.lower() in said for word in _PASSING)


def _look() -> tuple[str, bool] | None:
    poolers.look()
    if is_read_only():
        return READ_ONLY, False
    missing = missing_migrations()
    return (explain_missing(missing), False) if missing else None


@contextmanager
def _watched() -> Iterator[None]:
    stopped = threading.Event()
    threading.Thread(target=_watch, args=(stopped,), name="watch", daemon=True).start()
    try:
        yield
    finally:
        stopped.set()


def _watch(stopped: threading.Event) -> None:
    """What nobody asks about is said in the log all the same, once when it begins and once when it is over."""
    looked_at = -float(CERTIFICATE_SECONDS)
    while not stopped.wait(LOOK_SECONDS):
        try:
            readiness.look_and_wait()
            if time.monotonic() - looked_at >= CERTIFICATE_SECONDS:
                looked_at = time.monotonic()
                look_at_certificate()
        except Exception:
            logger.exception("keeping watch failed")


def look_at_certificate() -> None:
    """Tell Prometheus how long it is good, and the log when that is not long."""
    if not settings.PUBLIC_ORIGIN.startswith("https://"):
        return
    try:
        found = certificate.note(settings.PUBLIC_ORIGIN)
    except OSError as error:
        logger.info("the certificate of PUBLIC_ORIGIN cannot be seen from here", why=str(error))
        return
    if found.trouble is not None:
        logger.warning(found.trouble)
