"""What a callback may be: the number, the consent, the window, and what can be promised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from handoff.broker.schedule import SCHEDULED_LIMIT
from handoff.callbacks import queries as callbacks
from handoff.callbacks.actions import Asked
from handoff.callbacks.models import CallingRules
from handoff.callbacks.numbers import check_number, quiet_zone, same_number
from handoff.callbacks.quiet import allowed_from, quiet_now
from handoff.callbacks.slots import HANDLING_SECONDS, Slot, Supply, compute_slots, find_slot
from handoff.callbacks.windows import AHEAD_LIMIT, LocalWindow, Window, read_window, tell_window, zone_of
from handoff.identity.models import Customer, Site
from handoff.intents.models import Intent
from handoff.journeys.redaction import redact
from handoff.lib.clock import rfc3339
from handoff.lib.errors import DomainError
from handoff.protocol import shapes
from handoff.protocol.commands import AskedCallback
from handoff.protocol.shapes import Evidence
from handoff.routing.waits import mean_duration
from handoff.staffing.models import Queue
from handoff.staffing.queries import count_with_audio, opening_of
from handoff.telephony.queries import caller_id_of

CONSENT_LIMIT: Final = 1000


@dataclass(frozen=True)
class Wish:
    """A callback as the customer asks for it, unchecked."""

    phone: str
    consent: str
    time_zone: str
    window: LocalWindow | None = None

    @classmethod
    def of(cls, asked: AskedCallback | None) -> Wish | None:
        """As a socket's command asks for it."""
        if asked is None:
            return None
        told = asked.window
        window = None if told is None else LocalWindow(told.date, told.from_, told.to)
        return cls(phone=asked.phone, consent=asked.consent, time_zone=asked.time_zone, window=window)


@dataclass(frozen=True)
class Place:
    """On which clock a time is told, and on which the quiet hours are."""

    zone: str
    quiet_zone: str


@dataclass(frozen=True)
class Promise:
    """What was checked, and when the callback comes due; None: as soon as it is its turn."""

    asked: Asked
    due_at: datetime | None

    @property
    def evidence(self) -> Evidence:
        return "other_number" if self.asked.is_edited else "profile_number"


def check(wish: Wish, intent: Intent, customer: Customer, *, now: datetime, besides: int = 0) -> Promise:
    """For a handoff that exists already, `besides` is its key: its own promise does not stand in its way.

    Raises `number_not_allowed`, `invalid_request`, `channel_closed`, `channel_full`, each with its field.
    """
    rules = callbacks.rules_of(intent.site)
    number = _checked_number(wish.phone, intent.site, rules)
    zone_of(wish.time_zone)
    consent = _checked_consent(wish.consent)
    _check_owed(number, intent.site, besides=besides)
    is_edited = is_other_number(number, customer)
    place = Place(zone=wish.time_zone, quiet_zone=quiet_zone(number, asked=wish.time_zone, is_edited=is_edited))
    window = book(wish.window, intent, rules, place, now=now, besides=besides) if wish.window else None
    asked = Asked(number=number, is_edited=is_edited, time_zone=place.zone, consent=consent, window=window)
    return Promise(asked=asked, due_at=_due_at(window, rules, place, now=now))


def book(
    asked: LocalWindow, intent: Intent, rules: CallingRules, place: Place, *, now: datetime, besides: int = 0
) -> Window:
    """A window that is offered and has room. Raises `invalid_request`, `channel_closed`, `channel_full`."""
    window = read_window(asked, zone=place.zone, now=now)
    # Two who book the last place of a slot take turns.
    Queue.objects.select_for_update(no_key=True).filter(pk=intent.queue_id).values_list("pk", flat=True).first()
    find_slot(_slots(intent, rules, place, now=now, besides=besides), window)
    return window


def offered_slots(intent: Intent, *, zone: str, now: datetime) -> shapes.Slots:
    """What can be booked. Raises `invalid_request` for a zone that does not exist."""
    zone_of(zone)
    found = _slots(intent, callbacks.rules_of(intent.site), Place(zone, zone), now=now)
    open_ones = [slot for slot in found if slot.left]
    return shapes.Slots(time_zone=zone, slots=[_view(slot, zone) for slot in open_ones])


