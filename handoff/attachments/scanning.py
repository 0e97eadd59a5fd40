"""The operator's scanner: asked about every file before it is stored; without an answer nothing is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import IO, Final

from django.conf import settings
from django.utils.module_loading import import_string

from handoff.attachments.refusals import refuse

logger = logging.getLogger(__name__)

# A scanner that hangs holds its thread; when all hang, files are refused until it is mended.
THREADS: Final = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scanner says of a file; `found` names what is wrong with it, for the log."""

    is_clean: bool
    found: str = ""


Scanner = Callable[[IO[bytes]], Verdict]


class ScanFailed(Exception):
    """A scanner raises it, or anything else, when it cannot tell."""


def check(file: IO[bytes]) -> None:
    """Raises `attachment_unsafe`, or `attachment_not_scanned` if the scanner fails or takes too long."""
    path: str = settings.HANDOFF_ATTACHMENT_SCANNER
    if not path:
        return
    verdict = _ask(path, file)
    if not verdict.is_clean:
        logger.warning("a file was refused by the scanner: %s", verdict.found[:200])
        raise refuse("attachment_unsafe")


def _ask(path: str, file: IO[bytes]) -> Verdict:
    try:
        file.seek(0)
        waiting: Future[Verdict] = _threads().submit(_run, path, file)
        return waiting.result(settings.HANDOFF_SECONDS["ATTACHMENT_SCAN"])
    except TimeoutError:
        logger.error("the scanner %s did not answer in time", path)
    except Exception:
        logger.exception("the scanner %s failed", path)
    raise refuse("attachment_not_scanned")


def _run(path: str, file: IO[bytes]) -> Verdict:
    scan: Scanner = import_string(path)
    verdict = scan(file)
    if not isinstance(verdict, Verdict):
        raise ScanFailed(f"a scanner answers a Verdict, not {type(verdict).__name__}")
    return verdict


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="scanner")
