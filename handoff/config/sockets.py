"""Every socket of the product, and what its log lines are known by."""

from __future__ import annotations

import time
from typing import Any

import structlog
from channels.routing import URLRouter
from django.conf import settings
from django.urls import path

from agent_console.consumer import AgentConsumer
from handoff.api import asterisk_socket
from handoff.config.requests import given_id, only_header
from handoff.lib.ids import new_id
from handoff.widget.consumer import CustomerConsumer

logger = structlog.get_logger(__name__)

router = URLRouter(
    [
        path("ws/customer", CustomerConsumer.as_asgi()),
        path("ws/agent", AgentConsumer.as_asgi()),
        path("ws/asterisk", asterisk_socket.application),  # type: ignore[arg-type]
    ]
)


async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """One socket, with one id in all its log lines beside that of the request it came as, and a line when it is over.

    It lives in a task of its own, and what it starts inherits the ids. Plain frames: thousands of them stand here.
    """
    given = given_id(only_header(scope["headers"], b"x-request-id"))
    about = {"socket": new_id("so")} | ({"request_id": given} if given else {})
    tokens, began = structlog.contextvars.bind_contextvars(**about), time.monotonic()
    try:
        await router(scope, receive, send)
    except ValueError:
        # Channels' router raises for a path without a consumer.
        await send({"type": "websocket.close", "code": 4403})
    finally:
        if settings.HANDOFF_ACCESS_LOG:
            logger.info("socket", path=scope["path"][:40], seconds=round(time.monotonic() - began, 1))
        structlog.contextvars.reset_contextvars(**tokens)
