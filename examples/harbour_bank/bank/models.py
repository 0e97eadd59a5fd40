"""The bank's records: customers, their card charges, and the disputes they send."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class Customer(AbstractBaseUser):
    username = models.CharField(max_length=40, unique=True)
    number = models.CharField(max_length=20, unique=True)  # what the help desk knows the customer by: never reused
    first_name = models.CharField(max_length=60)
    last_name = models.CharField(max_length=60)
    email = models.EmailField()
    phone = models.CharField(max_length=20)
    account = models.CharField(max_length=8)
    balance_pence = models.IntegerField(default=0)
    segment = models.CharField(max_length=20, default="standard")

    objects: ClassVar = BaseUserManager["Customer"]()

    USERNAME_FIELD = "username"

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def masked_account(self) -> str:
        return f"..{self.account[-4:]}"

    @property
    def balance(self) -> str:
        return pounds(self.balance_pence)


class Charge(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="charges")
    made_on = models.DateField()
    merchant = models.CharField(max_length=60)
    place = models.CharField(max_length=60)
    pence = models.IntegerField()

    class Meta:
        ordering: ClassVar = ["-made_on", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["customer", "made_on", "merchant"], name="one_charge_a_day_and_merchant")
        ]

    def __str__(self) -> str:
        return f"{self.amount}, {self.merchant}"

    @property
    def amount(self) -> str:
        return pounds(self.pence)


class Receipt(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    name = models.CharField(max_length=255)
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.name


class Dispute(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="disputes")
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT)
    reason = models.CharField(max_length=30)
    details = models.TextField(blank=True)
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT)
    sent_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        return f"HB-{self.pk:06d}"


def pounds(pence: int) -> str:
    return f"GBP {pence / 100:,.2f}"
