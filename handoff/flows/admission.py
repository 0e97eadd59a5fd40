"""Who may enter which line, and when: the same rules for a click and for a change of mind."""

from __future__ import annotations

from datetime import datetime

from handoff.broker.channels import IN_THE_PAGE
from handoff.broker.models import Handoff
from handoff.broker.states import Channel, State
from handoff.identity.models import Session, Site
from handoff.intents.models import Intent
from handoff.intents.queries import intents_of
from handoff.lib.errors import DomainError
from handoff.protocol.shapes import ChannelState
from handoff.routing import queries as routing


class StepUpRequired(DomainError):
    """The sign-in is too weak or too old for this intent; `acr_values` and `max_age` would be enough."""

    def __init__(self, *, acr_values: list[str], max_age: int | None) -> None:
        super().__init__("insufficient_user_authentication", "Sign in again, more strongly or more recently.")
        self.acr_values = acr_values
        self.max_age = max_age


def find_intent(site: Site, key: str) -> Intent:
    """Raises `invalid_request`."""
    for intent in intents_of(site):
        if intent.key == key:
            return intent
    raise DomainError("invalid_request", "The site has no such intent.", fields={"intent": "unknown"})


def check_channel(intent: Intent, channel: str) -> None:
    """Raises `channel_not_offered`, `invalid_request`."""
    if channel not in set(Channel):
        raise DomainError("invalid_request", "There is no such channel.", fields={"channel": "unknown"})
    if channel not in intent.channels or channel not in routing.channels_of(intent.site, {channel}):
        raise DomainError("channel_not_offered", "This intent is not offered in that channel.")


def check_switch(handoff: Handoff, channel: Channel, *, is_booked: bool, now: datetime) -> None:
    """Whoever waits keeps their place, so a full line does not keep them out. Raises `channel_closed`."""
    if is_booked or (handoff.state == State.CONNECTED and channel in IN_THE_PAGE):
        return
    state = routing.channel_state(handoff.queue, channel, now=now, is_simulated=handoff.is_simulated)
    if state.state == "closed" and not (handoff.is_left and channel in IN_THE_PAGE):
        raise _closed(state)


def check_line(intent: Intent, channel: Channel, *, leave: bool, now: datetime) -> bool:
    """Whether it is out of hours. Raises `channel_closed` unless a chat may be left for the opening, `channel_full`."""
    state = routing.channel_state(intent.queue, channel, now=now, is_simulated=intent.site.is_simulated)
    leave = leave and channel in IN_THE_PAGE
    if state.state == "closed" and not leave:
        raise _closed(state)
    if state.state == "full":
        raise DomainError("channel_full", "The line is full; try again later.")
    return state.state == "closed"


def _closed(state: ChannelState) -> DomainError:
    opens = f" It opens at {state.opens_at}." if isinstance(state.opens_at, str) else ""
    return DomainError("channel_closed", f"Nobody is here now.{opens} With `leave` a chat waits for the opening.")


def check_assurance(intent: Intent, session: Session, *, now: datetime) -> None:
    """As RFC 9470 asks: the refusal names what would be enough. Raises StepUpRequired."""
    acr_ok = not intent.required_acr or session.acr in intent.required_acr
    age = intent.max_auth_age_seconds
    age_ok = age is None or (session.auth_time is not None and now.timestamp() - session.auth_time <= age)
    if not (acr_ok and age_ok):
        raise StepUpRequired(acr_values=list(intent.required_acr), max_age=age)