def later(minutes: int, rules: CallingRules, place: Place, *, now: datetime) -> datetime:
    """That many minutes from now, or when the quiet hours there are over. Raises `invalid_request`."""
    if not 1 <= minutes <= AHEAD_LIMIT / timedelta(minutes=1):
        raise DomainError("invalid_request", "Between a minute and seven days.", fields={"minutes": "out of range"})
    return allowed_from(callbacks.quiet_of(rules), zone=place.quiet_zone, now=now + timedelta(minutes=minutes))


def calling_of(customer: Customer) -> shapes.CallingView | None:
    """What a page needs to offer a callback; None where the site has no number to call from."""
    site = customer.site
    if caller_id_of(site) is None:
        return None
    is_standard = not callbacks.rules_of(site).consent
    return shapes.CallingView(number=customer.phone_number or None, consent=consent_of(site), is_standard=is_standard)


def consent_of(site: Site) -> str:
    own = callbacks.rules_of(site).consent
    return own or f"By booking you let {site.name} call you about this one matter, and nothing else."


def is_other_number(number: str, customer: Customer) -> bool:
    """Not the one that the site signed."""
    if not (customer.is_verified and customer.phone_number):
        return True
    return not same_number(number, customer.phone_number, default_country=callbacks.home_of(customer.site))


def evidence_for(number: str, customer: Customer) -> Evidence:
    return "other_number" if is_other_number(number, customer) else "profile_number"


def _checked_number(text: str, site: Site, rules: CallingRules) -> str:
    countries = callbacks.countries_of(site, rules)
    number = check_number(text, countries=countries, default_country=callbacks.home_of(site))
    if callbacks.is_suppressed(number, site):
        raise DomainError("number_not_allowed", "This number asked not to be called.", fields={"phone": "suppressed"})
    return number


def _check_owed(number: str, site: Site, *, besides: int) -> None:
    """One number's promises must not take everybody's: they could be made under many names."""
    if callbacks.count_owed_to(number, site, besides=besides) >= SCHEDULED_LIMIT:
        message = f"{SCHEDULED_LIMIT} calls to this number are owed already."
        raise DomainError("channel_full", message, fields={"phone": "owed"})


def _checked_consent(text: str) -> str:
    if not text.strip():
        raise DomainError("invalid_request", "Nobody is called without consent.", fields={"consent": "empty"})
    if len(text) > CONSENT_LIMIT:
        raise DomainError("too_long", f"At most {CONSENT_LIMIT} characters.", fields={"consent": "too long"})
    return redact(text)


def _due_at(window: Window | None, rules: CallingRules, place: Place, *, now: datetime) -> datetime | None:
    if window is not None:
        return window.starts_at
    allowed = allowed_from(callbacks.quiet_of(rules), zone=place.quiet_zone, now=now)
    return allowed if allowed > now else None


def _slots(intent: Intent, rules: CallingRules, place: Place, *, now: datetime, besides: int = 0) -> list[Slot]:
    queue = intent.queue
    supply = Supply(
        hours=opening_of(queue),
        agents=count_with_audio(queue),
        handling_seconds=mean_duration(queue.pk) or HANDLING_SECONDS,
        slot_minutes=rules.slot_minutes,
    )
    until = now + AHEAD_LIMIT + timedelta(days=1)
    booked = callbacks.booked_windows(queue.pk, since=now, until=until, besides=besides)
    quiet, starts = callbacks.quiet_of(rules), [window.starts_at for window in booked]
    found = compute_slots(supply, bookings=starts, now=now, zone=place.zone, quiet=quiet)
    if quiet is None or place.quiet_zone == place.zone:
        return found
    return [slot for slot in found if not quiet_now(quiet, zone=place.quiet_zone, now=slot.starts_at)]


def _view(slot: Slot, zone: str) -> shapes.Slot:
    local = tell_window(Window(slot.starts_at, slot.ends_at), zone=zone)
    return shapes.Slot(
        date=local.date,
        from_=local.start,
        to=local.end,
        starts_at=rfc3339(slot.starts_at),
        ends_at=rfc3339(slot.ends_at),
    )
