"""The stack that most fault tests share, and a place for what they measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.stack import Stack


@pytest.fixture(scope="session")
def shared_stack() -> Iterator[Stack]:
    """Two servers, two workers, PostgreSQL and Redis: starting them takes longer than most rows."""
    with Stack(POLL=2, TICK=0.5, WRAP_UP=3) as stack:
        yield stack


@pytest.fixture
def stack(shared_stack: Stack) -> Stack:
    """The shared one, whole, whatever the test before has left of it."""
    shared_stack.mend()
    return shared_stack


@pytest.fixture
def history_file(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"
