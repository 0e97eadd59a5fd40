"""Short ways to a place in the story, and questions about what the whole database holds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection

from handoff.flows import end_talk
from handoff.lib.clock import utc_now
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.staffing.models import Agent
from tests.conftest import Answer, Page

T = TypeVar("T")
# A word of the tests' own that no refusal may repeat.
ECHO = "echo-e51c2f"
CARD = "4111 1111 1111 1111"
CARD_DIGITS = re.compile(r"4111[\s.-]?1111[\s.-]?1111[\s.-]?1111")


def sit_down(agent: Agent) -> None:
    """The agent is at the desk and wants handoffs."""
    routing.renew_lease(agent, now=utc_now())
    routing.set_availability(agent, available=True, after_current=False, reason="")


def offer_to(agent: Agent) -> Offer:
    """Whatever waits longest is offered to this agent."""
    sit_down(agent)
    assert routing.run_matching() >= 1
    return Offer.objects.select_related("handoff").filter(agent=agent, status="pending").latest("pk")


def accept(agent: Agent, offer: Offer) -> str:
    return routing.accept(agent, offer_id=offer.public_id, token=offer.token)


def connect(page: Page, agent: Agent, **ask: Any) -> str:
    """The page's handoff, accepted by the agent."""
    opened = page.ask(**ask)
    assert opened.status in (200, 201), opened.body
    assert accept(agent, offer_to(agent)) == opened.body["id"]
    return str(opened.body["id"])


def connect_many(new_tab: Callable[[], Page], agent: Agent, *, count: int = 6) -> list[tuple[Page, str]]:
    """So many customers, each in a talk with the agent."""
    agent.capacity = 100
    agent.save()
    opened = []
    for number in range(count):
        tab = new_tab()
        tab.open(tab.token(sub=f"customer-{number}"))
        opened.append((tab, connect(tab, agent)))
    return opened


def close(agent: Agent, handoff_id: str, *, note: str = "") -> None:
    """Ended and wrapped up by its agent."""
    end_talk.end_by_agent(agent, handoff_id, version=None)
    end_talk.wrap_up(agent, handoff_id, disposition="resolved", note=note, version=None)


def tables_that_hold(pattern: re.Pattern[str]) -> list[str]:
    """Every table with a row in which the pattern is found."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        return [table for table in tables if _holds(cursor, table, pattern)]


def _holds(cursor: Any, table: str, pattern: re.Pattern[str]) -> bool:
    cursor.execute(f'SELECT * FROM "{table}"')
    return any(pattern.search(str(value)) for row in cursor.fetchall() for value in row)


def at_once(calls: Iterable[Callable[[], T]]) -> list[T]:
    """Every call in a thread of its own, on a connection of its own; answers in the order of the calls."""
    wanted = list(calls)

    def run(call: Callable[[], T]) -> T:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(wanted)) as pool:
        return list(pool.map(run, wanted))


def refusal(answer: Answer) -> tuple[int, dict[str, Any]]:
    """What a refused request was told, but for the id that differs with every request."""
    error = dict(answer.body["error"])
    assert error.pop("request_id").startswith("rq_")
    return answer.status, error


def assert_refused(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The one shape of errors."""
    assert (answer.status, answer.code) == (status, code), answer.body
    assert set(answer.body) == {"error"}
    error = answer.body["error"]
    assert {"code", "message", "request_id"} <= set(error) <= {
        "code", "message", "request_id", "fields", "acr_values", "max_age"
    }  # fmt: skip
    assert error["request_id"] == answer.headers["X-Request-Id"]
    assert ECHO not in json.dumps(answer.body)
    assert "Traceback" not in json.dumps(answer.body)
    return error
