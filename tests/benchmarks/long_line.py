"""A line of any length and the worker's own rounds over it, in a process and a database of their own.

Commands on stdin, one JSON line each, one JSON line back: `fill`, `play`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any, Final

QUEUES: Final = 10
INTENTS_A_QUEUE: Final = 2
QUEUES_AN_AGENT: Final = 2
STEPS: Final = 5
# Agents and customers stay at work and present for as long as a run may take.
FAR: Final = "2099-01-01 00:00:00"

_NUMBERS: Final = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) "
_FILL: Final = (
    """
    INSERT INTO handoff_customer
      (public_id, site_id, subject, name, email, phone_number, locale, zoneinfo, created_at, seen_at, present_until)
    {numbers}
    SELECT 'cu_line' || n, {site}, 'line-' || n, 'Maya Chen', '', '', '', '', '{began}', '{far}', '{far}' FROM numbers
    """,
    "INSERT INTO handoff_journey (id, created_at) {numbers} SELECT n, '{began}' FROM numbers",
    """
    INSERT INTO handoff_step (journey_id, place, name, path, title, status, error, at)
    {numbers}
    SELECT j.id, p.n, '', '/dispute/' || p.n, 'Which charge?', 'done', '', '{began}'
    FROM numbers p CROSS JOIN handoff_journey j WHERE p.n <= {steps}
    """,
    """
    INSERT INTO handoff_handoff (public_id, site_id, customer_id, journey_id, intent_id, queue_id, channel, state,
      version, statement, client_id, acr, amr, auth_time, opened_at, enqueued_at, ranked_at, is_left, close_reason,
      customer_read_seq, agent_read_seq)
    SELECT 'ho_line' || substr(c.public_id, 8), c.site_id, c.id, j.id, i.id, i.queue_id, 'chat', 'queued', 1,
      'I did not buy this coffee.', 'seeded', 'urn:bank:2', '["pwd", "otp"]', 1790000000, {at}, {at}, {at}, {no}, '',
      0, 0
    FROM handoff_journey j
    JOIN handoff_customer c ON c.public_id = 'cu_line' || j.id
    JOIN handoff_intent i ON i.place = j.id % {intents}
    """,
    """
    INSERT INTO handoff_stream (name, last_seq, sealed)
    SELECT 'handoff/' || public_id, 1, {no} FROM handoff_handoff
    """,
)
_RESET: Final = (
    "DELETE FROM handoff_offer",
    "UPDATE handoff_handoff SET state = 'queued', version = 1 WHERE state <> 'queued'",
)


def fill(waiting: int, agents: int, capacity: int) -> dict[str, Any]:
    """Ten lines with two intents each, one of which needs a skill that every second agent has."""
    from django.core.management import call_command
    from django.db import connection

    from handoff.identity.models import Site
    from handoff.intents.models import Intent
    from handoff.lib.clock import utc_now
    from handoff.staffing.models import Queue, Skill

    call_command("migrate", verbosity=0, interactive=False)
    site = Site.objects.create(key="harbour", name="Harbour Bank")
    skill = Skill.objects.create(key="disputes")
    queues = [Queue.objects.create(key=f"queue-{n}", name=f"Queue {n}", offer_seconds=36_000) for n in range(QUEUES)]
    for place in range(QUEUES * INTENTS_A_QUEUE):
        queue = queues[place % QUEUES]
        intent = Intent.objects.create(
            site=site, key=f"intent-{place}", label=f"Intent {place}", queue=queue, channels=["chat"], place=place
        )
        if place >= QUEUES:
            intent.skills.add(skill)
    _seat(queues, skill, agents=agents, capacity=capacity)
    is_postgres = connection.vendor == "postgresql"
    began = str(utc_now().replace(tzinfo=None))
    words = {
        "numbers": _NUMBERS.format(count=waiting),
        "site": site.pk,
        "began": began,
        "far": FAR,
        "steps": STEPS,
        "intents": QUEUES * INTENTS_A_QUEUE,
        "no": "false" if is_postgres else "0",
        "at": f"timestamptz '{began}+00' + j.id * interval '1 ms'"
        if is_postgres
        else f"strftime('%Y-%m-%d %H:%M:%f', '{began}', '+' || (j.id / 1000.0) || ' seconds')",
    }
    with connection.cursor() as cursor:
        for statement in _FILL:
            cursor.execute(statement.format(**words))
        cursor.execute("VACUUM ANALYZE" if is_postgres else "ANALYZE")
    return {"waiting": waiting}


def _seat(queues: list[Any], skill: Any, *, agents: int, capacity: int) -> None:
    from datetime import UTC, datetime

    from handoff.staffing.models import Agent, AgentSkill, User

    users = User.objects.bulk_create(User(username=f"agent-{n}") for n in range(agents))
    until = datetime.fromisoformat(FAR).replace(tzinfo=UTC)
    made = Agent.objects.bulk_create(
        Agent(user=user, name=f"Agent {n}", capacity=capacity, wanted=True, lease_expires_at=until)
        for n, user in enumerate(users)
    )
    serving = Agent.queues.through
    serving.objects.bulk_create(
        serving(agent=agent, queue=queues[(n + step) % QUEUES])
        for n, agent in enumerate(made)
        for step in range(QUEUES_AN_AGENT)
    )
    AgentSkill.objects.bulk_create(AgentSkill(agent=agent, skill=skill, level=3) for agent in made[::2])


def play(rounds: int) -> dict[str, Any]:
    """From a line in which nobody has been offered yet; checked against what the database holds afterwards."""
    from django.db import connection

    from handoff.broker.models import Handoff
    from handoff.routing.actions import run_matching
    from handoff.routing.models import Offer
    from handoff.routing.rounds import MATCHES_LIMIT

    with connection.cursor() as cursor:
        for statement in _RESET:
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    run_matching()
    cpu, started = time.process_time(), time.perf_counter()
    made = sum(run_matching() for _ in range(rounds))
    took, worked = time.perf_counter() - started, time.process_time() - cpu
    offered = set(Offer.objects.filter(status="pending").values_list("handoff_id", flat=True))
    moved = set(Handoff.objects.filter(state="offered").values_list("pk", flat=True))
    if offered != moved or len(offered) != made + MATCHES_LIMIT:
        raise SystemExit(f"{made} decisions, {len(offered)} offers, {len(moved)} handoffs offered")
    return {"made": made, "seconds": took, "cpu": worked}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handoff.config.settings")
    import django

    django.setup()
    for line in sys.stdin:
        asked = json.loads(line)
        answer = {"fill": fill, "play": play}[asked.pop("do")](**asked)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
