"""`erase_customer`: forget a customer, at their own request or the site's."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from handoff.flows.erase_customer import erase_customer, find_by_id, find_customer
from handoff.lib.errors import NotFound


class Command(BaseCommand):
    help = "Empty every handoff of a customer and forget who it was; ids, numbers and times stay. There is no way back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("site", nargs="?", help="the site's key")
        parser.add_argument("subject", nargs="?", help="the customer's `sub` at that site")
        parser.add_argument("--id", help="the customer's own id (cu_...), for one whom no site vouched for")

    def handle(self, *args: Any, **options: Any) -> None:
        site, subject, public_id = options["site"], options["subject"], options["id"]
        if bool(public_id) == bool(site and subject):
            raise CommandError("Name either a site and a subject, or --id.")
        try:
            customer = find_by_id(public_id) if public_id else find_customer(site=site, subject=subject)
        except NotFound:
            raise CommandError("There is no such customer.") from None
        self.stdout.write(f"erased {customer.public_id}, with {erase_customer(customer)} handoffs")
