"""A play fails for what must not happen, and for nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from handoff.simulation.ledger import Ledger


def test_an_ordinary_day_fails_nothing() -> None:
    ledger = Ledger(sent=4, acked=4, resent=1, reconnects=2, waits=[3.0, 5.0])
    ledger.errors.update(["offer_gone", "rate_limited", "handoff_closed", "channel_full"])
    ledger.outcomes.update(["cancelled: out of patience", "ended by the agent"])
    assert not ledger.has_failed
    assert ledger.table().endswith("Nothing failed.")
    assert "error offer_gone (as it happens)" in ledger.table()


@pytest.mark.parametrize(
    "found", [{"lost": 1}, {"doubled": 1}, {"left_open": 1}, {"sent": 2, "acked": 1}, {"crashes": ["customer 1: ..."]}]
)
def test_what_must_not_happen_fails_it(found: dict[str, Any]) -> None:
    ledger = Ledger(**found)
    assert ledger.has_failed
    assert ledger.table().endswith("Something failed.")


def test_an_error_that_nobody_expects_fails_it_and_is_named() -> None:
    ledger = Ledger()
    ledger.errors["invalid_request"] += 2
    assert ledger.has_failed
    assert "error invalid_request (unexpected)" in ledger.table()


def test_waits_are_told_by_their_spread() -> None:
    assert "6.0 s, 10.0 s, 11.0 s" in Ledger(waits=[float(one) for one in range(11, 0, -1)]).table()
    assert "2.0 s, 2.0 s, 2.0 s" in Ledger(waits=[2.0]).table()
    assert "nobody was answered" in Ledger().table()
