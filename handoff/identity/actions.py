"""Open, refresh and end sessions; issue and redeem the tickets of sockets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from handoff.identity import queries
from handoff.identity.entering import TOLD, Entry, enter
from handoff.identity.keys import KeyRing
from handoff.identity.models import Customer, Session, Site, Ticket, UsedToken
from handoff.identity.tokens import TokenRefused, VerifiedIdentity, verify
from handoff.lib import ids
from handoff.lib.errors import DomainError
from handoff.realtime.lookups import among

BEARER_PREFIX: Final = "hs_"
TICKET_PREFIX: Final = "ht_"
# A sign of life is written at most this often.
SEEN_PRECISION: Final = timedelta(seconds=10)

# What the site signed beside its own facts, as facts an agent would otherwise ask for.
CLAIM_FACTS: Final = (
    ("email", "Email"),
    ("phone_number", "Phone"),
    ("locale", "Language"),
    ("zoneinfo", "Time zone"),
)


@dataclass(frozen=True)
class Opened:
    """A new session and its bearer token, which is shown this once. `is_first`: so is its customer."""

    session: Session
    token: str
    is_first: bool


def verify_token(site: Site, ring: KeyRing, token: str, *, now: datetime) -> VerifiedIdentity:
    """Every rule of an identity token but its single use. Raises TokenRefused."""
    seconds = int(now.timestamp())
    return verify(token, keys=ring.keys, issuer=site.key, audience=settings.PUBLIC_ORIGIN, now=seconds)


def open_unverified(site: Site, *, origin: str, embedded_by: str, now: datetime) -> Opened:
    """A session for somebody the site does not vouch for. Raises `unverified_not_allowed`."""
    if not site.allow_unverified:
        raise DomainError("unverified_not_allowed", "This site helps signed-in customers only.")
    customer = Customer.objects.create(site=site, created_at=now, seen_at=now, present_until=_call_until(now))
    token = BEARER_PREFIX + ids.new_secret()
    known = _session_of(token, origin=origin, embedded_by=embedded_by, now=now)
    session = Session.objects.create(customer=customer, created_at=now, seen_at=now, **known)
    return Opened(session=session, token=token, is_first=True)


def open_verified(site: Site, identity: VerifiedIdentity, *, origin: str, embedded_by: str, now: datetime) -> Opened:
    """A session for the person the token names. Raises TokenRefused `token_replayed` if its `jti` was used."""
    token = BEARER_PREFIX + ids.new_secret()
    session = _session_of(token, origin=origin, embedded_by=embedded_by, now=now) | {
        "acr": identity.acr or "",
        "amr": list(identity.amr),
        "auth_time": identity.auth_time,
        "facts": _signed_facts(identity),
    }
    entry = Entry(
        site=site,
        subject=identity.subject,
        jti=identity.jti,
        token_until=datetime.fromtimestamp(identity.expires_at, tz=UTC),
        told={name: getattr(identity, name) for name in TOLD},
        session=session,
        now=now,
        present_until=_call_until(now),
    )
    entered = enter(entry)
    if entered is None:
        raise TokenRefused("token_replayed", "This token has opened a session already; sign a new one.")
    return Opened(session=entered[0], token=token, is_first=entered[1])


def end_session(session: Session, *, reason: Session.Ended, now: datetime) -> None:
    """Its token is dead from now on; sockets follow within the revocation interval."""
    Session.objects.filter(pk=session.pk, ended_at=None).update(ended_at=now, ended_reason=reason)


# With every click: the ORM would take longer to write it than the database to do it.
_HOLD: Final = """
SELECT s.id FROM handoff_session s JOIN handoff_customer c ON c.id = s.customer_id
WHERE s.id = %s AND s.ended_at IS NULL
"""


def hold_session(session: Session) -> None:
    """Keep a session from ending during this transaction. Raises `session_expired` if it has ended already.

    The customer's row comes first, as for everybody who locks both.
    """
    # Locked in the order in which they are named, and looked at again if either was waited for.
    lock = "FOR NO KEY UPDATE OF c, s" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(f"{_HOLD} {lock}", [session.pk])
        if cursor.fetchone() is None:
            raise DomainError("session_expired", "The session has ended; open a new one.")


def make_stranger(site: Site, *, now: datetime) -> Customer:
    """Somebody of whom nothing is known, and who has no page: a caller without a code."""
    return Customer.objects.create(site=site, created_at=now, seen_at=now)


def hold_customer(customer: Customer) -> None:
    """What ends sessions of one customer at once takes turns."""
    Customer.objects.select_for_update(no_key=True).filter(pk=customer.pk).values_list("pk", flat=True).first()


def end_all_sessions(customer: Customer, *, now: datetime) -> None:
    live = Session.objects.filter(customer=customer, ended_at=None)
    live.update(ended_at=now, ended_reason=Session.Ended.EVERYWHERE)


def forget_sessions(customer: Customer) -> None:
    """Their tokens are nobody's from now on, with all that was signed."""
    Session.objects.filter(customer=customer).delete()


