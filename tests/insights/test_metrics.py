"""A day counted by hand, and the figures that come of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handoff.insights import metrics
from handoff.insights.metrics import Span, Tally

DAY = datetime(2026, 11, 27, tzinfo=UTC)


def at(clock: str) -> datetime:
    hour, minute = clock.split(":")
    return DAY + timedelta(hours=int(hour), minutes=int(minute))


def span(start: str, end: str) -> Span:
    return Span(at(start), at(end))


# Twenty came. 12 were answered, 9 of them in time, after 300 s of waiting together. 5 left, 2 of these at once.
# 2 asked to be called back. 1 still waits, for too long. The talks: 14, of which 3 were passed on; 13 are over.
CARDS = Tally(
    answered=12, answered_in_time=9, answer_seconds=300, abandoned=5, abandoned_short=2, callbacks=2, overdue=1,
    talks=14, passed_on=3, handled=13, handle_seconds=5200, handoffs_connected=12, handoffs_reasked=3,
    efforts=4, effort_sum=22, promises=8, promises_kept=6, promised_seconds=240, actual_seconds=280,
    deflected=7, context_known=40, context_shown=38,
)  # fmt: skip


def test_the_day_by_hand() -> None:
    assert metrics.offered(CARDS) == 20
    assert metrics.service_level(CARDS) == 9 / 20
    assert metrics.asa_seconds(CARDS) == 25
    assert metrics.aht_seconds(CARDS) == 400
    assert metrics.abandonment(CARDS) == 3 / 20
    assert metrics.transfer_rate(CARDS) == 3 / 14
    assert metrics.reask_rate(CARDS) == 3 / 12
    assert metrics.effort(CARDS) == 5.5
    assert metrics.promises_kept(CARDS) == 6 / 8
    assert metrics.context_delivered(CARDS) == 38 / 40


def test_who_left_or_asked_to_be_called_is_no_answer() -> None:
    """The known trap: a service level that looks better the more people give up."""
    nobody = Tally(abandoned=8, callbacks=2)
    assert metrics.service_level(nobody) == 0
    worse = Tally(answered=1, answered_in_time=1) + nobody
    assert metrics.service_level(worse) == 1 / 11


def test_where_nothing_was_counted_there_is_no_figure() -> None:
    for figure in (
        metrics.service_level, metrics.asa_seconds, metrics.aht_seconds, metrics.abandonment, metrics.transfer_rate,
        metrics.reask_rate, metrics.effort, metrics.promises_kept, metrics.context_delivered,
    ):  # fmt: skip
        assert figure(Tally()) is None
    assert metrics.occupancy(0, 0) is None


def test_two_queues_together_are_weighed_by_what_happened_in_them() -> None:
    busy, quiet = Tally(answered=90, answered_in_time=45), Tally(answered=10, answered_in_time=10)
    assert metrics.service_level(metrics.total([busy, quiet])) == 0.55


@pytest.mark.parametrize(
    ("spans", "hours"),
    [
        ([], 0),
        ([span("8:00", "10:00")], 1),
        ([span("9:00", "10:00"), span("9:30", "10:30"), span("9:45", "10:15")], 1.5),
        ([span("9:00", "10:00"), span("11:00", "13:00")], 2),
        ([span("7:00", "8:00"), span("13:00", "14:00")], 0),
        ([span("8:00", "20:00"), span("10:00", "11:00")], 3),
    ],
)
def test_several_talks_at_once_are_one_time_of_work(spans: list[Span], hours: float) -> None:
    assert metrics.seconds_covered(spans, span("9:00", "12:00")) == hours * 3600


def test_occupancy_is_never_more_than_all_of_it() -> None:
    assert metrics.occupancy(1800, 3600) == 0.5
    assert metrics.occupancy(4000, 3600) == 1.0


def test_every_definition_is_told_once_and_in_the_manual() -> None:
    from django.conf import settings

    manual = (settings.BASE_DIR / "docs" / "console.md").read_text()
    assert len({one.key for one in metrics.DEFINITIONS}) == len(metrics.DEFINITIONS)
    for one in metrics.DEFINITIONS:
        assert one.label in manual, one.label
        assert one.text in manual, one.text
