"""Figures are counted anew for each test."""

from __future__ import annotations

import pytest

from handoff.insights import wallboard


@pytest.fixture(autouse=True)
def count_anew() -> None:
    wallboard.forget()
