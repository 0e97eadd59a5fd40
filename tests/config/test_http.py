"""The thread that answers a request: whole, in one place, with a connection it keeps."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from handoff.config.http import HttpHandler

pytestmark = pytest.mark.django_db(transaction=True)


def _scope(**more: Any) -> dict[str, Any]:
    headers = [(b"host", b"127.0.0.1")]
    return {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers} | more


async def _ask(handler: HttpHandler, *received: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    waiting = list(received) or [{"type": "http.request", "body": b"", "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await handler(_scope(**more), receive, send)
    return sent


@pytest.fixture
def handler() -> HttpHandler:
    return HttpHandler()


async def test_a_page_is_answered_and_the_request_is_finished_on_the_same_thread(handler, monkeypatch) -> None:
    threads: list[str] = []

    def respond(request: HttpRequest) -> HttpResponse:
        threads.append(threading.current_thread().name)
        return HttpResponse("here")

    def note(**_: Any) -> None:
        threads.append(threading.current_thread().name)

    monkeypatch.setattr(handler, "get_response", respond)
    request_finished.connect(note)
    try:
        start, body = await _ask(handler)
    finally:
        request_finished.disconnect(note)
    assert (start["status"], body["body"]) == (200, b"here")
    assert threads[0] == threads[1]
    assert threads[0].startswith("http")


async def test_what_streams_arrives_whole(handler, monkeypatch) -> None:
    parts = [b"one ", b"two ", b"three"]
    monkeypatch.setattr(handler, "get_response", lambda request: StreamingHttpResponse(iter(parts)))
    sent = await _ask(handler)
    assert b"".join(message.get("body", b"") for message in sent) == b"one two three"


async def test_a_client_that_leaves_before_its_body_has_come_is_not_answered(handler) -> None:
    first = {"type": "http.request", "body": b"{", "more_body": True}
    assert await _ask(handler, first, {"type": "http.disconnect"}, method="POST") == []


async def test_a_request_that_cannot_be_read_is_refused(handler) -> None:
    def unreadable(*_: Any) -> None:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")

    handler.request_class = unreadable  # type: ignore[assignment]
    start, _ = await _ask(handler)
    assert start["status"] == 400
