"""Sign-in with a password and a one-time code, a code once more where it matters, and sign-out."""

import secrets
import time
from typing import Any, cast

from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bank.forms import CodeForm
from bank.models import Customer

CODE_LIFE_SECONDS = 300
CODE_TRIES = 3


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    form = AuthenticationForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        request.session["sign_in"] = new_attempt(safe_target(request)) | {"customer": form.get_user().pk}
        return redirect("sign-in-code")
    return render(request, "bank/sign_in.html", {"form": form, "next": request.GET.get("next", "")})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    attempt = request.session.get("sign_in")
    if attempt is None or attempt["expires_at"] < time.time() or attempt["tries_left"] == 0:
        request.session.pop("sign_in", None)
        return redirect("sign-in")
    form = CodeForm(request.POST or None)
    if request.method == "POST":
        if form.is_valid() and secrets.compare_digest(form.cleaned_data["code"].replace(" ", ""), attempt["code"]):
            return complete_sign_in(request)
        attempt["tries_left"] -= 1
        request.session.modified = True
    return render(request, "bank/sign_in_code.html", {"attempt": attempt, "wrong": request.method == "POST"})


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Somebody who is signed in proves once more that it is they: a code, and back to where they were."""
    attempt = request.session.get("confirm")
    if attempt is None or attempt["expires_at"] < time.time() or attempt["tries_left"] == 0 or request.method != "POST":
        attempt = request.session["confirm"] = new_attempt(request.GET.get("next", ""))
    form = CodeForm(request.POST or None)
    if request.method == "POST":
        if form.is_valid() and secrets.compare_digest(form.cleaned_data["code"].replace(" ", ""), attempt["code"]):
            return complete_confirmation(request)
        attempt["tries_left"] -= 1
        request.session.modified = True
    return render(
        request,
        "bank/confirm.html",
        {"attempt": attempt, "back": safe(request, attempt["next"]), "wrong": request.method == "POST"},
    )


def new_attempt(target: str) -> dict[str, Any]:
    return {
        "code": f"{secrets.randbelow(1_000_000):06d}",
        "expires_at": time.time() + CODE_LIFE_SECONDS,
        "tries_left": CODE_TRIES,
        "next": target,
    }


def complete_confirmation(request: HttpRequest) -> HttpResponse:
    attempt = request.session.pop("confirm")
    request.session["auth_time"] = request.session["confirmed_at"] = int(time.time())
    return redirect(safe(request, attempt["next"]))


def complete_sign_in(request: HttpRequest) -> HttpResponse:
    attempt = request.session.pop("sign_in")
    login(request, Customer.objects.get(pk=attempt["customer"]), backend="django.contrib.auth.backends.ModelBackend")
    request.session["auth_time"] = int(time.time())
    request.session["amr"] = ["pwd", "otp"]
    return redirect(cast(str, attempt["next"]))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("signed-out")


@never_cache
@require_safe
def signed_out(request: HttpRequest) -> HttpResponse:
    return render(request, "bank/signed_out.html")


def safe_target(request: HttpRequest) -> str:
    return safe(request, request.POST.get("next", ""))


def safe(request: HttpRequest, target: str) -> str:
    return target if url_has_allowed_host_and_scheme(target, {request.get_host()}) else reverse("overview")
