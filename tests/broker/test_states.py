"""The table of moves: what it allows, and that it allows nothing else."""

from __future__ import annotations

import itertools

import pytest

from handoff.broker.diagram import state_diagram
from handoff.broker.states import INITIAL, TRANSITIONS, Action, IllegalTransition, State, next_state

LEGAL = {(row.action, source, target) for row in TRANSITIONS for source in row.sources for target in row.targets}


@pytest.mark.parametrize(("action", "source"), list(itertools.product(Action, State)))
def test_a_move_is_legal_exactly_when_the_table_says_so(action: Action, source: State) -> None:
    targets = {target for named, start, target in LEGAL if (named, start) == (action, source)}
    for target in State:
        if target in targets:
            assert next_state(source, action, to=target) is target
        else:
            with pytest.raises(IllegalTransition) as refused:
                next_state(source, action, to=target)
            assert refused.value.code == "illegal_transition"
    if len(targets) != 1:
        with pytest.raises(IllegalTransition):
            next_state(source, action)


def test_every_state_is_reached_and_only_closed_is_the_end() -> None:
    reached = set(INITIAL) | {target for _, _, target in LEGAL}
    assert reached == set(State)
    left = {source for action, source, target in LEGAL if source is not target and action is not Action.ERASE}
    assert set(State) - left == {State.CLOSED}


def test_nothing_leads_out_of_closed() -> None:
    assert {target for _, source, target in LEGAL if source is State.CLOSED} == {State.CLOSED}


def test_the_diagram_draws_every_row() -> None:
    drawn = state_diagram()
    for action, source, target in LEGAL:
        if source is not State.CLOSED:
            line = next(line for line in drawn.splitlines() if line.strip().startswith(f"{source} --> {target}:"))
            assert action.value in line
