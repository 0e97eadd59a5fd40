"""Customers, agents and talks put into a deployment's PostgreSQL by SQL: thousands would take minutes by HTTP."""

from __future__ import annotations

from typing import Any, Final

import psycopg

# What every person here is signed in with; the database keeps the hash.
TICKET: Final = "ht_seeded_{role}_{number}_{turn}"

_CUSTOMERS: Final = """
INSERT INTO handoff_customer
  (public_id, site_id, subject, name, email, phone_number, locale, zoneinfo, created_at, seen_at, present_until)
SELECT 'cu_seeded' || n, s.id, 'seeded-' || n, 'Maya Chen', '', '', '', '', now(), now(), now() + interval '1 hour'
FROM generate_series(%(first)s::int, %(last)s::int) n, handoff_site s WHERE s.key = 'harbour'
"""
_SESSIONS: Final = """
INSERT INTO handoff_session (token_hash, customer_id, acr, amr, auth_time, facts, origin, embedded_by, created_at,
  seen_at, expires_at, ended_reason)
SELECT encode(sha256(('hs_' || c.public_id)::bytea), 'hex'), c.id, 'urn:bank:2', '["pwd", "otp"]',
  extract(epoch from now())::bigint, '[]', '', '', now(), now(), now() + interval '12 hours', ''
FROM handoff_customer c WHERE c.public_id = ANY(%(ids)s)
"""
_TICKETS: Final = """
INSERT INTO handoff_ticket (ticket_hash, session_id, user_id, sign_in_key, expires_at)
SELECT encode(sha256(('ht_seeded_customer_' || substr(c.public_id, 10) || '_' || t)::bytea), 'hex'), s.id, NULL, '',
  now() + interval '1 hour'
FROM handoff_customer c JOIN handoff_session s ON s.customer_id = c.id, generate_series(1, %(turns)s::int) t
WHERE c.public_id = ANY(%(ids)s)
"""
_JOURNEYS: Final = """
WITH made AS (
  INSERT INTO handoff_journey (created_at) SELECT now() FROM unnest(%(ids)s::text[]) RETURNING id
), steps AS (
  INSERT INTO handoff_step (journey_id, place, name, path, title, status, error, at)
  SELECT made.id, p, '', '/dispute/' || p, 'Which charge?', 'done', '', now() FROM made, generate_series(1, 5) p
), facts AS (
  INSERT INTO handoff_fact (journey_id, key, source, label, value, at)
  SELECT made.id, 'fact-' || p, 'verified', 'Charge', '"GBP 42.10, Corner Cafe"', now()
  FROM made, generate_series(1, 4) p
)
SELECT id FROM made
"""
_HANDOFFS: Final = """
INSERT INTO handoff_handoff (public_id, site_id, customer_id, journey_id, intent_id, queue_id, agent_id, channel, state,
  version, statement, client_id, acr, amr, auth_time, opened_at, enqueued_at, ranked_at, connected_at, is_left,
  close_reason, customer_read_seq, agent_read_seq)
SELECT 'ho_seeded' || substr(c.public_id, 10), c.site_id, c.id, j.id, i.id, i.queue_id, a.id, 'chat', %(state)s, 1,
  'I did not buy this coffee.', 'seeded', 'urn:bank:2', '["pwd", "otp"]', extract(epoch from now())::bigint, now(),
  now(), now(), CASE WHEN a.id IS NULL THEN NULL ELSE now() END, false, '', 0, 0
FROM unnest(%(ids)s::text[], %(journeys)s::bigint[], %(agents)s::text[]) AS one (customer, journey, agent)
JOIN handoff_customer c ON c.public_id = one.customer
JOIN handoff_journey j ON j.id = one.journey
JOIN handoff_intent i ON i.site_id = c.site_id AND i.key = 'dispute-charge'
LEFT JOIN handoff_agent a ON a.public_id = one.agent
"""
_STREAMS: Final = """
WITH named AS (
  SELECT 'customer/' || c.public_id AS name, NULL::bigint AS handoff_id FROM handoff_customer c
  WHERE c.public_id = ANY(%(ids)s)
  UNION ALL
  SELECT 'handoff/' || h.public_id || part, h.id FROM handoff_handoff h
  JOIN handoff_customer c ON c.id = h.customer_id, unnest(ARRAY['', '/desk']) part WHERE c.public_id = ANY(%(ids)s)
), made AS (
  INSERT INTO handoff_stream (name, last_seq, last_at, sealed) SELECT name, 1, now(), false FROM named
  RETURNING id, name
)
INSERT INTO handoff_logentry (stream_id, seq, at, type, data, handoff_id, author, body_hash)
SELECT made.id, 1, now(), 'handoff.changed', '{"state": "queued", "version": 1}', named.handoff_id, '', ''
FROM made JOIN named USING (name)
"""
_AGENTS: Final = """
WITH people AS (
  INSERT INTO handoff_user (username, password, is_superuser, first_name, last_name, email, is_staff, is_active,
    date_joined)
  SELECT 'seeded' || n, '!', false, '', '', '', false, true, now()
  FROM generate_series(%(first)s::int, %(last)s::int) n RETURNING id, substr(username, 7) AS n
), agents AS (
  INSERT INTO handoff_agent (public_id, user_id, name, role, capacity, wanted, after_current, away_reason,
    missed_in_a_row, seen_at, heard_at, lease_expires_at)
  SELECT 'ag_seeded' || n, id, 'Amira', 'agent', 100, false, false, '', 0, now(), now(), now() + interval '1 hour'
  FROM people RETURNING id
), serving AS (
  INSERT INTO handoff_agent_queues (agent_id, queue_id)
  SELECT agents.id, q.id FROM agents, handoff_queue q WHERE q.key = 'cards'
), signed_in AS (
  INSERT INTO django_session (session_key, session_data, expire_date)
  SELECT 'seeded' || n, '', now() + interval '1 day' FROM people
)
INSERT INTO handoff_ticket (ticket_hash, session_id, user_id, sign_in_key, expires_at)
SELECT encode(sha256(('ht_seeded_agent_' || n || '_' || t)::bytea), 'hex'), NULL, id, 'seeded' || n,
  now() + interval '1 hour'
FROM people, generate_series(1, %(turns)s::int) t
"""