def erase(customer: Customer) -> None:
    """Leave a tombstone: nobody's row, under the id that the log's authors bear. Who comes back comes as a new one."""
    for name in ("name", "email", "phone_number", "locale", "zoneinfo"):
        setattr(customer, name, "")
    customer.subject = None
    customer.save()


def sign_of_life_seconds() -> float:
    """How often a sign of life has to be written, so that no clock that reads it takes a present customer for gone."""
    seconds = settings.HANDOFF_SECONDS
    patience = min(seconds["SESSION_IDLE"] / 4, seconds["CUSTOMER_GONE"] / 4, seconds["CUSTOMER_AWAY"] / 3)
    return min(SEEN_PRECISION.total_seconds(), patience)


def note_call(session: Session, *, now: datetime) -> None:
    """An HTTP call: idle time starts anew, and the customer counts as present a while longer than the call took."""
    until = _call_until(now)
    known = session.customer.present_until
    if _is_stale(session, now=now, precision=SEEN_PRECISION) or known is None or known <= until - SEEN_PRECISION:
        _write_life(session, now=now, until=until)


def note_life(session: Session, *, now: datetime, precision: timedelta = SEEN_PRECISION) -> None:
    """A sign from a socket: the customer is here as long as it is open, and no longer."""
    if _is_stale(session, now=now, precision=precision):
        _write_life(session, now=now, until=now)


@transaction.atomic
def note_lives(customer_ids: Collection[int], *, now: datetime) -> None:
    """They have a socket. A row that somebody works on is left out: the next sign comes soon."""
    rows = Customer.objects.filter(among("pk", customer_ids)).order_by("pk")
    free = list(rows.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True))
    Customer.objects.filter(among("pk", free)).update(seen_at=now, present_until=now)


@transaction.atomic
def note_departures(customer_ids: Collection[int], *, now: datetime) -> set[int]:
    """Their sockets have closed: what their last call promised ends with it. One that comes later promises anew.

    Answers those whose row somebody works on, to be noted again.
    """
    rows = Customer.objects.filter(among("pk", customer_ids), present_until__gt=now).order_by("pk")
    free = list(rows.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True))
    Customer.objects.filter(among("pk", free)).update(present_until=now)
    return set(rows.exclude(among("pk", free)).values_list("pk", flat=True))


def _call_until(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.HANDOFF_SECONDS["HTTP_PRESENCE"])


def _is_stale(session: Session, *, now: datetime, precision: timedelta) -> bool:
    return session.seen_at <= now - min(precision, timedelta(seconds=sign_of_life_seconds()))


def _write_life(session: Session, *, now: datetime, until: datetime) -> None:
    Session.objects.filter(pk=session.pk).update(seen_at=now)
    Customer.objects.filter(pk=session.customer_id).update(seen_at=now, present_until=until)


def issue_session_ticket(session: Session, *, now: datetime) -> str:
    return _issue(now=now, session=session)


def issue_agent_ticket(user: Any, *, sign_in_key: str, now: datetime) -> str:
    return _issue(now=now, user=user, sign_in_key=sign_in_key)


def redeem_ticket(ticket: str, *, now: datetime) -> Ticket:
    """Use a ticket up; of several at once exactly one succeeds. Raises `session_required` otherwise."""
    found = Ticket.objects.filter(ticket_hash=queries.digest(ticket), used_at=None, expires_at__gt=now)
    if found.update(used_at=now) != 1:
        raise DomainError("session_required", "The ticket is used up, expired or unknown.")
    return Ticket.objects.select_related("session__customer__site", "user").get(ticket_hash=queries.digest(ticket))


def forget_old(*, now: datetime) -> None:
    """Drop used-up tickets, and token ids that could not be replayed any more anyway."""
    Ticket.objects.filter(expires_at__lt=now - timedelta(minutes=5)).delete()
    UsedToken.objects.filter(expires_at__lt=now - timedelta(minutes=5)).delete()


def _issue(*, now: datetime, **owner: Any) -> str:
    ticket = TICKET_PREFIX + ids.new_secret()
    expires_at = now + timedelta(seconds=settings.HANDOFF_SECONDS["TICKET_LIFE"])
    Ticket.objects.create(ticket_hash=queries.digest(ticket), expires_at=expires_at, **owner)
    return ticket


def _session_of(token: str, *, origin: str, embedded_by: str, now: datetime) -> dict[str, Any]:
    return {
        "token_hash": queries.digest(token),
        "origin": origin,
        "embedded_by": embedded_by,
        "expires_at": now + timedelta(seconds=settings.HANDOFF_SECONDS["SESSION_LIFE"]),
    }


def _signed_facts(identity: VerifiedIdentity) -> list[dict[str, Any]]:
    facts = [{"key": fact.key, "label": fact.label, "value": fact.value} for fact in identity.facts]
    named = {fact["key"] for fact in facts}
    facts += [
        {"key": claim, "label": label, "value": value}
        for claim, label in CLAIM_FACTS
        if claim not in named and (value := getattr(identity, claim)) is not None
    ]
    if "sub" not in named:
        facts.append({"key": "sub", "label": "Customer reference", "value": identity.subject})
    return facts
