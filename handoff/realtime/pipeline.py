"""A connection of the event loop's own: several statements go out together, and their answers come back together.

A thread that waits for PostgreSQL has to win Python's lock back from a busy loop for every answer; here the loop itself
reads them, and does something else meanwhile. What is sent is libpq's pipeline mode.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import psycopg
from django.db import OperationalError, connection
from psycopg import pq

from handoff.realtime import poolers

# A name for each statement that was prepared on a connection.
_NAME: Final = b"handoff_%d"
_FAILED: Final = frozenset({pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_ABORTED})

Row = Sequence[bytes | None]


class Statement(NamedTuple):
    """SQL with `$1`, `$2`... and its parameters as text."""

    sql: bytes
    parameters: tuple[bytes, ...] = ()


BEGIN: Final = Statement(b"BEGIN")
COMMIT: Final = Statement(b"COMMIT")


def connect() -> tuple[psycopg.Connection[Any], poolers.Standing]:
    """On a thread: a connection as Django makes them, that nobody else uses. Raises django.db.DatabaseError."""
    with connection.wrap_database_errors:
        link = psycopg.connect(**connection.get_connection_params(), autocommit=True)
        try:
            return link, poolers.adapt(link)
        except BaseException:
            link.close()
            raise


class Pipeline:
    """One connection; lives on one loop, and has one exchange under way at most."""

    def __init__(self, link: psycopg.Connection[Any], *, is_preparing: bool) -> None:
        self._link = link
        self._wire = link.pgconn
        self._loop = asyncio.get_running_loop()
        # None where a pooler may answer from another session each time.
        self._names: dict[bytes, bytes] | None = {} if is_preparing else None
        self._asked: asyncio.Future[list[list[Row]]] | None = None
        self._answers: list[list[Row]] = []
        # For each result to come, whether somebody wants its rows.
        self._expected: list[bool] = []
        self._error: bytes | None = None
        self._wire.nonblocking = 1
        self._wire.enter_pipeline_mode()
        self._socket = self._wire.socket
        self._loop.add_reader(self._socket, self._read)

    @property
    def is_open(self) -> bool:
        return self._socket >= 0

    def send(self, *statements: Statement) -> asyncio.Future[list[list[Row]]]:
        """The rows of each statement, once all are done. Raises OperationalError, and is closed then."""
        asked: asyncio.Future[list[list[Row]]] = self._loop.create_future()
        if not self.is_open:
            asked.set_exception(OperationalError("the connection was lost"))
            return asked
        self._asked, self._answers, self._expected, self._error = asked, [], [], None
        try:
            for statement in statements:
                self._put(statement)
            self._wire.pipeline_sync()
            self._flush()
        except Exception as error:
            self._fail(str(error))
        return asked

    def close(self) -> None:
        if self.is_open:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket = -1
            self._link.close()

    def _put(self, statement: Statement) -> None:
        if self._names is None:
            self._wire.send_query_params(statement.sql, statement.parameters)
            self._expected.append(True)
            return
        name = self._names.get(statement.sql)
        if name is None:
            name = self._names[statement.sql] = _NAME % len(self._names)
            self._wire.send_prepare(name, statement.sql)
            self._expected.append(False)
        self._wire.send_query_prepared(name, statement.parameters)
        self._expected.append(True)

    def _flush(self) -> None:
        """A large batch may not fit into the socket at once."""
        if self._wire.flush():
            self._loop.add_writer(self._socket, self._flush_on)
        else:
            self._loop.remove_writer(self._socket)

    def _flush_on(self) -> None:
        try:
            self._flush()
        except psycopg.Error as error:
            self._fail(str(error))

    def _read(self) -> None:
        try:
            self._wire.consume_input()
            while self._asked is not None and not self._wire.is_busy():
                result = self._wire.get_result()
                if result is not None:
                    self._take(result)
                elif self._wire.status == pq.ConnStatus.BAD:
                    # What came could not be understood: libpq has hung up, and would say "nothing" for ever.
                    self._fail()
        except Exception as error:
            # Whatever it is: who asked waits for nothing else.
            self._fail(str(error))
            return
        if self._asked is None and self._wire.status == pq.ConnStatus.BAD:
            self.close()

    def _take(self, result: pq.abc.PGresult) -> None:
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            if self._error is not None or self._expected:
                # The transaction has failed with it; another connection begins anew.
                self._fail()
                return
            asked, self._asked = self._asked, None
            if asked is not None and not asked.done():
                asked.set_result(self._answers)
            return
        if result.status in _FAILED:
            self._error = self._error or result.error_message or b"the pipeline was aborted"
        elif self._expected.pop(0):
            columns = range(result.nfields)
            self._answers.append([[result.get_value(row, one) for one in columns] for row in range(result.ntuples)])

    def _fail(self, message: str = "") -> None:
        """Hang up; who asked is told what the server said, if it said something."""
        self.close()
        asked, self._asked = self._asked, None
        if asked is not None and not asked.done():
            said = (self._error or b"").decode(errors="replace").strip()
            asked.set_exception(OperationalError(said or message.strip() or "the connection broke"))
