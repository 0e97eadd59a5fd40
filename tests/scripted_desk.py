"""The built console with a scripted server behind it: pages, tickets and a socket that says what a benchmark wants."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from deploy.shell import ROOT
from handoff.lib.clock import utc_now

DIST: Final = ROOT / "static" / "dist"
KINDS: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
# As the product serves it.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; worker-src 'self'; "
    "connect-src 'self' ws://127.0.0.1:*; require-trusted-types-for 'script'; trusted-types handoff-timer"
)
PAGE: Final = """<!doctype html><html lang="en" data-agent-name="Amira" data-agent-id="ag_amira" data-csrf-cookie="c">
<meta charset="utf-8"><title>Handoff desk</title><link rel="icon" href="/static/icon.svg">
<link rel="stylesheet" href="/static/console.css"><script type="module" src="/static/console.js"></script>
<div id="console"></div></html>"""

Frame = dict[str, Any]


def moment(seconds_ago: float = 0) -> str:
    at = datetime.fromtimestamp(utc_now().timestamp() - seconds_ago, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class ScriptedDesk:
    """One agent's server: what it holds is what the next page is welcomed with; commands are answered at once."""

    def __init__(self, snapshot: Frame, heads: dict[str, int]) -> None:
        self.snapshot, self.heads = snapshot, heads
        self.answers: dict[str, Callable[[Frame], Frame | None]] = {}
        self.archive: dict[str, list[Frame]] = {}
        self.callbacks: Frame = {"mine": [], "team": []}
        self.destinations: Frame = {"queues": [], "agents": []}
        # The commands that came; and, while it is deaf, nobody is let in.
        self.asked: list[str] = []
        self.deaf = False
        self.origin = self.socket_url = ""
        self._sockets: set[ServerConnection] = set()
        self._lock = threading.Lock()

    def event(self, stream: str, type_: str, data: Frame) -> None:
        """Tells every open page, gapless, as the log would."""
        with self._lock:
            seq = self.heads[stream] = self.heads.get(stream, 0) + 1
            self._send({"ev": "event", "stream": stream, "seq": seq, "at": moment(), "type": type_, "data": data})

    def pass_on(self, frame: Frame) -> None:
        with self._lock:
            self._send(frame)

    def speak(self, connection: ServerConnection) -> None:
        """The life of one socket."""
        with contextlib.suppress(ConnectionClosed):
            for raw in connection:
                self._answer(connection, json.loads(raw))
        with self._lock:
            self._sockets.discard(connection)

    def hang_up(self) -> None:
        with self._lock:
            for socket in tuple(self._sockets):
                socket.close(1012)

    def _send(self, frame: Frame) -> None:
        raw = json.dumps(frame)
        for socket in tuple(self._sockets):
            with contextlib.suppress(ConnectionClosed):
                socket.send(raw)

    def _answer(self, connection: ServerConnection, frame: Frame) -> None:
        self.asked.append(frame["cmd"])
        if frame["cmd"] == "hello":
            with self._lock:
                welcome = {"ev": "welcome", "epoch": "bench", "heartbeat_seconds": 20}
                connection.send(json.dumps(welcome | {"snapshot": self.snapshot, "heads": self.heads}))
                self._sockets.add(connection)
        elif frame["cmd"] == "ping":
            connection.send('{"ev": "pong"}')
        else:
            result = self.answers.get(frame["cmd"], lambda _: {})(frame)
            connection.send(json.dumps({"ev": "ack", "id": frame["id"], "result": result or {}}))

    def read(self, path: str) -> object:
        """What the console asks for over HTTP."""
        parts = urlsplit(path)
        if parts.path.endswith("/ticket"):
            return {"ticket": "t", "url": self.socket_url, "expires_in": 30}
        if parts.path.endswith("/events"):
            query = parse_qs(parts.query)
            before = int(query.get("before", ["0"])[0])
            past = [one for one in self.archive.get(query["stream"][0], []) if not before or one["seq"] < before]
            return {"epoch": "bench", "head": before, "events": past[-200:]}
        if parts.path.endswith("/callbacks"):
            return self.callbacks
        return self.destinations


def _page(desk: ScriptedDesk, dist: Path, path: str) -> tuple[bytes, str]:
    if path.startswith("/api/"):
        return json.dumps(desk.read(path)).encode(), "application/json"
    if not path.startswith("/static/"):
        return PAGE.encode(), "text/html; charset=utf-8"
    file = dist / Path(path).name
    return file.read_bytes() if file.exists() else b"", KINDS.get(file.suffix, "text/plain")


