"""`retain`: remove what is past its time now, instead of leaving it to the workers; or only say what that is."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from handoff.flows import retention
from handoff.realtime.clock import database_now


class Command(BaseCommand):
    help = "Remove what HANDOFF_RETENTION_..._DAYS says is past its time, in small batches. There is no way back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count it, and remove nothing")
        parser.add_argument("--seconds", type=float, default=None, help="stop after about so long; the rest stays due")

    def handle(self, *args: Any, dry_run: bool, seconds: float | None, **options: Any) -> None:
        if dry_run:
            for name, due in retention.count_due(now=database_now()).items():
                self.stdout.write(f"{name}: " + ("kept for ever" if due is None else f"{due} due"))
            return
        gone: Counter[str] = Counter()
        deadline = None if seconds is None else time.monotonic() + seconds
        while deadline is None or time.monotonic() < deadline:
            batch = retention.retain(now=database_now())
            gone.update(batch)
            if not any(batch.values()) and not retention.is_midway():
                break
        for name, number in gone.items():
            self.stdout.write(f"{name}: {number} removed")
