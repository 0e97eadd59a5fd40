"""A promised window is kept: two days in virtual time, by the real slots and retries."""

from __future__ import annotations

from datetime import timedelta

from tests.benchmarks.callback_week import Plan, Week, account

TARGET = 0.95


def test_promised_windows_are_kept_at_planned_load() -> None:
    found = account([Week(Plan(load=0.85, days=2), seed=1).play()])
    assert found.promised > 300
    assert found.share >= TARGET


def test_promising_all_that_agents_can_do_keeps_fewer() -> None:
    """The playing can tell: the share and the head start are what keeps the promises."""
    greedy = Plan(load=1.0, team=4, days=2, bookers=0.8, share=1.0, head_start=timedelta(), is_patient=True)
    assert account([Week(greedy, seed=1).play()]).share < TARGET
