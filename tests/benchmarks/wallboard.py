"""50,000 handoffs of one day: what the wallboard, the live list and a search of them cost.

.venv/bin/python -m tests.benchmarks.wallboard [handoffs]    (SQLite; PostgreSQL by DATABASE_URL)
"""

from __future__ import annotations

# Django is set up before its tables are imported.
# ruff: noqa: E402
import os
import random
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.db import connection, transaction

from handoff.broker.models import Handoff, Survey, WrapUp
from handoff.identity.models import Customer, Site
from handoff.insights import floor, records, wallboard
from handoff.insights.records import Asked
from handoff.intents.models import Intent
from handoff.journeys.models import Journey
from handoff.lib.clock import utc_now
from handoff.realtime import log
from handoff.realtime.clock import database_now
from handoff.realtime.log import Entry
from handoff.staffing.models import Agent, Queue, User
from handoff.supervision.ledger import slot_of
from handoff.supervision.models import Shift, Stint, Wait
from tests.benchmarks.machine import table

AGENTS: Final = 200
OPEN: Final = 200
TALKED: Final = 2_000
LINES: Final = 10
BATCH: Final = 2_000
ROUNDS: Final = 9
NAMES: Final = ("Maya Chen", "Sam Okafor", "Ana Lima", "Jonas Weber", "Priya Nair", "Lin Zhou", "Omar Haddad")
WORDS: Final = ("card", "charge", "twice", "ferry", "receipt", "upload", "address", "thanks", "please", "account")


