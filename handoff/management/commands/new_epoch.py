"""`new_epoch`: after restoring a backup, tell every reader that the log's history changed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from handoff.realtime import log


class Command(BaseCommand):
    help = "Give the log a new identity, so that every client starts anew from a snapshot."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"epoch {log.begin_epoch()}")
