"""A callback is put off, tried again later, or given up."""

from __future__ import annotations

from datetime import datetime

from handoff.broker import actions as broker
from handoff.broker import schedule
from handoff.broker.models import Handoff
from handoff.identity import actions as identity
from handoff.identity.models import Customer
from handoff.lib.errors import NotFound
from handoff.realtime import log
from handoff.staffing.models import Agent


def postpone_by_customer(customer: Customer, handoff_id: str, *, due_at: datetime) -> None:
    """Raises NotFound, `illegal_transition`, `channel_full`, `invalid_request`."""
    with log.recording() as record:
        identity.hold_customer(customer)
        handoff = broker.lock_own(customer, handoff_id)
        record.add(schedule.postpone(handoff, due_at=due_at, now=record.now))


def postpone_by_agent(agent: Agent, handoff_id: str, *, due_at: datetime, version: int | None = None) -> None:
    """Raises NotFound, `stale_version`, `illegal_transition`, `channel_full`, `invalid_request`."""
    with log.recording() as record:
        handoff = broker.lock_owned(agent, handoff_id, version=version)
        record.add(schedule.postpone(handoff, due_at=due_at, now=record.now))


def retry_later(handoff_id: str, *, due_at: datetime) -> None:
    """Nobody answered. Raises NotFound, `illegal_transition`, `channel_full`."""
    with log.recording() as record:
        record.add(schedule.retry_later(_lock(handoff_id), due_at=due_at, now=record.now))


def give_up(handoff_id: str) -> None:
    """Nobody answered the last attempt either. Raises NotFound, `illegal_transition`."""
    with log.recording() as record:
        record.add(schedule.exhaust(_lock(handoff_id), now=record.now))


def _lock(handoff_id: str) -> Handoff:
    handoff = broker.lock_any(handoff_id)
    if handoff is None:
        raise NotFound
    return handoff
