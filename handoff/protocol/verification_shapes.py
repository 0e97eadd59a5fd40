"""The nouns of step-up: what an agent asks a customer to confirm, and how far it has come."""

from __future__ import annotations

from typing import Literal

from handoff.protocol.shape import Shape

# What a sign-in lacks: nobody signed who it is, it is too weak, it was too long ago.
Lack = Literal["not_signed_in", "too_weak", "too_old"]
VerificationStatus = Literal["asked", "satisfied", "declined"]


class AskedBy(Shape, frozen=True, kw_only=True):
    name: str


class AskedFor(Shape, frozen=True, kw_only=True):
    """The action of the intent that it is asked for."""

    key: str
    label: str


class VerificationView(Shape, frozen=True, kw_only=True):
    """One request as it stands. An `asked` one is over at `expires_at`, by the reader's own look at the time."""

    # Any of these levels will do; empty: the site's own sign-in will.
    acr_values: list[str]
    # How many seconds ago the sign-in may have been; null: whenever.
    max_age: int | None
    action: AskedFor | None
    at: str
    by: AskedBy
    expires_at: str
    status: VerificationStatus
    # What the last sign-in lacked that was meant to answer it.
    lacks: Lack | None
    answered_at: str | None
