"""A request as its operator sees it: one id, one line, one count, and what a proxy in front of us gets wrong."""

from __future__ import annotations

import re
import time
from http import HTTPStatus
from typing import Any, Final

import structlog
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import Counter

from handoff.api.attachments import ASKED
from handoff.config.refusals import new_request_id, refuse
from handoff.realtime import metrics

logger = structlog.get_logger(__name__)

FORWARDING: Final = Counter(
    "handoff_forwarding_total",
    "Requests whose forwarded headers do not suit TRUSTED_PROXIES, by what is odd.",
    ["what"],
)
# What is wrong with a proxy is wrong with every request.
SAY_AGAIN_SECONDS: Final = 600
_GIVEN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}\Z")
_HANDOFF: Final = re.compile(r"ho_[A-Za-z0-9_-]{10,40}\Z")
_ODDITIES: Final = {
    "too_few": "TRUSTED_PROXIES counts more proxies than X-Forwarded-For names: its last entry is taken for nobody's. "
    "Either a proxy does not append to the header, or requests come around it.",
    "unexpected": "X-Forwarded-For is there, and TRUSTED_PROXIES is 0: if a proxy of yours sets it, customers count "
    "as one address all together until TRUSTED_PROXIES says how many proxies there are.",
    "not_https": "PUBLIC_ORIGIN is https, and the proxy does not say `X-Forwarded-Proto: https`.",
}
_said_at: Final[dict[str, float]] = {}

for _what in _ODDITIES:
    FORWARDING.labels(_what)


def given_id(header: str | None) -> str | None:
    """The id that a trusted proxy gave a request; no other's is taken, and nothing that is not shaped like an id."""
    if not settings.TRUSTED_PROXIES or header is None or not _GIVEN.match(header):
        return None
    return header


def id_of(request: HttpRequest) -> str:
    """A second header of the name comes joined with a comma, and is no id."""
    return given_id(request.headers.get("X-Request-Id")) or new_request_id()


def note(request: HttpRequest, response: HttpResponseBase, *, seconds: float) -> None:
    """Count an answer, and write its line."""
    metrics.REQUEST_SECONDS.labels(f"{response.status_code // 100}xx").observe(seconds)
    code = _code_of(response)
    if code is not None:
        metrics.count_refusal("http", code)
    # Django would say it again, with the address and without the id.
    response._has_been_logged = True  # type: ignore[attr-defined]
    if (settings.HANDOFF_ACCESS_LOG and not _is_quiet(request, response)) or response.status_code >= 500:
        line = {"method": request.method, "path": _path_of(request), "status": response.status_code}
        handoff_id = _handoff_of(request, response)
        told = {"code": code, "handoff": handoff_id, "milliseconds": round(seconds * 1000, 1)}
        logger.info("request", **line, **{name: value for name, value in told.items() if value is not None})


def refuse_unread(scope: dict[str, Any], code: str, message: str, *, status: int) -> HttpResponseBase:
    """Refuse a request of which nobody has seen more than its length: counted, and with a line like any other."""
    own = given_id(only_header(scope["headers"], b"x-request-id")) or new_request_id()
    metrics.count_refusal("http", code)
    if settings.HANDOFF_ACCESS_LOG:
        logger.info("request", method=scope["method"], path="unread", status=status, code=code, request_id=own)
    return refuse(code, message, status=status, request_id=own)


def only_header(headers: list[tuple[bytes, bytes]], name: bytes) -> str | None:
    """Its value, if it is there once."""
    found = [value for own, value in headers if own == name]
    return found[0].decode("latin-1") if len(found) == 1 else None


def look_at_forwarding(request: HttpRequest) -> None:
    """Who misconfigures a proxy has no error: only limits that count the wrong people."""
    hops = settings.TRUSTED_PROXIES
    count = len([part for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()])
    if hops and count < hops:
        _wonder("too_few")
    elif not hops and count:
        _wonder("unexpected")
    elif hops and settings.SECURE_PROXY_SSL_HEADER and not request.is_secure():
        _wonder("not_https")


def _wonder(what: str) -> None:
    FORWARDING.labels(what).inc()
    now = time.monotonic()
    if now - _said_at.get(what, -SAY_AGAIN_SECONDS) >= SAY_AGAIN_SECONDS:
        _said_at[what] = now
        logger.warning(_ODDITIES[what])


def _code_of(response: HttpResponseBase) -> str | None:
    """The stable code of an error; pages and foreign views have none but their status."""
    if response.status_code < 400:
        return None
    told = getattr(response, "error_code", None) or _in_data(getattr(response, "data", None))
    return told or f"http_{response.status_code}"


def _in_data(data: Any) -> str | None:
    error = data.get("error") if isinstance(data, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else None


def _is_quiet(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Files that every page fetches; the question before an upload, if it is followed by the upload."""
    was_asked = ASKED in getattr(request, "scope", {}) and response.status_code == HTTPStatus.NO_CONTENT
    return was_asked or request.path.startswith(settings.STATIC_URL) or request.path == "/metrics"


def _path_of(request: HttpRequest) -> str:
    """The route, in which keys and ids are names only; of an address that we do not have, its first step."""
    match = request.resolver_match
    if match is not None:
        return f"/{match.route}"
    first, *more = request.path.lstrip("/").split("/")
    return f"/{first[:40]}{'/...' if more else ''}"


def _handoff_of(request: HttpRequest, response: HttpResponseBase) -> str | None:
    """Which handoff it was about: named by its address, or made by it."""
    match, data = request.resolver_match, getattr(response, "data", None)
    told = match.kwargs.get("handoff_id") if match is not None else None
    if told is None and response.status_code in (200, 201) and isinstance(data, dict):
        told = data.get("id")
    return told if isinstance(told, str) and _HANDOFF.match(told) else None
