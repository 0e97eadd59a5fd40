"""A process that is asked to leave says goodbye first; what its servers refuse by themselves."""

from __future__ import annotations

import json
import signal
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, NoReturn

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from handoff.realtime.roster import DRAIN_RETRY_MS
from tests.processes import Server, manage, served

CONFIGURATION = """
[[queues]]
key = "cards"
name = "Cards"

[[sites]]
key = "harbour"
name = "Harbour Bank"
origins = ["http://127.0.0.1:8001"]
allow_unverified = true
hmac_secret = "the harbour site's own secret, 32 bytes and more"

[[sites.intents]]
key = "dispute-charge"
label = "Dispute a charge"
queue = "cards"
channels = ["chat"]
"""


@pytest.fixture(params=["uvicorn", "daphne"], scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Starting one takes longer than all that is asked of it here: the last test ends it."""
    folder = tmp_path_factory.mktemp(request.param)
    with served(folder, server=request.param) as running:
        (folder / "desk.toml").write_text(CONFIGURATION)
        done = manage(folder, "apply_config", str(folder / "desk.toml"), PUBLIC_ORIGIN=running.origin)
        assert done.returncode == 0, done.stderr
        yield running


def ask(server: Server, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    sent = {"Origin": server.origin, "Content-Type": "application/json"} | headers
    try:
        with urllib.request.urlopen(urllib.request.Request(server.origin + path, data, sent), timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def ask_again_and_again(server: Server, link: socket.socket) -> None:
    """One connection's requests behind each other: the process is at them for longer than it takes to leave."""
    asked = (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n" for path in ("/healthz", "/readyz"))
    with suppress(OSError):
        link.sendall("".join(asked).encode() * 20_000)


def read_all(link: socket.socket) -> Iterator[tuple[int, Any]]:
    """Status and body of each answer, until the connection is over."""
    told = b""
    with suppress(ConnectionResetError):
        while more := link.recv(65536):
            told += more
    for answer in told.split(b"HTTP/1.1 ")[1:]:
        head, _, body = answer.partition(b"\r\n\r\n")
        with suppress(ValueError):
            yield int(head[:3]), json.loads(body)["status"]


@contextmanager
def entered(server: Server) -> Iterator[ClientConnection]:
    """A customer's socket that has been welcomed."""
    _, session = ask(server, "/api/v1/sessions", {"site": "harbour"})
    bearer = {"Authorization": f"Bearer {session['token']}"}
    _, ticket = ask(server, "/api/v1/sessions/ticket", {}, **bearer)
    protocol = Subprotocol("handoff.v1")
    with connect(ticket["url"], origin=Origin(server.origin), subprotocols=[protocol], proxy=None) as client:
        client.send(json.dumps({"cmd": "hello", "ticket": ticket["ticket"]}))
        assert json.loads(client.recv(10))["ev"] == "welcome"
        yield client


def last_words(client: ClientConnection) -> tuple[int, dict[str, Any]]:
    """The close code, and the frame before it."""
    frames: list[str] = []

    def listen() -> NoReturn:
        while True:
            frames.append(str(client.recv(10)))

    with pytest.raises(ConnectionClosed) as closed:
        listen()
    assert closed.value.rcvd is not None, frames
    return closed.value.rcvd.code, json.loads(frames[-1])


def test_a_frame_of_a_mebibyte_is_told_that_it_is_too_big(server: Server) -> None:
    with entered(server) as client:
        client.send("x" * 2**20)
        code, bye = last_words(client)
    assert (code, bye["code"]) == (4413, "too_big")


def test_a_body_that_is_too_long_is_told_so(server: Server) -> None:
    for size in (300_000, 900_000):
        status, told = ask(server, "/api/v1/sessions", {"site": "x" * size})
        assert (status, told["error"]["code"]) == (413, "too_long")


def test_every_socket_is_seen_off_and_the_process_ends_well(server: Server) -> None:
    with ExitStack() as stack:
        # Steps of 3: four of them give the time to ask how the process is.
        clients = [stack.enter_context(entered(server)) for _ in range(12)]
        link = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
        # While it stands still: what it finds when it goes on is the signal and the requests.
        server.process.send_signal(signal.SIGSTOP)
        asking = threading.Thread(target=ask_again_and_again, args=(server, link))
        asking.start()
        server.ask_to_leave()
        server.process.send_signal(signal.SIGCONT)
        assert set(read_all(link)) - {(200, "ready")} == {(200, "ok"), (503, "not_ready")}
        asking.join()
        assert last_words(clients[0]) == (4503, {"ev": "bye", "code": "going_away", "retry_after_ms": DRAIN_RETRY_MS})
        assert {last_words(client)[0] for client in clients[1:]} == {4503}
        assert server.process.wait(10) == 0
