"""Which numbers are rung: those of people, in allowed countries, at an ordinary price.

`phonenumbers` knows each country's plan. Whatever it does not know as a fixed, mobile or internet line is refused.
Numbers that Ofcom keeps for drama belong to nobody and are in no plan; they are let through, so that a demonstration
shows the very path that a real number takes: 07700 900000 to 900999 and 01632 960000 to 960999. Others of that kind
(020 7946 0000 to 0999, and 555-0100 to 0199 in North America) are in the plans.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Final, Literal

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, shortnumberinfo, timezone

from handoff.lib.errors import DomainError
from handoff.telephony.base import plain_number

Problem = Literal["invalid", "premium", "emergency", "country", "shared_cost", "not_reachable"]

LENGTH_LIMIT: Final = 40
SHORT_DIGITS: Final = 6
_WRITTEN: Final = re.compile(r"\(?\+?[0-9 ().\-/]+")
_NOT_DIGITS: Final = re.compile(r"[^0-9]")
_DRAMA: Final = re.compile(r"\+44(7700900|1632960)[0-9]{3}")
# Answered on mobile phones in most of the world, whatever the country.
_EMERGENCY: Final = frozenset({"112", "911", "999", "000"})
_PERSONAL: Final = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
    }
)
_BY_TYPE: Final[dict[int, Problem]] = {
    PhoneNumberType.PREMIUM_RATE: "premium",
    # `070` in Britain and its like: what it costs is up to who owns it, and it has long been a way to defraud callers.
    PhoneNumberType.PERSONAL_NUMBER: "premium",
    PhoneNumberType.SHARED_COST: "shared_cost",
    # Lines of organisations, machines and beepers: no person picks up there.
    PhoneNumberType.TOLL_FREE: "not_reachable",
    PhoneNumberType.UAN: "not_reachable",
    PhoneNumberType.VOICEMAIL: "not_reachable",
    PhoneNumberType.PAGER: "not_reachable",
}
_WORDS: Final[dict[Problem, str]] = {
    "invalid": "That is no complete phone number; write it as +44 7700 900001, without an extension.",
    "premium": "Premium-rate and personal numbers are not called.",
    "emergency": "Emergency numbers are not called.",
    "country": "Numbers of that country or network are not called.",
    "shared_cost": "Shared-cost numbers are not called.",
    "not_reachable": "That is not the line of a person.",
}


def check_number(text: str, *, countries: Collection[str], default_country: str) -> str:
    """As `+447700900001`; a number without a country code is read as one of the default country.

    `countries` are regions like `GB`: Jersey is not Britain and Canada not the United States, though they share a code.
    Raises DomainError `number_not_allowed` with `fields` {"phone": a Problem}.
    """
    number = _parse(_plain(text), countries=countries, default_country=default_country)
    found = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    problem = _drama_problem(countries) if _DRAMA.fullmatch(found) else _problem(number, countries)
    if problem:
        raise _refusal(problem)
    return found


def same_number(one: str, other: str, *, default_country: str) -> bool:
    """Whether both are written forms of one whole number, as a network or a person writes them; withheld is never."""
    found, against = (_canonical(each, default_country) for each in (one, other))
    return bool(found) and found == against


def quiet_zone(number: str, *, asked: str, is_edited: bool) -> str:
    """The zone whose quiet hours hold for a number.

    Whoever calls from the site's own records may be travelling, and says where. With any other number the zone is the
    number's own: else a stranger could have somebody rung at night by naming a zone in which it is day.
    """
    own = timezone.time_zones_for_number(phonenumbers.parse(number))
    known = [zone for zone in own if zone != timezone.UNKNOWN_TIMEZONE]
    return asked if not is_edited or asked in known or not known else known[0]


def _plain(text: str) -> str:
    """Digits of every script, dashes and blanks as ASCII, without the marks of direction that contact lists add."""
    if len(text) > LENGTH_LIMIT:
        raise _refusal("invalid")
    plain = "".join(_plain_character(character) for character in text).strip()
    if not _WRITTEN.fullmatch(plain):
        raise _refusal("invalid")
    return plain


def _plain_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if character == "\N{FULLWIDTH PLUS SIGN}":
        return "+"
    return {"Pd": "-", "Zs": " ", "Cf": ""}.get(category, character)


def _parse(plain: str, *, countries: Iterable[str], default_country: str) -> PhoneNumber:
    if "+" not in plain:
        _check_short(_NOT_DIGITS.sub("", plain), [default_country, *countries])
    try:
        number = phonenumbers.parse(plain, default_country)
    except phonenumbers.NumberParseException:
        raise _refusal("invalid") from None
    # Also behind a country code, where some networks still let it through.
    regions = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    _check_short(phonenumbers.national_significant_number(number), regions)
    return number


def _check_short(digits: str, regions: Iterable[str]) -> None:
    """Raises DomainError for what a phone would put through to a service instead of a line."""
    if not 0 < len(digits) <= SHORT_DIGITS:
        return
    regions = list(regions)
    if digits in _EMERGENCY or any(shortnumberinfo.is_emergency_number(digits, region) for region in regions):
        raise _refusal("emergency")
    number = PhoneNumber(national_number=int(digits))
    for region in regions:
        number.country_code = phonenumbers.country_code_for_region(region)
        if shortnumberinfo.is_valid_short_number_for_region(number, region):
            raise _refusal("not_reachable")


def _problem(number: PhoneNumber, countries: Collection[str]) -> Problem | None:
    if not phonenumbers.is_valid_number(number):
        return "invalid"
    kind = phonenumbers.number_type(number)
    if kind not in _PERSONAL:
        return _BY_TYPE.get(kind, "invalid")
    # Some ranges belong to two of them, as mobile phones of Norway and Svalbard do: either will do.
    allowed = any(phonenumbers.is_valid_number_for_region(number, country) for country in countries)
    return None if allowed else "country"


def _drama_problem(countries: Collection[str]) -> Problem | None:
    return None if "GB" in countries else "country"


def _canonical(text: str, default_country: str) -> str:
    plain = plain_number(text)[:LENGTH_LIMIT]
    # Networks leave out the plus: what is a number with one, and not without, is meant with it.
    for each in (plain, f"+{plain}"):
        try:
            number = phonenumbers.parse(each, default_country)
        except phonenumbers.NumberParseException:
            continue
        found = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        if phonenumbers.is_valid_number(number) or _DRAMA.fullmatch(found):
            return found
    return ""


def _refusal(problem: Problem) -> DomainError:
    return DomainError("number_not_allowed", _WORDS[problem], fields={"phone": problem})
