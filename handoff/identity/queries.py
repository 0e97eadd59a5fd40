"""Look up who is asking."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q

from handoff.identity import arriving
from handoff.identity.models import Customer, Session, Site
from handoff.lib.errors import DomainError, NotFound
from handoff.protocol.shapes import Assurance, CustomerCard
from handoff.realtime.editions import Shelf
from handoff.realtime.lookups import among

_by_key: Final[Shelf[str, Site]] = Shelf()
_by_id: Final[Shelf[int, Site]] = Shelf()


def digest(secret: str) -> str:
    """How a session token or ticket is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def site_by_key(key: str, *, edition: str | None = None) -> Site:
    """Raises NotFound. Of an edition, the one that all who ask under it share."""

    def read() -> Site:
        site = Site.objects.filter(key=key).first()
        if site is None:
            raise NotFound
        site.edition = edition
        return site

    return _by_key.get(key, read, edition=edition)


def _site_by_id(site_id: int, *, edition: str | None) -> Site:
    def read() -> Site:
        site = Site.objects.get(pk=site_id)
        site.edition = edition
        return site

    return _by_id.get(site_id, read, edition=edition)


def is_known_origin(origin: str | None) -> bool:
    """True for our own origin and for one that any site lists, character by character."""
    if origin == settings.PUBLIC_ORIGIN:
        return True
    return origin is not None and any(origin in site.origins for site in Site.objects.only("origins"))


def suits_site(origin: str | None, site: Site) -> bool:
    """True for our own origin (the panel) and for one that this site lists."""
    return origin == settings.PUBLIC_ORIGIN or (origin is not None and origin in site.origins)


def _live(now: datetime) -> Q:
    idle_since = now - timedelta(seconds=settings.HANDOFF_SECONDS["SESSION_IDLE"])
    return Q(ended_at=None, expires_at__gt=now, seen_at__gt=idle_since)


def session_by_token(token: str) -> tuple[Session, datetime]:
    """The live session of a bearer token, and the database's now.

    Raises `session_expired` for one that ended, `session_required` for none.
    """
    session, (now, edition) = arriving.find_session(digest(token))
    if session is None:
        raise DomainError("session_required", "Open a session first.")
    idle_since = now - timedelta(seconds=settings.HANDOFF_SECONDS["SESSION_IDLE"])
    if session.ended_at is not None or session.expires_at <= now or session.seen_at <= idle_since:
        raise DomainError("session_expired", "The session has ended; open a new one.")
    session.customer.site = _site_by_id(session.customer.site_id, edition=edition)
    return session, now


def live_session_ids(ids: Iterable[int], *, now: datetime) -> set[int]:
    """Which of these sessions still hold."""
    return set(Session.objects.filter(_live(now), among("pk", ids)).values_list("pk", flat=True))


def has_live_session(customer: Customer, *, now: datetime) -> bool:
    return Session.objects.filter(_live(now), customer=customer).exists()


def assurance_of(verified: bool, acr: str, amr: list[str], auth_time: int | None) -> Assurance | None:
    return Assurance(acr=acr or None, amr=list(amr), auth_time=auth_time) if verified else None


def card_of_session(session: Session) -> CustomerCard:
    """The customer with the assurance of this sign-in."""
    customer = session.customer
    return CustomerCard(
        id=customer.public_id,
        name=customer.name or None,
        verified=customer.is_verified,
        assurance=assurance_of(customer.is_verified, session.acr, session.amr, session.auth_time),
    )
