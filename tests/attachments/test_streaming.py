"""Files through the server itself: asked about first, on the disk and not in memory, and streamed out again."""

from __future__ import annotations

import asyncio
import json
import threading
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.conf import settings

from handoff.api import attachments
from handoff.attachments import scanning as scanning_of_files
from handoff.config import http
from handoff.config.http import HttpHandler
from handoff.realtime.threads import in_database
from tests.attachments.files import PDF, link, send, stored_files
from tests.conftest import Page
from tests.scenes import connect

pytestmark = pytest.mark.django_db(transaction=True)
PART = b"a line of sixty-four letters, again and again and once again ..\n" * 512
Sent = list[dict[str, Any]]


@pytest.fixture
def talk(maya, amira) -> str:
    return connect(maya, amira)


@pytest.fixture
def handler() -> HttpHandler:
    return HttpHandler()


def scope_of(page: Page, path: str, *, method: str = "POST", length: int | None = None) -> dict[str, Any]:
    headers = [
        (b"host", b"127.0.0.1"),
        (b"origin", page.origin.encode()),
        (b"authorization", f"Bearer {page.session}".encode()),
        (b"content-type", b"application/octet-stream"),
        (b"x-file-name", b"long.txt"),
    ]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}


class Client:
    """Sends a body part by part and notes how much of it was wanted."""

    def __init__(self, parts: int, *, breaks_off: bool = False) -> None:
        self.left, self.breaks_off, self.read, self.sent = parts, breaks_off, 0, []

    async def receive(self) -> dict[str, Any]:
        if self.left == 0 and self.breaks_off:
            return {"type": "http.disconnect"}
        self.left -= 1
        self.read += 1
        return {"type": "http.request", "body": PART, "more_body": self.left > 0 or self.breaks_off}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def code(self) -> str:
        return str(json.loads(self.sent[1]["body"])["error"]["code"])


@pytest.fixture
async def written(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Any]]:
    """Every file that the server opens for a body."""
    opened: list[Any] = []
    real = http.TemporaryFile

    def note() -> Any:
        opened.append(real())
        return opened[-1]

    monkeypatch.setattr(http, "TemporaryFile", note)
    yield opened
    assert all(file.closed for file in opened)


@pytest.mark.parametrize("told", [True, False])
async def test_fifteen_megabytes_pass_through_little_memory(maya, talk, handler, root, written, told: bool) -> None:
    parts = 15 * 1024 * 1024 // len(PART)
    client = Client(parts)
    path = f"/api/v1/handoffs/{talk}/attachments"
    await handler(scope_of(maya, path, length=parts * len(PART) if told else None), Client(1).receive, client.send)
    client.sent.clear()
    tracemalloc.start()
    await handler(scope_of(maya, path, length=parts * len(PART) if told else None), client.receive, client.send)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert client.status == 201, client.sent
    assert json.loads(client.sent[1]["body"])["size"] == parts * len(PART)
    assert peak < 6 * 1024 * 1024
    assert max(path.stat().st_size for path in stored_files(root)) == parts * len(PART)
    assert len(written) == 2


async def test_nobody_writes_to_the_disk_who_may_not(maya, talk, stranger, handler, written) -> None:
    client = Client(10)
    await handler(scope_of(stranger, f"/api/v1/handoffs/{talk}/attachments"), client.receive, client.send)
    # Read to its end all the same, so that its sender sees why.
    assert (client.status, client.code, client.read) == (404, "not_found", 10)
    maya.session = None
    client = Client(1)
    await handler(scope_of(maya, f"/api/v1/handoffs/{talk}/attachments"), client.receive, client.send)
    assert client.code == "session_required"
    assert written == []


async def test_a_full_handoff_is_said_before_the_file_is_written(maya, talk, handler, written, settings) -> None:
    settings.HANDOFF_ATTACHMENT_TOTAL_BYTES = len(PART) * 2
    path = f"/api/v1/handoffs/{talk}/attachments"
    client = Client(10)
    await handler(scope_of(maya, path, length=10 * len(PART)), client.receive, client.send)
    assert (client.status, client.code) == (409, "attachments_full")
    assert written == []


