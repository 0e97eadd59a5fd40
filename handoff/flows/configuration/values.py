"""What one value of the file may be: a rule takes what TOML read and returns it, or raises ValueError(reason, ...)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Final, TypeVar

import phonenumbers

from handoff.broker.states import Channel
from handoff.callbacks.quiet import QuietHours
from handoff.identity.brand import brand_problems
from handoff.identity.origins import origin_problem
from handoff.staffing.hours import date_problem, overlap_problem, span_problem, zone_problem

Rule = Callable[[object], Any]
T = TypeVar("T")

MAX_LIST: Final = 500
MAX_SKILL_LEVEL: Final = 5

_KINDS: Final[dict[type, str]] = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number with a point",
    list: "a list",
    dict: "a table",
}
_SLUG: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_USERNAME: Final = re.compile(r"[\w.@+-]{1,150}")
_KID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PARAMETER: Final = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")
_LANGUAGE: Final = re.compile(r"([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?")
_PHONE_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_AUDIO: Final = re.compile(r"|sip:[A-Za-z0-9_.!~*'()&=+$,;?/%-]+@[A-Za-z0-9.:\[\]-]+|\+[1-9][0-9]{6,14}")


def kind(value: object) -> str:
    """A word for its type. The value itself may be a secret, so that no message repeats it."""
    return _KINDS.get(type(value), "a date or time")


def text(most: int) -> Rule:
    def read(value: object) -> str:
        found = _string(value)
        if not found.strip() or len(found) > most:
            raise ValueError(f"must have 1 to {most} characters")
        if not found.isprintable():
            raise ValueError("must have no line breaks, control characters or invisible ones")
        return found

    return read


def prose(most: int) -> Rule:
    """Text with paragraphs."""

    def read(value: object) -> str:
        found = _string(value).replace("\r\n", "\n").strip()
        if not found or len(found) > most:
            raise ValueError(f"must have 1 to {most} characters")
        return found

    return read


def whole(least: int, most: int) -> Rule:
    def read(value: object) -> int:
        # bool is an int to Python, and is none to a person.
        if type(value) is not int:
            raise ValueError(f"must be a whole number, not {kind(value)}")
        if not least <= value <= most:
            raise ValueError(f"must be {least} to {most}, and is {value}")
        return value

    return read


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {kind(value)}")
    return value


def one_of(words: Iterable[str]) -> Rule:
    known = sorted(words)

    def read(value: object) -> str:
        found = _string(value)
        if found not in known:
            raise ValueError(f"must be one of {', '.join(known)}; it is {found!r}")
        return found

    return read


def several(rule: Rule, *, least: int = 0, most: int = MAX_LIST) -> Rule:
    def read(value: object) -> list[Any]:
        if not isinstance(value, list):
            raise ValueError(f"must be a list, not {kind(value)}")
        if not least <= len(value) <= most:
            raise ValueError(f"must have {least} to {most} entries, and has {len(value)}")
        items = _read_all((rule, place, item) for place, item in enumerate(value))
        twice = next((item for place, item in enumerate(items) if item in items[:place]), None)
        if twice is not None:
            raise ValueError(f"names {twice!r} twice")
        return items

    return read


def slug(value: object) -> str:
    return _matching(value, _SLUG, "1 to 64 letters, digits, - and _")


def kid(value: object) -> str:
    return _matching(value, _KID, "1 to 64 letters, digits, dots, - and _")


def language(value: object) -> str:
    return _matching(value, _LANGUAGE, "empty, or a language like en or de-AT")


def parameter(value: object) -> str:
    return _matching(value, _PARAMETER, "the bare name of a query parameter")


def username(value: object) -> str:
    found = _matching(value, _USERNAME, "1 to 150 letters, digits and @ . + - _")
    if unicodedata.normalize("NFKC", found) != found:
        raise ValueError("must be in its plain Unicode form (NFKC)")
    return found


def password(value: object) -> str:
    return _string(value)


def origin(value: object) -> str:
    found = _string(value)
    problem = origin_problem(found)
    return _good(found, problem and f"{found!r} {problem}")


def zone(value: object) -> str:
    found = _string(value)
    return _good(found, zone_problem(found))


def day(value: object) -> str:
    """A date as a string, or as TOML's own date."""
    found = value.isoformat() if type(value) is date else _string(value)
    return _good(found, date_problem(found))


def spans(value: object) -> list[str]:
    found: list[str] = several(_span, most=24)(value)
    return _good(found, overlap_problem(found))


def brand(value: object) -> dict[str, Any]:
    found = _table(value)
    if problems := brand_problems(found):
        raise ValueError(*problems)
    return found


def levels(value: object) -> dict[str, int]:
    """`{ disputes = 3 }`: skills, and how well the agent masters each."""
    level = whole(1, MAX_SKILL_LEVEL)
    found = _table(value)
    names = _read_all((slug, name, name) for name in found)
    return dict(zip(names, _read_all((level, name, found[name]) for name in found), strict=True))


def phone_number(value: object) -> str:
    return _matching(value, _PHONE_NUMBER, "a number in full, like +442079460000")


def audio(value: object) -> str:
    """Where an agent's calls ring; empty takes it away."""
    return _matching(value, _AUDIO, "empty, sip:amira@pbx.example.com, or a number in full, like +442079460001")


def quiet_hours(value: object) -> str:
    """Over midnight too; empty means none."""
    found = _string(value)
    if not found:
        return found
    begins, dash, ends = found.partition("-")
    problem = None if dash else f"{found!r} is not like 21:00-08:00"
    try:
        QuietHours(begins, ends)
    except ValueError as error:
        problem = problem or str(error)
    return _good(found, problem)


def calling(value: object) -> dict[str, Any]:
    """Whom a site may call, when, and how often; what is left out keeps its default."""
    found = _table(value)
    if unknown := sorted(found.keys() - CALLING.keys()):
        raise ValueError(f"knows {', '.join(sorted(CALLING))}, not {', '.join(unknown)}")
    names = list(found)
    return dict(zip(names, _read_all((CALLING[name], name, found[name]) for name in names), strict=True))


def country(value: object) -> str:
    found = _string(value)
    return _good(found, None if found in phonenumbers.SUPPORTED_REGIONS else f"{found!r} is no country like GB")


CALLING: Final[dict[str, Rule]] = {
    "countries": several(country, most=300),
    "quiet_hours": quiet_hours,
    "slot_minutes": whole(5, 240),
    "per_customer_day": whole(0, 100),
    "per_site_hour": whole(0, 1_000_000),
    "ring_seconds": whole(5, 120),
    "consent": text(1000),
}
acr = text(200)
channel = one_of(word.value for word in Channel)


def _span(value: object) -> str:
    found = _string(value)
    return _good(found, span_problem(found))


def _read_all(items: Iterable[tuple[Rule, object, object]]) -> list[Any]:
    """Each item by its rule; every problem is told, with the item's place or name."""
    found: list[Any] = []
    problems: list[str] = []
    for rule, place, item in items:
        try:
            found.append(rule(item))
        except ValueError as error:
            problems += [f"[{place}] {problem}" for problem in error.args]
    if problems:
        raise ValueError(*problems)
    return found


def _good(found: T, problem: str | None) -> T:
    if problem:
        raise ValueError(problem)
    return found


def _matching(value: object, pattern: re.Pattern[str], form: str) -> str:
    found = _string(value)
    if not pattern.fullmatch(found):
        raise ValueError(f"must be {form}")
    return found


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a string, not {kind(value)}")
    if "\x00" in value:
        raise ValueError("must have no NUL character")
    return value


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"must be a table, not {kind(value)}")
    return value
