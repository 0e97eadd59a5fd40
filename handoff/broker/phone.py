"""What the rooms above know of a handoff's phone: they fill this in, so that one view can tell all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from handoff.broker.states import Channel
from handoff.protocol.shapes import CallbackView, CallView, Evidence, PhoneView
from handoff.telephony.base import masked

if TYPE_CHECKING:
    from handoff.broker.models import Handoff

# Somebody is on a telephone: an agent needs a line of their own to take it.
PHONES: Final = frozenset({Channel.PHONE, Channel.CALLBACK})
# What lets the session's own sign-in count for the person on the line.
TRUSTED: Final[frozenset[Evidence]] = frozenset({"tap", "profile_number"})


def _nothing(handoff: Handoff) -> None:
    return None


@dataclass
class Readers:
    """One for each part of the view."""

    callback: Callable[[Any], CallbackView | None] = _nothing
    callback_link: Callable[[Any], str | None] = _nothing
    call: Callable[[Any], CallView | None] = _nothing
    phone: Callable[[Any], PhoneView | None] = _nothing
    caller_number: Callable[[Any], str | None] = _nothing


READERS: Final = Readers()


def callback_for_customer(handoff: Handoff, *, with_link: bool) -> CallbackView | None:
    """Its link is a key to it: whoever may not have it, and whatever is stored, gets the view without."""
    view = READERS.callback(handoff)
    return msgspec.structs.replace(view, link=READERS.callback_link(handoff)) if view and with_link else view


def callback_for_offer(handoff: Handoff) -> CallbackView | None:
    """Enough to decide by: the whole number and what was agreed are for whoever takes it."""
    view = READERS.callback(handoff)
    return msgspec.structs.replace(view, number=masked(view.number), consent="") if view else None


def evidence_of(handoff: Handoff) -> Evidence | None:
    """What speaks for the person on the line; None where the page itself talks."""
    return handoff.evidence or None  # type: ignore[return-value]


def is_trusted(handoff: Handoff) -> bool:
    """Whether the sign-in that the site told of counts for whoever is on the line."""
    return not handoff.evidence or handoff.evidence in TRUSTED


def is_recognised(handoff: Handoff) -> bool:
    """Whether the person on the line is taken for the customer at all."""
    return is_trusted(handoff) or handoff.evidence == "code"
