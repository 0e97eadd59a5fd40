"""Decide what of a page's story is kept: shapes, limits, the allow-list, redaction and provenance."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast, get_args
from urllib.parse import unquote_plus

import msgspec

from handoff.journeys.redaction import redact, redact_parameter, redact_segment
from handoff.lib.clock import rfc3339, to_milliseconds
from handoff.lib.errors import DomainError
from handoff.protocol import shapes
from handoff.protocol.shapes import Scalar, Source, StepStatus, Stopped

MAX_STEPS: Final = 50
MAX_FACTS: Final = 100
MAX_VALUE: Final = 4_000
MAX_CONTEXT_BYTES: Final = 32 * 1024
MAX_KEY: Final = 64
MAX_LABEL: Final = 100
MAX_STEP_NAME: Final = 200
MAX_PATH: Final = 1_000
MAX_TITLE: Final = 300
MAX_ERROR: Final = 200
# Beyond this a browser's number is no longer exact.
MAX_NUMBER: Final = 2**53
MAX_AGE: Final = timedelta(hours=24)
PAGE_SOURCES: Final[tuple[Source, ...]] = ("observed", "stated")
# Texts are cut twice: roughly before the redaction, for its cost, and exactly after it, since it shortens.
_SPARE: Final = 4
# A page view says no more than that it happened.
DEFAULT_STATUS: Final[StepStatus] = "started"

_STEP_FIELDS: Final = frozenset({"name", "path", "title", "status", "error", "at"})
_FACT_FIELDS: Final = frozenset({"key", "label", "value", "source", "at"})
_CONTEXT_FIELDS: Final = frozenset({"steps", "facts"})
_KEY: Final = re.compile(rf"[A-Za-z0-9_.-]{{1,{MAX_KEY}}}")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_RFC3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_ORIGIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a journey, fit to be stored and shown."""

    path: str
    status: StepStatus
    at: datetime
    name: str | None = None
    title: str | None = None
    error: str | None = None

    @property
    def identity(self) -> str:
        """What makes two attempts attempts at the same step."""
        return self.name or self.path

    def to_shape(self) -> shapes.Step:
        optional = {"name": self.name, "title": self.title, "error": self.error}
        said = {field: text for field, text in optional.items() if text is not None}
        return shapes.Step(path=self.path, status=self.status, at=rfc3339(self.at), **said)

    def to_wire(self) -> dict[str, Any]:
        return self.to_shape().to_wire()


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing known, and who said so; unique by key and source."""

    key: str
    label: str
    value: Scalar
    source: Source
    at: datetime

    def to_shape(self) -> shapes.Fact:
        return shapes.Fact(key=self.key, label=self.label, value=self.value, source=self.source, at=rfc3339(self.at))

    def to_wire(self) -> dict[str, Any]:
        return self.to_shape().to_wire()


@dataclass(frozen=True, slots=True)
class Context:
    """What one request adds to a journey."""

    steps: tuple[Step, ...] = ()
    facts: tuple[Fact, ...] = ()


def clean_context(
    raw: object,
    *,
    now: datetime,
    allowed_parameters: Sequence[str] = (),
    where: str = "journey",
    after: datetime | None = None,
) -> Context:
    """A page's `{steps?, facts?}`; `where` leads the names of fields in refusals, empty for a bare body.

    Steps without a time come after `after`, the newest that is known already.
    """
    given = _read_object(raw, where, _CONTEXT_FIELDS)
    steps = clean_steps(
        given.get("steps", []),
        now=now,
        allowed_parameters=allowed_parameters,
        where=_join(where, "steps"),
        after=after,
    )
    facts = clean_facts(given.get("facts", []), now=now, where=_join(where, "facts"))
    check_size(steps, facts)
    return Context(tuple(steps), tuple(facts))


def clean_steps(
    raw: object,
    *,
    now: datetime,
    allowed_parameters: Sequence[str] = (),
    where: str = "journey.steps",
    after: datetime | None = None,
) -> list[Step]:
    """Steps in the order of the page. One without a time gets now, less one millisecond for each that follows it, so
    that two alike in one request stay two; requests in quick succession push theirs on by as much as they overlap."""
    items = _read_list(raw, where, MAX_STEPS)
    latest = to_milliseconds(now)
    first = latest - timedelta(milliseconds=len(items) - 1)
    if after is not None:
        first = max(first, to_milliseconds(after) + timedelta(milliseconds=1))
    steps = [
        _clean_step(item, first + timedelta(milliseconds=place), latest, f"{where}.{place}")
        for place, item in enumerate(items)
    ]
    cleaned = [_clean_step_texts(step, allowed_parameters) for step in steps]
    check_size(cleaned, ())
    return cleaned


def clean_facts(
    raw: object, *, now: datetime, source_allowed: Collection[Source] = PAGE_SOURCES, where: str = "journey.facts"
) -> list[Fact]:
    """Facts of a page. A source that a page may not claim (`verified`, `desk`) becomes `observed`; of two with the
    same key and source the later one holds."""
    facts = [
        _clean_fact(item, to_milliseconds(now), source_allowed, f"{where}.{place}")
        for place, item in enumerate(_read_list(raw, where, MAX_FACTS))
    ]
    merged = merge_facts((), facts)
    check_size((), merged)
    return merged


def make_fact(key: object, label: object, value: object, *, source: Source, at: datetime, where: str = "") -> Fact:
    """One fact whose source the caller vouches for: signed by the site, or added at the desk."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise _invalid(_join(where, "key"), f"must be 1 to {MAX_KEY} of A-Z, a-z, 0-9, _, . and -")
    said = "" if label is None else clean_line(_read_text(label, _join(where, "label"), MAX_LABEL))[:MAX_LABEL]
    # A page may have used a card number as a key.
    safe = key if redact(key) == key else "".join(_KEY.findall(redact(key)))
    scalar = _clean_value(value, _join(where, "value"))
    return Fact(key=safe, label=said or safe, value=scalar, source=source, at=to_milliseconds(at))


