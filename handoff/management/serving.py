"""Start a serving process or a worker, and refuse what cannot work."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any, Final

from channels.routing import get_default_application
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

from handoff.flows.worker import Worker
from handoff.realtime.bridge import RedisBridge
from handoff.realtime.delivery import hub

# Larger frames are refused by the server itself; ours says `too_big` first for what is a little over its limit.
SOCKET_FRAME_LIMIT: Final = 1024 * 1024
DRAIN_SECONDS: Final = 10


def serve(*, host: str, port: int, server: str) -> None:
    """Site, sockets and a worker, until a signal. Raises CommandError if a second process would go unheard."""
    with ExitStack() as stack:
        if not settings.REDIS_URL:
            stack.enter_context(_only_process())
        stack.enter_context(_working(_worker_name()))
        if server == "uvicorn":
            _run_uvicorn(host, port)
        else:
            _run_daphne(host, port)


def work() -> None:
    """A worker alone, until a signal."""
    if not settings.REDIS_URL:
        raise CommandError("Without REDIS_URL the worker lives inside `serve`; a second process would go unheard.")
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with _bridged(), _working(_worker_name()):
        stopped.wait()


def _worker_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


@contextmanager
def _working(name: str) -> Iterator[None]:
    worker = Worker(name)
    thread = threading.Thread(target=worker.run, name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join(timeout=DRAIN_SECONDS)


@contextmanager
def _bridged() -> Iterator[None]:
    """Hints for a process that has no sockets of its own."""
    loop = asyncio.new_event_loop()

    async def run() -> None:
        hub.attach(loop)
        bridge = hub.bridge = RedisBridge(settings.REDIS_URL, hub)
        await bridge.run()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), name="hints", daemon=True)
    thread.start()
    yield


@contextmanager
def _only_process() -> Iterator[None]:
    """In-process delivery reaches one process. A lock and not a pid file: a killed process must not block the next."""
    with _lock_file() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError("Another process serves this database already; set REDIS_URL to run several.") from None
        yield


def _lock_file() -> IO[Any]:
    """One lock a database: beside SQLite's file, or in var/ under the name of the server's database."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return open(f"{name}.lock", "w")
    place = f"{connection.settings_dict['HOST']}-{connection.settings_dict['PORT']}-{name}".replace("/", "_")
    return open(settings.BASE_DIR / "var" / f"{place}.lock", "w")


def _run_uvicorn(host: str, port: int) -> None:
    import uvicorn

    config = uvicorn.Config(
        settings.ASGI_APPLICATION.replace(".application", ":application"),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        ws_max_size=SOCKET_FRAME_LIMIT,
        ws_per_message_deflate=False,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    uvicorn.Server(config).run()


def _run_daphne(host: str, port: int) -> None:
    from daphne.endpoints import build_endpoint_description_strings
    from daphne.server import Server

    application = get_default_application()
    Server(
        application=application,
        endpoints=build_endpoint_description_strings(host=host, port=port),
        signal_handlers=True,
        server_name=None,
        websocket_timeout=-1,
        ping_interval=20,
        ping_timeout=30,
    ).run()
