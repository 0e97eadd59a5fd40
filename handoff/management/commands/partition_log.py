"""`partition_log`: keep PostgreSQL's log in parts, one a month, from now on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from handoff.realtime import partitions
from handoff.realtime.clock import database_now


class Command(BaseCommand):
    help = "Put the log in parts by month while it is used; run it again if it was cut off. Workers keep it up."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for step in partitions.partition(now=database_now()):
                self.stdout.write(f"{step} ...")
        except partitions.NotPossibleError as error:
            raise CommandError(str(error)) from None
        for part in partitions.parts():
            self.stdout.write(f"{part.name}: streams below {part.high}")