def seed(number: int, *, now: datetime) -> Agent:
    start = wallboard.day_start(now)
    queues = [Queue.objects.create(key=f"q{n}", name=f"Queue {n}") for n in range(4)]
    agents = [seat(n, queues[n % 4], start, now) for n in range(AGENTS)]
    handoffs = open_all(number, queues, agents, start=start, now=now)
    keep_books(handoffs, start=start)
    with transaction.atomic():
        for handoff in handoffs[-TALKED:]:
            say(handoff, now=now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return agents[0]


def open_all(number: int, queues: list[Queue], agents: list[Agent], *, start: datetime, now: datetime) -> list[Handoff]:
    site = Site.objects.create(key="harbour", name="Harbour Bank", origins=[])
    intents = [
        Intent.objects.create(site=site, key=f"i{n}", label=f"Intent {n}", queue=queue, channels=["chat"])
        for n, queue in enumerate(queues)
    ]
    people = [
        Customer(site=site, subject=f"c{n}", name=f"{NAMES[n % 7]} {n}", created_at=start, seen_at=now)
        for n in range(number)
    ]
    customers = Customer.objects.bulk_create(people, batch_size=BATCH)
    journeys = Journey.objects.bulk_create([Journey(created_at=start) for _ in range(number)], batch_size=BATCH)
    handoffs = []
    for n in range(number):
        came = start + (now - start) * n / number
        is_open = n >= number - OPEN
        agent = agents[n % AGENTS] if is_open or random.random() > 0.08 else None
        ended = None if is_open else min(now, came + timedelta(seconds=random.lognormvariate(5.8, 0.6)))
        reason = "" if is_open else "resolved" if agent else "abandoned"
        handoffs.append(
            Handoff(
                site=site, customer=customers[n], journey=journeys[n], intent=intents[n % 4], queue=queues[n % 4],
                agent=agent, channel="chat", state="connected" if is_open else "closed", client_id="one",
                opened_at=came, enqueued_at=came, connected_at=came if agent else None, ended_at=ended,
                closed_at=ended, close_reason=reason,
            )
        )  # fmt: skip
    return Handoff.objects.bulk_create(handoffs, batch_size=500)


def keep_books(handoffs: list[Handoff], *, start: datetime) -> None:
    """As the moves would have."""
    waits: list[Wait] = []
    stints: list[Stint] = []
    for handoff in handoffs:
        came, waited = handoff.enqueued_at or start, random.expovariate(1 / 40)
        waits.append(
            Wait(
                handoff=handoff, queue=handoff.queue, began_at=came, slot=slot_of(came), seconds=waited,
                outcome="answered" if handoff.agent else "abandoned", is_first=True, is_simulated=False,
                promised_low=20, promised_high=90,
            )
        )  # fmt: skip
        if handoff.agent is not None:
            stints.append(
                Stint(
                    handoff=handoff, agent=handoff.agent, queue=handoff.queue, began_at=came, slot=slot_of(came),
                    talked_until=handoff.ended_at, ended_at=handoff.closed_at,
                    seconds=300 if handoff.closed_at else None, ended_by="finish" if handoff.closed_at else "",
                    is_simulated=False,
                )
            )  # fmt: skip
    Wait.objects.bulk_create(waits, batch_size=BATCH)
    Stint.objects.bulk_create(stints, batch_size=BATCH)
    over = [one for one in handoffs if one.closed_at and one.agent]
    WrapUp.objects.bulk_create(
        [WrapUp(handoff=one, agent=one.agent, disposition="resolved", at=one.closed_at) for one in over],
        batch_size=BATCH,
    )
    Survey.objects.bulk_create(
        [Survey(handoff=one, effort=1 + n % 7, at=one.closed_at) for n, one in enumerate(over[::4])], batch_size=BATCH
    )


def say(handoff: Handoff, *, now: datetime) -> None:
    log.append_many(
        [
            Entry(
                stream=f"handoff/{handoff.public_id}",
                type="message.posted",
                data={"id": f"me_{n}", "author": {"kind": "customer", "name": "C"}, "client_id": f"m{n}",
                      "text": " ".join(random.choices(WORDS, k=12))},
                handoff_id=handoff.pk,
            )
            for n in range(LINES)
        ],
        now=now,
    )  # fmt: skip


def seat(number: int, queue: Queue, start: datetime, now: datetime) -> Agent:
    user = User.objects.create(username=f"agent{number}")
    role = "admin" if number == 0 else "agent"
    lease = now + timedelta(hours=1)
    agent = Agent.objects.create(user=user, name=f"Agent {number}", role=role, wanted=True, lease_expires_at=lease)
    agent.queues.set([queue])
    for part in range(10):
        length = (now - start) / 10
        Shift.objects.create(
            agent=agent, wanted=part % 3 != 0, began_at=start + part * length, until=start + (part + 1) * length
        )
    return agent


def timed(name: str, work: Callable[[], Any]) -> list[str]:
    spent = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        spent.append((time.perf_counter() - began) * 1000)
    return [name, f"{median(spent):.0f}", f"{max(spent):.0f}"]


def measure(lead: Agent) -> list[list[str]]:
    queues = list(Queue.objects.order_by("name"))

    def board(*, anew: bool) -> None:
        if anew:
            wallboard.forget()
        wallboard.wallboard(queues, now=database_now())

    def find(**asked: Any) -> Callable[[], Any]:
        return lambda: records.find(lead, Asked(**asked))

    return [
        timed("wallboard, counted anew (every 15 s, once for all who look)", lambda: board(anew=True)),
        timed("wallboard, as most looks find it", lambda: board(anew=False)),
        timed("agents, 200", lambda: floor.agents(queues, now=database_now())),
        timed("live list, 200 open", lambda: floor.live(queues, now=database_now())),
        timed("search: latest", find()),
        timed("search: a name that many have", find(text="chen")),
        timed("search: a name that nobody has", find(text="nobody at all")),
        timed("search: words, in the latest 2,000", find(words="ferry twice")),
        timed("search: disposition and intent", find(disposition="resolved", intent="i2")),
    ]


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    random.seed(7)
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        lead = seed(number, now=utc_now())
        print(f"{connection.vendor}, {number} handoffs today")
        print(table(["what", "median ms", "worst ms"], measure(lead)))
    finally:
        connection.creation.destroy_test_db(str(connection.settings_dict["NAME"]), verbosity=0)


if __name__ == "__main__":
    main()
