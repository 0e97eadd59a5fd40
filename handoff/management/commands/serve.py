"""`serve`: site, sockets and worker in one process."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from handoff.management.serving import serve


class Command(BaseCommand):
    help = "Serve everything in one process; production runs several with --server uvicorn, and run_worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--server", choices=["daphne", "uvicorn"], default="daphne")

    def handle(self, *args: Any, **options: Any) -> None:
        serve(host=options["host"], port=options["port"], server=options["server"])
