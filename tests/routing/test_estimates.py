"""Honest waits: what is said, when nothing is said, and how often it is right."""

from __future__ import annotations

import time
from collections import Counter
from unittest.mock import patch

import pytest

from handoff.protocol.shapes import Estimate
from handoff.routing import estimates
from handoff.routing.estimates import CONFIDENCE, SAMPLES_NEEDED, Desk, Need, forecast, stretched
from tests.benchmarks import waits
from tests.benchmarks.waits import Person, Week, account

CARDS, LOANS = Need(1), Need(2)
FRENCH = Need(1, frozenset({"french"}))
# Talks of four to eight minutes.
TALKS = {1: [240.0 + 5 * number for number in range(48)], 2: [240.0 + 5 * number for number in range(48)]}


def desk(*queues: int, capacity: int = 1, busy=(), skills=()) -> Desk:
    return Desk(frozenset(queues or (1,)), frozenset(skills), capacity, [(1, elapsed) for elapsed in busy])


def told(line, desks, talks=TALKS) -> list[Estimate]:
    return forecast(line, desks, talks).waiting


def bounds(estimate: Estimate) -> tuple[int, int]:
    assert estimate.kind == "range", estimate
    low, high = estimate.low_seconds, estimate.high_seconds
    assert isinstance(low, int)
    assert isinstance(high, int)
    return low, high


def test_who_finds_a_free_slot_waits_less_than_a_minute() -> None:
    assert [one.kind for one in told([CARDS, CARDS], [desk(capacity=2)])] == ["soon", "soon"]


def test_who_finds_none_is_told_a_range_that_holds_the_rest_of_the_talk() -> None:
    low, high = bounds(told([CARDS], [desk(busy=[60])])[0])
    assert 150 <= low <= 240
    assert 360 <= high <= 480


def test_a_range_says_how_many_agents_could_take_it() -> None:
    desks = [desk(busy=[60]), desk(busy=[60]), desk(2, busy=[60])]
    assert [one.agents for one in told([CARDS], desks)] == [2]


def test_the_time_to_answer_an_offer_is_part_of_the_wait() -> None:
    talks = {1: [100.0] * 24}
    assert told([CARDS], [desk(busy=[80])], talks)[0].kind == "soon"
    assert bounds(told([CARDS], [desk(busy=[50])], talks)[0])[1] > 60


def test_each_place_is_told_more_than_the_one_before_it() -> None:
    waits = [bounds(one) for one in told([CARDS] * 6, [desk(busy=[60])])]
    assert waits == sorted(waits)
    assert waits[5][0] > waits[0][1]


def test_twice_the_people_at_work_are_half_the_wait() -> None:
    few = bounds(told([CARDS] * 12, [desk(busy=[60])])[11])
    many = bounds(told([CARDS] * 12, [desk(busy=[60]), desk(busy=[200])])[11])
    assert many[1] < 0.7 * few[1]


def test_with_too_few_talks_nothing_is_said() -> None:
    few = {1: TALKS[1][: SAMPLES_NEEDED - 1]}
    assert told([CARDS], [desk()], few) == [Estimate(kind="unknown")]
    assert told([CARDS], [desk()], {1: TALKS[1][:SAMPLES_NEEDED]})[0].kind == "soon"


def test_with_nobody_at_work_who_could_take_it_nothing_is_said() -> None:
    assert told([CARDS], [])[0].kind == "unknown"
    assert told([CARDS], [desk(2)])[0].kind == "unknown"
    assert told([CARDS], [desk(capacity=0)])[0].kind == "unknown"
    waits = forecast([FRENCH], [desk()], TALKS, newcomers=[CARDS, FRENCH])
    assert waits.waiting[0].kind == waits.newcomers[FRENCH].kind == "unknown"
    assert waits.newcomers[CARDS].kind == "soon"


def test_those_with_the_skill_are_counted_alone() -> None:
    desks = [desk(busy=[60], skills=["french"]), *(desk() for _ in range(9))]
    plain, french = told([CARDS, FRENCH], desks)
    assert plain.kind == "soon"
    assert bounds(french)[1] >= 300


def test_an_agent_of_two_lines_is_there_once() -> None:
    """Ten who wait for loans are before me, also if I wait for cards: the one agent serves both."""
    behind = bounds(told([LOANS] * 10 + [CARDS], [desk(1, 2)])[10])
    alone = told([LOANS] * 10 + [CARDS], [desk(1), desk(2)])[10]
    assert behind[0] > 1200
    assert alone.kind == "soon"


def test_a_newcomer_stands_behind_all_of_them() -> None:
    found = forecast([CARDS] * 5, [desk(busy=[60])], TALKS, newcomers=[CARDS])
    assert bounds(found.newcomers[CARDS]) > bounds(found.waiting[4])


