"""The file's form on one screen, and the one reader that walks it and collects whatever does not fit."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from handoff.flows.configuration import values
from handoff.flows.configuration.key_material import read_public_key, read_secret
from handoff.flows.configuration.values import Rule
from handoff.staffing.models import Agent
from handoff.staffing.opening import WEEKDAYS

MAX_BYTES: Final = 1024 * 1024
YEAR: Final = 366 * 24 * 3600
TOP: Final = "top level"


@dataclass(frozen=True)
class Form:
    """One kind of table: its keys with their rules, the tables inside it, and the key that names it."""

    rules: Mapping[str, Rule]
    tables: Mapping[str, Form] = field(default_factory=dict)
    named_by: str | None = "key"
    most: int = 1000


@dataclass(frozen=True)
class Problem:
    """One thing wrong, and where it stands."""

    table: str
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.table}: {self.key}: {self.text}"


@dataclass(frozen=True)
class Record:
    """One table as it was read: `values` of the keys that are right, `named` every key that is there."""

    table: str
    values: Mapping[str, Any]
    named: frozenset[str]
    tables: Mapping[str, list[Record]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Empty when it is missing or wrong, which was reported."""
        key: str = self.values.get("key", "")
        return key


_ASSURANCE: Final[Mapping[str, Rule]] = {
    "required_acr": values.several(values.acr, most=50),
    "max_auth_age_seconds": values.whole(1, YEAR),
}
_SIGNING: Final[Mapping[str, Rule]] = {
    "kid": values.kid,
    "hmac_secret": read_secret,
    "public_key": read_public_key,
}
_ACTION: Final = Form(
    {
        "key": values.slug,
        "label": values.text(100),
        # Where an agent may do it; a word that is no channel of ours (`branch`) says: not here.
        "channels": values.several(values.slug, most=20),
        **_ASSURANCE,
    },
    most=100,
)
_INTENT: Final = Form(
    {
        "key": values.slug,
        "label": values.text(100),
        "queue": values.slug,
        "skills": values.several(values.slug, most=50),
        "channels": values.several(values.channel, least=1),
        "head_start_minutes": values.whole(0, 7 * 24 * 60),
        **_ASSURANCE,
    },
    {"actions": _ACTION},
    most=200,
)
_NUMBER: Final = Form(
    {"number": values.phone_number, "provider": values.slug, "intent": values.slug}, named_by="number", most=100
)
_SITE: Final = Form(
    {
        "key": values.slug,
        "name": values.text(100),
        "origins": values.several(values.origin, most=50),
        "allow_unverified": values.flag,
        "allow_app_clients": values.flag,
        "brand": values.brand,
        "query_parameters": values.several(values.parameter, most=50),
        "calling": values.calling,
        **_SIGNING,
    },
    {"numbers": _NUMBER, "keys": Form(_SIGNING, named_by=None, most=8), "intents": _INTENT},
)
_AGENT: Final = Form(
    {
        "username": values.username,
        "name": values.text(100),
        "queues": values.several(values.slug),
        "skills": values.levels,
        "capacity": values.whole(0, 100),
        "audio": values.audio,
        "role": values.one_of(Agent.Role.values),
        "trainee": values.flag,
        "password": values.password,
    },
    named_by="username",
    most=10_000,
)
_QUEUE: Final = Form(
    {
        "key": values.slug,
        "name": values.text(100),
        "hours": values.slug,
        "offer_seconds": values.whole(1, 3600),
        "max_waiting": values.whole(0, 1_000_000),
        "service_level_seconds": values.whole(1, 24 * 3600),
        "dispositions": values.several(values.text(64), least=1, most=50),
    }
)
_HOURS: Final = Form(
    {
        "key": values.slug,
        "zone": values.zone,
        "closed": values.several(values.day),
        **dict.fromkeys(WEEKDAYS, values.spans),
    }
)
_ARTICLE: Final = Form(
    {
        "key": values.slug,
        "title": values.text(200),
        "body": values.prose(20_000),
        "language": values.language,
        "intents": values.several(values.slug, most=100),
        "sites": values.several(values.slug, most=100),
        "published": values.flag,
    },
    most=5_000,
)
_CANNED: Final = Form(
    {
        "key": values.slug,
        "shortcut": values.slug,
        "title": values.text(200),
        "text": values.prose(4_000),
        "language": values.language,
        "queues": values.several(values.slug, most=100),
    },
    most=5_000,
)
_FILE: Final = Form(
    {},
    {"hours": _HOURS, "queues": _QUEUE, "agents": _AGENT, "sites": _SITE, "articles": _ARTICLE, "canned": _CANNED},
    named_by=None,
)


