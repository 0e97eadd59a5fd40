"""What a sign-in, a click and a match read does not depend on how many wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from handoff.broker.models import Handoff
from handoff.identity.models import Customer
from handoff.lib.clock import utc_now
from handoff.routing import waits
from handoff.routing.models import Offer
from handoff.routing.rounds import FIRST_LOOK, MATCHES_LIMIT, run_matching
from handoff.routing.waits import PLACES_LIMIT
from handoff.staffing.models import Agent, Queue
from tests.benchmarks import seeding
from tests.conftest import Page
from tests.plans import Plans, grow, reading_plans
from tests.scenes import sit_down

pytestmark = pytest.mark.django_db(transaction=True)

# So many that reading the table whole is never the cheaper way.
WAITING = 6000
# A match has offers, agents and steps to read for each of the twenty, and what it offered before.
OF_A_MATCH = 6 * FIRST_LOOK
STATEMENTS_OF_A_SIGN_IN, STATEMENTS_OF_A_CLICK, STATEMENTS_OF_A_MATCH = 4, 14, 22
# The first who comes after a change by an administrator reads the site, its keys and its menu.
STATEMENTS_OF_AN_EDITION = 3


@pytest.fixture
def line(maya: Page, cards: Queue) -> None:
    """Many more than anybody will look at. Their estimate is made for all of them, every few seconds."""

    def seed(link: Any) -> None:
        seeding.add_waiting(link, 1, WAITING, turns=1)
        # One after another, as people come.
        link.execute(
            "UPDATE handoff_handoff SET enqueued_at = enqueued_at - (90000 - id) * interval '1 ms',"
            " ranked_at = ranked_at - (90000 - id) * interval '1 ms'"
        )

    grow(seed)
    waits.estimate_of_newcomer((cards.pk, None, False))


def plans_of(work: Callable[[], Any], *, rows: int, statements: int) -> Plans:
    with reading_plans() as plans:
        work()
    assert_no_table_is_read_whole(plans)
    assert plans.dearest() <= rows, [scan for scan in plans.scans if (scan.rows or 0) > rows]
    # Without those by which PostgreSQL itself looks whether a parent is there.
    asked = [sql for sql in plans.statements if not sql.startswith("SELECT 1 FROM ONLY")]
    # On SQLite a statement costs no round trip, and what is one on PostgreSQL is several there.
    assert 0 < len(asked) <= (statements if connection.vendor == "postgresql" else 3 * statements), asked
    return plans


def assert_no_table_is_read_whole(plans: Plans) -> None:
    """But what a statement itself has made, the heads of the lines."""
    found = [scan for scan in plans.whole() if scan.table.startswith("handoff_")]
    assert not found, found


def test_a_sign_in_reads_its_own(line, page) -> None:
    tab = page()
    token = tab.token(sub="somebody-new")
    assert plans_of(lambda: tab.open(token), rows=5, statements=STATEMENTS_OF_A_SIGN_IN)
    assert tab.session


def test_whoever_comes_back_reads_little_more(line, page) -> None:
    page().open(page().token(sub="somebody-known"))
    tab = page()
    token = tab.token(sub="somebody-known")
    assert plans_of(lambda: tab.open(token), rows=5, statements=STATEMENTS_OF_A_SIGN_IN + 3)


def test_a_limit_is_counted_no_further_than_it_goes(line, page, cards: Queue) -> None:
    Queue.objects.filter(pk=cards.pk).update(max_waiting=20)
    tab = page()
    token = tab.token(sub="somebody-new")
    plans_of(lambda: tab.open(token), rows=20, statements=STATEMENTS_OF_A_SIGN_IN + STATEMENTS_OF_AN_EDITION)
    assert tab.ask().code == ("channel_full" if connection.vendor == "postgresql" else None)


def test_a_click_reads_no_more_of_a_long_line_than_its_places(line, maya: Page) -> None:
    asked: list[Any] = []
    plans_of(lambda: asked.append(maya.ask()), rows=PLACES_LIMIT + 1, statements=STATEMENTS_OF_A_CLICK)
    assert asked[0].status == 201
    assert asked[0].body["position"] == ("100+" if connection.vendor == "postgresql" else 1)


def test_a_match_reads_the_heads_of_the_line(line, maya: Page, amira: Agent) -> None:
    maya.ask()
    Agent.objects.filter(pk=amira.pk).update(capacity=200)
    sit_down(amira)
    run_matching()
    made: list[int] = []
    if connection.vendor != "postgresql":
        return
    plans_of(lambda: made.append(run_matching()), rows=OF_A_MATCH, statements=STATEMENTS_OF_A_MATCH)
    assert made == [MATCHES_LIMIT]


def test_a_match_does_not_read_on_for_reasons(line, maya: Page, amira: Agent) -> None:
    """Nobody is held back: to find that out nobody beyond the last match is looked at."""
    maya.ask()
    sit_down(amira)
    Agent.objects.filter(pk=amira.pk).update(capacity=1)
    away = Handoff.objects.order_by("-ranked_at")[:3].values("customer")
    Customer.objects.filter(pk__in=list(away.values_list("customer", flat=True))).update(
        seen_at=utc_now() - timedelta(minutes=1), present_until=None
    )
    with reading_plans() as plans:
        run_matching()
    assert_no_table_is_read_whole(plans)
    if connection.vendor == "postgresql":
        assert plans.dearest() <= OF_A_MATCH
        assert "first in its line" in Offer.objects.get().why[1]
