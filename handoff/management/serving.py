"""Start a serving process or a worker, and refuse what cannot work."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import IO, Any, Final, NoReturn

import uvicorn
from channels.routing import get_default_application
from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.utils.module_loading import import_string

from handoff.flows.dispatch import Dispatcher
from handoff.flows.retention import Retention
from handoff.flows.worker import Worker
from handoff.identity import keys
from handoff.realtime import poolers
from handoff.realtime.beats import process_name
from handoff.realtime.bridge import RedisBridge
from handoff.realtime.delivery import hub
from handoff.realtime.roster import roster
from handoff.realtime.wire import Wire
from handoff.telephony import registry

logger = logging.getLogger(__name__)

# Larger frames are refused by the server itself; ours says `too_big` first for what is a little over its limit.
SOCKET_FRAME_LIMIT: Final = 1024 * 1024
ENDING: Final = (signal.SIGTERM, signal.SIGINT)
# A client that has answered none of the server's pings for this long is gone without a word.
PING_SECONDS: Final = settings.HANDOFF_SECONDS["HEARTBEAT"]
# After the goodbyes (10 s at most): what is left for requests to end, and then for the worker's job. 30 s in all.
FINISH_SECONDS: Final = 8


def serve(*, host: str, port: int, server: str) -> None:
    """Site, sockets and a worker, until a signal. Raises CommandError if a second process would go unheard."""
    for number in ENDING:
        # uvicorn raises the signal anew when it is done: the worker below still has its job to finish.
        signal.signal(number, _leave)
    with ExitStack() as stack:
        stack.enter_context(_operated())
        _reach_database()
        _check_secrets()
        if not settings.REDIS_URL:
            stack.enter_context(_only_process())
        stack.enter_context(registry.running())
        stack.enter_context(_working(process_name()))
        if server == "uvicorn":
            _run_uvicorn(host, port)
        else:
            _run_daphne(host, port)


def work() -> None:
    """A worker alone, until a signal."""
    if not settings.REDIS_URL:
        raise CommandError("Without REDIS_URL the worker lives inside `serve`; a second process would go unheard.")
    stopped = threading.Event()
    for number in ENDING:
        signal.signal(number, lambda *_: stopped.set())
    with _operated():
        _reach_database()
        with _bridged(), _working(process_name()):
            stopped.wait()


def _operated() -> AbstractContextManager[None]:
    """What the composition root does around a process's work, the refusal to start among it."""
    found: AbstractContextManager[None] = import_string(settings.HANDOFF_OPERATION)()
    return found


def _check_secrets() -> None:
    """Better no start than a site whose customers are all refused."""
    if sites := keys.unreadable_sites():
        raise CommandError(
            f"SECRET_KEY cannot decrypt the signing secrets of {', '.join(sites)}. "
            "Put the former key into SECRET_KEY_FALLBACKS."
        )


def _leave(*_: Any) -> NoReturn:
    sys.exit(0)


def _reach_database() -> None:
    """Before the first connection. Raises CommandError for a pooler that lets no work be done."""
    poolers.limit_waits()
    try:
        if advice := poolers.advise(poolers.look()):
            logger.warning(advice)
    except DatabaseError as error:
        # One that is only away is waited for.
        if sentence := poolers.explain(error):
            raise CommandError(sentence) from None
    finally:
        connection.close()


@contextmanager
def _working(name: str) -> Iterator[None]:
    jobs: dict[str, Worker | Dispatcher | Retention] = {
        "worker": Worker(name), "dispatcher": Dispatcher(), "retention": Retention(),
    }  # fmt: skip
    threads = [threading.Thread(target=job.run, name=called, daemon=True) for called, job in jobs.items()]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for job in jobs.values():
            job.stop()
        deadline = time.monotonic() + FINISH_SECONDS
        for thread in threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))


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
    folder = settings.BASE_DIR / "var"
    folder.mkdir(exist_ok=True)
    return open(folder / f"{place}.lock", "w")


class _Uvicorn(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn closes its sockets with 1012 first thing; until they are seen off it goes on answering requests.
        await roster.drain()
        await super().shutdown(sockets)


def _run_uvicorn(host: str, port: int) -> None:
    config = uvicorn.Config(
        settings.ASGI_APPLICATION.replace(".application", ":application"),
        host=host,
        port=port,
        # The application says it.
        date_header=False,
        log_config=None,
        access_log=False,
        ws=Wire,
        ws_max_size=SOCKET_FRAME_LIMIT,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=FINISH_SECONDS,
    )
    _Uvicorn(config).run()


def _run_daphne(host: str, port: int) -> None:
    from daphne.endpoints import build_endpoint_description_strings
    from daphne.server import Server, twisted_loop

    server = Server(
        application=get_default_application(),
        endpoints=build_endpoint_description_strings(host=host, port=port),
        # Its own handlers would stop the reactor, and drop every socket without a word.
        signal_handlers=False,
        server_name=None,
        websocket_timeout=-1,
        ping_interval=PING_SECONDS,
        ping_timeout=PING_SECONDS * 1.5,
        websocket_max_frame_size=SOCKET_FRAME_LIMIT,
        websocket_max_message_size=SOCKET_FRAME_LIMIT,
    )

    async def see_off() -> None:
        await roster.drain()
        server.stop()

    ending: set[asyncio.Task[None]] = set()
    for number in ENDING:
        twisted_loop.add_signal_handler(number, lambda: ending.add(twisted_loop.create_task(see_off())))
    server.run()
