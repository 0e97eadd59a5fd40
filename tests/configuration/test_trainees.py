"""Whose training it is, said in the file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from handoff.staffing.models import Agent

pytestmark = pytest.mark.django_db(transaction=True)
AGENT = '[[agents]]\nusername = "theo"\n'


def test_a_trainee_is_marked_and_stays_so_until_the_file_says_otherwise(apply: Callable[..., str]) -> None:
    apply(AGENT + "trainee = true\n")
    assert Agent.objects.get().is_trainee
    assert apply(AGENT) == "nothing changed\n"
    assert apply(AGENT + "trainee = false\n") == "changed agent theo: is_trainee yes -> no\n"
    assert not Agent.objects.get().is_trainee


def test_the_mark_is_true_or_false(problems: Callable[[str], list[str]]) -> None:
    assert problems(AGENT + 'trainee = "yes"\n') == ["agents[0]: trainee: must be true or false, not a string"]
    assert "is unknown" in problems(AGENT + "is_simulated = true\n")[0]
