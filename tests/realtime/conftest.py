"""A log that is a test's own, whole or in parts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection

from tests.realtime.databases import own_database


@pytest.fixture
def apart(transactional_db: None) -> Iterator[None]:
    if connection.vendor != "postgresql":
        pytest.fail("needs PostgreSQL: choose with -m postgres")
    with own_database():
        yield


@pytest.fixture
def in_parts(apart: None) -> None:
    call_command("partition_log", verbosity=0)