def _handler(desk: ScriptedDesk, dist: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._say(*_page(desk, dist, self.path))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if desk.deaf:
                self.send_error(503)
                return
            self._say(json.dumps(desk.read(self.path)).encode(), "application/json")

        def _say(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            for name, value in (("Content-Type", kind), ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextlib.contextmanager
def standing(desk: ScriptedDesk, dist: Path = DIST) -> Iterator[ScriptedDesk]:
    """The desk's server on two free ports of loopback."""
    pages = ThreadingHTTPServer(("127.0.0.1", 0), _handler(desk, dist))
    sockets = serve(
        desk.speak, "127.0.0.1", 0, subprotocols=[Subprotocol("handoff.v1")], compression=None, max_size=2**24
    )
    desk.origin = f"http://127.0.0.1:{pages.server_port}"
    desk.socket_url = f"ws://127.0.0.1:{sockets.socket.getsockname()[1]}/"
    for server in (pages, sockets):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield desk
    finally:
        pages.shutdown()
        pages.server_close()
        sockets.shutdown()


# -- what a desk is filled with


def customer(number: int) -> Frame:
    assurance = {"acr": "urn:bank:2", "amr": ["pwd", "otp"], "auth_time": int(utc_now().timestamp()) - 200}
    return {"id": f"cu_{number}", "name": f"Maya {number} Chen", "verified": True, "assurance": assurance}


def posted(number: int, who: str, text: str, client_id: str | None = None) -> Frame:
    name = "Amira" if who == "agent" else f"Maya {number} Chen"
    return {"id": f"me_{text[:40]}", "author": {"kind": who, "name": name}, "text": text, "client_id": client_id}


def changed(state: str) -> Frame:
    return {
        "state": state, "version": 2, "channel": "chat", "intent": INTENT, "agent": {"name": "Amira"},
        "close_reason": None, "enqueued_at": moment(60),
    }  # fmt: skip


INTENT: Final = {"key": "dispute-charge", "label": "Dispute a charge"}
VERDICT: Final = {
    "key": "refund", "label": "Refund", "verdict": "enough", "lacks": None, "acr_values": None, "max_age": None,
}  # fmt: skip
QUEUE: Final = {"key": "cards", "name": "Cards"}
SITE: Final = {"key": "harbour", "name": "Harbour Bank"}


def timeline(number: int, messages: int) -> list[Frame]:
    stream = f"handoff/ho_{number}"
    first = {
        "stream": stream,
        "seq": 1,
        "at": moment(messages + 60),
        "type": "handoff.changed",
        "data": changed("connected"),
    }
    said = [
        {"stream": stream, "seq": 2 + n, "at": moment(messages - n), "type": "message.posted",
         "data": posted(number, "agent" if n % 3 == 0 else "customer", f"Message {n} about the charge of Corner Cafe")}
        for n in range(messages)
    ]  # fmt: skip
    return [first, *said]


def handoff(number: int, *, messages: int = 20, shown: int = 50) -> Frame:
    """A talk as a desk holds it, with a record of a real size."""
    facts = [
        {"key": f"fact-{n}", "label": f"Fact {n}", "value": f"GBP {n}.10, Corner Cafe", "source": source,
         "at": moment(90)}
        for n, source in enumerate(["verified"] * 4 + ["observed"] * 4 + ["stated"] * 2)
    ]  # fmt: skip
    steps = [{"path": f"/dispute/{n}", "title": f"Step {n}", "status": "done", "at": moment(300 - n)} for n in range(8)]
    return {
        "id": f"ho_{number}", "state": "connected", "version": 2, "channel": "chat", "intent": INTENT, "queue": QUEUE,
        "site": SITE, "statement": "I was charged twice", "customer": customer(number),
        "verdicts": [VERDICT], "journey": {"steps": steps},
        "facts": facts, "history": [], "brief": f"Maya {number} Chen wants to dispute a charge.",
        "opened_at": moment(400), "enqueued_at": moment(360), "connected_at": moment(300 - number / 10),
        "close_reason": None, "agent": {"id": "ag_amira", "name": "Amira"}, "presence": "here",
        "why": {"text": ["Cards is your queue.", "You were free the longest."]},
        "timeline": timeline(number, messages)[-shown:], "dispositions": ["resolved", "follow_up"], "wrap_up": None,
        "survey": None, "read": {"customer": 0, "agent": 0}, "callback": None, "call": None, "evidence": None,
        "caller_number": None, "verification": None,
    }  # fmt: skip


def offer(number: int) -> Frame:
    return {
        "id": f"of_{number}", "token": "secret", "offered_at": moment(), "expires_at": moment(-25),
        "handoff": {
            "id": f"ho_{number}", "channel": "chat", "intent": INTENT, "queue": QUEUE, "site": SITE, "statement": None,
            "customer": customer(number), "enqueued_at": moment(40), "earlier": 0, "stopped_at": None,
            "brief": f"Maya {number} Chen wants to dispute a charge.", "transfer": None, "evidence": None,
            "callback": None, "call": None,
        },
    }  # fmt: skip


def due_callback(number: int) -> Frame:
    callback = {
        "number": f"+4477009{number:05d}", "is_edited": False, "time_zone": "Europe/Paris", "consent": "Yes.",
        "window": {"starts_at": moment(-600), "ends_at": moment(-1800)}, "attempts": 0, "attempts_limit": 3,
        "next_at": None, "last_outcome": None, "link": None,
    }  # fmt: skip
    return {
        "id": f"ho_due{number}", "state": "scheduled", "customer": customer(number), "intent": INTENT, "queue": QUEUE,
        "due_at": moment(-600), "callback": callback, "agent": None,
    }  # fmt: skip


def snapshot(handoffs: list[Frame], *, queues: int = 3, capacity: int = 3) -> tuple[Frame, dict[str, int]]:
    """A desk at its start, and where its streams stand."""
    rows = [
        {
            "key": f"q{n}",
            "name": f"Queue {n}",
            "waiting": n,
            "oldest_enqueued_at": moment(30 + n),
            "agents_available": 2,
        }
        for n in range(queues)
    ]
    agent = {
        "id": "ag_amira", "name": "Amira", "role": "agent", "capacity": capacity, "load": len(handoffs),
        "availability": {"available": True, "reason": None, "after_current": False},
    }  # fmt: skip
    heads = {"agent/ag_amira": 0}
    for one in handoffs:
        heads |= {f"handoff/{one['id']}": one["timeline"][-1]["seq"], f"handoff/{one['id']}/desk": 0}
    return {"agent": agent, "offers": [], "handoffs": handoffs, "queues": rows}, heads


def desk_of(*handoffs: Frame, queues: int = 1) -> ScriptedDesk:
    return ScriptedDesk(*snapshot(list(handoffs), queues=queues))
