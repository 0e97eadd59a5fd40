"""The thread that answers a request: whole, in one place, with a connection it keeps."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from django.conf import settings
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


def _parts(*bodies: bytes) -> list[dict[str, Any]]:
    *first, last = ({"type": "http.request", "body": body} for body in bodies)
    return [*(part | {"more_body": True} for part in first), last]


async def test_a_body_in_chunks_without_a_length_is_read_whole(handler, monkeypatch) -> None:
    monkeypatch.setattr(handler, "get_response", lambda request: HttpResponse(request.read()))
    _, body = await _ask(handler, *_parts(b'{"site": ', b'"harbour"}'), method="POST")
    assert body["body"] == b'{"site": "harbour"}'


MIB = b"x" * 2**20


@pytest.mark.parametrize("told", [[], [(b"content-length", b"209715200")]], ids=["in chunks", "told before"])
async def test_a_body_over_the_limit_is_refused_without_being_read_to_its_end(handler, told) -> None:
    waiting = _parts(*[MIB] * 200)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await handler(_scope(method="POST", headers=[(b"host", b"127.0.0.1"), *told]), receive, send)
    assert sent[0]["status"] == 413
    error = json.loads(sent[1]["body"])["error"]
    assert (error["code"], error["request_id"][:3]) == ("too_long", "rq_")
    assert len(waiting) >= 199


async def test_a_body_at_the_limit_is_taken(handler, monkeypatch) -> None:
    monkeypatch.setattr(handler, "get_response", lambda request: HttpResponse(request.read()))
    limit = b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    start, *_ = await _ask(handler, *_parts(limit), method="POST")
    assert start["status"] == 200
    start, *_ = await _ask(handler, *_parts(limit, b"x"), method="POST")
    assert start["status"] == 413


async def test_a_host_that_is_not_ours_is_refused_in_our_shape(handler) -> None:
    start, body = await _ask(handler, headers=[(b"host", b"evil.example")])
    assert start["status"] == 400
    assert json.loads(body["body"])["error"]["code"] == "invalid_request"


async def test_what_nobody_anticipated_says_when_to_come_back(handler, monkeypatch, settings) -> None:
    settings.HANDOFF_METRICS_PUBLIC = True
    monkeypatch.setattr("prometheus_client.generate_latest", lambda: 1 / 0)
    start, body = await _ask(handler, path="/metrics")
    assert start["status"] == 503
    assert (b"Retry-After", b"2") in start["headers"]
    assert json.loads(body["body"])["error"]["code"] == "not_saved"
