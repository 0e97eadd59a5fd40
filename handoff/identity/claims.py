"""Decide what a token whose signature holds may say, and turn it into typed words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

from handoff.lib.errors import DomainError

TokenCode = Literal[
    "token_malformed",
    "token_too_large",
    "token_alg_not_allowed",
    "token_key_unknown",
    "token_key_revoked",
    "token_signature",
    "token_type",
    "token_header",
    "token_issuer",
    "token_audience",
    "token_claim_missing",
    "token_claim_invalid",
    "token_expired",
    "token_not_yet_valid",
    "token_lifetime_too_long",
    "token_too_old",
    "token_replayed",
]

LEEWAY_SECONDS: Final = 30
MAX_LIFETIME_SECONDS: Final = 300
# The end of the year 9999, so that every accepted time fits a date.
MAX_TIME: Final = 253_402_300_799
# Beyond this a browser's number is no longer exact.
MAX_NUMBER: Final = 2**53
MAX_FACTS: Final = 50
MAX_FACT_LABEL: Final = 100
MAX_FACT_TEXT: Final = 4_000
MAX_SUBJECT: Final = 128
MAX_ACR: Final = 200
MAX_AMR: Final = 16
MAX_AMR_WORD: Final = 64
MAX_NAME: Final = 200
MAX_EMAIL: Final = 320

REQUIRED: Final = ("iss", "aud", "sub", "iat", "exp", "jti")
OPTIONAL: Final = frozenset({"auth_time", "acr", "amr", "name", "email", "phone_number", "locale", "zoneinfo", "facts"})

_JTI: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_FACT_KEY: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# Control characters, line separators, everything that turns the writing direction, lone surrogates.
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# What no database and no UTF-8 text can hold.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+|\"[^\"]+\"@[^\s@]+")
# E.164 is meant; how people write numbers down is let through.
_PHONE: Final = re.compile(r"\+?\(?[0-9][0-9 ().;=/A-Za-z-]{1,37}")
_LOCALE: Final = re.compile(r"(?=.{1,35}\Z)[A-Za-z]{1,8}(?:[-_][A-Za-z0-9]{1,8})*")
_ZONE: Final = re.compile(r"(?=.{1,64}\Z)[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,3}")
_PRINTABLE_NAME: Final = re.compile(r"[A-Za-z0-9_.:/#-]{1,64}")

Scalar = str | int | float | bool | None


class TokenRefused(DomainError):
    """An identity token broke a rule; `code` says which."""

    def __init__(self, code: TokenCode, message: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(code, message, fields=fields)


@dataclass(frozen=True, slots=True)
class VerifiedFact:
    """One thing that the site signed."""

    key: str
    label: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class VerifiedIdentity:
    """Who the site says is asking, and how sure it was."""

    issuer: str
    subject: str
    jti: str
    issued_at: int
    expires_at: int
    auth_time: int | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    name: str | None = None
    email: str | None = None
    phone_number: str | None = None
    locale: str | None = None
    zoneinfo: str | None = None
    facts: tuple[VerifiedFact, ...] = ()


def read_object(data: bytes, part: str) -> dict[str, Any]:
    """Strict JSON: UTF-8, one object, no name twice at any depth, no NaN."""
    try:
        value = json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        value = None
    if type(value) is not dict:
        raise TokenRefused("token_malformed", f"The token's {part} is not one JSON object with each name used once.")
    return value


def read_identity(payload: dict[str, Any], *, issuer: str, audience: str, now: int) -> VerifiedIdentity:
    """The payload's rules in their order: names, types, times, audience, issuer.

    Limits: `sub` 128, `acr` 200, `amr` 16 words of 64, `name` 200, `email` 320, `phone_number` 40, `locale` 35,
    `zoneinfo` 64 characters; 50 facts with labels of 100 and texts of 4,000. An empty `name`, `email`,
    `phone_number`, `locale` or `zoneinfo` counts as left out; null never does.
    """
    _check_names(payload)
    identity = _read_types(payload)
    _check_times(identity, now)
    if payload["aud"] != audience:
        raise TokenRefused("token_audience", "`aud` is not exactly this deployment's public origin, as one string.")
    if payload["iss"] != issuer:
        raise TokenRefused("token_issuer", "`iss` is not exactly the site's key.")
    return identity


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("a name stands twice")
    return names


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _invalid(claim: str, rule: str) -> TokenRefused:
    return TokenRefused("token_claim_invalid", f"The claim `{claim}` {rule}.", fields={claim: rule})


def _check_names(payload: dict[str, Any]) -> None:
    for name in payload:
        if name not in REQUIRED and name not in OPTIONAL:
            shown = name if _PRINTABLE_NAME.fullmatch(name) else "(unreadable)"
            raise _invalid(shown, "is not a claim that may be sent")
    for name in REQUIRED:
        if name not in payload:
            raise TokenRefused("token_claim_missing", f"The claim `{name}` is missing.", fields={name: "is missing"})


def _read_types(payload: dict[str, Any]) -> VerifiedIdentity:
    return VerifiedIdentity(
        issuer=payload["iss"],
        subject=_read_text(payload, "sub", MAX_SUBJECT),
        issued_at=_read_time(payload, "iat"),
        expires_at=_read_time(payload, "exp"),
        jti=_read_jti(payload),
        auth_time=_read_time(payload, "auth_time") if "auth_time" in payload else None,
        acr=_read_text(payload, "acr", MAX_ACR) if "acr" in payload else None,
        amr=_read_amr(payload.get("amr", [])),
        name=_read_name(payload),
        email=_read_pattern(payload, "email", _EMAIL, "must be an e-mail address"),
        phone_number=_read_pattern(payload, "phone_number", _PHONE, "must be a phone number, best as +442079460000"),
        locale=_read_pattern(payload, "locale", _LOCALE, "must be a language tag such as en-GB"),
        zoneinfo=_read_pattern(payload, "zoneinfo", _ZONE, "must be a time zone's name such as Europe/London"),
        facts=_read_facts(payload.get("facts", {})),
    )


def _read_text(payload: dict[str, Any], claim: str, limit: int) -> str:
    value = payload[claim]
    if type(value) is not str or not 1 <= len(value) <= limit or _UNSEEN.search(value):
        raise _invalid(claim, f"must be a string of 1 to {limit} characters without control or bidi characters")
    return value


def _read_time(payload: dict[str, Any], claim: str) -> int:
    value = payload[claim]
    if type(value) is not int or not 0 <= value <= MAX_TIME:
        raise _invalid(claim, "must be an integer, in seconds since 1970")
    return value


def _read_jti(payload: dict[str, Any]) -> str:
    value = payload["jti"]
    if type(value) is not str or not _JTI.fullmatch(value):
        raise _invalid("jti", "must be 16 to 64 of A-Z, a-z, 0-9, _ and -")
    return value


def _read_amr(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_AMR:
        raise _invalid("amr", f"must be a list of at most {MAX_AMR} strings")
    return tuple(_read_text({"amr": word}, "amr", MAX_AMR_WORD) for word in value)


def _read_name(payload: dict[str, Any]) -> str | None:
    """Direction marks are legitimate in right-to-left names; they are dropped, not refused."""
    value = payload.get("name", "")
    if type(value) is not str or len(value) > MAX_NAME or _UNSTORABLE.search(value):
        raise _invalid("name", f"must be a string of at most {MAX_NAME} characters")
    return _UNSEEN.sub("", value).strip() or None


def _read_pattern(payload: dict[str, Any], claim: str, pattern: re.Pattern[str], rule: str) -> str | None:
    value = payload.get(claim, "")
    if type(value) is not str or len(value) > MAX_EMAIL or _UNSEEN.search(value):
        raise _invalid(claim, rule)
    if value and not pattern.fullmatch(value):
        raise _invalid(claim, rule)
    return value or None


def _read_facts(value: object) -> tuple[VerifiedFact, ...]:
    if not isinstance(value, dict) or len(value) > MAX_FACTS:
        raise _invalid("facts", f"must be an object of at most {MAX_FACTS} facts")
    return tuple(_read_fact(key, fact) for key, fact in value.items())


def _read_fact(key: str, fact: object) -> VerifiedFact:
    if not _FACT_KEY.fullmatch(key):
        raise _invalid("facts", "may have keys of 1 to 64 of A-Z, a-z, 0-9, _, . and - only")
    if not isinstance(fact, dict):
        fact = {"value": fact}
    if "value" not in fact or not fact.keys() <= {"label", "value"}:
        raise _invalid(f"facts.{key}", 'must be a scalar or {"label", "value"}')
    label = fact.get("label", key)
    if type(label) is not str or not 1 <= len(label) <= MAX_FACT_LABEL or _UNSEEN.search(label):
        raise _invalid(f"facts.{key}.label", f"must be a string of 1 to {MAX_FACT_LABEL} characters")
    return VerifiedFact(key, label, _read_scalar(f"facts.{key}", fact["value"]))


def _read_scalar(claim: str, value: object) -> Scalar:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if len(value) > MAX_FACT_TEXT or _UNSTORABLE.search(value):
            raise _invalid(claim, f"must be text of at most {MAX_FACT_TEXT} characters without NUL")
        return value
    if not isinstance(value, int | float):
        raise _invalid(claim, "must be a string, a number, a boolean or null")
    # Infinities lie outside; `math.isfinite` would raise for an integer beyond any float.
    if not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise _invalid(claim, "must be a number within 2^53")
    return value


def _check_times(identity: VerifiedIdentity, now: int) -> None:
    """In this order, so that each code names the mistake that was made and none hides behind another.

    Expired (whatever `iat` says); from the future; issued too long ago (an old `iat` with a fresh `exp`);
    living too long (a fresh `iat` with a far `exp`); never alive at all.
    """
    issued_at, expires_at = identity.issued_at, identity.expires_at
    if now >= expires_at + LEEWAY_SECONDS:
        raise TokenRefused("token_expired", "The token has expired.")
    if max(issued_at, identity.auth_time or 0) > now + LEEWAY_SECONDS:
        raise TokenRefused("token_not_yet_valid", "The token's `iat` or `auth_time` lies in the future.")
    if now - issued_at > MAX_LIFETIME_SECONDS + LEEWAY_SECONDS:
        raise TokenRefused("token_too_old", "The token was issued too long ago.")
    if expires_at - issued_at > MAX_LIFETIME_SECONDS:
        raise TokenRefused("token_lifetime_too_long", f"A token may live {MAX_LIFETIME_SECONDS} s at most.")
    if expires_at <= issued_at:
        raise _invalid("exp", "must be later than `iat`")
