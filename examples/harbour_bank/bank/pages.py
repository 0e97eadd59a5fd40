"""The public front page and the customer's account overview."""

from collections.abc import Callable
from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bank.models import Customer


def customer_page(view: Callable[[HttpRequest, Customer], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Show a page to its signed-in customer alone, and keep it out of a shared computer's cache."""

    @never_cache
    @login_required
    def guarded(request: HttpRequest) -> HttpResponse:
        return view(request, cast(Customer, request.user))

    return guarded


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    return render(request, "bank/front.html")


@customer_page
@require_safe
def overview(request: HttpRequest, customer: Customer) -> HttpResponse:
    return render(request, "bank/overview.html", {"charges": customer.charges.all()})