@pytest.mark.parametrize("told", [True, False])
async def test_what_is_far_too_large_is_not_read_to_its_end(maya, talk, handler, root, told: bool) -> None:
    length = settings.HANDOFF_ATTACHMENT_BYTES * 3
    client = Client(length // len(PART))
    path = f"/api/v1/handoffs/{talk}/attachments"
    await handler(scope_of(maya, path, length=length if told else None), client.receive, client.send)
    assert (client.status, client.code) == (413, "attachment_too_large")
    most = settings.HANDOFF_ATTACHMENT_BYTES + 2 * 1024 * 1024
    assert client.read * len(PART) < (1 if told else most)
    assert stored_files(root) == []


async def test_a_sender_who_goes_away_leaves_nothing(maya, talk, handler, root, written) -> None:
    client = Client(3, breaks_off=True)
    await handler(scope_of(maya, f"/api/v1/handoffs/{talk}/attachments"), client.receive, client.send)
    assert (client.sent, stored_files(root), len(written)) == ([], [], 1)


async def test_a_server_that_takes_in_enough_says_so(maya, talk, handler, monkeypatch) -> None:
    for _ in range(http.UPLOADS):
        await handler._uploads.acquire()
    client = Client(2)
    await handler(scope_of(maya, f"/api/v1/handoffs/{talk}/attachments"), client.receive, client.send)
    assert (client.status, client.code) == (503, "not_ready")


class Slow(Client):
    """Sends a part, and nothing more until it is let go."""

    def __init__(self) -> None:
        super().__init__(2)
        self.let_go = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self.read:
            await self.let_go.wait()
        return await super().receive()


async def hold(handler: HttpHandler, page: Page, path: str, number: int) -> tuple[list[Slow], asyncio.Future[Any]]:
    """So many slow senders whose bodies are on their way."""
    slow = [Slow() for _ in range(number)]
    going = asyncio.gather(*(handler(scope_of(page, path), one.receive, one.send) for one in slow))
    async with asyncio.timeout(20):
        while not all(one.read for one in slow):
            await asyncio.sleep(0.01)
    return slow, going


async def test_a_slow_sender_holds_few_places_and_nobody_elses(maya, talk, amira, handler) -> None:
    path = f"/api/v1/handoffs/{talk}/attachments"
    slow, going = await hold(handler, maya, path, attachments.SENDING)
    more = Client(1)
    await handler(scope_of(maya, path), more.receive, more.send)
    assert (more.status, more.code, more.read) == (503, "not_ready", 0)
    for one in slow:
        one.let_go.set()
    await going
    assert [one.status for one in slow] == [201] * len(slow)
    # What has arrived holds nothing any more.
    more = Client(1)
    await handler(scope_of(maya, path), more.receive, more.send)
    assert more.status == 201


async def test_strangers_of_one_address_share_its_places_and_leave_the_others(maya, talk, handler, monkeypatch) -> None:
    monkeypatch.setattr(attachments, "ADDRESS_SENDING", 1)
    one, other = (Page(maya.site, maya.origin, "") for _ in range(2))
    paths = [await in_database(lambda page=page: _asked(page)) for page in (one, other)]
    slow, going = await hold(handler, one, paths[0], 1)
    refused = Client(1)
    await handler(scope_of(other, paths[1]), refused.receive, refused.send)
    assert (refused.status, refused.code) == (503, "not_ready")
    # Whoever is known is counted by who they are, wherever they sit.
    known = Client(1)
    await handler(scope_of(maya, f"/api/v1/handoffs/{talk}/attachments"), known.receive, known.send)
    assert known.status == 201
    slow[0].let_go.set()
    await going


def _asked(page: Page) -> str:
    """Where the files of a new stranger go."""
    page.open()
    return f"/api/v1/handoffs/{page.ask().body['id']}/attachments"


async def test_an_upload_spends_one_of_its_rate(maya, talk, handler, monkeypatch) -> None:
    from handoff.realtime import limits

    monkeypatch.setattr(limits, "UPLOADS", limits.SharedLimiter("a test's uploads", 2, 600))
    statuses = []
    for _ in range(3):
        client = Client(1)
        await handler(scope_of(maya, f"/api/v1/handoffs/{talk}/attachments"), client.receive, client.send)
        statuses.append(client.status)
    assert statuses == [201, 201, 429]


async def test_a_file_goes_out_in_parts(maya, talk, handler) -> None:
    content = PART * 12
    file = await in_database(lambda: send(maya, talk, content, "long.txt").body["id"])
    url = await in_database(lambda: link(maya, talk, file).body["url"])
    client = Client(1)
    await handler(scope_of(maya, url, method="GET"), client.receive, client.send)
    start, *bodies = client.sent
    assert start["status"] == 200
    parts = [message["body"] for message in bodies if message.get("body")]
    assert b"".join(parts) == content
    assert (len(parts) > 3, max(map(len, parts)) <= 64 * 1024) == (True, True)
    assert PDF not in content


async def test_others_are_answered_while_many_files_are_being_checked(maya, talk, handler, monkeypatch) -> None:
    """A scanner that takes its time, and more files than the server has threads."""
    is_over, scanning = threading.Event(), []
    monkeypatch.setattr(attachments, "SENDING", http.THREADS + 1)

    def scan(file: Any) -> None:
        scanning.append(file)
        assert is_over.wait(20)

    monkeypatch.setattr(scanning_of_files, "check", scan)
    path = f"/api/v1/handoffs/{talk}/attachments"
    senders = [Client(1) for _ in range(http.THREADS + 1)]
    uploads = [asyncio.create_task(handler(scope_of(maya, path), one.receive, one.send)) for one in senders]
    try:
        async with asyncio.timeout(10):
            while len(scanning) < http.STORING:
                await asyncio.sleep(0.01)
            reader = Client(1)
            await handler(scope_of(maya, "/api/v1/availability", method="GET"), reader.receive, reader.send)
        assert reader.status == 200
        assert len(scanning) == http.STORING
    finally:
        is_over.set()
        await asyncio.gather(*uploads)
    assert [one.status for one in senders] == [201] * len(senders)
