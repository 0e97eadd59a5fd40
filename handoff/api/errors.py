"""The only mapper of errors to HTTP: one status and one code each, no echo, no stack."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError
from django.http import Http404, HttpRequest
from rest_framework import exceptions
from rest_framework.response import Response

from handoff.flows.admission import StepUpRequired
from handoff.identity.tokens import TokenRefused
from handoff.lib.errors import DomainError, RateLimited

logger = logging.getLogger(__name__)

STATUS: Final[dict[str, int]] = {
    "invalid_request": 400,
    "unknown_field": 400,
    "credential_in_url": 400,
    "session_required": 401,
    "session_expired": 401,
    "insufficient_user_authentication": 401,
    "origin_not_allowed": 403,
    "unverified_not_allowed": 403,
    "forbidden": 403,
    "not_found": 404,
    "channel_closed": 409,
    "channel_full": 409,
    "channel_not_offered": 409,
    "number_not_allowed": 409,
    "idempotency_conflict": 409,
    "illegal_transition": 409,
    "handoff_closed": 409,
    "stale_version": 409,
    "customer_changed": 409,
    "offer_gone": 409,
    "context_too_large": 413,
    "too_long": 413,
    "token_too_large": 413,
    "rate_limited": 429,
    "attachment_too_large": 413,
    "attachment_too_many_pixels": 413,
    "attachment_not_allowed": 415,
    "attachment_empty": 422,
    "attachment_unreadable": 422,
    "attachment_unsafe": 422,
    "attachments_full": 409,
    "attachment_gone": 409,
    "attachment_not_scanned": 503,
    "not_saved": 503,
    "not_ready": 503,
}
RETRY_AFTER_SECONDS: Final = 2
_NOT_SAVED: Final = DomainError("not_saved", "It could not be saved; nothing was done. Try again.")


def to_response(error: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler. What nobody anticipated is logged and told as `not_saved`: nothing was done."""
    request: HttpRequest = context["request"]._request
    known = _anticipated(error)
    if known is None:
        logger.error("a request failed", exc_info=error)
        known = _NOT_SAVED
    if isinstance(error, exceptions.MethodNotAllowed):
        return _response(known, request, status=405)
    return _response(known, request)


def body_of(error: DomainError, request: HttpRequest) -> dict[str, Any]:
    """The error as every route tells it."""
    told: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "request_id": getattr(request, "request_id", ""),
    }
    if error.fields:
        told["fields"] = error.fields
    if isinstance(error, StepUpRequired):
        told |= {"acr_values": error.acr_values, "max_age": error.max_age}
    return {"error": told}


def status_of(error: DomainError) -> int:
    return STATUS.get(error.code, 401 if isinstance(error, TokenRefused) else 400)


def _response(error: DomainError, request: HttpRequest, *, status: int | None = None) -> Response:
    response = Response(body_of(error, request), status=status or status_of(error))
    if isinstance(error, RateLimited):
        response["Retry-After"] = str(error.retry_after_seconds)
    elif response.status_code == 503:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if response.status_code == 401:
        response["WWW-Authenticate"] = f'Bearer error="{error.code}"'
    return response


def _anticipated(error: Exception) -> DomainError | None:
    if isinstance(error, DomainError):
        return error
    if isinstance(error, exceptions.ValidationError):
        return _of_validation(error)
    for kind, told in _FOREIGN:
        if isinstance(error, kind):
            return told
    return None


_FOREIGN: Final[tuple[tuple[type[Exception], DomainError], ...]] = (
    (Http404, DomainError("not_found", "There is nothing here under that id.")),
    (PermissionDenied, DomainError("origin_not_allowed", "The request did not come from an allowed page.")),
    (exceptions.PermissionDenied, DomainError("origin_not_allowed", "The request did not come from an allowed page.")),
    (exceptions.MethodNotAllowed, DomainError("invalid_request", "This path does not take that method.")),
    (exceptions.APIException, DomainError("invalid_request", "The request cannot be read as JSON.")),
    (RequestDataTooBig, DomainError("too_long", "The body is too large.")),
    (SuspiciousOperation, DomainError("invalid_request", "The request is malformed.")),
    (DatabaseError, _NOT_SAVED),
)


def _of_validation(error: exceptions.ValidationError) -> DomainError:
    fields = dict(_flatten(error.get_full_details()))
    unknown = all(code == "unknown_field" for code in fields.values())
    if unknown and fields:
        return DomainError("unknown_field", "A field is not known here.", fields=dict.fromkeys(fields, "unknown"))
    return DomainError("invalid_request", "A field is missing or wrong.", fields=fields)


def _flatten(details: Any, path: str = "") -> list[tuple[str, str]]:
    """Field paths and rule codes out of DRF's nested details."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        return [(path or "body", str(details["code"]))]
    if isinstance(details, dict):
        return [
            pair
            for name, inner in details.items()
            for pair in _flatten(inner, path if name == "non_field_errors" else f"{path}.{name}".lstrip("."))
        ]
    return [pair for inner in details for pair in _flatten(inner, path)]
