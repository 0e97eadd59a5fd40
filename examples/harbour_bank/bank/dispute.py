"""Dispute a charge in four steps; what was entered so far is kept in the customer's server session."""

from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from bank.forms import REASONS, ChargeForm, ReasonForm, ReceiptForm, error_code
from bank.models import Charge, Customer, Dispute, Receipt
from bank.pages import customer_page


@dataclass(frozen=True)
class Step:
    name: str  # also its route, its template, and what the help desk shows
    title: str
    leaves: str  # the key in the session that this step fills in


STEPS = (
    Step("choose-charge", "Choose the charge", "charge"),
    Step("reason", "What is wrong", "reason"),
    Step("upload-receipt", "Upload your receipt", "receipt"),
    Step("review", "Review and send", "sent"),
)
CHOOSE, REASON, RECEIPT, REVIEW = STEPS
form_page = require_http_methods(["GET", "HEAD", "POST"])


@customer_page
@form_page
def choose_charge(request: HttpRequest, customer: Customer) -> HttpResponse:
    form = ChargeForm(request.POST or None, customer=customer)
    if request.method == "POST" and form.is_valid():
        return finish(request, CHOOSE, charge=form.cleaned_data["charge"].pk)
    chosen = request.GET.get("charge") or str(draft(request).get("charge", ""))
    return show(request, CHOOSE, form, charges=customer.charges.all(), chosen=chosen)


@customer_page
@form_page
def reason(request: HttpRequest, customer: Customer) -> HttpResponse:
    if (missing := first_missing(request, REASON)) is not None:
        return redirect(missing.name)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return finish(request, REASON, **form.cleaned_data)
    entered = draft(request) | request.POST.dict()
    return show(
        request, REASON, form, reasons=REASONS, chosen=entered.get("reason"), details=entered.get("details", "")
    )


@customer_page
@form_page
def upload_receipt(request: HttpRequest, customer: Customer) -> HttpResponse:
    if (missing := first_missing(request, RECEIPT)) is not None:
        return redirect(missing.name)
    form = ReceiptForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file: UploadedFile[bytes] = form.cleaned_data["receipt"]
        receipt = Receipt.objects.create(customer=customer, name=file.name or "receipt", content=file.read())
        return finish(request, RECEIPT, receipt=receipt.pk)
    return show(request, RECEIPT, form)


@customer_page
@form_page
def review(request: HttpRequest, customer: Customer) -> HttpResponse:
    if (missing := first_missing(request, REVIEW)) is not None:
        return redirect(missing.name)
    entered = draft(request)
    if request.method == "POST":
        dispute = Dispute.objects.create(
            customer=customer,
            charge_id=entered["charge"],
            reason=entered["reason"],
            details=entered["details"],
            receipt_id=entered["receipt"],
        )
        return finish(request, REVIEW, sent=dispute.pk)
    receipt = Receipt.objects.get(pk=entered["receipt"])
    return show(request, REVIEW, None, details=entered["details"], receipt=receipt)


@customer_page
@require_safe
def sent(request: HttpRequest, customer: Customer) -> HttpResponse:
    dispute = customer.disputes.filter(pk=draft(request).get("sent", 0)).first()
    if dispute is None:
        return redirect(CHOOSE.name)
    context = {"dispute": dispute, "marks": just_finished(request)}
    request.session["dispute"] = {}
    return render(request, "bank/dispute/sent.html", context)


def draft(request: HttpRequest) -> dict[str, Any]:
    entered: dict[str, Any] = request.session.setdefault("dispute", {})
    return entered


def first_missing(request: HttpRequest, step: Step) -> Step | None:
    """Find the earliest step before this one that was not done: a bookmark may point into the middle."""
    earlier = STEPS[: STEPS.index(step)]
    return next((each for each in earlier if each.leaves not in draft(request)), None)


def finish(request: HttpRequest, step: Step, **entered: Any) -> HttpResponse:
    draft(request).update(entered)
    request.session["just_finished"] = step.name
    following = STEPS.index(step) + 1
    return redirect(STEPS[following].name if following < len(STEPS) else "sent")


def just_finished(request: HttpRequest) -> list[dict[str, str]]:
    """Tell once, on the page that follows, that a step went well."""
    name = request.session.pop("just_finished", None)
    return [mark(step, "done") for step in STEPS if step.name == name]


def mark(step: Step, status: str, **more: str) -> dict[str, str]:
    return {"name": step.name, "title": step.title, "status": status, **more}


def show(request: HttpRequest, step: Step, form: Form | None, **context: Any) -> HttpResponse:
    marks = just_finished(request)
    if form is not None and form.is_bound:
        marks.append(mark(step, "failed", error=error_code(form)))
    else:
        marks.append(mark(step, "started"))
    charge = Charge.objects.filter(customer=request.user.pk, pk=draft(request).get("charge", 0)).first()
    context |= {"step": step, "steps": STEPS, "position": STEPS.index(step) + 1, "form": form, "marks": marks}
    context |= {"charge": charge, "reason": dict(REASONS).get(draft(request).get("reason", ""))}
    return render(request, f"bank/dispute/{step.name}.html", context)
