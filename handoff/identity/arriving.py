"""Who a bearer token stands for: asked with every call, on PostgreSQL by a statement of our own."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from django.db import connection

from handoff.identity.models import Customer, Session
from handoff.lib import clock
from handoff.realtime import editions
from handoff.realtime.editions import NOW_AND_EDITION, Look

_SESSION: Final = [field.attname for field in Session._meta.concrete_fields]
_CUSTOMER: Final = [field.attname for field in Customer._meta.concrete_fields]
# PostgreSQL's JSON comes as text.
_JSON: Final = [_SESSION.index("amr"), _SESSION.index("facts")]
# The ORM would take ten times as long to write it as the database to answer it. A token that is nobody's has a now too.
_FIND: Final = f"""
SELECT {NOW_AND_EDITION}, {", ".join(f"s.{name}" for name in _SESSION)}, {", ".join(f"c.{name}" for name in _CUSTOMER)}
FROM (VALUES (1)) one LEFT JOIN (
  handoff_session s JOIN handoff_customer c ON c.id = s.customer_id
) ON s.token_hash = %s
"""


def find_session(token_hash: str) -> tuple[Session | None, Look]:
    """The session with its customer, live or not; None if there is none."""
    if connection.vendor == "postgresql":
        return _find_at_once(token_hash)
    look = editions.look()
    return Session.objects.select_related("customer").filter(token_hash=token_hash).first(), look


def _find_at_once(token_hash: str) -> tuple[Session | None, Look]:
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [token_hash])
        moment, edition, *values = cursor.fetchone()
    look = Look(clock.to_milliseconds(moment), edition)
    if values[0] is None:
        return None, look
    own: list[Any] = values[: len(_SESSION)]
    for place in _JSON:
        own[place] = msgspec.json.decode(own[place])
    session = Session.from_db(connection.alias, _SESSION, own)
    session.customer = Customer.from_db(connection.alias, _CUSTOMER, values[len(_SESSION) :])
    return session, look