def clean_path(path: str, *, allowed_parameters: Sequence[str] = ()) -> str:
    """The path alone, redacted: no origin, no fragment, no `;` parameters, no query but what the site allow-lists."""
    address = path[: MAX_PATH * _SPARE].partition("#")[0]
    base, _, query = _ORIGIN.sub("", address, count=1).partition("?")
    segments = [redact_segment(segment.partition(";")[0]) for segment in base.split("/")]
    pairs = [pair.partition("=") for pair in query.split("&")]
    kept = [
        f"{name}={redact_parameter(name, value)}"
        for name, _, value in pairs
        if unquote_plus(name) in allowed_parameters
    ]
    cleaned = "/".join(segments) + ("?" + "&".join(kept) if kept else "")
    return " ".join(_UNSEEN.sub("", cleaned).split())[:MAX_PATH] or "/"


def clean_line(text: str) -> str:
    """Text for a title or a label: redacted, without the characters that hide or turn what follows them."""
    return redact(_UNSEEN.sub("", text))


def merge_steps(existing: Iterable[Step], added: Iterable[Step]) -> list[Step]:
    """The newest steps, newest last; an exact repeat counts once, so that a resend is harmless."""
    unique = {(step.name, step.path, step.status, step.error, step.at): step for step in [*existing, *added]}
    return sorted(unique.values(), key=lambda step: step.at)[-MAX_STEPS:]


def merge_facts(existing: Iterable[Fact], added: Iterable[Fact]) -> list[Fact]:
    """One fact a key and source, the later one wins and keeps the earlier one's place."""
    return list({(fact.key, fact.source): fact for fact in [*existing, *added]}.values())


def check_size(steps: Iterable[Step], facts: Iterable[Fact]) -> None:
    """The limits of a handoff's whole context; call it with the stored and the added ones together.

    Signed facts do not count: the token's own limits hold them, and signing in must not fail for what a page has told.
    """
    unsigned = [fact for fact in facts if fact.source != "verified"]
    if len(unsigned) > MAX_FACTS:
        raise _too_large("facts", f"at most {MAX_FACTS}")
    wire = [[step.to_wire() for step in steps], [fact.to_wire() for fact in unsigned]]
    if len(msgspec.json.encode(wire)) > MAX_CONTEXT_BYTES:
        raise _too_large("journey", f"at most {MAX_CONTEXT_BYTES} bytes in all")


def stopped_at(steps: Sequence[Step]) -> Stopped | None:
    """The last failed step that was not done afterwards; `times` counts its failures over the journey."""
    done: set[str] = set()
    for step in reversed(steps):
        if step.status == "failed" and step.identity not in done:
            times = sum(other.status == "failed" and other.identity == step.identity for other in steps)
            return Stopped(name=step.identity, title=step.title, error=step.error, times=times)
        if step.status == "done":
            done.add(step.identity)
    return None


