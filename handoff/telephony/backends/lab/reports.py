"""Tells what decides what happened, off the event loop: it blocks on a database."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from handoff.telephony.base import CallEvent, Instruction, Nothing, Report

_log = logging.getLogger(__name__)
# Few: the database behind it has few connections, and a report takes milliseconds.
_THREADS: Final = 6
# A report that failed is told again after these pauses; its id is the same, so it counts once.
_PAUSES: Final = (0.2, 1.0)


class Reporter:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._pool = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="lab-report")

    async def tell(self, event: CallEvent) -> Instruction:
        """What the decision was; Nothing if none could be had: the call stays as it is and can be looked up."""
        for pause in (*_PAUSES, None):
            try:
                return await asyncio.get_running_loop().run_in_executor(self._pool, self._report, event)
            except Exception:
                _log.exception("lab: a report of %s could not be decided", event.kind)
            if pause is not None:
                await asyncio.sleep(pause)
        return Nothing()

    def close(self) -> None:
        self._pool.shutdown(wait=False)
