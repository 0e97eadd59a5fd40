"""Database work for the event loop: a few threads that keep their connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

P = ParamSpec("P")
T = TypeVar("T")

# SQLite has one writer and PostgreSQL's pool holds 20: more threads would only wait.
THREADS: Final = 6
_pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="database")


def with_connection(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` on this thread's connection; one that broke is given up, so that the next job gets a new one."""
    try:
        return work(*args, **kwargs)
    except (OperationalError, InterfaceError):
        connection.close()
        raise
    finally:
        if connection.vendor == "postgresql":
            connection.close()  # hands it back to the pool


async def in_database(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking database work off the loop and await its result; what it logs carries the ids of who asked."""
    loop, context = asyncio.get_running_loop(), copy_context()
    return await loop.run_in_executor(_pool, context.run, lambda: with_connection(work, *args, **kwargs))
