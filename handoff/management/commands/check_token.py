"""`check_token`: which rule an identity token breaks, for the site's own developer."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from handoff.identity.checking import check
from handoff.identity.queries import site_by_key
from handoff.lib.errors import NotFound
from handoff.realtime.clock import database_now


class Command(BaseCommand):
    help = "Say whether an identity token is good; if not, which rule it breaks and how to mend it. Uses nothing up."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("site", help="the site's key")
        parser.add_argument("--token", help="without it the token is read from the standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            site = site_by_key(options["site"])
        except NotFound:
            raise CommandError(f"There is no site {options['site']!r}.") from None
        given: str | None = options["token"]
        token = sys.stdin.buffer.read().strip() if given is None else given.strip()
        is_good, lines = check(site, token, now=database_now())
        for line in lines:
            self.stdout.write(line)
        if not is_good:
            sys.exit(1)
