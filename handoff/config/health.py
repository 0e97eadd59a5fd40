"""Is the process alive, can it serve, and what does it count."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import prometheus_client
from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from handoff.config.background import background
from handoff.realtime.clock import database_now
from handoff.realtime.models import WorkerBeat
from handoff.realtime.roster import roster

WORKER_SILENCE: Final = timedelta(seconds=20)
ALIVE: Final = b'{"status": "ok"}'


async def answer_alive(send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """The process lives: said by the loop itself, because requests that wait may hold every thread."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(ALIVE)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ALIVE})


def readyz(request: HttpRequest) -> HttpResponse:
    """It can serve: the database answers, hints travel, and some worker is at work."""
    checks = {"database": False, "delivery": background.can_deliver(), "worker": False}
    try:
        now = database_now()
        checks["worker"] = WorkerBeat.objects.filter(beat_at__gt=now - WORKER_SILENCE).exists()
        checks["database"] = True
    except DatabaseError:
        pass
    ready = all(checks.values()) and not roster.is_draining
    response = JsonResponse(
        {"status": "ready" if ready else "not_ready", "checks": checks}, status=200 if ready else 503
    )
    if not ready:
        response["Retry-After"] = "2"
    return response


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text, on the public listener only when the operator says so."""
    if not settings.HANDOFF_METRICS_PUBLIC:
        raise Http404
    return HttpResponse(prometheus_client.generate_latest(), content_type=prometheus_client.CONTENT_TYPE_LATEST)
