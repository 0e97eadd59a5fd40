"""Six talks, and a door with a lane beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from django.db import connection

from handoff.conversations import lane
from tests.conftest import Page
from tests.conversations.lanes import Door, open_door
from tests.scenes import connect_many


@pytest.fixture
async def door(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    if connection.vendor != "postgresql":
        pytest.fail("needs PostgreSQL: choose with -m postgres")
    monkeypatch.setattr(lane, "REOPEN_SECONDS", 0.05)
    async with open_door() as opened:
        yield opened


@pytest.fixture
def talks(page, amira) -> list[tuple[Page, str]]:
    """Six customers, each in a talk with Amira."""
    return connect_many(page, amira)
