"""Files as customers and agents send them, and a place of their own for each test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured

from handoff.staffing.models import Agent
from tests.serving import serving as serving
from tests.socket_client import Desk


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Any) -> Path:
    """Where this test's files lie."""
    stored = configured.STORAGES["attachments"]
    own = stored | {"OPTIONS": stored["OPTIONS"] | {"location": str(tmp_path / "attachments")}}
    settings.STORAGES = configured.STORAGES | {"attachments": own}
    return tmp_path / "attachments"


@pytest.fixture
def desk(amira: Agent) -> Desk:
    """Amira's browser, signed in."""
    return Desk(amira)
