"""Times come out of PostgreSQL as they went in, however its session spells them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

MOMENTS = [
    datetime(2026, 11, 27, 10, 13, 25, 726362, UTC),
    datetime(2026, 11, 27, 10, 13, 25, 700000, UTC),
    datetime(2026, 11, 27, 10, 13, 25, tzinfo=UTC),
    datetime(1883, 1, 1, 0, 0, 0, 1, UTC),
    datetime(9999, 12, 30, 23, 59, 59, 999999, UTC),
]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Amsterdam", "Asia/Kolkata", "America/St_Johns"])
def test_a_time_comes_back_as_it_went_in(zone: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone])
        cursor.execute("SELECT unnest(%s::timestamptz[])", [MOMENTS])
        found = [moment for (moment,) in cursor.fetchall()]
        assert found == MOMENTS
        assert all(moment.utcoffset() is not None for moment in found)
        assert zone != "UTC" or all(moment.utcoffset() == timedelta(0) for moment in found)
        cursor.execute("SELECT NULL::timestamptz")
        assert cursor.fetchone() == (None,)
