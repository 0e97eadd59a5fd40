"""What every click asks and writes of handoffs, in statements of our own: the ORM would take longer to write them than
the database to do them."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
from django.db import connection

from handoff.broker.models import Handoff
from handoff.broker.states import OPEN, State
from handoff.identity.models import Customer

_STANDING: Final = ", ".join(f"'{state}'" for state in sorted([*OPEN, State.SCHEDULED]))
_FIND: Final = f"""
SELECT h.id, h.public_id, h.client_id, h.state, h.intent_id FROM handoff_handoff h
WHERE h.customer_id = %s AND (h.client_id = %s OR h.state IN ({_STANDING})) ORDER BY h.id
"""
_FIELDS: Final = [field for field in Handoff._meta.concrete_fields if not field.primary_key]
_INSERT: Final = f"""
INSERT INTO handoff_handoff ({", ".join(field.attname for field in _FIELDS)})
VALUES ({", ".join(["%s"] * len(_FIELDS))}) RETURNING id
"""
_AMR: Final = [field.attname for field in _FIELDS].index("amr")


class AtClick(NamedTuple):
    """What stands where a click comes: what it made already or is open, and what is scheduled, by intent."""

    public_id: str | None
    scheduled: dict[int, tuple[int, str]]


def find_standing(customer: Customer, client_id: str) -> AtClick:
    """The public id of the handoff that this click made already, or else of the customer's open one."""
    made = current = None
    scheduled: dict[int, tuple[int, str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [customer.pk, client_id])
        for pk, public_id, own_id, state, intent_id in cursor.fetchall():
            made = public_id if own_id == client_id else made
            current = public_id if state in OPEN else current
            if state == State.SCHEDULED:
                scheduled[intent_id] = (pk, public_id)
    return AtClick(made or current, scheduled)


def insert(handoff: Handoff) -> None:
    """As `save(force_insert=True)` would."""
    if not connection.features.can_return_columns_from_insert:
        handoff.save(force_insert=True)
        return
    if connection.vendor == "postgresql":
        # Its driver writes every type of ours but the one JSON.
        values = [getattr(handoff, field.attname) for field in _FIELDS]
        values[_AMR] = msgspec.json.encode(handoff.amr).decode()
    else:
        values = [field.get_db_prep_save(getattr(handoff, field.attname), connection) for field in _FIELDS]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        [handoff.pk] = cursor.fetchone()
    handoff._state.adding, handoff._state.db = False, connection.alias
