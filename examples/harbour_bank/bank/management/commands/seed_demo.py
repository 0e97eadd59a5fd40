"""Create the demo's customers and their card charges; running it again changes nothing."""

from datetime import timedelta
from typing import Any, Final

from django.core.management.base import BaseCommand
from django.utils import timezone

from bank.models import Charge, Customer

CUSTOMERS: Final[tuple[dict[str, Any], ...]] = (
    {
        "username": "maya",
        "password": "maya-at-harbour",
        "number": "hb-204117",
        "first_name": "Maya",
        "last_name": "Chen",
        "email": "maya.chen@example.com",
        "phone": "+44 7700 900001",
        "account": "30194821",
        "balance_pence": 328_416,
        "segment": "premier",
        "charges": (
            (1, "Corner Cafe", "London N1", 4210),
            (2, "Northside Grocers", "London N1", 6327),
            (3, "City Transport", "London", 890),
            (5, "Lamplight Books", "London EC1", 2398),
            (8, "Harbour Energy Supply", "Online", 11_400),
        ),
    },
    {
        "username": "daniel",
        "password": "daniel-at-harbour",
        "number": "hb-317562",
        "first_name": "Daniel",
        "last_name": "Okafor",
        "email": "daniel.okafor@example.com",
        "phone": "+44 7700 900002",
        "account": "30557310",
        "balance_pence": 91_275,
        "segment": "standard",
        "charges": (
            (1, "Riverside Garage", "Bristol", 18_650),
            (4, "Northside Grocers", "Bristol", 3115),
            (6, "Lamplight Books", "Online", 1450),
        ),
    },
)


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        for record in CUSTOMERS:
            fields = {key: value for key, value in record.items() if key not in ("username", "password", "charges")}
            customer, created = Customer.objects.get_or_create(username=record["username"], defaults=fields)
            if created:
                self.fill(customer, record)
                self.stdout.write(f"created {customer.username}")

    def fill(self, customer: Customer, record: dict[str, Any]) -> None:
        customer.set_password(record["password"])
        customer.save()
        today = timezone.localdate()
        Charge.objects.bulk_create(
            Charge(customer=customer, made_on=today - timedelta(days=days), merchant=merchant, place=place, pence=pence)
            for days, merchant, place, pence in record["charges"]
        )
