"""What administrators have set is read once an edition, and a new edition begins with whatever they change."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from handoff.identity import keys
from handoff.identity.models import Site, SiteKey
from handoff.identity.queries import site_by_key
from handoff.intents.models import Intent
from handoff.intents.queries import intents_of
from handoff.lib.clock import utc_now
from handoff.realtime import editions
from handoff.realtime.editions import Shelf
from handoff.routing import crew
from handoff.staffing.models import Agent, AgentSkill, Hours, Queue, Skill
from tests.conftest import Page

pytestmark = pytest.mark.django_db(transaction=True)

needs_postgres = pytest.mark.postgres


def make_intent_need(site: Site, agent: Agent) -> None:
    Intent.objects.filter(site=site)[0].skills.add(Skill.objects.create(key="cards"))


def make_able(site: Site, agent: Agent) -> None:
    AgentSkill.objects.create(agent=agent, skill=Skill.objects.create(key="cards"), level=3)


CHANGES: dict[str, Callable[[Site, Agent], Any]] = {
    "a site": lambda site, agent: Site.objects.filter(pk=site.pk).update(origins=[]),
    "a key": lambda site, agent: SiteKey.objects.filter(site=site).update(revoked_at=utc_now()),
    "a key that goes": lambda site, agent: SiteKey.objects.filter(site=site).delete(),
    "an intent": lambda site, agent: Intent.objects.filter(site=site).update(label="Else"),
    "a queue": lambda site, agent: Queue.objects.update(max_waiting=3),
    "hours": lambda site, agent: Hours.objects.create(key="day"),
    "what an intent needs": make_intent_need,
    "what an agent can do": make_able,
    "whom an agent serves": lambda site, agent: agent.queues.clear(),
}


@needs_postgres
@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_what_an_administrator_changes_begins_an_edition(harbour, amira, change) -> None:
    before = editions.look().edition
    assert before
    change(harbour, amira)
    assert editions.look().edition not in (before, None)


@needs_postgres
def test_there_is_an_edition_before_anybody_changes_anything() -> None:
    call_command("migrate", "handoff", "0013", verbosity=0)
    call_command("migrate", "handoff", verbosity=0)
    assert editions.look().edition


def watched() -> dict[str, set[str]]:
    """By table, the columns whose change begins an edition."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.tgrelid::regclass::text, a.attname FROM pg_trigger t JOIN pg_attribute a"
            " ON a.attrelid = t.tgrelid WHERE t.tgname = 'begin_edition'"
            " AND a.attnum > 0 AND (cardinality(t.tgattr) = 0 OR a.attnum = ANY (t.tgattr))"
        )
        found: dict[str, set[str]] = {}
        for table, column in cursor.fetchall():
            found.setdefault(table, set()).add(column)
        return found


@needs_postgres
def test_every_table_that_is_kept_is_watched(harbour: Site, amira: Agent) -> None:
    edition = "of this test"
    with CaptureQueriesContext(connection) as asked:
        site = site_by_key("harbour", edition=edition)
        keys.ring_of(site)
        assert all(intent.queue.hours is None or intent.queue.hours.zone for intent in intents_of(site))
        crew.abilities(edition=edition)
    tables = {table for query in asked for table in re.findall(r'(?:FROM|JOIN) "(\w+)"', query["sql"])}
    assert {"handoff_site", "handoff_sitekey", "handoff_intent", "handoff_queue", "handoff_hours"} < tables
    assert tables <= watched().keys()
    with CaptureQueriesContext(connection) as asked:
        assert site_by_key("harbour", edition=edition) is site
        keys.ring_of(site)
        intents_of(site)
        crew.abilities(edition=edition)
    assert not asked.captured_queries


@needs_postgres
def test_every_column_is_watched_but_those_of_the_day(harbour: Site) -> None:
    """A column that comes later, too."""
    of_the_day = {"handoff_sitekey": {"id", "created_at", "last_used_at"}}
    with connection.cursor() as cursor:
        for table, columns in watched().items():
            everything = {column.name for column in connection.introspection.get_table_description(cursor, table)}
            assert everything - columns == of_the_day.get(table, set()), table


@needs_postgres
def test_what_the_day_brings_does_not(harbour: Site, amira: Agent) -> None:
    before = editions.look().edition
    SiteKey.objects.filter(site=harbour).update(last_used_at=utc_now())
    Agent.objects.filter(pk=amira.pk).update(wanted=True, lease_expires_at=utc_now())
    assert editions.look().edition == before


@needs_postgres
def test_what_was_undone_is_not_kept_for_what_comes_after_it(harbour: Site) -> None:
    """Both were the next edition after the same one."""
    with transaction.atomic():
        Site.objects.update(name="Undone")
        assert site_by_key("harbour", edition=editions.look().edition).name == "Undone"
        transaction.set_rollback(True)
    assert site_by_key("harbour", edition=editions.look().edition).name == "Harbour Bank"
    Site.objects.update(name="Done")
    assert site_by_key("harbour", edition=editions.look().edition).name == "Done"


@needs_postgres
def test_whoever_asks_under_one_edition_gets_the_same(harbour: Site) -> None:
    edition = editions.look().edition
    assert site_by_key("harbour", edition=edition) is site_by_key("harbour", edition=edition)


def test_a_shelf_keeps_what_was_made_of_one_edition() -> None:
    shelf: Shelf[str, list[int]] = Shelf()
    made: list[str] = []

    def get(key: str, edition: str | None) -> list[int]:
        return shelf.get(key, lambda: [len(made), made.append(key)][:1], edition=edition)  # type: ignore[func-returns-value]

    assert get("a", "1") is get("a", "1")
    assert get("b", "1") is not get("a", "1")
    assert made == ["a", "b"]
    assert get("a", "2") == [2]
    assert get("a", None) == [3]
    assert get("a", None) == [4]


def test_what_failed_is_asked_again() -> None:
    shelf: Shelf[str, int] = Shelf()

    def fail() -> int:
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            shelf.get("a", fail, edition="1")
    assert shelf.get("a", lambda: 1, edition="1") == 1


def test_a_revoked_key_signs_nothing_from_the_next_request_on(page: Callable[[], Page]) -> None:
    page().open(page().token(sub="first"))
    SiteKey.objects.update(revoked_at=utc_now())
    assert page().post("sessions", {"site": "harbour", "identity_token": page().token(sub="second")}).code == (
        "token_key_revoked"
    )


def test_a_page_that_a_site_takes_off_its_list_is_refused_at_once(maya: Page) -> None:
    Site.objects.update(origins=["https://elsewhere.example"])
    assert maya.ask().code == "origin_not_allowed"


def test_a_menu_says_what_was_set_last(page: Callable[[], Page]) -> None:
    page().open(page().token(sub="first"))
    Intent.objects.update(label="Something else")
    tab = page()
    answer = tab.post("sessions", {"site": "harbour", "identity_token": tab.token(sub="second")})
    assert {intent["label"] for intent in answer.body["intents"]} == {"Something else"}