def ticket(role: str, number: int, turn: int = 1) -> str:
    return TICKET.format(role=role, number=number, turn=turn)


def room(number: int) -> str:
    """The handoff of a seeded customer."""
    return f"ho_seeded{number}"


def add_customers(link: psycopg.Connection[Any], first: int, count: int, *, turns: int = 1) -> list[str]:
    """Signed-in customers with as many tickets as `turns`; answers their public ids."""
    ids = [f"cu_seeded{number}" for number in range(first, first + count)]
    link.execute(_CUSTOMERS, {"first": first, "last": first + count - 1})
    link.execute(_SESSIONS, {"ids": ids})
    link.execute(_TICKETS, {"ids": ids, "turns": turns})
    return ids


def add_waiting(link: psycopg.Connection[Any], first: int, count: int, *, turns: int = 1) -> None:
    """Customers who wait in the queue, each with a journey of five steps and four facts."""
    _open_handoffs(link, add_customers(link, first, count, turns=turns), state="queued", agents=[None] * count)


def add_talks(link: psycopg.Connection[Any], first: int, count: int, *, turns: int = 1) -> None:
    """As many customers as agents, each connected with their own."""
    link.execute(_AGENTS, {"first": first, "last": first + count - 1, "turns": turns})
    agents: list[str | None] = [f"ag_seeded{number}" for number in range(first, first + count)]
    _open_handoffs(link, add_customers(link, first, count, turns=turns), state="connected", agents=agents)


def _open_handoffs(link: psycopg.Connection[Any], ids: list[str], *, state: str, agents: list[str | None]) -> None:
    journeys = [row[0] for row in link.execute(_JOURNEYS, {"ids": ids}).fetchall()]
    link.execute(_HANDOFFS, {"ids": ids, "journeys": journeys, "agents": agents, "state": state})
    link.execute(_STREAMS, {"ids": ids})


def settle(link: psycopg.Connection[Any]) -> None:
    """What autovacuum does in its own time: plans and page marks as on a database that has stood for a while."""
    link.execute("VACUUM ANALYZE")
