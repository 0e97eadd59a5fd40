"""One id through a request, its database work, a socket and a worker's job."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.db import IntegrityError
from django.http import HttpResponse

from handoff.api.attachments import ASKED
from handoff.config import requests
from handoff.flows.worker import Worker
from handoff.identity.models import Customer
from handoff.lib.clock import utc_now
from handoff.realtime.threads import in_database
from tests.config.asking import ask
from tests.conftest import Page

logger = logging.getLogger("handoff.tests")


class Lines(list[dict[str, Any]]):
    """What an operator's log would hold, parsed."""

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self if line["event"] == event]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Through the product's own formatter, as on standard error."""
    configured = (handler.formatter for handler in logging.getLogger().handlers)
    formatter = next(one for one in configured if isinstance(one, structlog.stdlib.ProcessorFormatter))
    kept = Lines()

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(json.loads(self.format(record)))

    handler = Keep()
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    yield kept
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db(transaction=True)
def test_a_request_its_answer_and_what_is_logged_on_the_way_have_one_id(maya: Page, lines, monkeypatch) -> None:
    def told(*_: Any, **__: Any) -> None:
        logger.warning("on the way")
        raise RuntimeError("somebody's secret is in the trace only")

    monkeypatch.setattr("handoff.api.handoffs.HandoffsView.post", told)
    answer = maya.ask()
    own = answer.body["error"]["request_id"]
    assert answer.headers["X-Request-Id"] == own
    assert {line["request_id"] for line in lines} == {own}
    assert [line["event"] for line in lines] == ["on the way", "a request failed", "request"]
    [line] = lines.of("request")
    assert (line["method"], line["path"], line["status"], line["code"]) == (
        "POST", "/api/v1/handoffs", 503, "not_saved",
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_line_names_the_handoff_and_no_person(maya: Page, lines) -> None:
    handoff = maya.ask(statement="My card 4111 1111 1111 1111 was taken").body["id"]
    maya.post(f"handoffs/{handoff}/messages?note=private", {"client_id": "one", "text": "my words"})
    made, said = lines.of("request")
    assert made["handoff"] == said["handoff"] == handoff
    assert (made["status"], said["status"]) == (201, 201)
    assert said["path"] == "/api/v1/handoffs/<str:handoff_id>/messages"
    assert not {"my words", "private", "4111", "Maya"} & {word for word in str(lines).replace("'", " ").split()}
    assert "127.0.0.1" not in str(lines)


@pytest.mark.django_db(transaction=True)
def test_lines_can_be_left_out_but_not_those_of_failures(maya: Page, lines, settings, monkeypatch) -> None:
    settings.HANDOFF_ACCESS_LOG = False
    assert maya.get("availability").status == 200
    assert not lines.of("request")
    monkeypatch.setattr("handoff.api.handoffs.HandoffsView.post", lambda *_, **__: 1 / 0)
    maya.ask()
    assert [line["status"] for line in lines.of("request")] == [503]


def test_a_foreign_name_takes_nothing_from_the_request(lines) -> None:
    """What a line says itself stands above what it stands in."""
    with structlog.contextvars.bound_contextvars(request_id="rq_outer"):
        structlog.get_logger("handoff.tests").info("told", request_id="rq_inner")
    assert lines.of("told")[0]["request_id"] == "rq_inner"


async def test_database_work_of_a_socket_carries_the_sockets_id(lines) -> None:
    def work() -> None:
        assert threading.current_thread().name.startswith("database")
        logger.info("in the database")

    async def one(name: str) -> None:
        with structlog.contextvars.bound_contextvars(socket=name):
            await asyncio.gather(*(in_database(work) for _ in range(3)))

    await asyncio.gather(one("so_a"), one("so_b"))
    await in_database(work)
    told = [line.get("socket") for line in lines.of("in the database")]
    assert sorted(told[:6]) == ["so_a"] * 3 + ["so_b"] * 3
    assert told[6] is None


@pytest.mark.django_db(transaction=True)
def test_a_workers_job_has_an_id_and_says_what_woke_it(lines) -> None:
    def hurt() -> None:
        logger.info("at work")
        raise RuntimeError

    worker = Worker("tests")
    worker._attempt(hurt, woken_by="handoff/ho_one#7")
    worker._attempt(hurt, woken_by="")
    [first, second] = lines.of("at work")
    assert (first["job"], first["woken_by"]) == ("hurt", "handoff/ho_one#7")
    assert first["job_id"] != second["job_id"]
    failed = lines.of("a worker's job failed; the next tick tries again")
    assert [line["job_id"] for line in failed] == [first["job_id"], second["job_id"]]


def test_keys_in_addresses_are_hidden_whoever_logs_them(lines) -> None:
    logger.warning("Not Found: /callback/a-key-of-22-characters-")
    logger.warning("Not Found: /api/v1/attachments/sealed:by:us")
    logger.warning("Not Found: /api/v1/handoffs/ho_1/attachments/at_1/link")
    assert [line["event"].split()[-1] for line in lines] == [
        "/callback/...",
        "/api/v1/attachments/...",
        "/api/v1/handoffs/ho_1/attachments/at_1/link",
    ]


@pytest.mark.parametrize("path", ["/static/dist/panel.js", "/metrics"])
def test_files_of_pages_are_no_news(rf, path: str) -> None:
    assert requests._is_quiet(rf.get(path), HttpResponse())
    assert not requests._is_quiet(rf.get("/api/v1/availability"), HttpResponse())


@pytest.mark.parametrize(("status", "is_quiet"), [(204, True), (403, False)])
def test_the_question_before_an_upload_is_news_when_it_was_the_last_word(rf, status: int, is_quiet: bool) -> None:
    request = rf.post("/api/v1/handoffs/ho_1/attachments")
    request.scope = {ASKED: 10}
    assert requests._is_quiet(request, HttpResponse(status=status)) is is_quiet


@pytest.mark.django_db(transaction=True)
async def test_what_is_refused_unread_has_its_line_too(lines) -> None:
    headers = [(b"host", b"127.0.0.1"), (b"content-length", b"9999999")]
    status, _, told = await ask("/api/v1/sessions", method="POST", headers=headers)
    [line] = lines.of("request")
    assert (status, line["status"], line["code"]) == (413, 413, "too_long")
    assert line["request_id"] == told["error"]["request_id"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_error_of_the_database_is_logged_without_the_row(harbour, lines) -> None:
    now = utc_now()
    jane = {"site": harbour, "subject": "jane@example.com\n\nsecond line", "created_at": now, "seen_at": now}
    Customer.objects.create(**jane)
    try:
        Customer.objects.create(**jane)
    except IntegrityError as error:
        logger.exception("it failed")
        logger.warning("it failed: %s", error)
    assert "jane@example" not in str(lines)
    assert "second line" not in str(lines)
    [line] = lines.of("it failed")
    assert "one_customer_a_subject" in line["exception"]
    assert "The above exception was the direct cause" in line["exception"], "the trace itself is whole"
