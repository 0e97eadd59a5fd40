"""What every response carries: a request id, the time, and headers that keep pages apart."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date

from handoff.config import requests

SIGN_IN_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)


def request_id(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """One id a request, told in errors and logs, so that a report finds its lines; and one line about it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        request.request_id = own = requests.id_of(request)  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request_id=own):
            requests.look_at_forwarding(request)
            response = get_response(request)
            requests.note(request, response, seconds=time.perf_counter() - began)
        response["X-Request-Id"] = own
        # Pages go by it where a device's own clock is wrong; daphne, unlike other servers, does not say it.
        response["Date"] = http_date()
        return response

    return middleware


def security_headers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Pages that set no policy of their own get the strict one; the admin's own scripts live with it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", SIGN_IN_POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=()")
        return response

    return middleware
