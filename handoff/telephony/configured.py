"""The providers that the environment names: all of one's settings, or none of them."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Final

from handoff.telephony.backends.asterisk import AGENT_ENDPOINT, AsteriskProvider
from handoff.telephony.backends.dialects import DIALECTS, TWILIO
from handoff.telephony.backends.generic import GenericProvider
from handoff.telephony.backends.twilio import TwilioProvider
from handoff.telephony.base import Provider, Report

TWILIO_ACCOUNT: Final = "HANDOFF_TWILIO_ACCOUNT_SID"
TWILIO_TOKEN: Final = "HANDOFF_TWILIO_AUTH_TOKEN"  # noqa: S105 - a name
TWILIO_API_BASE: Final = "HANDOFF_TWILIO_API_BASE"
TWILIO_DIALECT: Final = "HANDOFF_TWILIO_DIALECT"
TWILIO_SIGNING_KEY: Final = "HANDOFF_TWILIO_SIGNING_KEY"
TWILIO_CALLER_ID: Final = "HANDOFF_TWILIO_CALLER_ID"
ASTERISK_USER: Final = "HANDOFF_ASTERISK_USER"
ASTERISK_PASSWORD: Final = "HANDOFF_ASTERISK_PASSWORD"  # noqa: S105 - a name
ASTERISK_APP: Final = "HANDOFF_ASTERISK_APP"
ASTERISK_TRUNK: Final = "HANDOFF_ASTERISK_TRUNK"
ASTERISK_AGENT: Final = "HANDOFF_ASTERISK_AGENT"
VOICE_SECRET: Final = "HANDOFF_VOICE_SECRET"  # noqa: S105 - a name
LAB_SIP: Final = "HANDOFF_LAB_SIP"
# Basic authentication sends it with every connection; a short one could be guessed at leisure.
PASSWORD_LENGTH: Final = 16

Environment = Mapping[str, str]


class HalfGiven(ValueError):
    """A provider's settings do not fit together; the message says which one and what is wrong."""


def providers_from(environment: Environment, *, public_origin: str, report: Report) -> list[Provider]:
    """Raises HalfGiven. A setting that is empty counts as not given."""
    given = {name: value for name, value in environment.items() if value}
    found = [
        _twilio(given, public_origin, report),
        _asterisk(given, report),
        _generic(given, report),
        _lab(given, report),
    ]
    return [provider for provider in found if provider is not None]


def _twilio(given: Environment, origin: str, report: Report) -> Provider | None:
    optional = (TWILIO_API_BASE, TWILIO_DIALECT, TWILIO_SIGNING_KEY, TWILIO_CALLER_ID)
    if not _is_given(given, (TWILIO_ACCOUNT, TWILIO_TOKEN), optional):
        return None
    dialect = DIALECTS.get(given.get(TWILIO_DIALECT, TWILIO.name))
    if dialect is None:
        raise HalfGiven(f"{TWILIO_DIALECT} is one of: {', '.join(sorted(DIALECTS))}.")
    base = given.get(TWILIO_API_BASE, dialect.api_base)
    if not base.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise HalfGiven(f"{TWILIO_API_BASE} has to be an https address; {dialect.name} has none of its own.")
    return TwilioProvider(
        account_sid=given[TWILIO_ACCOUNT],
        auth_token=given[TWILIO_TOKEN],
        api_base=base,
        public_origin=origin,
        dialect=dialect,
        signing_key=given.get(TWILIO_SIGNING_KEY, ""),
        caller_id=given.get(TWILIO_CALLER_ID, ""),
        report=report,
    )


def _asterisk(given: Environment, report: Report) -> Provider | None:
    needed = (ASTERISK_USER, ASTERISK_PASSWORD, ASTERISK_APP, ASTERISK_TRUNK)
    if not _is_given(given, needed, (ASTERISK_AGENT,)):
        return None
    if ":" in given[ASTERISK_USER]:
        raise HalfGiven(f"{ASTERISK_USER} cannot hold a colon.")
    if len(given[ASTERISK_PASSWORD]) < PASSWORD_LENGTH:
        raise HalfGiven(f"{ASTERISK_PASSWORD} has at least {PASSWORD_LENGTH} characters.")
    agent = given.get(ASTERISK_AGENT, AGENT_ENDPOINT)
    _require_place(ASTERISK_TRUNK, given[ASTERISK_TRUNK], "number")
    _require_place(ASTERISK_AGENT, agent, "user")
    return AsteriskProvider(
        user=given[ASTERISK_USER],
        password=given[ASTERISK_PASSWORD],
        app=given[ASTERISK_APP],
        trunk=given[ASTERISK_TRUNK],
        agent_endpoint=agent,
        report=report,
    )


def _generic(given: Environment, report: Report) -> Provider | None:
    if VOICE_SECRET not in given:
        return None
    try:
        return GenericProvider(secret=given[VOICE_SECRET], report=report)
    except ValueError:
        message = f"{VOICE_SECRET} is base64 of at least 24 random bytes, with or without whsec_ before it."
        raise HalfGiven(message) from None


def _lab(given: Environment, report: Report) -> Provider | None:
    if LAB_SIP not in given:
        return None
    host, _, port = given[LAB_SIP].rpartition(":")
    if host != "127.0.0.1" or not port.isdecimal():
        raise HalfGiven(f"{LAB_SIP} is 127.0.0.1 and a port: the lab listens on this machine alone.")
    # Only a deployment that names it loads it.
    from handoff.telephony.backends.lab.engine import Setup
    from handoff.telephony.backends.lab.provider import LabProvider

    return LabProvider(report, setup=Setup(port=int(port)))


def _is_given(given: Environment, needed: tuple[str, ...], optional: tuple[str, ...]) -> bool:
    """Raises HalfGiven for some of them without the others."""
    missing = [name for name in needed if name not in given]
    if len(missing) == len(needed) and not any(name in given for name in optional):
        return False
    if missing:
        raise HalfGiven(f"Set {' and '.join(missing)} too, or none of {', '.join((*needed, *optional))}.")
    return True


def _require_place(name: str, template: str, place: str) -> None:
    try:
        places = {found for _, found, _, _ in Formatter().parse(template) if found is not None}
    except ValueError:
        places = set()
    if places != {place}:
        raise HalfGiven(f"{name} holds {{{place}}} once, and no other braces.")
