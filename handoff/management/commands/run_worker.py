"""`run_worker`: the router and the clocks, beside serving processes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from handoff.management.serving import work


class Command(BaseCommand):
    help = "Match, expire and finish; any number may run."

    def handle(self, *args: Any, **options: Any) -> None:
        work()
