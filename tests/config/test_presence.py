"""Signs of life are written in bulk, and neither wait for whoever works on a row nor make a circle with them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from handoff.identity import actions as identity
from handoff.identity.models import Customer
from handoff.lib.clock import utc_now
from handoff.staffing import presence as staffing
from handoff.staffing.models import Agent

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = timedelta(hours=1)


@contextmanager
def held(row: Any) -> Iterator[threading.Event]:
    """Somebody else holds this row until the event is set, or until SQLite's one writer has been waited for enough."""
    taken, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            type(row).objects.select_for_update(no_key=True).get(pk=row.pk)
            taken.set()
            release.wait(0.5 if connection.vendor == "sqlite" else 20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(10)
    try:
        yield release
    finally:
        release.set()
        thread.join(20)


def seen_lately(model: Any) -> set[int]:
    return set(model.objects.filter(seen_at__gt=utc_now() - LONG_AGO / 2).values_list("pk", flat=True))


@pytest.fixture(params=["customers", "agents"])
def people(request: pytest.FixtureRequest, page, amira, tomas) -> tuple[Any, Callable[..., None]]:
    for tab in (page(), page()):
        tab.open()
    model, note = {"customers": (Customer, identity.note_lives), "agents": (Agent, staffing.note_life)}[request.param]
    model.objects.update(seen_at=utc_now() - LONG_AGO)
    return model, note


def test_who_is_worked_on_is_left_for_the_next_sign(people) -> None:
    model, note = people
    first, second = model.objects.order_by("pk")
    with held(first):
        note({first.pk, second.pk}, now=utc_now())
    # SQLite has one writer, and whoever waits for it finds nothing held.
    assert seen_lately(model) == ({first.pk, second.pk} if connection.vendor == "sqlite" else {second.pk})
    note({first.pk, second.pk}, now=utc_now())
    assert seen_lately(model) == {first.pk, second.pk}


def test_a_sign_says_nothing_about_anybody_else(people) -> None:
    model, note = people
    first, _ = model.objects.order_by("pk")
    note({first.pk}, now=utc_now())
    assert seen_lately(model) == {first.pk}
