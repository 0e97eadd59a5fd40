"""Arrivals and patience: as many as asked, in time, spread as people are, and the same for the same seed."""

from __future__ import annotations

import itertools
from statistics import mean, median, pstdev

from hypothesis import given
from hypothesis import strategies as st

from handoff.simulation.chance import ARRIVE_WITHIN, Chance, arrivals


@given(st.integers(0, 300), st.floats(1, 1e5), st.integers())
def test_everybody_comes_in_order_and_early_enough_to_be_served(count: int, seconds: float, seed: int) -> None:
    came = arrivals(count, seconds=seconds, seed=seed)
    assert len(came) == count
    assert came == sorted(came)
    assert all(0 <= at <= ARRIVE_WITHIN * seconds for at in came)


def test_arrivals_are_a_poisson_process() -> None:
    """Between two of them the time is exponential: its deviation is as large as its mean."""
    came = arrivals(20_000, seconds=20_000 / ARRIVE_WITHIN, seed=3)
    gaps = [later - earlier for earlier, later in itertools.pairwise(came)]
    assert 0.97 < mean(gaps) < 1.03
    assert 0.97 < pstdev(gaps) / mean(gaps) < 1.03
    minutes = [sum(1 for at in came if start <= at < start + 60) for start in range(0, 19_980, 60)]
    assert 0.8 < pstdev(minutes) ** 2 / mean(minutes) < 1.2


def test_patience_and_thought_have_the_median_that_was_asked_for() -> None:
    chance = Chance(5, "somebody")
    assert 95 < median(chance.patience(100) for _ in range(5000)) < 105
    thoughts = [chance.thought(8) for _ in range(5000)]
    assert 7.5 < median(thoughts) < 8.5
    assert max(thoughts) <= 48


def test_what_one_does_depends_on_the_seed_and_the_name_alone() -> None:
    first = [Chance(1, "customer 4").number(0, 10**9) for _ in range(2)]
    assert first[0] == first[1]
    assert first[0] != Chance(2, "customer 4").number(0, 10**9)
    assert first[0] != Chance(1, "customer 5").number(0, 10**9)
    assert arrivals(5, seconds=9, seed=1) == arrivals(5, seconds=9, seed=1) != arrivals(5, seconds=9, seed=2)
