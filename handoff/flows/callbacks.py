"""A callback is put off, by its customer, by whoever holds its link, or by its agent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from handoff.broker import actions as broker
from handoff.broker import queries as handoffs
from handoff.broker import schedule
from handoff.broker.models import Handoff
from handoff.broker.states import Action, Channel, IllegalTransition, State
from handoff.callbacks import actions as callbacks
from handoff.callbacks import numbers, queries
from handoff.callbacks.slots import HEAD_START
from handoff.callbacks.windows import LocalWindow, Window, zone_of
from handoff.flows import booking, end_talk
from handoff.flows.booking import Place
from handoff.identity import actions as identity
from handoff.identity.models import Customer
from handoff.lib.errors import DomainError
from handoff.protocol.commands import RescheduleCallback, SnoozeCallback
from handoff.realtime import log
from handoff.realtime.log import Recording
from handoff.staffing.models import Agent

PROMISED_SECONDS: Final = int(HEAD_START.total_seconds())


@dataclass(frozen=True)
class Later:
    """By so many minutes, or in a window of a zone; exactly one of them."""

    minutes: int | None = None
    window: LocalWindow | None = None
    time_zone: str | None = None

    @classmethod
    def of(cls, asked: SnoozeCallback | RescheduleCallback) -> Later:
        window = asked.window
        local = None if window is None else LocalWindow(window.date, window.from_, window.to)
        return cls(minutes=asked.minutes, window=local, time_zone=asked.time_zone)


def postpone_by_customer(customer: Customer, handoff_id: str, later: Later) -> None:
    """Raises NotFound, `illegal_transition`, `channel_closed`, `channel_full`, `invalid_request`."""
    with log.recording() as record:
        identity.hold_customer(customer)
        _postpone(broker.lock_own(customer, handoff_id), later, record)


def postpone_by_agent(agent: Agent, handoff_id: str, later: Later, *, version: int | None = None) -> None:
    """Raises NotFound, `stale_version`, `illegal_transition`, `channel_closed`, `channel_full`, `invalid_request`."""
    with log.recording() as record:
        _postpone(broker.lock_owned(agent, handoff_id, version=version), later, record)


def postpone_by_link(handoff_id: str, later: Later) -> None:
    """By whoever holds its link. Raises NotFound, and what `postpone_by_customer` does."""
    postpone_by_customer(handoffs.by_id(handoff_id).customer, handoff_id, later)


def cancel_by_link(handoff_id: str) -> None:
    """Raises NotFound, `illegal_transition` once it is no callback any more or has ended."""
    handoff = handoffs.by_id(handoff_id)
    if handoff.channel != Channel.CALLBACK:
        raise IllegalTransition(Action.CANCEL, State(handoff.state))
    end_talk.cancel(handoff.customer, handoff_id)


def promise(handoff: Handoff, window: Window | None) -> None:
    """A window is kept by standing in line as if it had come earlier; set with the move that follows."""
    handoff.promised_seconds = PROMISED_SECONDS if window else None


def _postpone(handoff: Handoff, later: Later, record: Recording) -> None:
    callback = queries.of(handoff)
    if callback is None or handoff.channel != Channel.CALLBACK:
        raise IllegalTransition(Action.POSTPONE, State(handoff.state))
    zone = later.time_zone or callback.time_zone
    zone_of(zone)
    quiet_zone = numbers.quiet_zone(callback.number, asked=zone, is_edited=callback.is_edited)
    at, window = _read(handoff, later, Place(zone, quiet_zone), now=record.now)
    callbacks.move(callback, at=at, window=window, time_zone=zone)
    promise(handoff, window)
    moved = schedule.postpone(handoff, due_at=at, now=record.now)
    record.entries.append(callbacks.changed(handoff))
    record.add(moved)


def _read(handoff: Handoff, later: Later, place: Place, *, now: datetime) -> tuple[datetime, Window | None]:
    rules = queries.rules_of(handoff.site)
    if (later.minutes is None) == (later.window is None):
        raise DomainError("invalid_request", "Say minutes or a window.", fields={"minutes": "either", "window": "or"})
    if later.window is not None:
        window = booking.book(later.window, handoff.intent, rules, place, now=now, besides=handoff.pk)
        return window.starts_at, window
    return booking.later(later.minutes or 0, rules, place, now=now), None
