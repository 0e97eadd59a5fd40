"""The line that these tests share: starting a server takes longer than most calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.faults.guests import Guests
from tests.faults.stack import off_loop
from tests.phone_live.line import Line, running_line


@pytest.fixture(scope="session")
def shared_line() -> Iterator[Line]:
    with running_line() as line:
        yield line


@pytest.fixture
async def line(shared_line: Line) -> AsyncIterator[Line]:
    """As nobody had rung: every call of the test before is over."""
    shared_line.engine.phones.clear()
    shared_line.engine.api.requests.clear()
    yield shared_line
    shared_line.way.is_open.set()
    shared_line.way.is_doubling = False
    await off_loop(shared_line.engine.end)
    errors, shared_line.engine.errors = shared_line.engine.errors, []
    assert not errors


@pytest.fixture
async def guests(line: Line) -> AsyncIterator[Guests]:
    async with Guests(line.stack) as guests:
        yield guests
