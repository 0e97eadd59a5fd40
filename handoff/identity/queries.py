"""Look up who is asking."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from handoff.identity.models import Customer, Session, Site
from handoff.lib.errors import DomainError, NotFound
from handoff.protocol.shapes import Assurance, CustomerCard
from handoff.realtime.lookups import among


def digest(secret: str) -> str:
    """How a session token or ticket is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def site_by_key(key: str) -> Site:
    site = Site.objects.filter(key=key).first()
    if site is None:
        raise NotFound
    return site


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


def session_by_token(token: str, *, now: datetime) -> Session:
    """The live session of a bearer token. Raises `session_expired` for one that ended, `session_required` for none."""
    try:
        session = Session.objects.select_related("customer__site").get(token_hash=digest(token))
    except Session.DoesNotExist:
        raise DomainError("session_required", "Open a session first.") from None
    idle_since = now - timedelta(seconds=settings.HANDOFF_SECONDS["SESSION_IDLE"])
    if session.ended_at is not None or session.expires_at <= now or session.seen_at <= idle_since:
        raise DomainError("session_expired", "The session has ended; open a new one.")
    return session


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
