"""Who only could not come in is not gone: absence counts from when a server was there to come to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handoff.flows import clocks
from handoff.identity.models import Customer
from handoff.lib.clock import utc_now
from handoff.realtime.beats import GAP, RETURN_SECONDS, absence_counts, note_serving
from handoff.realtime.models import ServerBeat
from handoff.staffing.models import Agent
from tests.scenes import connect

pytestmark = pytest.mark.django_db(transaction=True)

NOW = utc_now()
LONG = 120.0


def served(name: str, *, since: float, until: float = 0) -> None:
    """Seconds ago."""
    ServerBeat.objects.create(name=name, since=NOW - timedelta(seconds=since), beat_at=NOW - timedelta(seconds=until))


def test_where_nothing_was_ever_served_every_absence_counts() -> None:
    assert absence_counts(LONG, now=NOW)


def test_it_counts_while_a_server_has_been_there_long_enough_to_come_back_to() -> None:
    served("s1", since=RETURN_SECONDS - 1)
    assert not absence_counts(LONG, now=NOW)
    served("s2", since=RETURN_SECONDS + 1)
    assert absence_counts(LONG, now=NOW)


def test_a_short_patience_needs_no_longer_than_itself() -> None:
    served("s1", since=4)
    assert absence_counts(3, now=NOW)
    assert not absence_counts(5, now=NOW)


def test_it_does_not_count_while_no_server_is_there() -> None:
    served("s1", since=999, until=GAP.total_seconds() + 1)
    assert not absence_counts(LONG, now=NOW)


def test_a_server_that_was_silent_begins_anew() -> None:
    note_serving("s1", now=NOW)
    note_serving("s1", now=NOW + timedelta(seconds=9))
    assert ServerBeat.objects.get().since == NOW
    back = NOW + timedelta(seconds=9) + GAP
    note_serving("s1", now=back)
    assert ServerBeat.objects.get().since == back


def test_those_long_gone_are_forgotten_but_not_the_last_word_on_an_outage() -> None:
    served("old", since=9999, until=3700)
    assert not absence_counts(LONG, now=NOW)
    note_serving("new", now=NOW)
    assert [beat.name for beat in ServerBeat.objects.all()] == ["new"]


def test_after_an_outage_nobody_loses_their_agent_their_place_or_their_talk(maya, page, amira) -> None:
    other = page()
    other.open(other.token(sub="other-1"))
    connect(maya, amira)
    assert other.ask().status == 201
    long_ago = utc_now() - timedelta(hours=1)
    Customer.objects.update(seen_at=long_ago, present_until=long_ago)
    Agent.objects.update(seen_at=long_ago, heard_at=long_ago, lease_expires_at=long_ago)
    note_serving("s1", now=utc_now())
    assert (clocks.close_abandoned(), clocks.lose_agents()) == (0, 0)
    ServerBeat.objects.update(since=long_ago)
    assert (clocks.close_abandoned(), clocks.lose_agents()) == (1, 1)
