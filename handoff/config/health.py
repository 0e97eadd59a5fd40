"""Is the process alive, can it serve, and what does it count."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

import prometheus_client
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from handoff.config import figures  # noqa: F401  (makes them known to Prometheus' client)
from handoff.config.readiness import readiness

ALIVE: Final = b'{"status": "ok"}'
RETRY_AFTER: Final = b"2"

Send = Callable[[dict[str, Any]], Awaitable[None]]


async def answer_alive(send: Send) -> None:
    """The process lives: said by the loop itself, because requests that wait may hold every thread."""
    await _answer(send, HTTPStatus.OK, ALIVE)


async def answer_ready(send: Send) -> None:
    """It can serve: the database answers, hints travel, some worker is at work, and the clock is right."""
    told = await readiness.look()
    status = HTTPStatus.OK if told["status"] == "ready" else HTTPStatus.SERVICE_UNAVAILABLE
    await _answer(send, status, json.dumps(told).encode())


async def _answer(send: Send, status: HTTPStatus, body: bytes) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", RETRY_AFTER))
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text, on the public listener only when the operator says so."""
    if not settings.HANDOFF_METRICS_PUBLIC:
        raise Http404
    return HttpResponse(prometheus_client.generate_latest(), content_type=prometheus_client.CONTENT_TYPE_LATEST)
