"""`manage.py serve` that dies or freezes at a chosen point of one message: `python -m tests.faults.crashing serve ...`.

The product has no such switch; its own functions are wrapped here, in a process of the tests.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handoff.config.settings")

import django

django.setup()

from django.core.management import execute_from_command_line  # noqa: E402

from handoff.realtime import engines, pipeline  # noqa: E402
from handoff.realtime.bridge import RedisBridge  # noqa: E402
from handoff.realtime.delivery import Delivered, Hub, Signal  # noqa: E402

POINT: Final = os.environ["FAULTS_CRASH_POINT"]
MESSAGE: Final = os.environ["FAULTS_CRASH_MESSAGE"]
# For an ack that is on its way to leave the process.
LAST_WORDS_SECONDS: Final = 0.3
_has_frozen: Final = threading.Event()
_written: Final[set[pipeline.Statement]] = set()


def crash() -> None:
    os._exit(9)


def freeze() -> None:
    """As a machine that stands still: its connections stay, and nothing more comes over them."""
    os.kill(os.getpid(), signal.SIGSTOP)
    # Another thread may be the one that takes the signal; this one must not commit until all stand still.
    time.sleep(1)


def holds(entries: Sequence[Any]) -> bool:
    return any(entry.type == "message.posted" and entry.data["client_id"] == MESSAGE for entry in entries)


def around_write(write: Callable[..., None]) -> Callable[..., None]:
    def wrapped(fresh: Sequence[Any], streams: Sequence[Any]) -> None:
        is_it = holds([row.entry for row in fresh])
        if is_it and POINT == "before_insert":
            crash()
        write(fresh, streams)
        if is_it and POINT == "before_commit":
            crash()
        # Once: what was not stored comes again.
        if is_it and POINT == "frozen_before_commit" and not _has_frozen.is_set():
            _has_frozen.set()
            freeze()

    return wrapped


def around_piped_write(write: Callable[..., pipeline.Statement]) -> Callable[..., pipeline.Statement]:
    def wrapped(fresh: Sequence[Any], streams: Sequence[Any]) -> pipeline.Statement:
        statement = write(fresh, streams)
        if holds([row.entry for row in fresh]):
            if POINT == "before_insert":
                crash()
            _written.add(statement)
        return statement

    return wrapped


def around_piped_append(append: Callable[..., list[pipeline.Statement]]) -> Callable[..., list[pipeline.Statement]]:
    def wrapped(sql: bytes, appends: Sequence[Any]) -> list[pipeline.Statement]:
        statements = append(sql, appends)
        if holds([entry for one in appends for entry in one.entries]):
            if POINT == "before_insert":
                crash()
            _written.update(statement for statement in statements if statement.sql == sql)
        return statements

    return wrapped


def around_send(send: Callable[..., Any]) -> Callable[..., Any]:
    """Of the exchange that writes the message, its commit is left out, and the process goes once the rest is done."""

    def wrapped(pipe: pipeline.Pipeline, *statements: pipeline.Statement) -> Any:
        is_it = not _written.isdisjoint(statements)
        if is_it and POINT == "before_commit":
            send(pipe, *statements[:-1]).add_done_callback(lambda _: crash())
            return asyncio.get_running_loop().create_future()
        if is_it and POINT == "frozen_before_commit" and not _has_frozen.is_set():
            _has_frozen.set()
            freeze()
        return send(pipe, *statements)

    return wrapped


def before_announce(announce: Callable[..., None]) -> Callable[..., None]:
    def wrapped(hub: Hub, entries: Sequence[Delivered]) -> None:
        if holds(entries) and POINT == "after_commit":
            crash()
        announce(hub, entries)

    return wrapped


def before_publish(publish: Callable[..., None]) -> Callable[..., None]:
    def wrapped(bridge: RedisBridge, entries: Sequence[Delivered], signals: Sequence[Signal]) -> None:
        if holds(entries) and POINT == "before_hint":
            # The ack leaves, the hint never does.
            threading.Timer(LAST_WORDS_SECONDS, crash).start()
            return
        publish(bridge, entries, signals)

    return wrapped


engines.write = around_write(engines.write)
engines.piped_write = around_piped_write(engines.piped_write)
engines.piped_append = around_piped_append(engines.piped_append)
pipeline.Pipeline.send = around_send(pipeline.Pipeline.send)  # type: ignore[method-assign]
Hub.announce = before_announce(Hub.announce)  # type: ignore[method-assign]
RedisBridge.publish = before_publish(RedisBridge.publish)  # type: ignore[method-assign]
execute_from_command_line(sys.argv)