def test_a_talk_longer_than_any_before_does_not_end_at_once() -> None:
    assert bounds(told([CARDS], [desk(busy=[5000])])[0])[1] >= 300


def test_ranges_are_rounded_outwards_as_a_person_would() -> None:
    for place, one in enumerate(told([CARDS] * 40, [desk(busy=[60])])):
        for seconds in bounds(one):
            step = 30 if seconds < 300 else 60 if seconds < 1200 else 300
            assert seconds % step == 0, (place, seconds)
        assert one.confidence == CONFIDENCE


def test_further_down_the_line_is_told_in_proportion() -> None:
    near = Estimate(kind="range", low_seconds=600, high_seconds=900, confidence=CONFIDENCE)
    assert bounds(stretched(near, 2)) == (1200, 1800)
    assert stretched(near, 0.5) == near
    assert stretched(Estimate(kind="unknown"), 3).kind == "unknown"


def test_the_same_line_is_told_the_same() -> None:
    assert told([CARDS] * 9, [desk(busy=[60])]) == told([CARDS] * 9, [desk(busy=[60])])


@pytest.mark.parametrize(("places", "agents"), [(10, 30), (100, 30), (1000, 30), (20, 4000), (200, 1000)])
def test_a_long_line_and_many_agents_cost_no_more_than_they_may(places: int, agents: int) -> None:
    """About 20 ms on a quiet machine."""
    desks = [desk(1, 2, capacity=3, busy=[60, 90, number]) for number in range(agents)]
    times = []
    for _ in range(3):
        began = time.process_time()
        told([CARDS, LOANS] * (places // 2), desks)
        times.append(time.process_time() - began)
    assert min(times) < 0.1


def test_ten_times_the_line_and_the_people_is_the_same_wait() -> None:
    """Of very many slots fewer drawings are made, which must not show."""
    few = [desk(capacity=3, busy=[number, number + 60, number + 120]) for number in range(60)]
    for place in (40, 90):
        usual = bounds(told([CARDS] * place, few)[-1])
        many = bounds(told([CARDS] * place * 10, few * 10)[-1])
        assert many == pytest.approx(usual, abs=60)
    # Half of talks that have 60 to 475 s to go.
    assert usual[0] < 270 < usual[1] <= 360


def test_days_may_be_slow_or_fast_and_some_of_those_ahead_leave() -> None:
    """Twenty times five minutes, were all the same every day."""
    low, high = bounds(told([CARDS] * 20, [desk(busy=[0])], {1: [300.0] * 24})[-1])
    assert low < 4800
    assert high > 6000


def test_few_with_the_skill_are_drawn_as_often_among_many_as_alone() -> None:
    alone = bounds(told([FRENCH], [desk(busy=[60], skills=["french"])])[0])
    real, drawn = estimates._Playing._rests, Counter()

    def count(played, talks):
        drawn[len(talks)] += 1
        return real(played, talks)

    with patch.object(estimates._Playing, "_rests", count):
        many = [desk(busy=[60], skills=["french"]), *(desk(busy=[60]) for _ in range(2000))]
        among = told([FRENCH, CARDS], many)[0]
    assert bounds(among) == pytest.approx(alone, abs=30)
    assert drawn[1] >= 100
    assert 4 <= drawn[2000] <= 10


def test_a_morning_of_waits_ends_inside_the_ranges_it_was_told() -> None:
    with patch.object(waits, "ARRIVALS", waits.ARRIVALS[:7]):
        found = account(Week(8, days=1).play())
    ranges = found.looks - found.unknown - found.soon
    assert ranges > 300
    assert found.share >= CONFIDENCE
    assert (found.inside - found.soon_kept) / ranges >= 0.75
    # An honest range must also say something.
    assert found.width <= 2.5 * found.wait


def test_the_account_counts_each_look_against_the_wait_that_was_left() -> None:
    said = Estimate(kind="range", low_seconds=60, high_seconds=120, confidence=CONFIDENCE)
    soon, unknown = Estimate(kind="soon"), Estimate(kind="unknown")
    people = [
        Person(1, 1, 0.0, 1.0, [(0.0, said), (50.0, soon)], served_at=100.0),
        Person(2, 1, 0.0, 1.0, [(0.0, said), (130.0, soon)], served_at=200.0),
        Person(3, 1, 0.0, 1.0, [(0.0, said), (1.0, unknown)], served_at=30.0),
        Person(4, 1, 0.0, 1.0, [(0.0, said)]),
    ]
    found = account(people)
    assert (found.looks, found.unknown, found.left) == (6, 1, 1)
    assert (found.inside, found.soon, found.soon_kept, found.too_early) == (2, 2, 1, 1)
    assert found.share == 0.4
