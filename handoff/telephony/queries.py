"""Which numbers a site has."""

from __future__ import annotations

from collections.abc import Iterable

import phonenumbers

from handoff.identity.models import Site
from handoff.telephony import registry
from handoff.telephony.models import PhoneNumber


def number_of(site: Site) -> PhoneNumber | None:
    """The number that the site's customers call and are called from; None: it has no phone."""
    return PhoneNumber.objects.filter(site=site).first()


def numbers_of(site: Site) -> list[PhoneNumber]:
    return list(PhoneNumber.objects.filter(site=site))


def caller_id_of(site: Site) -> PhoneNumber | None:
    """The number that the site's customers are called from: systems that only ask cannot be told to ring anybody."""
    return caller_id_among(numbers_of(site))


def caller_id_among(numbers: Iterable[PhoneNumber]) -> PhoneNumber | None:
    """That number of a site's."""
    return next((number for number in numbers if not registry.has_to_ask(number.provider)), None)


def as_written(number: str) -> str:
    """`+442079460000` as people write it for others."""
    return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def find_called(number: str) -> PhoneNumber | None:
    """The one that was dialled, as the network wrote it: with or without its plus."""
    digits = number.removeprefix("+")
    return PhoneNumber.objects.select_related("site").filter(number__in=[f"+{digits}", digits]).first()


def providers_named() -> set[str]:
    """Those that any number rests on."""
    return set(PhoneNumber.objects.values_list("provider", flat=True))
