"""Lists of any length in one statement, and words that a plan can see."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.broker.models import Handoff
from handoff.broker.states import State
from handoff.identity.models import Customer
from handoff.lib.clock import utc_now
from handoff.realtime.lookups import among, one_of
from handoff.realtime.models import Stream

pytestmark = pytest.mark.django_db


@pytest.fixture
def names() -> list[str]:
    found = [f"stream/{number}" for number in range(5)]
    Stream.objects.bulk_create(Stream(name=name) for name in found)
    return found


@pytest.mark.parametrize("count", [0, 1, 3])
def test_it_finds_what_in_finds(names, count) -> None:
    asked = [*names[:count], "stream/absent", 'it\'s "quoted", {braced} and \\ more']
    assert set(Stream.objects.filter(among("name", asked))) == set(Stream.objects.filter(name__in=asked))
    keys = [stream.pk for stream in Stream.objects.filter(name__in=asked)]
    assert set(Stream.objects.filter(among("pk", keys))) == set(Stream.objects.filter(pk__in=keys))
    assert Stream.objects.exclude(among("pk", keys)).count() == 5 - count


def test_the_statement_is_the_same_for_any_number_of_values(names) -> None:
    def asked(count: int) -> str:
        sql, parameters = Stream.objects.filter(among("name", names[:count])).query.sql_with_params()
        assert len(parameters) == 1
        return sql

    assert asked(0) == asked(1) == asked(5)


def test_more_values_than_a_statement_may_have_parameters(names) -> None:
    many = [*names, *(f"absent/{number}" for number in range(70_000))]
    assert Stream.objects.filter(among("name", many)).count() == 5


def test_it_updates(harbour) -> None:
    now = utc_now()
    rows = [Customer.objects.create(site=harbour, created_at=now, seen_at=now) for _ in range(3)]
    assert Customer.objects.filter(among("pk", [row.pk for row in rows[:2]])).update(name="Maya") == 2
    assert [row.name for row in Customer.objects.order_by("pk")] == ["Maya", "Maya", ""]


def test_words_are_written_into_the_statement_and_nothing_else_is(maya) -> None:
    maya.ask()
    with CaptureQueriesContext(connection) as asked:
        assert Handoff.objects.filter(one_of("state", [State.QUEUED, State.OFFERED])).count() == 1
    assert "IN ('queued', 'offered')" in asked.captured_queries[0]["sql"]
    with pytest.raises(ValueError, match="only words"):
        Handoff.objects.filter(one_of("state", ["queued' OR 1=1 --"])).count()