def read(content: bytes, problems: list[Problem]) -> Mapping[str, list[Record]]:
    """The tables of a file by their name; what is wrong is added to `problems` and left out."""
    document = _parse(content, problems)
    return {} if document is None else _read_table(document, TOP, _FILE, problems).tables


def _parse(content: bytes, problems: list[Problem]) -> dict[str, Any] | None:
    problem = f"is larger than {MAX_BYTES} bytes"
    try:
        if len(content) <= MAX_BYTES:
            return tomllib.loads(content.decode())
    except UnicodeDecodeError:
        problem = "is not UTF-8 text"
    except tomllib.TOMLDecodeError as error:
        problem = f"is not TOML: {error}"
    except RecursionError:
        problem = "is nested too deeply"
    problems.append(Problem(TOP, "file", problem))
    return None


def _read_table(raw: Mapping[str, Any], table: str, form: Form, problems: list[Problem]) -> Record:
    known = [*form.rules, *form.tables]
    found: dict[str, Any] = {}
    inner: dict[str, list[Record]] = {}
    for key, value in raw.items():
        if key in form.tables:
            inner[key] = _read_list(value, table, key, form.tables[key], problems)
        elif key not in known:
            problems.append(Problem(table, key, _unknown(key, known)))
        else:
            _read_value(value, table, key, form.rules[key], found, problems)
    if form.named_by and form.named_by not in raw:
        problems.append(Problem(table, form.named_by, "is missing"))
    return Record(table, found, frozenset(raw), inner)


def _read_value(
    value: object, table: str, key: str, rule: Rule, found: dict[str, Any], problems: list[Problem]
) -> None:
    try:
        found[key] = rule(value)
    except ValueError as error:
        problems += [Problem(table, key, reason) for reason in error.args]


def _read_list(raw: object, outer: str, name: str, form: Form, problems: list[Problem]) -> list[Record]:
    prefix = name if outer == TOP else f"{outer}.{name}"
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        problems.append(Problem(outer, name, f"must be tables, each under [[{_heading(prefix)}]]"))
        return []
    if len(raw) > form.most:
        problems.append(Problem(outer, name, f"must be {form.most} tables at most, and is {len(raw)}"))
        return []
    records = [_read_table(item, f"{prefix}[{place}]", form, problems) for place, item in enumerate(raw)]
    if form.named_by:
        _refuse_twins(records, form.named_by, problems)
    return records


def _refuse_twins(records: Iterable[Record], named_by: str, problems: list[Problem]) -> None:
    seen: dict[str, str] = {}
    for record in records:
        name = record.values.get(named_by)
        if name is None:
            continue
        # Sign-in takes `Amira` and `amira` for the same account.
        first = seen.setdefault(name.casefold() if named_by == "username" else name, record.table)
        if first != record.table:
            problems.append(Problem(record.table, named_by, f"{name!r} is also the {named_by} of {first}"))


def _unknown(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"is unknown; did you mean `{close[0]}`?" if close else f"is unknown; known are {', '.join(sorted(known))}"


def _heading(prefix: str) -> str:
    """`sites[0].intents` as the file writes it: `sites.intents`."""
    return ".".join(part.partition("[")[0] for part in prefix.split("."))
