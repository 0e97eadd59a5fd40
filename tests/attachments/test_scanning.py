"""The operator's scanner: what it refuses is refused, and so is everything while it cannot tell."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import IO, Any

import pytest
from django.core.checks import run_checks

from handoff.attachments import clamd
from handoff.attachments.models import Attachment
from handoff.attachments.scanning import ScanFailed, Verdict
from tests.attachments.files import PDF, image, send, stored_files
from tests.scenes import connect

pytestmark = pytest.mark.django_db
HERE = "tests.attachments.test_scanning"
SEEN: list[bytes] = []
Answering = Callable[[bytes], bytes | None]


def approve(file: IO[bytes]) -> Verdict:
    SEEN.append(file.read())
    return Verdict(is_clean=True)


def condemn(file: IO[bytes]) -> Verdict:
    return Verdict(is_clean=False, found="Test.Worm")


def fail(file: IO[bytes]) -> Verdict:
    raise ScanFailed("no signatures")


def hang(file: IO[bytes]) -> Verdict:
    time.sleep(1.5)
    return Verdict(is_clean=True)


def shrug(file: IO[bytes]) -> Any:
    return True


@pytest.fixture
def talk(maya, amira) -> str:
    return connect(maya, amira)


def test_a_scanner_sees_what_was_sent_and_not_what_is_made_of_it(maya, talk, settings) -> None:
    settings.HANDOFF_ATTACHMENT_SCANNER = f"{HERE}.approve"
    SEEN.clear()
    sent = image("PNG") + b"and a tail"
    assert send(maya, talk, sent).status == 201
    assert [sent] == SEEN


def test_what_is_condemned_is_refused_and_leaves_nothing(maya, talk, settings, root, caplog) -> None:
    settings.HANDOFF_ATTACHMENT_SCANNER = f"{HERE}.condemn"
    answer = send(maya, talk, PDF)
    assert (answer.status, answer.code) == (422, "attachment_unsafe")
    assert "Worm" not in str(answer.body)
    assert "Test.Worm" in caplog.text
    assert (stored_files(root), Attachment.objects.exists()) == ([], False)


@pytest.mark.parametrize("scanner", [f"{HERE}.{name}" for name in ("fail", "hang", "shrug", "absent")])
def test_a_scanner_that_cannot_tell_refuses(maya, talk, settings, root, monkeypatch, scanner: str) -> None:
    settings.HANDOFF_ATTACHMENT_SCANNER = scanner
    monkeypatch.setitem(settings.HANDOFF_SECONDS, "ATTACHMENT_SCAN", 0.3)
    answer = send(maya, talk, PDF)
    assert (answer.status, answer.code) == (503, "attachment_not_scanned")
    assert int(answer.headers["Retry-After"]) > 0
    assert stored_files(root) == []


def test_production_is_told_that_nothing_is_scanned(settings) -> None:
    def told() -> bool:
        return any(message.id == "handoff.W002" for message in run_checks())

    settings.HANDOFF_DEMO = False
    settings.PUBLIC_ORIGIN = "https://help.example.com"
    assert told()
    settings.HANDOFF_ATTACHMENT_SCANNER = "handoff.attachments.clamd.scan"
    assert not told()


# -- clamd, by its protocol


class Clamd:
    """A daemon on loopback that takes one stream a connection and answers as the test says."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.taken: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            with line, line.makefile("rb") as read:
                self._take(line, read)

    def _take(self, line: socket.socket, read: Any) -> None:
        assert read.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!I", read.read(4))[0]:
            content += read.read(size)
        self.taken.append(content)
        said = self.answer(content)
        if said is not None:
            line.sendall(said)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def daemon(settings) -> Iterator[Callable[[Answering], Clamd]]:
    started: list[Clamd] = []

    def start(answer: Answering) -> Clamd:
        started.append(Clamd(answer))
        settings.HANDOFF_ATTACHMENT_SCANNER = "handoff.attachments.clamd.scan"
        settings.HANDOFF_CLAMD_ADDRESS = started[-1].address
        return started[-1]

    yield start
    for one in started:
        one.close()


def test_clamd_is_sent_the_whole_file_in_chunks(maya, talk, daemon) -> None:
    clean = daemon(lambda _: b"stream: OK\0")
    content = b"a line of text\n" * 20_000
    assert send(maya, talk, content, "long.txt").status == 201
    assert clean.taken == [content]


def test_clamds_finding_refuses(maya, talk, daemon) -> None:
    daemon(lambda content: b"stream: Eicar-Signature FOUND\0" if b"EICAR" in content else b"stream: OK\0")
    assert send(maya, talk, PDF).status == 201
    assert send(maya, talk, PDF + b"EICAR").code == "attachment_unsafe"


@pytest.mark.parametrize(
    "said", [b"INSTREAM size limit exceeded. ERROR\0", b"", None, b"stream: OK FOUND ERROR\0", b"OK\0", b"x" * 9000]
)
def test_any_other_answer_is_no_verdict(maya, talk, daemon, said: bytes | None) -> None:
    daemon(lambda _: said)
    assert send(maya, talk, PDF).code == "attachment_not_scanned"


def test_no_daemon_is_no_verdict(maya, talk, settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    settings.HANDOFF_ATTACHMENT_SCANNER = "handoff.attachments.clamd.scan"
    for address in (f"127.0.0.1:{port}", "unix:/nowhere/clamd.ctl", "nonsense"):
        settings.HANDOFF_CLAMD_ADDRESS = address
        assert send(maya, talk, PDF).code == "attachment_not_scanned"


def test_clamd_on_a_unix_socket(tmp_path, settings) -> None:
    path = tmp_path / "clamd.ctl"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(65536)
                line.sendall(b"stream: OK\0")

        thread = threading.Thread(target=serve)
        thread.start()
        settings.HANDOFF_CLAMD_ADDRESS = f"unix:{path}"
        assert clamd.scan(BytesIO(b"hello")) == Verdict(is_clean=True)
        thread.join()
