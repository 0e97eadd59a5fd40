"""Coming in with a token: its single use, the person and the session, on PostgreSQL in one statement of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db import IntegrityError, connection, transaction

from handoff.identity.models import Customer, Session, Site, UsedToken

# What a token may tell of a person; what it leaves out stays as it was.
TOLD: Final = ("name", "email", "phone_number", "locale", "zoneinfo")

# One commit, and no second round trip between the token's use and what it opens. A `jti` that another transaction is
# just using is waited for: then nothing is inserted, and nothing answered.
_ENTER: Final = """
WITH used AS (
  INSERT INTO handoff_usedtoken (site_id, jti, expires_at) VALUES (%(site)s, %(jti)s, %(token_until)s)
  ON CONFLICT (site_id, jti) DO NOTHING RETURNING id
), who AS (
  INSERT INTO handoff_customer AS c
    (public_id, site_id, subject, name, email, phone_number, locale, zoneinfo, created_at, seen_at, present_until)
  SELECT %(public_id)s, %(site)s, %(subject)s, COALESCE(%(name)s::text, ''), COALESCE(%(email)s::text, ''),
    COALESCE(%(phone_number)s::text, ''), COALESCE(%(locale)s::text, ''), COALESCE(%(zoneinfo)s::text, ''),
    %(now)s, %(now)s, %(present_until)s
  FROM used
  ON CONFLICT (site_id, subject) WHERE subject IS NOT NULL DO UPDATE SET
    name = COALESCE(%(name)s::text, c.name), email = COALESCE(%(email)s::text, c.email),
    phone_number = COALESCE(%(phone_number)s::text, c.phone_number), locale = COALESCE(%(locale)s::text, c.locale),
    zoneinfo = COALESCE(%(zoneinfo)s::text, c.zoneinfo), seen_at = EXCLUDED.seen_at,
    present_until = EXCLUDED.present_until
  RETURNING id, public_id, name, email, phone_number, locale, zoneinfo, created_at, xmax = 0 AS is_new
), opened AS (
  INSERT INTO handoff_session (token_hash, customer_id, acr, amr, auth_time, facts, origin, embedded_by, created_at,
    seen_at, expires_at, ended_reason)
  SELECT %(token_hash)s, who.id, %(acr)s, %(amr)s::jsonb, %(auth_time)s, %(facts)s::jsonb, %(origin)s,
    %(embedded_by)s, %(now)s, %(now)s, %(until)s, ''
  FROM who RETURNING id
)
SELECT opened.id, who.* FROM opened, who
"""


@dataclass(frozen=True)
class Entry:
    """Who comes in, and with what: the token's `jti`, what it told, and the session as it is to be stored."""

    site: Site
    subject: str
    jti: str
    token_until: datetime
    told: Mapping[str, str | None]
    session: Mapping[str, Any]
    now: datetime
    present_until: datetime


def enter(entry: Entry) -> tuple[Session, bool] | None:
    """The session, and whether its customer is a new one; None if the token was used before."""
    return _enter_at_once(entry) if connection.vendor == "postgresql" else _enter_step_by_step(entry)


def _enter_at_once(entry: Entry) -> tuple[Session, bool] | None:
    customer = Customer(site=entry.site, subject=entry.subject, seen_at=entry.now, present_until=entry.present_until)
    session = Session(customer=customer, created_at=entry.now, seen_at=entry.now, **entry.session)
    parameters = {name: entry.told.get(name) for name in TOLD} | {
        "site": entry.site.pk,
        "jti": entry.jti,
        "token_until": entry.token_until,
        "public_id": customer.public_id,
        "subject": entry.subject,
        "now": entry.now,
        "present_until": entry.present_until,
        "token_hash": session.token_hash,
        "acr": session.acr,
        "amr": msgspec.json.encode(session.amr).decode(),
        "auth_time": session.auth_time,
        "facts": msgspec.json.encode(session.facts).decode(),
        "origin": session.origin,
        "embedded_by": session.embedded_by,
        "until": session.expires_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ENTER, parameters)
        row = cursor.fetchone()
    if row is None:
        return None
    session.pk, customer.pk, customer.public_id, *known, customer.created_at, is_new = row
    for name, value in zip(TOLD, known, strict=True):
        setattr(customer, name, value)
    session.customer = customer
    # Rows that are in the database, as Django has to know of them.
    for made in (customer, session):
        made._state.adding, made._state.db = False, connection.alias
    return session, bool(is_new)


@transaction.atomic
def _enter_step_by_step(entry: Entry) -> tuple[Session, bool] | None:
    """SQLite has one writer and no statement that inserts into several tables."""
    try:
        with transaction.atomic():
            UsedToken.objects.create(site=entry.site, jti=entry.jti, expires_at=entry.token_until)
    except IntegrityError:
        return None
    told = {name: value for name, value in entry.told.items() if value is not None}
    present = {"seen_at": entry.now, "present_until": entry.present_until}
    customer, is_new = Customer.objects.update_or_create(
        site=entry.site,
        subject=entry.subject,
        defaults=told | present,
        create_defaults=told | present | {"created_at": entry.now},
    )
    session = Session.objects.create(customer=customer, created_at=entry.now, seen_at=entry.now, **entry.session)
    return session, is_new
