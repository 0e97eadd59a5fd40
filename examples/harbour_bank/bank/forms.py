"""The forms that a customer fills in."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from bank.models import Customer

RECEIPT_LIMIT_BYTES = 200_000
RECEIPT_SIGNATURES = (b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
REASONS = (
    ("not_mine", "I did not make this payment"),
    ("charged_twice", "I was charged twice"),
    ("wrong_amount", "The amount is wrong"),
    ("not_received", "I paid and got nothing for it"),
)


class CodeForm(forms.Form):
    code = forms.RegexField(r"^\d{3} ?\d{3}$")


class ChargeForm(forms.Form):
    def __init__(self, data: Any, *, customer: Customer) -> None:
        super().__init__(data)
        required = {"required": "Choose the charge that is wrong."}
        self.fields["charge"] = forms.ModelChoiceField(customer.charges.all(), error_messages=required)


class ReasonForm(forms.Form):
    reason = forms.ChoiceField(choices=REASONS, error_messages={"required": "Choose what is wrong with it."})
    details = forms.CharField(max_length=1000, required=False)


class ReceiptForm(forms.Form):
    receipt = forms.FileField(error_messages={"required": "Choose a file first.", "empty": "This file is empty."})

    def clean_receipt(self) -> "UploadedFile[bytes]":
        receipt: UploadedFile[bytes] = self.cleaned_data["receipt"]
        size = receipt.size or 0
        if size > RECEIPT_LIMIT_BYTES:
            message = f"This file has {size // 1000:,} KB. A receipt can have 200 KB at most."
            raise ValidationError(message, code="file_too_large")
        if not receipt.read(8).startswith(RECEIPT_SIGNATURES):
            raise ValidationError("This is not a PDF, PNG or JPEG file.", code="file_type")
        receipt.seek(0)
        return receipt


def error_code(form: forms.Form) -> str:
    """Name the first thing that is wrong with a form, as the help desk's agents will read it."""
    first = next(errors[0] for errors in form.errors.as_data().values())
    return (first.code or "invalid").upper()
