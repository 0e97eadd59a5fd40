"""`simulate`: customers and agents who use a running server as people would."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from handoff.flows import practice
from handoff.lib.errors import DomainError
from handoff.management.simulating import Wish, simulate


class Command(BaseCommand):
    help = "Simulated customers and agents at a running server: on a practice site for trainees, or --live for demos."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--customers", type=int, default=12)
        parser.add_argument("--agents", type=int, default=3, help="simulated ones; 0 leaves the work to people")
        parser.add_argument("--minutes", type=float, default=5)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--speed", type=float, default=1, help="how much faster than people everybody is")
        parser.add_argument("--url", help="where the server listens; PUBLIC_ORIGIN if left out")
        parser.add_argument("--site", help="whose menu to practise, or with --live whose customers come")
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--training", action="store_true", help="practice, which nothing counts (the default)")
        mode.add_argument("--live", action="store_true", help="as ordinary customers of a site, with ordinary agents")
        mode.add_argument("--remove", action="store_true", help="take away what training made")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["remove"]:
                self.stdout.write("\n".join(practice.remove()))
                return
            ledger = simulate(Wish(**{name: options[name] for name in Wish.__annotations__}))
        except (DomainError, ValueError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(ledger.table())
        if ledger.has_failed:
            raise SystemExit(1)
