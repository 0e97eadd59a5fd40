"""Who takes which handoff, from plain values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handoff.routing.matching import Candidate, Match, Waiting, match

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def waiting(number: int, *, minutes: float = 1, queue: int = 1, skills: tuple[str, ...] = (), excluded=()) -> Waiting:
    return Waiting(
        handoff_id=number,
        queue_id=queue,
        queue_name="Cards",
        intent_label="Dispute a charge",
        enqueued_at=NOW - timedelta(minutes=minutes),
        skills=frozenset(skills),
        excluded=frozenset(excluded),
    )


def agent(number: int, *, free: int = 1, queues=(1,), skills=(), idle_minutes: float | None = None) -> Candidate:
    last = None if idle_minutes is None else NOW - timedelta(minutes=idle_minutes)
    return Candidate(number, f"Agent {number}", frozenset(queues), frozenset(skills), free, last)


def pairs(matches: list[Match]) -> list[tuple[int, int]]:
    return [(one.handoff_id, one.agent_id) for one in matches]


def test_the_longest_wait_goes_first() -> None:
    line = [waiting(1, minutes=1), waiting(2, minutes=5)]
    assert pairs(match(line, [agent(1)], now=NOW)) == [(2, 1)]


def test_the_agent_without_an_offer_for_longest_gets_it() -> None:
    agents = [agent(1, idle_minutes=1), agent(2, idle_minutes=9), agent(3, idle_minutes=4)]
    assert pairs(match([waiting(1)], agents, now=NOW)) == [(1, 2)]


def test_an_agent_who_never_had_one_comes_before_all() -> None:
    agents = [agent(1, idle_minutes=99), agent(2)]
    assert pairs(match([waiting(1)], agents, now=NOW)) == [(1, 2)]


def test_nobody_gets_more_than_they_have_room_for() -> None:
    line = [waiting(number, minutes=number) for number in (1, 2, 3)]
    assert pairs(match(line, [agent(1, free=2)], now=NOW)) == [(3, 1), (2, 1)]


def test_a_handoff_that_nobody_can_take_keeps_its_place_and_holds_up_nobody() -> None:
    line = [waiting(1, minutes=9, queue=2), waiting(2, minutes=1)]
    assert pairs(match(line, [agent(1)], now=NOW)) == [(2, 1)]


def test_needed_skills_are_had() -> None:
    line = [waiting(1, skills=("disputes", "french"))]
    agents = [agent(1, skills=("disputes",)), agent(2, skills=("disputes", "french", "spanish"))]
    assert pairs(match(line, agents, now=NOW)) == [(1, 2)]


def test_who_declined_it_is_left_out_and_the_reason_says_so() -> None:
    found = match([waiting(1, excluded=(1,))], [agent(1), agent(2)], now=NOW)
    assert pairs(found) == [(1, 2)]
    assert any("Agent 1" in line and "declined" in line for line in found[0].why)


def test_the_reason_names_queue_wait_and_choice() -> None:
    why = match([waiting(1, minutes=2.5)], [agent(1), agent(2, free=0)], now=NOW)[0].why
    assert why[0] == "Queue Cards, by intent Dispute a charge"
    assert "2:30" in why[1]
    assert any("only one" in line for line in why)
    assert any("Agent 2: is full" in line for line in why)


lines = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60)), max_size=12)
desks = st.lists(st.tuples(st.integers(0, 3), st.sets(st.integers(0, 2), max_size=3)), max_size=6)


@given(lines, desks)
def test_matching_is_fair_and_within_bounds(line: list[tuple[int, int]], desk: list[tuple[int, set[int]]]) -> None:
    waits = [waiting(number, queue=queue, minutes=minutes) for number, (queue, minutes) in enumerate(line)]
    agents = [agent(number, free=free, queues=queues) for number, (free, queues) in enumerate(desk)]
    room = {one.agent_id: one.free for one in agents}
    found = match(waits, agents, now=NOW)
    taken = [one.handoff_id for one in found]
    assert len(taken) == len(set(taken))
    for one in agents:
        assert sum(got.agent_id == one.agent_id for got in found) <= room[one.agent_id]
    by_id = {one.handoff_id: one for one in waits}
    # Nobody left waiting could have been served in the place of a shorter wait of the same queue.
    for left in (one for one in waits if one.handoff_id not in taken):
        served = [by_id[number] for number in taken if by_id[number].queue_id == left.queue_id]
        assert all((one.enqueued_at, one.handoff_id) < (left.enqueued_at, left.handoff_id) for one in served)
