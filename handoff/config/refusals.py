"""Errors that arise outside the API's views, in the shape of every other error."""

from __future__ import annotations

import secrets
from typing import Final

from django.http import HttpRequest, JsonResponse

RETRY_AFTER_SECONDS: Final = 2


def new_request_id() -> str:
    return f"rq_{secrets.token_urlsafe(9)}"


def refuse(code: str, message: str, *, status: int, request_id: str) -> JsonResponse:
    response = JsonResponse({"error": {"code": code, "message": message, "request_id": request_id}}, status=status)
    # For whoever counts refusals: a body is not read for that.
    response.error_code = code  # type: ignore[attr-defined]
    if status == 503:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    return refuse("invalid_request", "The request is malformed.", status=400, request_id=_id_of(request))


def forbidden(request: HttpRequest, exception: Exception) -> JsonResponse:
    return refuse("forbidden", "This is not yours to see.", status=403, request_id=_id_of(request))


def csrf_failure(request: HttpRequest, reason: str = "") -> JsonResponse:
    message = "The request did not come from this console."
    return refuse("origin_not_allowed", message, status=403, request_id=_id_of(request))


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    return refuse("not_found", "There is nothing here.", status=404, request_id=_id_of(request))


def websocket_required(request: HttpRequest, **_: str) -> JsonResponse:
    """A plain request for a socket's address: somebody's browser, or a proxy that took the upgrade away."""
    message = (
        "This address speaks WebSocket only. If that was asked for, a proxy on the way took it out of the request: "
        "it has to pass the headers `Upgrade` and `Connection` on, over HTTP/1.1."
    )
    response = refuse("websocket_required", message, status=426, request_id=_id_of(request))
    response["Upgrade"] = "websocket"
    response["Connection"] = "Upgrade"
    return response


def failed(request: HttpRequest) -> JsonResponse:
    """What nobody anticipated, without a stack."""
    message = "It did not work; nothing was done. Try again."
    return refuse("not_saved", message, status=503, request_id=_id_of(request))


def _id_of(request: HttpRequest) -> str:
    return getattr(request, "request_id", "")
