"""An agent asks the customer to confirm who they are, and the customer may say: not now."""

from __future__ import annotations

from typing import Final

from handoff.broker import actions as broker
from handoff.broker import verification
from handoff.broker.models import Handoff
from handoff.broker.states import State
from handoff.broker.verification import Asked
from handoff.identity.models import Customer
from handoff.lib.errors import DomainError
from handoff.realtime import log
from handoff.staffing.models import Agent

MAX_NAMES: Final = 10
MAX_NAME_LENGTH: Final = 200
MAX_AGE_SECONDS: Final = 365 * 86_400


def request_by_agent(
    agent: Agent,
    handoff_id: str,
    *,
    acr_values: list[str] | str | None,
    max_age: int | None,
    action: str | None,
    version: int | None = None,
) -> None:
    """Ask for a sign-in of one of these levels, not older than `max_age`; with neither, for any.

    `action` is a key of the intent's actions: it is named to the customer, and asks for what it needs itself where
    neither is given. Raises NotFound, `stale_version`, `invalid_request`, `illegal_transition` unless they talk.
    """
    wanted = _read(acr_values, max_age)
    with log.recording() as record:
        handoff = broker.lock_owned(agent, handoff_id, version=version)
        if handoff.state != State.CONNECTED:
            raise DomainError("illegal_transition", "Nobody talks here now.")
        record.add(verification.ask(handoff, agent, _for_action(handoff, wanted, action), now=record.now))


def decline(customer: Customer, handoff_id: str) -> None:
    """Raises NotFound, `handoff_closed`, `illegal_transition` where nothing is asked any more."""
    with log.recording() as record:
        handoff = broker.lock_own(customer, handoff_id)
        broker.refuse_closed(handoff)
        record.add(verification.decline(handoff, now=record.now))


def _read(acr_values: list[str] | str | None, max_age: int | None) -> Asked:
    """Names may come as a list, or in one text with spaces between, as OpenID Connect writes them."""
    names = acr_values.split() if isinstance(acr_values, str) else (acr_values or [])
    if len(names) > MAX_NAMES or not all(_is_name(name) for name in names):
        raise DomainError("invalid_request", "A level is malformed.", fields={"acr_values": "invalid"})
    if max_age is not None and max_age > MAX_AGE_SECONDS:
        raise DomainError("invalid_request", "An age is too long.", fields={"max_age": "too large"})
    return Asked(tuple(dict.fromkeys(names)), max_age)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME_LENGTH and name.isprintable() and not any(mark.isspace() for mark in name)


def _for_action(handoff: Handoff, wanted: Asked, key: str | None) -> Asked:
    if key is None:
        return wanted
    found = handoff.intent.actions.filter(key=key).first()
    if found is None:
        raise DomainError("invalid_request", "The intent has no such action.", fields={"action": "unknown"})
    if wanted.acr_values or wanted.max_age is not None:
        return Asked(wanted.acr_values, wanted.max_age, found.key, found.label)
    return Asked(tuple(found.required_acr), found.max_auth_age_seconds, found.key, found.label)
