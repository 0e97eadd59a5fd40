"""Read what is owed, and the rules for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import phonenumbers
from django.db.models import Q

from handoff.broker.models import Handoff
from handoff.broker.phone import READERS
from handoff.broker.states import LIVE, Channel
from handoff.callbacks import links
from handoff.callbacks.models import Callback, CallingRules, Suppression
from handoff.callbacks.numbers import quiet_zone
from handoff.callbacks.quiet import QuietHours
from handoff.callbacks.retries import ATTEMPTS_LIMIT
from handoff.callbacks.windows import Window
from handoff.identity.models import Site
from handoff.lib.clock import rfc3339, rfc3339_or_none
from handoff.protocol import shapes
from handoff.telephony.queries import number_of


def of(handoff: Handoff) -> Callback | None:
    return Callback.objects.filter(handoff=handoff).first()


def view_of(handoff: Handoff) -> shapes.CallbackView | None:
    """What is owed, while the handoff is a callback."""
    found = of(handoff) if handoff.channel == Channel.CALLBACK else None
    return None if found is None else view(found)


def link_of(handoff: Handoff) -> str | None:
    return links.make(handoff.public_id) if handoff.channel == Channel.CALLBACK else None


def view(callback: Callback) -> shapes.CallbackView:
    return shapes.CallbackView(
        number=callback.number,
        is_edited=callback.is_edited,
        window=_window_view(callback),
        time_zone=callback.time_zone,
        consent=callback.consent,
        attempts=callback.attempts,
        attempts_limit=ATTEMPTS_LIMIT,
        next_at=rfc3339_or_none(callback.next_at),
        last_outcome=callback.last_outcome or None,
    )


def window_of(callback: Callback) -> Window | None:
    if callback.starts_at is None or callback.ends_at is None:
        return None
    return Window(callback.starts_at, callback.ends_at)


def rules_of(site: Site) -> CallingRules:
    """A site without a row has the defaults."""
    return CallingRules.objects.filter(site=site).first() or CallingRules(site=site)


def countries_of(site: Site, rules: CallingRules) -> list[str]:
    """Whom the site may call; without a list, those of its own number's country."""
    return list(rules.countries) or [home_of(site)]


def home_of(site: Site) -> str:
    """The country in which the site's own number lies: how a number without a country code is meant."""
    number = number_of(site)
    if number is None:
        return "ZZ"
    return phonenumbers.region_code_for_number(phonenumbers.parse(number.number)) or _code_home(number.number)


def quiet_of(rules: CallingRules) -> QuietHours | None:
    begins, dash, ends = rules.quiet_hours.partition("-")
    return QuietHours(begins, ends) if dash else None


def is_suppressed(number: str, site: Site) -> bool:
    return Suppression.objects.filter(Q(site=None) | Q(site=site), number=number).exists()


def booked_windows(queue_id: int, *, since: datetime, until: datetime, besides: int = 0) -> Sequence[Window]:
    """Promised in that line and not yet over; `besides` is the handoff whose own promise is being moved."""
    rows = Callback.objects.filter(
        # Whoever went on in another channel has given their window up.
        handoff__channel=Channel.CALLBACK,
        handoff__queue=queue_id,
        handoff__state__in=LIVE,
        starts_at__lt=until,
        ends_at__gt=since,
    ).exclude(handoff=besides)
    return [window for row in rows if (window := window_of(row)) is not None]


def count_owed_to(number: str, site: Site, *, besides: int = 0) -> int:
    """Callbacks to this number that are still to be made, whoever asked for them."""
    owed = Callback.objects.filter(
        number=number, handoff__site=site, handoff__channel=Channel.CALLBACK, handoff__state__in=LIVE
    )
    return owed.exclude(handoff=besides).count()


def quiet_zone_of(callback: Callback) -> str:
    """On whose clock the quiet hours are: where a signed number's owner says they are, else where the number is."""
    return quiet_zone(callback.number, asked=callback.time_zone, is_edited=callback.is_edited)


def _window_view(callback: Callback) -> shapes.TimeWindow | None:
    window = window_of(callback)
    return shapes.TimeWindow(starts_at=rfc3339(window.starts_at), ends_at=rfc3339(window.ends_at)) if window else None


def _code_home(number: str) -> str:
    """Of a number that is in nobody's plan, as those for drama are: the main country of its code."""
    code = phonenumbers.parse(number).country_code or 0
    return phonenumbers.region_code_for_country_code(code)


READERS.callback = view_of
READERS.callback_link = link_of
