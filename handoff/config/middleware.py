"""What every response carries: a request id, and headers that keep pages apart."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse

SIGN_IN_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)


def request_id(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """One random id a request, told in errors and logs, so that a report finds its line."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.request_id = f"rq_{secrets.token_urlsafe(9)}"  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request_id=request.request_id):  # type: ignore[attr-defined]
            response = get_response(request)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
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


def csrf_failure(request: HttpRequest, reason: str = "") -> JsonResponse:
    """A refused form post, in the shape of every other error."""
    error = {
        "code": "origin_not_allowed",
        "message": "The request did not come from this console.",
        "request_id": getattr(request, "request_id", ""),
    }
    return JsonResponse({"error": error}, status=403)