def _clean_step(raw: object, default_at: datetime, latest: datetime, where: str) -> Step:
    given = _read_object(raw, where, _STEP_FIELDS)
    if "path" not in given:
        raise _invalid(f"{where}.path", "is required")
    status = given.get("status", DEFAULT_STATUS)
    if not isinstance(status, str) or status not in get_args(StepStatus):
        raise _invalid(f"{where}.status", "must be started, done or failed")
    texts = {
        name: _read_text(given[name], f"{where}.{name}") for name in ("name", "path", "title", "error") if name in given
    }
    at = _clean_time(given["at"], latest, f"{where}.at") if "at" in given else default_at
    return Step(status=cast(StepStatus, status), at=at, **texts)


def _clean_step_texts(step: Step, allowed_parameters: Sequence[str]) -> Step:
    """Long texts are cut, never refused: a page's title must not cost a customer the help."""
    return Step(
        path=clean_path(step.path, allowed_parameters=allowed_parameters),
        status=step.status,
        at=step.at,
        name=_shorten(step.name, MAX_STEP_NAME),
        title=_shorten(step.title, MAX_TITLE),
        error=_shorten(step.error, MAX_ERROR),
    )


def _shorten(text: str | None, limit: int) -> str | None:
    if text is None:
        return None
    return clean_line(text[: limit * _SPARE])[:limit] or None


def _clean_fact(raw: object, latest: datetime, source_allowed: Collection[Source], where: str) -> Fact:
    given = _read_object(raw, where, _FACT_FIELDS)
    for name in ("key", "value"):
        if name not in given:
            raise _invalid(f"{where}.{name}", "is required")
    source = given.get("source", "observed")
    if not isinstance(source, str) or source not in get_args(Source):
        raise _invalid(f"{where}.source", "must be observed or stated")
    said = cast(Source, source) if source in source_allowed else "observed"
    at = _clean_time(given["at"], latest, f"{where}.at") if "at" in given else latest
    label = _read_text(given["label"], f"{where}.label", MAX_LABEL) if "label" in given else None
    return make_fact(given["key"], label, given["value"], source=said, at=at, where=where)


def _clean_value(value: object, where: str) -> Scalar:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if len(value) > MAX_VALUE:
            raise _too_large(where, f"at most {MAX_VALUE} characters")
        return redact(_read_text(value, where))
    # NaN lies nowhere; `math.isfinite` would raise for an integer beyond any float.
    if not isinstance(value, int | float) or not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise _invalid(where, "must be a string, a number within 2^53, a boolean or null")
    # A card number is a card number without its quotes too.
    masked = redact(str(value))
    return value if masked == str(value) else masked


def _clean_time(value: object, latest: datetime, where: str) -> datetime:
    """Clocks of devices are wrong: what they say counts within the last day only."""
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise _invalid(where, "must be a time such as 2026-01-02T03:04:05.678Z")
    try:
        moment = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _invalid(where, "must be a time that exists") from None
    return to_milliseconds(min(max(moment, latest - MAX_AGE), latest))


def _read_object(raw: object, where: str, fields: frozenset[str]) -> Mapping[str, object]:
    if not isinstance(raw, dict):
        raise _invalid(where, "must be an object")
    for name in raw:
        if name not in fields:
            shown = name if isinstance(name, str) and _KEY.fullmatch(name) else "?"
            raise DomainError("unknown_field", "A field is not known.", fields={_join(where, shown): "is not known"})
    return raw


def _read_list(raw: object, where: str, limit: int) -> list[object]:
    if not isinstance(raw, list):
        raise _invalid(where, "must be a list")
    if len(raw) > limit:
        raise _too_large(where, f"at most {limit}")
    return raw


def _read_text(value: object, where: str, limit: int = MAX_CONTEXT_BYTES) -> str:
    if not isinstance(value, str) or len(value) > limit or _UNSTORABLE.search(value):
        raise _invalid(where, f"must be a string of at most {limit} characters without NUL")
    return value


def _join(where: str, field: str) -> str:
    return f"{where}.{field}" if where else field


def _invalid(where: str, rule: str) -> DomainError:
    return DomainError("invalid_request", "The request is not as it should be.", fields={where or "body": rule})


def _too_large(where: str, rule: str) -> DomainError:
    return DomainError("context_too_large", "The context is too large.", fields={where: rule})
