"""Sofia leads the cards' queue, Ines another one; Theo practises."""

from __future__ import annotations

import pytest

from handoff.insights import wallboard
from handoff.staffing.models import Agent, Queue
from tests.conftest import make_agent
from tests.serving import serving as serving


@pytest.fixture(autouse=True)
def count_anew() -> None:
    """What another test's wallboard kept is not this one's."""
    wallboard.forget()


@pytest.fixture
def loans(db: None) -> Queue:
    return Queue.objects.create(key="loans", name="Loans")


@pytest.fixture
def sofia(cards: Queue) -> Agent:
    return make_agent("sofia", "Sofia", cards, role="supervisor")


@pytest.fixture
def ines(loans: Queue) -> Agent:
    """A supervisor of another queue."""
    return make_agent("ines", "Ines", loans, role="supervisor")


@pytest.fixture
def root(db: None) -> Agent:
    return make_agent("root", "Root", role="admin")


@pytest.fixture
def theo(cards: Queue) -> Agent:
    trainee = make_agent("theo", "Theo", cards)
    Agent.objects.filter(pk=trainee.pk).update(is_trainee=True)
    trainee.refresh_from_db()
    return trainee
