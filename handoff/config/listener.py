"""A process's own address for its operator: metrics and health, apart from what customers can reach."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socket import AF_INET6
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.core.management.base import CommandError
from prometheus_client import make_wsgi_app

from handoff.config.health import ALIVE
from handoff.config.readiness import readiness

StartResponse = Callable[[str, list[tuple[str, str]]], object]

_metrics: Final = make_wsgi_app()
_JSON: Final = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        # The library's own asks the name service who we are, and a process would not start while that is away.
        TCPServer.server_bind(self)
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)
        self.setup_environ()


class _ServerOfSix(_Server):
    address_family = AF_INET6


class _Silent(WSGIRequestHandler):
    # A scraper that says nothing gives its thread back.
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        """Scrapes are nobody's news."""


@contextmanager
def listening(address: str) -> Iterator[None]:
    """Answer at `host:port` until the block ends; nowhere if that is empty. Raises CommandError."""
    if not address:
        yield
        return
    host, port = parse_address(address)
    family = _ServerOfSix if ":" in host else _Server
    try:
        server = make_server(host, port, answer, family, _Silent)
    except OSError as error:
        raise CommandError(
            f"HANDOFF_METRICS_ADDRESS {address} cannot be used ({error.strerror}): "
            "each process of a host needs a port of its own."
        ) from None
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def parse_address(address: str) -> tuple[str, int]:
    """Raises CommandError for what is no `host:port`."""
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.netloc != address or "@" in address:
        raise CommandError("HANDOFF_METRICS_ADDRESS is a host and a port, like 127.0.0.1:9101.")
    return host, port


def answer(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
    """Three addresses, for GET alone."""
    path = environ["PATH_INFO"]
    if path == "/metrics":
        found: Iterable[bytes] = _metrics(environ, start)
        return found
    if path == "/healthz":
        start("200 OK", list(_JSON))
        return [ALIVE]
    if path == "/readyz":
        told = readiness.look_and_wait()
        start("200 OK" if told["status"] == "ready" else "503 Service Unavailable", list(_JSON))
        return [json.dumps(told).encode()]
    start("404 Not Found", list(_JSON))
    return [b"{}"]
