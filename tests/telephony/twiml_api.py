"""The REST side of the local Twilio: a server on loopback that a provider's API address can point at."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from tests.telephony.twiml_engine import TwimlEngine

_PATH = re.compile(r"/2010-04-01/Accounts/(?P<account>\w+)/Calls(/(?P<sid>\w+))?(?P<events>/Events)?\.json")
HELD_SECONDS = 30
MADE = {"To", "From", "Url", "Method", "Timeout", "StatusCallback", "StatusCallbackEvent", "StatusCallbackMethod"}


class Api:
    """`trouble` makes the next requests fail: (status, headers), or a number of seconds to say nothing for."""

    def __init__(self, engine: TwimlEngine) -> None:
        self.engine = engine
        self.requests: list[tuple[str, str, dict[str, list[str]]]] = []
        self.trouble: list[tuple[int, dict[str, str]] | float] = []
        self.is_deaf_after = False
        # The next thing that is done is answered so, as if it were not.
        self.denial: tuple[int, dict[str, str]] | None = None
        # While it is not set, what was done is done, and its answer is kept back.
        self.may_answer = threading.Event()
        self.may_answer.set()
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.answer(self, "GET", {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                api.answer(self, "POST", parse_qs(body.decode(), keep_blank_values=True))

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler, method: str, form: dict[str, list[str]]) -> None:
        self.requests.append((method, handler.path, form))
        if self.trouble:
            trouble = self.trouble.pop(0)
            if isinstance(trouble, float):
                time.sleep(trouble)
                return
            self._send(handler, trouble[0], {"code": 0, "message": "trouble"}, trouble[1])
            return
        status, told = self._handle(handler, method, form)
        if self.is_deaf_after:
            # It was done, and nobody hears of it.
            self.is_deaf_after = False
            handler.close_connection = True
            return
        if method == "POST":
            self.may_answer.wait(HELD_SECONDS)
        headers: dict[str, str] = {}
        if self.denial is not None and method == "POST":
            (status, headers), self.denial = self.denial, None
        # Who asked may have given up by now, or have died.
        with contextlib.suppress(ConnectionError):
            self._send(handler, status, told, headers)

    def _handle(
        self, handler: BaseHTTPRequestHandler, method: str, form: dict[str, list[str]]
    ) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(handler.path)
        found = _PATH.fullmatch(parts.path)
        if found is None:
            return 404, {"code": 20404}
        if handler.headers.get("Authorization") != self._authorization() or found["account"] != self.engine.account:
            return 401, {"code": 20003}
        if found["sid"] is None:
            return self._make(form) if method == "POST" else self._list(parse_qs(parts.query))
        call = self.engine.calls.get(found["sid"])
        if call is None:
            return 404, {"code": 20404}
        if found["events"]:
            return 200, {"events": call.events}
        return self._update(call, form) if method == "POST" else (200, self._show(call))

    def _make(self, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        if set(form) != MADE:
            return 400, {"code": 21205}
        call = self.engine.make("outbound-api", form["From"][0], form["To"][0])
        url, callback = form["Url"][0], form["StatusCallback"][0]
        self.engine.begin(call, url=url, callback=callback, events=form["StatusCallbackEvent"])
        return 201, self._show(call)

    def _update(self, call: Any, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        if not call.is_live:
            return 400, {"code": 21220, "message": "Call is not in-progress. Cannot redirect."}
        if set(form) == {"Twiml"}:
            self.engine.move(call, form["Twiml"][0])
        elif form == {"Status": ["completed"]}:
            self.engine.hang_up(call)
        else:
            return 400, {"code": 21218}
        return 200, self._show(call)

    def _list(self, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        parent = query.get("ParentCallSid", [None])[0]
        calls = [call for call in reversed(self.engine.calls.values()) if parent in (None, call.parent)]
        return 200, {"calls": [self._show(call) for call in calls]}

    def _show(self, call: Any) -> dict[str, Any]:
        return {
            "sid": call.sid,
            "parent_call_sid": call.parent or None,
            "status": call.status,
            "direction": call.direction,
            "from": call.from_,
            "to": call.to,
            "date_created": call.created_at,
        }

    def _authorization(self) -> str:
        token = self.engine.validator.token.decode()
        return "Basic " + base64.b64encode(f"{self.engine.account}:{token}".encode()).decode()

    def _send(
        self, handler: BaseHTTPRequestHandler, status: int, told: dict[str, Any], headers: dict[str, str]
    ) -> None:
        body = json.dumps(told).encode()
        handler.send_response(status)
        for name, value in (headers | {"Content-Type": "application/json", "Content-Length": str(len(body))}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
