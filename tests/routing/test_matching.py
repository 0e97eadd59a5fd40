"""Who takes which handoff, from plain values."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handoff.routing.matching import Candidate, Match, Round, Waiting, match
from handoff.routing.traces import LINES_LIMIT

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def waiting(number: int, *, minutes: float = 1, head_start: float = 0, queue: int = 1, **more) -> Waiting:
    enqueued_at = NOW - timedelta(minutes=minutes)
    for name in ("skills", "excluded", "missed"):
        more[name] = frozenset(more.get(name, ()))
    return Waiting(
        handoff_id=number,
        queue_id=queue,
        queue_name="Cards",
        intent_label="Dispute a charge",
        enqueued_at=enqueued_at,
        ranked_at=enqueued_at - timedelta(minutes=head_start),
        **more,
    )


def returning(number: int, to: int, *, seconds: float = 30, **more) -> Waiting:
    return waiting(number, preferred=to, preferred_until=NOW + timedelta(seconds=seconds), **more)


def agent(number: int, *, free: int = 1, load: int = 0, queues=(1,), idle: float | None = None, **skills) -> Candidate:
    since = None if idle is None else NOW - timedelta(minutes=idle)
    return Candidate(number, f"Agent {number}", frozenset(queues), free + load, load, skills, since)


def with_line(one: Candidate, *, calling: bool = False) -> Candidate:
    """An agent with a phone, who may be on a call."""
    one.has_line, one.is_calling = True, calling
    return one


def pairs(matches: list[Match]) -> list[tuple[int, int]]:
    return [(one.handoff_id, one.agent_id) for one in matches]


def chosen(line: list[Waiting], agents: list[Candidate]) -> list[tuple[int, int]]:
    return pairs(match(line, agents, now=NOW))


def why(line: list[Waiting], agents: list[Candidate], *, held=()) -> list[str]:
    """Of the last decision."""
    played = Round(agents, now=NOW, held=held)
    played.play(line)
    return played.matches[-1].why


def test_the_longest_wait_goes_first() -> None:
    assert chosen([waiting(1, minutes=1), waiting(2, minutes=5)], [agent(1)]) == [(2, 1)]


def test_of_two_that_came_together_the_first_one_goes_first() -> None:
    assert chosen([waiting(2), waiting(1)], [agent(1)]) == [(1, 1)]


def test_a_head_start_counts_as_minutes_already_waited() -> None:
    line = [waiting(1, minutes=4), waiting(2, minutes=1, head_start=5)]
    assert chosen(line, [agent(1)]) == [(2, 1)]
    assert chosen([waiting(1, minutes=7), line[1]], [agent(1)]) == [(1, 1)]
    assert "Waited 1:00, with 5 minutes' head start; first in its line" in why(line, [agent(1)])


def test_the_longest_idle_gets_it_and_who_took_nothing_yet_before_all() -> None:
    agents = [agent(1, idle=1), agent(2, idle=9), agent(3, idle=4)]
    assert chosen([waiting(1)], agents) == [(1, 2)]
    agents = [agent(1, idle=1), agent(2, idle=9), agent(3, idle=4)]
    assert "Agent 2: longest idle of 3 who were free (idle for 9:00)" in why([waiting(1)], agents)
    assert chosen([waiting(1)], [agent(1, idle=99), agent(2)]) == [(1, 2)]


def test_the_least_occupied_comes_before_the_longest_idle() -> None:
    agents = [agent(1, free=1, load=1, idle=9), agent(2, free=2, load=1, idle=1)]
    assert chosen([waiting(1)], agents) == [(1, 2)]
    agents = [agent(1, free=1, load=1, idle=9), agent(2, free=2, load=1, idle=1)]
    assert "Agent 2: the least occupied (1 of 3) of 2 who were free" in why([waiting(1)], agents)


def test_several_at_once_are_spread_over_those_who_are_free() -> None:
    line = [waiting(number, minutes=9 - number) for number in (1, 2, 3)]
    assert chosen(line, [agent(1, free=3, idle=5), agent(2, free=3, idle=1)]) == [(1, 1), (2, 2), (3, 1)]


def test_needed_skills_are_had_and_the_highest_level_comes_first() -> None:
    line = [waiting(1, skills=("disputes", "french"))]
    able = agent(2, free=1, load=2, disputes=1, french=1)
    assert chosen(line, [agent(1, disputes=5), able]) == [(1, 2)]
    able = agent(2, free=1, load=2, disputes=3, french=2)
    assert chosen(line, [agent(1, disputes=2, french=2, spanish=5), able]) == [(1, 2)]
    told = why(line, [agent(1, disputes=2, french=2), agent(2, disputes=3, french=2), agent(3, disputes=5)])
    assert "Needs disputes, french; Agent 2 has disputes (level 3), french (level 2)" in told
    assert "Agent 2: the highest level of 2 who were free" in told
    assert "Not Agent 3: lacks french" in told


def test_nobody_gets_more_than_they_have_room_for() -> None:
    line = [waiting(number, minutes=number) for number in (1, 2, 3)]
    assert chosen(line, [agent(1, free=2)]) == [(3, 1), (2, 1)]


def test_a_handoff_that_nobody_can_take_keeps_its_place_and_holds_up_nobody() -> None:
    assert chosen([waiting(1, minutes=9, queue=2), waiting(2, minutes=1)], [agent(1)]) == [(2, 1)]
    line = [waiting(1, minutes=9, skills=("french",)), waiting(2)]
    assert chosen(line, [agent(1)]) == [(2, 1)]
    assert "Passed over, 1 ahead: nobody free has french" in why(line, [agent(1)])
    assert chosen(line, [agent(1, french=1)]) == [(1, 1)]


def test_who_declined_it_is_left_out_and_the_reason_says_so() -> None:
    line = [waiting(1, excluded=(1,))]
    assert chosen(line, [agent(1), agent(2)]) == [(1, 2)]
    assert "Not Agent 1: had it a moment ago and did not take or keep it" in why(line, [agent(1), agent(2)])
    assert chosen(line, [agent(1)]) == []


def test_who_missed_it_is_asked_again_only_if_nobody_else_could_ever_take_it() -> None:
    line = [waiting(1, missed=(1,))]
    assert chosen(line, [agent(1)]) == [(1, 1)]
    assert chosen(line, [agent(1), agent(2)]) == [(1, 2)]
    assert chosen(line, [agent(1), agent(2, free=0, load=1)]) == []
    assert chosen(line, [agent(1), agent(2, queues=(2,))]) == [(1, 1)]
    assert chosen([waiting(1, missed=(1,), excluded=(2,))], [agent(1), agent(2)]) == [(1, 1)]
    assert chosen([waiting(1, missed=(1, 2))], [agent(1, idle=1), agent(2, idle=2)]) == [(1, 2)]


def test_who_talked_to_the_customer_a_moment_ago_is_asked_first() -> None:
    agents = [agent(1, idle=9), agent(2, idle=1, queues=())]
    assert chosen([returning(1, to=2)], agents) == [(1, 2)]
    told = why([returning(1, to=2)], [agent(1, idle=9), agent(2, queues=())])
    assert "Agent 2: talked to this customer a moment ago" in told


def test_it_waits_for_them_while_they_are_full_and_holds_up_nobody() -> None:
    line = [returning(1, to=2, minutes=9), waiting(2)]
    assert chosen(line, [agent(1), agent(2, free=0, load=1)]) == [(2, 1)]
    told = why(line, [agent(1), agent(2, free=0, load=1)])
    assert "Passed over, 1 ahead: waits for Agent 2 until 12:00:30 UTC" in told


def test_it_does_not_wait_for_who_is_gone_or_declined_or_for_too_long() -> None:
    full = agent(2, free=0, load=1)
    assert chosen([returning(1, to=3)], [agent(1), full]) == [(1, 1)]
    assert chosen([returning(1, to=2, excluded=(2,))], [agent(1), full]) == [(1, 1)]
    assert chosen([returning(1, to=2, seconds=0)], [agent(1), full]) == [(1, 1)]


# -- calls


def test_who_has_no_phone_gets_no_call_and_chats_all_the_same() -> None:
    line = [waiting(1, minutes=9, needs_line=True), waiting(2)]
    assert chosen(line, [agent(1)]) == [(2, 1)]
    assert "Passed over, 1 ahead: nobody free has a phone line" in why(line, [agent(1)])
    assert chosen(line, [agent(1, idle=9), with_line(agent(2, idle=1))]) == [(1, 2), (2, 1)]
    told = why(line[:1], [agent(1, idle=9), with_line(agent(2, idle=1))])
    assert "Agent 2: the only one who was free" in told
    assert "Not Agent 1: has no phone line" in told


def test_what_is_missing_is_told_with_the_line() -> None:
    line = [waiting(1, minutes=9, needs_line=True, skills=("french",)), waiting(2)]
    assert "Passed over, 1 ahead: nobody free has a phone line, french" in why(line, [with_line(agent(1))])
    assert chosen(line, [with_line(agent(1, french=1))]) == [(1, 1)]


def test_the_need_of_a_line_does_not_keep_a_chat_of_the_same_skills_waiting() -> None:
    line = [waiting(1, minutes=9, needs_line=True, skills=("french",)), waiting(2, skills=("french",))]
    assert chosen(line, [agent(1, french=1)]) == [(2, 1)]
    assert chosen(line[::-1], [agent(1, free=2, french=1)]) == [(2, 1)]


def test_one_person_has_one_call_however_much_room_there_is() -> None:
    calls = [waiting(number, minutes=9 - number, needs_line=True) for number in (1, 2)]
    assert chosen(calls, [with_line(agent(1, free=3))]) == [(1, 1)]
    assert chosen([*calls, waiting(3)], [with_line(agent(1, free=3))]) == [(1, 1), (3, 1)]
    assert chosen(calls, [with_line(agent(1, free=3, load=1), calling=True)]) == []
    assert chosen([waiting(3)], [with_line(agent(1, free=3, load=1), calling=True)]) == [(3, 1)]


def test_one_person_has_one_call_across_two_lines_too() -> None:
    line = [waiting(1, minutes=9, queue=2, needs_line=True), waiting(2, needs_line=True)]
    assert chosen(line, [with_line(agent(1, free=3, queues=(1, 2)))]) == [(1, 1)]
    both = [with_line(agent(1, free=3, idle=9, queues=(1, 2))), with_line(agent(2, free=3, idle=1, queues=(1, 2)))]
    assert chosen(line, both) == [(1, 1), (2, 2)]


def test_who_is_on_another_call_is_told() -> None:
    agents = [with_line(agent(1, free=2, load=1), calling=True), with_line(agent(2))]
    told = why([waiting(1, needs_line=True)], agents)
    assert "Not Agent 1: is on another call" in told


def test_of_two_calls_in_one_round_the_second_one_s_reason_names_the_first_s_agent() -> None:
    calls = [waiting(number, minutes=9 - number, needs_line=True) for number in (1, 2)]
    agents = [with_line(agent(1, free=3, idle=9)), with_line(agent(2, free=3, idle=1))]
    assert "Not Agent 1: is on another call" in why(calls, agents)


def test_who_talked_to_the_customer_is_passed_over_without_a_line_to_take_the_call() -> None:
    line = [returning(1, to=1, needs_line=True)]
    assert chosen(line, [agent(1, idle=9), with_line(agent(2))]) == [(1, 2)]
    assert chosen(line, [with_line(agent(1, load=1), calling=True), with_line(agent(2))]) == [(1, 2)]
    assert chosen(line, [with_line(agent(1)), with_line(agent(2, idle=9))]) == [(1, 1)]
    told = why(line, [agent(1, idle=9), with_line(agent(2))])
    assert "Not Agent 1: has no phone line" in told


def test_who_missed_a_call_is_asked_again_if_nobody_else_has_a_line() -> None:
    line = [waiting(1, missed=(1,), needs_line=True)]
    assert chosen(line, [with_line(agent(1)), agent(2, free=0, load=1)]) == [(1, 1)]
    assert chosen(line, [with_line(agent(1)), with_line(agent(2, free=0, load=1))]) == []


def test_the_reason_names_queue_wait_choice_and_those_who_were_not_free() -> None:
    told = why([waiting(1, minutes=2.5)], [agent(1), agent(2, free=0, load=3)])
    assert told == [
        "Queue Cards, by intent Dispute a charge",
        "Waited 2:30; first in its line",
        "Agent 1: the only one who was free",
        "Not Agent 2: is full (3 of 3)",
    ]


def test_those_held_back_ahead_of_it_are_told_and_only_those() -> None:
    held = [waiting(8, minutes=9, held="its customer is away"), waiting(9, minutes=0.5, held="its customer is away")]
    told = why([waiting(1)], [agent(1)], held=held)
    assert "Waited 1:00; 1 ahead of it passed over" in told
    assert "Passed over, 1 ahead: its customer is away" in told
    assert not any("Passed over" in line for line in why([waiting(1, queue=2)], [agent(1, queues=(2,))], held=held))


def test_a_reason_stays_short_however_many_there_are() -> None:
    line = [waiting(number, minutes=99 - number, skills=(f"skill-{number}",)) for number in range(9)]
    told = why([*line, waiting(99)], [agent(1), *(agent(number, free=0, load=1) for number in range(2, 40))])
    assert len(told) == LINES_LIMIT
    assert told[-1] == "and 33 more"
    assert "and 7 more" in told


def test_ten_thousand_that_nobody_can_take_are_passed_over_quickly() -> None:
    """Once a kind of need, not once a handoff and agent: five million looks would take seconds."""
    hopeless = [waiting(number, minutes=99, skills=(f"skill-{number % 20}",)) for number in range(10_000)]
    agents = [agent(number, disputes=3) for number in range(500)]
    line = [*hopeless, *(waiting(20_000 + number) for number in range(20))]
    began = time.process_time()
    assert len(match(line, agents, now=NOW)) == 20
    assert time.process_time() - began < 1


lines = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60), st.integers(0, 9), st.booleans()), max_size=12)
desks = st.lists(
    st.tuples(st.integers(0, 3), st.sets(st.integers(0, 2), max_size=3), st.booleans(), st.booleans()), max_size=6
)


@given(lines, desks)
def test_matching_is_fair_and_within_bounds(
    line: list[tuple[int, int, int, bool]], desk: list[tuple[int, set[int], bool, bool]]
) -> None:
    waits = [
        waiting(number, queue=queue, minutes=minutes, head_start=start, needs_line=on_a_phone)
        for number, (queue, minutes, start, on_a_phone) in enumerate(line)
    ]
    agents = [agent(number, free=free, queues=queues) for number, (free, queues, _, _) in enumerate(desk)]
    for one, (_, _, has_line, is_calling) in zip(agents, desk, strict=True):
        one.has_line, one.is_calling = has_line, is_calling
    phones = {one.agent_id: int(one.has_line and not one.is_calling) for one in agents}
    room = {one.agent_id: one.free for one in agents}
    found = match(waits, agents, now=NOW)
    taken = [one.handoff_id for one in found]
    assert len(taken) == len(set(taken))
    for one in agents:
        assert sum(got.agent_id == one.agent_id for got in found) <= room[one.agent_id]
    by_id = {one.handoff_id: one for one in waits}
    for one in agents:
        calls = sum(got.agent_id == one.agent_id and by_id[got.handoff_id].needs_line for got in found)
        assert calls <= phones[one.agent_id]
    # Nobody left waiting could have been served in the place of a lower rank of the same queue and need.
    for left in (one for one in waits if one.handoff_id not in taken):
        alike = [by_id[number] for number in taken if by_id[number].needs_line == left.needs_line]
        served = [one for one in alike if one.queue_id == left.queue_id]
        assert all(one.rank < left.rank for one in served)
