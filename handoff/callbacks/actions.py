"""What happens to the call that is owed: asked for, booked anew, tried. Callers hold a `recording`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from handoff.broker.models import Handoff
from handoff.callbacks import queries
from handoff.callbacks.models import Callback
from handoff.callbacks.windows import Window
from handoff.protocol.events import CallbackChanged
from handoff.realtime import streams
from handoff.realtime.log import Entry


@dataclass(frozen=True)
class Asked:
    """A call that a customer asks for, checked."""

    number: str
    is_edited: bool
    time_zone: str
    consent: str
    window: Window | None


def ask(handoff: Handoff, asked: Asked, *, due_at: datetime | None, now: datetime) -> Callback:
    """To be made then, or when it is its turn.

    What was asked before, in another channel or for another time, is replaced; its attempts still count."""
    starts_at, ends_at = asked.window or (None, None)
    found, _ = Callback.objects.update_or_create(
        handoff=handoff,
        defaults={
            "number": asked.number,
            "is_edited": asked.is_edited,
            "time_zone": asked.time_zone,
            "consent": asked.consent,
            "consented_at": now,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "next_at": due_at,
        },
    )
    return found


def move(callback: Callback, *, at: datetime, window: Window | None, time_zone: str | None = None) -> None:
    """To another time, in a window or from a moment on."""
    callback.starts_at, callback.ends_at = window or (None, None)
    callback.next_at = at
    callback.time_zone = time_zone or callback.time_zone
    callback.save(update_fields=["starts_at", "ends_at", "next_at", "time_zone"])


def note_attempt(callback: Callback, outcome: str, *, attempts: int, next_at: datetime | None) -> None:
    callback.attempts, callback.last_outcome, callback.next_at = attempts, outcome, next_at
    callback.save(update_fields=["attempts", "last_outcome", "next_at"])


def changed(handoff: Handoff) -> Entry:
    """What both sides learn of it."""
    event = CallbackChanged(callback=queries.view_of(handoff))
    return Entry.of(streams.handoff(handoff.public_id), event, handoff_id=handoff.pk)


def numbers_of(handoffs: Collection[Handoff]) -> list[str]:
    """Where these were to be called back."""
    return list(Callback.objects.filter(handoff__in=handoffs).values_list("number", flat=True))


def erase(handoff: Handoff) -> None:
    """Whose number it was and what was agreed; that a call was owed, and how it went, stays."""
    Callback.objects.filter(handoff=handoff).update(number="", consent="", time_zone="UTC")
